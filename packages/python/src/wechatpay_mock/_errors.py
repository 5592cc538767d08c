"""What can go wrong."""

from __future__ import annotations

from typing import Any

from ._language import say


class MockError(Exception):
    """The mock does not do what was asked of it."""


class StartError(MockError):
    """The mock does not start. The text has what it wrote to stderr."""


class CallError(MockError):
    """A call of the mock's own, `/__mock/…`, fails.

    The text says which call, what the mock expected, what it found, and what it suggests.
    """

    status: int | None
    """The HTTP status, or None if the mock does not answer."""

    message: str
    """What the mock says: what it expected, what it found, and what it suggests."""

    def __init__(self, call: str, status: int | None, message: str) -> None:
        super().__init__(f"{call}: {say('no answer', '没有应答') if status is None else status}: {message}")
        self.status = status
        self.message = message


class ExpectationFailed(AssertionError):
    """The requests were not what `expect` expects.

    The text has what was expected, what was found, and the report of refused requests.
    """

    verification: dict[str, Any]
    """The mock's answer: `matching`, `nearest` with its differences, and so on."""

    def __init__(self, verification: dict[str, Any], report: str) -> None:
        super().__init__("\n".join(text for text in (verification["report"], report) if text))
        self.verification = verification
