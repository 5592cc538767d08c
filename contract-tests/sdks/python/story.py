"""What a merchant's server needs to lead orders from the first call to the last: a receiver of callbacks, and the mock's own calls."""

import gzip
import hashlib
import json
import os
import queue
import sys
import threading
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sdk import Tap, expect, merchant, variable

OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
SUB_MCHID = "1900000109"

BEIJING = timezone(timedelta(hours=8))


def mock(path, body):
    """Makes a call of the mock's own, which needs no signature."""
    request = urllib.request.Request(variable("WECHATPAY_MOCK_URL") + path, json.dumps(body).encode(), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{path}: {error.code} {error.read().decode()}") from error


def freeze(at):
    """Stops the mock's clock. Signatures keep the real time, which is the SDK's."""
    mock("/__mock/clock", {"action": "freeze", "at": int(at.timestamp()), "signatures": "real"})


def advance(seconds):
    """Moves the clock that was stopped."""
    mock("/__mock/clock", {"action": "advance", "seconds": seconds, "signatures": "real"})


def act(path, action, **number):
    """Lets the other person do something with what has this number."""
    mock(f"/__mock/{path}", {**number, "action": action})


class Receiver(BaseHTTPRequestHandler):
    """Verifies and decrypts callbacks with the SDK. It refuses those that the SDK refuses, so that the mock sends them again."""

    received = queue.Queue()
    sdk = None

    def do_POST(self):
        event = self.sdk.callback(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
        if event:
            self.received.put(event)
        self.send_response(204 if event else 401)
        self.end_headers()

    def log_message(self, *_):
        pass

    @classmethod
    def next(cls, event_type, number):
        """Waits for the callback of this event and this number, and returns what it says."""
        while True:
            event = cls.received.get(timeout=30)
            if event["event_type"] == event_type and number in event["resource"].values():
                return event["resource"]


class Shop:
    """A merchant's server. `sub` are what a service provider's calls have more than a merchant's."""

    def __init__(self, sdk, receiver_url, sub):
        self.sdk, self.receiver_url, self.sub = sdk, receiver_url, sub

    def call(self, function, *arguments, expected=200, **options):
        status, answer = function(*arguments, **options)
        if status != expected:
            raise AssertionError(f"expected {expected}, found {status} {answer}")
        return json.loads(answer) if answer else None

    def refused(self, expected, code, message, function, *arguments, **options):
        """Makes a call that must be refused like this."""
        answer = self.call(function, *arguments, expected=expected, **options)
        if (code, message) != (answer["code"], answer["message"]):
            raise AssertionError(f"expected {code} {message}, found {answer}")

    def bill(self, function, *arguments, **options):
        """Downloads a bill, whose hash must be right. The SDK's default is a compressed file."""
        bill = self.call(function, *arguments, **options)
        status, content = self.sdk.download_bill(bill["download_url"])
        expect(200, status)
        content = gzip.decompress(content)
        expect(("SHA1", hashlib.sha1(content).hexdigest()), (bill["hash_type"], bill["hash_value"]))
        return content.decode()


def next_day(at):
    """Stops the clock at 10 o'clock on the day after this time."""
    freeze(at.replace(hour=10) + timedelta(days=1))


def expect_rows(content, *rows):
    for row in rows:
        if row not in content:
            raise AssertionError(f"expected {row} in the bill, found {content}")


def tell(story):
    """Tells a story with the kind of key that the command line says, at noon, and exits."""
    tap = Tap()
    by = sys.argv[1]
    Receiver.sdk = merchant(by)
    # Where the mock sends the callbacks to whose calls name no URL, if the variable is set.
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("RECEIVER_PORT", 0))), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    freeze(datetime.now(BEIJING).replace(hour=12, minute=0, second=0))
    story(tap, by, f"http://127.0.0.1:{server.server_port}/notify")
    tap.end()
