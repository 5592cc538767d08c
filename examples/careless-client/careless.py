#!/usr/bin/env python3
"""CARELESS ON PURPOSE. DO NOT COPY THIS CLIENT. It makes mistakes that real clients make, for `prove-client` to find.

    wechatpay-mock prove-client -- python3 examples/careless-client/careless.py

Each mistake is in an `if careless("NAME")`, and holes.json lists the probes that must find it. With CARELESS=none in the
environment the client is careful and passes every probe; with CARELESS=NAME,NAME it makes only these mistakes.

It needs Python 3.9 or newer and openssl. It signs and verifies with the code of ../python, which is careful.
"""

import http.client
import json
import os
import secrets
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from wechatpay import authorization, is_signed, trusted_keys  # noqa: E402

HOLES = json.loads(Path(__file__).with_name("holes.json").read_text(encoding="utf-8"))
OPEN = os.environ.get("CARELESS", ",".join(HOLES)).split(",")

TARGET = "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights"
MOST_SECONDS_OFF = 300


class Refused(Exception):
    """The response does not say that the call succeeded, or can't be trusted."""


class Trouble(Exception):
    """The gateway has a problem that may be temporary."""


def careless(hole):
    """Whether this mistake is made."""
    assert hole in HOLES, hole
    return hole in OPEN


def main():
    number = new_number()
    for last in (False, True):
        try:
            status, headers, body = call(number)
            accept(status, headers, body)
            print(f"accepted: {status}")
            return
        except Refused as error:
            sys.exit(f"refused: {error}")
        except (Trouble, OSError, http.client.HTTPException) as error:
            if last:
                sys.exit(f"failed: {error}")
            # HOLE another-number: a new number for the same change. If the first request was carried out, and only its
            # response was lost, the change is made twice.
            if careless("another-number"):
                number = new_number()


def new_number():
    return "careless-" + secrets.token_hex(8)


def call(number):
    """Sends the sample call. Returns status, headers and body as they came."""
    body = json.dumps({"out_request_no": number, "before_bonus_value": 500, "bonus_value": 600, "add_bonus_value": 100})
    # HOLE no-time-limit: waits for a response without a limit. So does everything that waits for this client.
    limit = None if careless("no-time-limit") else float(os.environ.get("WECHATPAY_TIMEOUT", "10")) / 2
    connection = http.client.HTTPConnection(urlsplit(os.environ["WECHATPAY_BASE_URL"]).netloc, timeout=limit)
    connection.request("PATCH", TARGET, body, {
        "Authorization": authorization("PATCH", TARGET, body),
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": "careless-client",
        "Wechatpay-Serial": next(iter(trusted_keys())),
    })
    response = connection.getresponse()
    return response.status, response.getheaders(), response.read()


def accept(status, headers, body):
    """Returns if the response says success and can be trusted."""
    # HOLE signature-first: refusals have no signature, so "not signed" hides the gateway's own message.
    if careless("signature-first") and 400 <= status < 500 and status != 429:
        verify(headers, body)
    # HOLE too-many-is-fine: takes 429 for "will be done". It was not done, and will not be.
    if careless("too-many-is-fine") and status == 429:
        return
    if status >= 500:
        raise Trouble(f"{status} {body.decode(errors='replace')}")
    if status // 100 != 2:
        raise Refused(f"{status} {body.decode(errors='replace')}")
    verify(headers, body)


def verify(headers, body):
    """Returns if one of the trusted keys signed this response a short time ago."""
    signed = header(headers, "Wechatpay-Serial")
    if signed is None:
        raise Refused("the response names no key")
    signature = header(headers, "Wechatpay-Signature")
    # HOLE no-signature-no-check: verifies only what has a signature, so a forger leaves it out.
    if careless("no-signature-no-check") and signature is None:
        return
    # HOLE signtest-is-fine: knows the gateway's own probe, and accepts it. Anybody can write these letters.
    if careless("signtest-is-fine") and (signature or "").startswith("WECHATPAY/SIGNTEST/"):
        return
    timestamp, nonce = header(headers, "Wechatpay-Timestamp"), header(headers, "Wechatpay-Nonce")
    if not (signature and timestamp and nonce):
        raise Refused("the response is not signed")
    # HOLE any-time: never checks the time, so a recorded response stays valid for ever.
    if not careless("any-time") and abs(time.time() - int(timestamp)) > MOST_SECONDS_OFF:
        raise Refused(f"signed at {timestamp}, which is not now")
    key = trusted_keys().get(signed)
    # HOLE unknown-key-is-fine: "probably a new certificate". Anybody can name a new certificate.
    if careless("unknown-key-is-fine") and key is None:
        return
    if key is None:
        raise Refused(f"{signed} is not a trusted key")
    if not is_signed(key, f"{timestamp}\n{nonce}\n".encode() + body + b"\n", signature):
        raise Refused(f"not signed with {signed}")


def header(headers, name):
    """The value of a header, if the response has it."""
    # HOLE case-sensitive-headers: misses headers whose names are in lower case, as a proxy may send them.
    if careless("case-sensitive-headers"):
        return dict(headers).get(name)
    return {name.lower(): value for name, value in headers}.get(name.lower())


if __name__ == "__main__":
    main()
