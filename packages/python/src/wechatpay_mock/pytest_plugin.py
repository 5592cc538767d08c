"""Fixtures for pytest, and what the mock says about a failed test."""

from __future__ import annotations

from typing import Any, Generator, Iterator

import pytest

from . import AsyncMerchant, ExpectationFailed, Merchant, start
from ._language import say


@pytest.fixture(scope="session")
def wechatpay_mock() -> Iterator[Merchant]:
    """A mock for the session; with pytest-xdist, for each worker. Redefine it to start one with options of your own."""
    with start() as mock:
        yield mock


@pytest.fixture
def wechatpay(wechatpay_mock: Merchant) -> Iterator[Merchant]:
    """A merchant for this test alone. SDKs in this process reach the mock as they are; no other host can be called by HTTPS.

    For the duration of the test, the environment has the variables of `Merchant.environment`, except for WECHATPAY_MOCK_URL, so
    that `start` still starts a mock.
    """
    with wechatpay_mock.merchant() as merchant, pytest.MonkeyPatch.context() as patch:
        for name, value in merchant.environment().items():
            if name != "WECHATPAY_MOCK_URL":
                patch.setenv(name, value)
        yield merchant


@pytest.fixture
def async_wechatpay(wechatpay: Merchant) -> AsyncMerchant:
    """The merchant of `wechatpay`, with coroutines."""
    return AsyncMerchant(wechatpay)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Adds the report of each merchant that is a fixture of a failed test."""
    result = yield
    report = result.get_result()
    # The text of ExpectationFailed has the report.
    if not report.failed or (call.excinfo and isinstance(call.excinfo.value, ExpectationFailed)):
        return
    for name, value in getattr(item, "funcargs", {}).items():
        if isinstance(value, Merchant):
            _add(report, name, value)


def _add(report: pytest.TestReport, name: str, merchant: Merchant) -> None:
    try:
        text = merchant.report()
    except Exception as error:  # The test's own failure must be shown in any case.
        text = say(f"no report: {error}", f"没有报告：{error}")
    if text:
        report.sections.append((f"wechatpay-mock: {name}", text))
