#!/usr/bin/env python3
"""CARELESS ON PURPOSE. DO NOT COPY THIS RECEIVER. It makes mistakes that real receivers make, for `prove-receiver` to find.

    wechatpay-mock run -- python3 careless.py --port 3000 --holes any-time,counts-repeats

Each mistake is in an `if careless("NAME")`, and holes.json lists the probes that must find it. Without --holes the receiver
makes all of them; with `--holes none` it is careful and passes every probe. No mistake hides another.

It needs the packages of ../python, whose code it uses where it is careful.
"""

import argparse
import base64
import json
import os
import sys
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from callback import MOST_SECONDS_OFF, Unreadable, Unverified, decrypt, is_signed, trusted_keys  # noqa: E402
from shop import KNOWN, Shop  # noqa: E402

HOLES = json.loads(Path(__file__).with_name("holes.json").read_text(encoding="utf-8"))
MOST_BYTES = 1024 * 1024

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, default=os.environ.get("PORT", "3000"))
arguments.add_argument("--order", type=Path)
arguments.add_argument("--holes", default=",".join(HOLES))
arguments = arguments.parse_args()
OPEN = set(arguments.holes.split(",")) - {"none"}
if not OPEN <= set(HOLES):
    sys.exit(f"expected names of {', '.join(HOLES)}, found {arguments.holes}")

keys = trusted_keys()
apiv3_key = os.environ["WECHATPAY_APIV3_KEY"]
one_by_one = threading.Lock()


def careless(hole):
    """Whether this mistake is made."""
    assert hole in HOLES, hole
    return hole in OPEN


def receive(headers, body):
    """Verifies and decrypts a callback, and acts upon it."""
    # HOLE small-body: "no callback is that long". One of a combined payment is.
    if careless("small-body") and len(body) > 16 * 1024:
        raise Unreadable("the body is too long")
    # HOLE parses-first: reads the body before it knows who sent it, and expects only JSON.
    if careless("parses-first"):
        json.loads(body)["id"]
    verify(headers, body)
    try:
        callback = json.loads(body)
        event_id, event_type, resource = callback["id"], callback["event_type"], dict(open_resource(callback["resource"]))
    except Exception as error:
        raise Unreadable(repr(error)) from error
    # HOLE old-event: takes create_time for the time of sending. A callback that is sent again a day later is a day old.
    if careless("old-event"):
        created = datetime.fromisoformat(callback["create_time"]).timestamp()
        if abs(time.time() - created) > MOST_SECONDS_OFF:
            raise Unreadable("the event is old")
    # HOLE known-events-only: refuses what it does not know, so the gateway sends it again for a day.
    if careless("known-events-only") and event_type not in KNOWN:
        raise Unreadable(f"{event_type} is unknown")
    # HOLE needs-payer: expects a field that is not always there.
    if careless("needs-payer") and event_type == "TRANSACTION.SUCCESS":
        resource["payer"]["openid"]
    # HOLE one-at-a-time: does its work before it answers, and all others wait for it.
    if careless("one-at-a-time"):
        with one_by_one:
            time.sleep(1.1)
    shop.act(event_id, event_type, resource)


def verify(headers, body):
    """Returns if one of the trusted keys signed this callback a short time ago."""
    serial, signature = header(headers, "Wechatpay-Serial"), header(headers, "Wechatpay-Signature")
    timestamp, nonce = header(headers, "Wechatpay-Timestamp"), header(headers, "Wechatpay-Nonce")
    # HOLE unsigned-is-fine: verifies only what has a signature, so a forger leaves it out.
    if careless("unsigned-is-fine") and signature is None:
        return
    if not (serial and signature and nonce and timestamp and timestamp.isdecimal()):
        raise Unverified("the callback is not signed")
    # HOLE signtest-is-fine: knows the gateway's own probe, and accepts it. Anybody can write these letters.
    if careless("signtest-is-fine") and signature.startswith("WECHATPAY/SIGNTEST/"):
        return
    # HOLE any-time: never checks the time, so a recorded callback stays valid for ever.
    if not careless("any-time") and abs(time.time() - int(timestamp)) > MOST_SECONDS_OFF:
        raise Unverified(f"signed at {timestamp}, which is not now")
    # HOLE public-key-only: refuses the platform certificate, which some callbacks are signed with until the change-over ends.
    if careless("public-key-only") and serial == os.environ.get("WECHATPAY_PLATFORM_SERIAL"):
        raise Unverified("certificates are no longer used")
    # HOLE unknown-key-is-fine: "probably a new certificate". Anybody can name a new certificate.
    if careless("unknown-key-is-fine") and serial not in keys:
        return
    if serial not in keys:
        raise Unverified(f"{serial} is not a trusted key")
    # HOLE reprinted-body: verifies what its JSON library prints. That is often what came, but need not be.
    if careless("reprinted-body") and reprinted(body) != body:
        raise Unverified(f"not signed with {serial}")
    # HOLE no-signature: never looks at the signature itself.
    if careless("no-signature"):
        return
    if not is_signed(keys[serial], f"{timestamp}\n{nonce}\n".encode() + body + b"\n", signature):
        raise Unverified(f"not signed with {serial}")


def reprinted(body):
    """The body as Python prints it, if it is JSON."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode()
    except ValueError:
        return None


def header(headers, name):
    """The value of a header, if the callback has it."""
    # HOLE case-sensitive-headers: expects names as the documentation prints them. A proxy may send them in lower case.
    if careless("case-sensitive-headers") and name in headers and name not in headers.keys():
        raise Unreadable(f"{name} is missing")
    return headers.get(name)


def open_resource(resource):
    """The decrypted resource."""
    # HOLE plain-text-is-fine: takes a resource that is not encrypted.
    if careless("plain-text-is-fine") and "ciphertext" not in resource:
        return resource
    # HOLE needs-associated-data: expects a field that may be empty or absent.
    if careless("needs-associated-data") and not resource.get("associated_data"):
        raise KeyError("associated_data")
    # HOLE no-tag: decrypts, and does not check the tag that says whether the data was altered.
    if careless("no-tag"):
        # What AES-GCM does without its tag.
        cipher = Cipher(AES(apiv3_key.encode()), CTR(resource["nonce"].encode() + b"\0\0\0\2")).decryptor()
        return json.loads(cipher.update(base64.b64decode(resource["ciphertext"])[:-16]))
    return json.loads(decrypt(resource, apiv3_key))


class CarelessShop(Shop):
    def keys(self, event_id, event_type, resource):
        # HOLE counts-repeats: does not know that the same callback can come again.
        if careless("counts-repeats"):
            return set()
        # HOLE id-only: does not know that callbacks with other ids can tell of the same payment.
        if careless("id-only"):
            return {event_id}
        keys = super().keys(event_id, event_type, resource)
        # HOLE check-then-act: looks whether an event is done, and notes it later. Two at once are both new.
        if careless("check-then-act") and self.done.isdisjoint(keys):
            time.sleep(0.2)
            self.done |= keys
            self.count += 1
        return keys

    def is_ordered(self, payment):
        # HOLE any-order: books a payment without a look at who was paid, and how much.
        return careless("any-order") or super().is_ordered(payment)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_POST(self):
        length = self.headers.get("Content-Length", "0")
        if not (length.isdecimal() and int(length) <= MOST_BYTES):
            self.close_connection = True
            return self.answer(413, {"code": "FAIL", "message": "失败"})
        body = self.rfile.read(int(length))
        if self.path == "/reset":
            shop.reset()
            return self.answer(204)
        try:
            receive(self.headers, body)
        except Exception as error:
            print(f"refused: {error!r}", file=sys.stderr)
            # What nobody thought of ends the connection, without an answer.
            if not hasattr(error, "code"):
                raise
            return self.answer(error.code, {"code": "FAIL", "message": "失败"})
        # HOLE says-success: answers as the older API wants it.
        if careless("says-success"):
            return self.answer(200, "success")
        return self.answer(204)

    def do_GET(self):
        if self.path == "/count":
            return self.answer(200, {"count": shop.count})
        self.answer(404)

    def answer(self, status, body=None):
        body = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


shop = CarelessShop(json.loads(arguments.order.read_text(encoding="utf-8")) if arguments.order else None)

if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
    server.daemon_threads = True
    print(f"listening on http://127.0.0.1:{server.server_port}/notify", flush=True)
    server.serve_forever()
