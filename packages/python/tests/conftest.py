"""What the acceptance suite needs of a shop: an SDK, which signs and verifies, and a receiver of callbacks."""

import asyncio
import inspect
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType

import wechatpay_mock

pytest_plugins = ["pytester"]

APPLICATION = "wxd678efh567hg6787"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


class Blocking:
    """Runs the coroutines of the asyncio API one by one, so that one suite serves both APIs."""

    def __init__(self, loop, target):
        self._loop, self._target = loop, target

    def __getattr__(self, name):
        return self._wrap(getattr(self._target, name))

    def __enter__(self):
        return self._wrap(self._target.__aenter__())

    def __exit__(self, *error):
        self._wrap(self._target.__aexit__(*error))

    def _wrap(self, value):
        if inspect.isawaitable(value):
            return self._wrap(self._loop.run_until_complete(self._result(value)))
        if inspect.ismethod(value):
            return lambda *arguments, **options: self._wrap(value(*arguments, **options))
        is_own = type(value).__module__.startswith("wechatpay_mock.")
        return Blocking(self._loop, value) if is_own else value

    @staticmethod
    async def _result(value):
        return await value


@pytest.fixture(params=["sync", "async"])
def api(request):
    return request.param


@pytest.fixture
def start(api, monkeypatch):
    """`start`, or `astart` as if it were `start`. What it starts is closed at the end."""
    monkeypatch.delenv("WECHATPAY_MOCK_URL", raising=False)
    loop = asyncio.new_event_loop()
    started = []

    def start(**options):
        if api == "sync":
            mock = wechatpay_mock.start(**options)
        else:
            mock = Blocking(loop, loop.run_until_complete(Blocking._result(wechatpay_mock.astart(**options))))
        started.append(mock)
        return mock

    yield start
    for mock in started:
        mock.close()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@pytest.fixture
def mock(start, monkeypatch):
    """A mock, which SDKs in this process reach as if it were the gateway."""
    mock = start()
    for name, value in mock.environment().items():
        if name != "WECHATPAY_MOCK_URL":
            monkeypatch.setenv(name, value)
    return mock


class Shop:
    """A merchant's server: wechatpayv3, unmodified. It verifies each response with WeChat Pay's public key."""

    def __init__(self, credentials):
        self.sdk = WeChatPay(
            WeChatPayType.JSAPI,
            mchid=credentials["mchid"],
            private_key=credentials["merchant_key"],
            cert_serial_no=credentials["merchant_serial"],
            apiv3_key=credentials["apiv3_key"],
            public_key=credentials["public_key"],
            public_key_id=credentials["public_key_id"],
            appid=APPLICATION,
            notify_url="http://127.0.0.1/notify",
            timeout=(10, 10),
        )

    def order(self, out_trade_no, **options):
        amount, payer = {"total": 1800, "currency": "CNY"}, {"openid": OPENID}
        return self.sdk.pay("咖啡", out_trade_no, amount, payer=payer, **options)

    def query(self, out_trade_no):
        return self.sdk.query(out_trade_no=out_trade_no)


@pytest.fixture
def shop(mock):
    return Shop(mock.credentials)


@pytest.fixture
def receiver(shop):
    """A server at notify_url. It takes the callbacks that the SDK verifies and decrypts, and refuses others with 401."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            event = shop.sdk.callback(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204 if event else 401)
            self.end_headers()
            received.put(event)

        def log_message(self, *_):
            pass

    received = queue.Queue()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}/notify"
    server.next = lambda: received.get(timeout=10)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
