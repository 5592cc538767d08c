"""A local mock of the WeChat Pay APIv3 gateway, for tests.

`start` starts a mock, `astart` does so for asyncio. With pytest, the fixture `wechatpay` is a merchant for each test.
"""

from ._asyncio import AsyncClock, AsyncFault, AsyncMerchant, astart
from ._errors import CallError, ExpectationFailed, MockError, StartError
from ._sync import Clock, Fault, Merchant, start

__all__ = [
    "AsyncClock",
    "AsyncFault",
    "AsyncMerchant",
    "CallError",
    "Clock",
    "ExpectationFailed",
    "Fault",
    "Merchant",
    "MockError",
    "StartError",
    "astart",
    "start",
]
