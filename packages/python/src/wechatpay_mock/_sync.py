"""The mock and its merchants, with blocking calls."""

from __future__ import annotations

import os
import tempfile
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from . import _environment, _process
from ._calls import Calls
from ._errors import ExpectationFailed
from ._language import say

_BEIJING = timezone(timedelta(hours=8))
# The most refused requests that a report lists.
_REPORTED = 20


def start(
    *,
    binary: str | os.PathLike[str] | None = None,
    config: str | os.PathLike[str] | None = None,
    seed: str | os.PathLike[str] | None = None,
    args: Sequence[str] = (),
    timeout: float = 10.0,
) -> Merchant:
    """Starts a mock on a free port, waits until it listens, and returns its first merchant.

    Closing that merchant stops the mock. It also stops when this process ends, killed or not.

    With WECHATPAY_MOCK_URL set, as under `wechatpay-mock run`, nothing is started and the options have no effect: a new merchant
    of that mock is returned, which is deleted when it is closed. WECHATPAY_MOCK_ADMIN_TOKEN, if set, is the mock's token.

    Args:
        binary: The binary. By default WECHATPAY_MOCK_BINARY, the one of the installed package, or `wechatpay-mock` on PATH.
        config: A TOML file with merchants, keys, policies and limits. By default, the only merchant is the development merchant.
        seed: A JSON file with the initial cards and members.
        args: More arguments for `wechatpay-mock serve`, such as `["--notify-host", "shop.test"]`.
        timeout: How long it may take to listen, in seconds.

    Raises:
        StartError: If there is no binary, or the mock ends or does not listen in time. The text has what it wrote to stderr.
        CallError: If the mock of WECHATPAY_MOCK_URL does not answer, or makes no merchant.
        MockError: If WECHATPAY_MOCK_URL is not a URL.
    """
    # The mock writes its certificate authority there, so nothing stays on this machine.
    folder = tempfile.TemporaryDirectory(prefix="wechatpay-mock-")
    process = None
    try:
        url = os.environ.get("WECHATPAY_MOCK_URL")
        if not url:
            command = [_process.binary(binary), "serve", "--port", "0", "--stop-with-stdin", "--quiet"]
            for option, path in (("--config", config), ("--seed", seed)):
                if path is not None:
                    command += [option, os.fspath(path)]
            if not os.environ.get("WECHATPAY_MOCK_CA_DIR") and not any(arg.startswith("--ca-dir") for arg in args):
                command += ["--ca-dir", os.path.join(folder.name, "ca")]
            process = _process.Process([*command, *args], timeout)
            url = process.url
        server = _Server(url, process, folder)
        return server.first() if process else server.make({}, is_last=True)
    except BaseException:
        if process:
            process.stop()
        folder.cleanup()
        raise


class _Server:
    """A mock, which all its merchants share."""

    def __init__(self, url: str, process: _process.Process | None, folder: tempfile.TemporaryDirectory[str]) -> None:
        self.calls = Calls(url, process.last_words if process else str)
        self._process = process
        self._folder = folder
        self._environment: dict[str, str] | None = None
        self._environment_lock = threading.Lock()
        self._is_open = True

    def first(self) -> Merchant:
        return Merchant(self, self.calls.get("/__mock/credentials"), self._stop)

    def make(self, fields: Mapping[str, Any], is_last: bool = False) -> Merchant:
        """Makes a merchant. The last one to be closed closes this, too."""
        credentials = self.calls.post("/__mock/merchants", fields)

        def delete() -> None:
            # With a mock that this started, its merchants have ended, too.
            if self._is_open or not self._process:
                self.calls.delete(f"/__mock/merchants/{credentials['mchid']}")
            if is_last:
                self._stop()

        return Merchant(self, credentials, delete)

    def _stop(self) -> None:
        self._is_open = False
        if self._process:
            self._process.stop()
        self._folder.cleanup()

    def environment(self, credentials: Mapping[str, Any]) -> dict[str, str]:
        folder = Path(self._folder.name)
        with self._environment_lock:
            if self._environment is None:
                self._environment = _environment.of_mock(self.calls, folder)
        own = folder / credentials["mchid"]
        own.mkdir(exist_ok=True)
        return {**_environment.of_merchant(credentials, own), **self._environment}


class Merchant:
    """A merchant of a mock. What it does and shows is about this merchant, except for `clock`, which all share.

    Use it in a `with` statement, or call `close`. A call that the mock refuses raises CallError, which says what it expected.
    """

    url: str
    """The mock's base URL, such as http://127.0.0.1:8080."""

    credentials: dict[str, str]
    """The merchant's credentials, with the names of GET /__mock/credentials: `mchid`, `merchant_key`, `merchant_serial`,
    `apiv3_key`, `public_key_id` and so on. Keys and certificates are in PEM."""

    clock: Clock
    """The mock's clock, which its merchants share."""

    def __init__(self, server: _Server, credentials: dict[str, str], close: Callable[[], None]) -> None:
        """Call `start` or `merchant` instead."""
        self.url = server.calls.url
        self.credentials = credentials
        self.clock = Clock(server.calls)
        self._server = server
        self._calls = server.calls
        self._mchid = credentials["mchid"]
        self._close: Callable[[], None] | None = close
        self._after = self._last_exchange()

    def merchant(self, **fields: Any) -> Merchant:
        """Makes another merchant of the same mock. Closing it deletes it.

        Args:
            fields: The fields of POST /__mock/merchants: `mchid`, `trust`, `new_key`, `seed`.
        """
        return self._server.make(fields)

    def fault(self, rule: str | Mapping[str, Any], /, **fields: Any) -> Fault:
        """Adds a fault rule for this merchant.

        Args:
            rule: A fault's name, such as `system-error`, which strikes the next request; or a rule's fields, which apply until
                `times` or `ttl` (in seconds of the mock's clock) ends it: docs/en/reference/faults.md#rules.
            fields: More fields of the rule, such as `match={"operation": "set_rights"}`.
        """
        rule = {"fault": rule, "times": 1} if isinstance(rule, str) else rule
        rule = {**rule, **fields}
        rule["match"] = {"merchant": self._mchid, **rule.get("match", {})}
        return Fault(self._calls, self._calls.post("/__mock/faults", rule)["id"])

    def expect(self, expectation: Mapping[str, Any] | None = None, /, **fields: Any) -> dict[str, Any]:
        """Checks what this merchant's requests were, and returns the mock's answer, with `matching` numbers of exchanges.

        Args:
            expectation: An expectation, such as `{"body./amount/total": 100}`: docs/en/reference/admin.md#expectations.
            fields: More of its fields, such as `operation="set_rights", status=204, times=1`. Without `times`, at least one
                request is expected.

        Raises:
            ExpectationFailed: An AssertionError with what was expected, what was found, and the report of refused requests.
        """
        body = {"merchant": self._mchid, **(expectation or {}), **fields}
        verification: dict[str, Any] = self._calls.post("/__mock/verify", body, also=409)
        if not verification["met"]:
            raise ExpectationFailed(verification, self.report())
        return verification

    def trigger(self, event_type: str, **fields: Any) -> dict[str, Any]:
        """Sends a callback now, and returns its first attempt: `received`, `status`, `reason` and so on.

        Args:
            event_type: The event, such as `TRANSACTION.SUCCESS`; `wechatpay-mock trigger --list` has all.
            fields: `to`, the URL to send it to, by default the merchant's notify_url in the configuration; `resource`, the
                fields of the resource that differ from the example.
        """
        callback = self._calls.post("/__mock/callbacks", {"event_type": event_type, "merchant": self._mchid, **fields})
        attempt: dict[str, Any] = callback["attempts"][0]
        return attempt

    def pay(self, out_trade_no: str, action: str = "pay", **fields: Any) -> dict[str, Any]:
        """Pays an order as its user does, and returns the order.

        Args:
            out_trade_no: The order's number.
            action: `pay`, `cancel`, `fail`, `start` (of a code payment) or `close`.
            fields: More fields of POST /__mock/payments, such as `openid`.

        Raises:
            CallError: With status 404 if there is no such order, and 409 if it can't be paid; the text has what the user sees.
        """
        body = {"out_trade_no": out_trade_no, "action": action, "merchant": self._mchid, **fields}
        order: dict[str, Any] = self._calls.post("/__mock/payments", body)
        return order

    def exchanges(self, **filters: Any) -> list[dict[str, Any]]:
        """Lists this merchant's exchanges, oldest first: all, or those that match the filters.

        Args:
            filters: `unknown`, `operation`, `status`, `code`, `since`, `after`, `order`, `limit`, `wait` (in seconds):
                docs/en/reference/admin.md#the-journal. With `limit` or `order`, the result is one page.
        """
        found: list[dict[str, Any]] = []
        query = {"merchant": self._mchid, "limit": 1000, **filters}
        while True:
            page = self._calls.get("/__mock/exchanges", **query)
            found += page["exchanges"]
            if not page["has_more"] or "limit" in filters or "order" in filters:
                return found
            query["after"] = page["last"]

    def report(self) -> str:
        """Says as text which requests were refused, why, and how to fix them; empty if none was.

        Refusals that a fault rule made are not in it. Requests that name no merchant of this mock are, if they arrived since this
        merchant was made or reset: they may be this merchant's, with a wrong mchid or without Authorization.
        """
        found = self.exchanges(unknown="true", after=self._after)
        refused = [exchange for exchange in found if (exchange["status"] or 0) >= 400 and not exchange["fault"]]
        own = [exchange for exchange in refused if exchange["merchant"]]
        strangers = [exchange for exchange in refused if not exchange["merchant"]]
        return "\n".join(
            [
                *self._section(say("refused requests of merchant {}", "商户 {} 被拒绝的请求").format(self._mchid), own),
                *self._section(
                    say("refused requests that name no merchant of this mock", "被拒绝的请求（商户号不存在或没有签名）"), strangers
                ),
            ]
        )

    def reset(self) -> None:
        """Returns this merchant to its initial state: documents, exchanges, rules and callbacks."""
        self._calls.post("/__mock/reset", {"merchant": self._mchid})
        self._after = self._last_exchange()

    def environment(self) -> dict[str, str]:
        """Returns the variables that make a child process's SDK reach the mock as this merchant, to add to those of this process.

        They are those of `wechatpay-mock run`: proxy, certificate authority, WECHATPAY_MCHID and so on. The files that they name
        exist until the mock is closed.
        """
        return self._server.environment(self.credentials)

    def close(self) -> None:
        """Stops the mock if this is the merchant that `start` returned with it; otherwise deletes the merchant.

        It may be called again.
        """
        close, self._close = self._close, None
        if close:
            close()

    def __enter__(self) -> Merchant:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _last_exchange(self) -> int:
        newest = self._calls.get("/__mock/exchanges", order="newest", limit=1)["exchanges"]
        return newest[0]["number"] if newest else 0

    def _section(self, title: str, exchanges: list[dict[str, Any]]) -> list[str]:
        if not exchanges:
            return []
        colon = say(": ", "：")
        lines = [f"{title}{colon}{len(exchanges)}"]
        if len(exchanges) > _REPORTED:
            lines.append(say("the first {} are not shown", "前 {} 个未列出").format(len(exchanges) - _REPORTED))
        for exchange in exchanges[-_REPORTED:]:
            facts = [exchange[name] for name in ("status", "code", "method", "target")]
            lines.append(f"#{exchange['number']} {' '.join(map(str, facts))}")
            full = self._calls.get(f"/__mock/exchanges/{exchange['number']}")
            rejection, diagnosis = full["rejection"], full["diagnosis"]
            if rejection:
                lines.append(f"    {say('check', '检查')} {rejection['check']}{colon}{rejection['reason']}")
            if diagnosis:
                lines.append(f"    {diagnosis[say('text', 'chinese')]}")
        return lines


class Fault:
    """A fault rule. At the end of a `with` statement, it is deleted."""

    id: int
    """Its number, as in GET /__mock/faults."""

    def __init__(self, calls: Calls, id: int) -> None:
        """Call `Merchant.fault` instead."""
        self.id = id
        self._calls = calls

    def delete(self) -> None:
        """Deletes the rule, unless a reset has already done so."""
        self._calls.delete(f"/__mock/faults/{self.id}")

    def __enter__(self) -> Fault:
        return self

    def __exit__(self, *_: object) -> None:
        self.delete()


class Clock:
    """The mock's clock, which its merchants share. Times are returned in Beijing time, to the second."""

    def __init__(self, calls: Calls) -> None:
        """Use `Merchant.clock` instead."""
        self._calls = calls

    def now(self) -> datetime:
        """Returns the mock's time."""
        return _time(self._calls.get("/__mock/clock"))

    def freeze(self, at: datetime | int | str | None = None, **fields: Any) -> datetime:
        """Stops the clock, and returns its time.

        Args:
            at: The time to stop at: a datetime (in local time if it has no zone), Unix seconds, or RFC 3339. By default, now.
            fields: `signatures="real"` keeps the real time in signatures, so that SDKs can go on making calls.
        """
        if isinstance(at, datetime):
            at = int(at.timestamp())
        return self._act("freeze", **({} if at is None else {"at": at}), **fields)

    def advance(self, seconds: int, **fields: Any) -> datetime:
        """Moves the clock, and returns its time. A frozen clock stays frozen.

        Args:
            seconds: How far, back if negative.
            fields: `signatures="real"`, as for `freeze`.
        """
        return self._act("advance", seconds=seconds, **fields)

    def resume(self) -> datetime:
        """Lets the clock follow the real time again, and returns that time."""
        return self._act("resume")

    def _act(self, action: str, **fields: Any) -> datetime:
        return _time(self._calls.post("/__mock/clock", {"action": action, **fields}))


def _time(state: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(state["now"], _BEIJING)
