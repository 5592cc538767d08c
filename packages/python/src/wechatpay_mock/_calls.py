"""Calls of the mock's own, `/__mock/…`: unsigned JSON over HTTP."""

from __future__ import annotations

import json
import os
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Callable, Mapping
from urllib.parse import urlencode, urlsplit

from ._errors import CallError, MockError
from ._language import say

# Longer than the mock's longest answer, that of `wait=60`.
_TIMEOUT = 75.0


class Calls:
    """Makes calls to one mock, past any proxy, and follows no redirect: nothing goes to another host."""

    def __init__(self, url: str, last_words: Callable[[], str]) -> None:
        """`last_words` says what is known about a mock that does not answer."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise MockError(
                say(
                    f"WECHATPAY_MOCK_URL: expected a URL such as http://127.0.0.1:8080, found {url!r}",
                    f"WECHATPAY_MOCK_URL：应为 http://127.0.0.1:8080 这样的 URL，实际是 {url!r}",
                )
            )
        self.url = url.rstrip("/")
        self._last_words = last_words
        self._connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._address = parts.netloc
        self._path = parts.path.rstrip("/")
        token = os.environ.get("WECHATPAY_MOCK_ADMIN_TOKEN")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def text(self, method: str, path: str, body: Mapping[str, Any] | None = None, also: int | None = None) -> str:
        """Makes the call. A status other than 2xx, and `also`, raises CallError."""
        data = None if body is None else json.dumps(body).encode()
        connection = self._connection(self._address, timeout=_TIMEOUT)
        call = f"{method} {path}"
        try:
            language = {"Accept-Language": say("en", "zh-CN")}
            connection.request(method, self._path + path, data, {**self._headers, **language})
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, HTTPException) as error:
            problem = say(f"no mock answers at {self.url}: {error!r}", f"无法连接 {self.url} 的模拟网关：{error!r}")
            raise CallError(call, None, problem + self._last_words()) from error
        finally:
            connection.close()
        if not 200 <= response.status < 300 and response.status != also:
            raise CallError(call, response.status, _message(text))
        return text

    def get(self, path: str, **query: Any) -> Any:
        return json.loads(self.text("GET", f"{path}?{urlencode(query)}" if query else path))

    def post(self, path: str, body: Mapping[str, Any], also: int | None = None) -> Any:
        return json.loads(self.text("POST", path, body, also))

    def delete(self, path: str) -> None:
        """Deletes what is there. It may be gone already: a reset deletes it, too."""
        try:
            self.text("DELETE", path)
        except CallError as error:
            if error.status != 404:
                raise


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, LookupError, TypeError):
        return text
