"""The same for asyncio. Calls are made in threads, so that the loop runs on, and with it a receiver of callbacks."""

from __future__ import annotations

import asyncio
from asyncio import to_thread
from datetime import datetime
from os import PathLike
from typing import Any, Callable, Generator, Mapping, Sequence

from ._sync import Clock, Fault, Merchant, start


def astart(
    *,
    binary: str | PathLike[str] | None = None,
    config: str | PathLike[str] | None = None,
    seed: str | PathLike[str] | None = None,
    args: Sequence[str] = (),
    timeout: float = 10.0,
) -> _Opening:
    """Starts a mock, as `start` does, with the same options and errors.

    Use it as `async with astart() as mock`, or as `mock = await astart()` with `await mock.close()` at the end.
    """
    return _Opening(lambda: start(binary=binary, config=config, seed=seed, args=args, timeout=timeout))


class _Opening:
    """A merchant that is to be made: by `await`, or by `async with`, which also closes it."""

    def __init__(self, make: Callable[[], Merchant]) -> None:
        self._make = make

    async def _open(self) -> AsyncMerchant:
        made = asyncio.get_running_loop().run_in_executor(None, self._make)
        try:
            return AsyncMerchant(await asyncio.shield(made))
        except asyncio.CancelledError:
            # The thread goes on; nobody else can close what it makes.
            made.add_done_callback(_close)
            raise

    def __await__(self) -> Generator[Any, None, AsyncMerchant]:
        return self._open().__await__()

    async def __aenter__(self) -> AsyncMerchant:
        self._opened = await self._open()
        return self._opened

    async def __aexit__(self, *_: object) -> None:
        await self._opened.close()


def _close(made: asyncio.Future[Merchant]) -> None:
    if not made.exception():
        made.result().close()


class AsyncMerchant:
    """A merchant of a mock: `Merchant` with coroutines. Arguments, results and errors are the same."""

    url: str
    """The mock's base URL, such as http://127.0.0.1:8080."""

    credentials: dict[str, str]
    """The merchant's credentials, as in `Merchant.credentials`."""

    clock: AsyncClock
    """The mock's clock, which its merchants share."""

    def __init__(self, merchant: Merchant) -> None:
        """Makes the calls of this merchant, which stays usable."""
        self.url = merchant.url
        self.credentials = merchant.credentials
        self.clock = AsyncClock(merchant.clock)
        self._merchant = merchant

    def merchant(self, **fields: Any) -> _Opening:
        """Makes another merchant of the same mock, as `Merchant.merchant`: by `await`, or by `async with`."""
        return _Opening(lambda: self._merchant.merchant(**fields))

    async def fault(self, rule: str | Mapping[str, Any], /, **fields: Any) -> AsyncFault:
        """Adds a fault rule for this merchant, as `Merchant.fault`."""
        return AsyncFault(await to_thread(self._merchant.fault, rule, **fields))

    async def expect(self, expectation: Mapping[str, Any] | None = None, /, **fields: Any) -> dict[str, Any]:
        """Checks what this merchant's requests were, as `Merchant.expect`. Raises ExpectationFailed."""
        return await to_thread(self._merchant.expect, expectation, **fields)

    async def trigger(self, event_type: str, **fields: Any) -> dict[str, Any]:
        """Sends a callback now, and returns its first attempt, as `Merchant.trigger`."""
        return await to_thread(self._merchant.trigger, event_type, **fields)

    async def pay(self, out_trade_no: str, action: str = "pay", **fields: Any) -> dict[str, Any]:
        """Pays an order as its user does, and returns the order, as `Merchant.pay`."""
        return await to_thread(self._merchant.pay, out_trade_no, action, **fields)

    async def exchanges(self, **filters: Any) -> list[dict[str, Any]]:
        """Lists this merchant's exchanges, as `Merchant.exchanges`."""
        return await to_thread(self._merchant.exchanges, **filters)

    async def report(self) -> str:
        """Says as text which requests were refused and why, as `Merchant.report`; empty if none was."""
        return await to_thread(self._merchant.report)

    async def reset(self) -> None:
        """Returns this merchant to its initial state, as `Merchant.reset`."""
        await to_thread(self._merchant.reset)

    async def environment(self) -> dict[str, str]:
        """Returns the variables for a child process, as `Merchant.environment`."""
        return await to_thread(self._merchant.environment)

    async def close(self) -> None:
        """Stops the mock, or deletes the merchant, as `Merchant.close`."""
        await to_thread(self._merchant.close)

    async def __aenter__(self) -> AsyncMerchant:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class AsyncFault:
    """A fault rule: `Fault` with coroutines. At the end of an `async with` statement, it is deleted."""

    id: int
    """Its number, as in GET /__mock/faults."""

    def __init__(self, fault: Fault) -> None:
        """Call `AsyncMerchant.fault` instead."""
        self.id = fault.id
        self._fault = fault

    async def delete(self) -> None:
        """Deletes the rule, unless a reset has already done so."""
        await to_thread(self._fault.delete)

    async def __aenter__(self) -> AsyncFault:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.delete()


class AsyncClock:
    """The mock's clock: `Clock` with coroutines."""

    def __init__(self, clock: Clock) -> None:
        """Use `AsyncMerchant.clock` instead."""
        self._clock = clock

    async def now(self) -> datetime:
        """Returns the mock's time."""
        return await to_thread(self._clock.now)

    async def freeze(self, at: datetime | int | str | None = None, **fields: Any) -> datetime:
        """Stops the clock, now or at a time, and returns its time, as `Clock.freeze`."""
        return await to_thread(self._clock.freeze, at, **fields)

    async def advance(self, seconds: int, **fields: Any) -> datetime:
        """Moves the clock by that many seconds, and returns its time, as `Clock.advance`."""
        return await to_thread(self._clock.advance, seconds, **fields)

    async def resume(self) -> datetime:
        """Lets the clock follow the real time again, and returns that time."""
        return await to_thread(self._clock.resume)
