"""A small client of WeChat Pay's APIv3. It signs requests, and believes no answer before its signature is verified.

Nothing but the standard library, and openssl, which signs and verifies. Who it is, whom it trusts and where the gateway
is stands in the environment, as `wechatpay-mock run` and `wechatpay-mock keys` have it.
"""

import base64
import http.client
import json
import os
import secrets
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

MOST_SECONDS_OFF = 300


class Refused(Exception):
    """The gateway said no: status, and its own words. Nothing was changed."""


class Unverified(Exception):
    """The answer says yes, but nobody who is trusted says so. What happened is unknown."""


class Trouble(Exception):
    """No answer, or one that says that the gateway has trouble. What happened is unknown."""


def set_rights(card_id, code, change):
    """Changes the rights of a member's card. Send the very same again after Trouble or Unverified, never another."""
    card = f"/v3/marketing/membercard-open/cards/{quote(card_id, safe='')}/codes/{quote(code, safe='')}/rights"
    send("PATCH", card, json.dumps(change))


def send(method, target, body=""):
    """Signs a request, sends it, and returns the body of the answer once that is verified."""
    # Not in the try: without a key nothing is sent, and there is no doubt about what happened.
    signed = authorization(method, target, body)
    try:
        status, headers, answer = exchange(method, target, body, signed)
    except (OSError, http.client.HTTPException) as error:
        raise Trouble(f"no answer: {error!r}") from error
    text = answer.decode(errors="replace")
    # The status comes first: only a yes is signed.
    if status >= 500:
        raise Trouble(f"{status} {text}")
    if not 200 <= status < 300:
        raise Refused(f"{status} {text}")
    verify(headers, answer)
    return answer


def exchange(method, target, body, signed):
    """Sends a signed request. Returns status, headers and body as they came."""
    url = urlsplit(os.environ["WECHATPAY_BASE_URL"])
    connect = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}[url.scheme]
    # For each wait: to connect, to send, to receive.
    connection = connect(url.netloc, timeout=float(os.environ.get("WECHATPAY_TIMEOUT", "20")) / 2)
    try:
        connection.request(method, target, body.encode(), {
            "Authorization": signed,
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "wechatpay-mock-example",
            # The gateway signs with the key that is named here.
            "Wechatpay-Serial": next(iter(trusted_keys())),
        })
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def authorization(method, target, body):
    """The value of the header that says who sends this, with a signature over all of it."""
    timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
    signature = sign(f"{method}\n{target}\n{timestamp}\n{nonce}\n{body}\n")
    return (
        f'WECHATPAY2-SHA256-RSA2048 mchid="{os.environ["WECHATPAY_MCHID"]}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{timestamp}",serial_no="{os.environ["WECHATPAY_MERCHANT_SERIAL"]}"'
    )


def verify(headers, body):
    """Returns if a trusted key signed this answer a short time ago, and raises Unverified if not."""
    serial, signature = headers.get("Wechatpay-Serial"), headers.get("Wechatpay-Signature")
    timestamp, nonce = headers.get("Wechatpay-Timestamp"), headers.get("Wechatpay-Nonce")
    if not (serial and signature and timestamp and nonce and timestamp.isdecimal()):
        raise Unverified("the answer is not signed")
    if abs(time.time() - int(timestamp)) > MOST_SECONDS_OFF:
        raise Unverified(f"signed at {timestamp}, which is not now")
    key = trusted_keys().get(serial)
    if key is None:
        raise Unverified(f"signed by {serial}, which is not a trusted key")
    if not is_signed(key, f"{timestamp}\n{nonce}\n".encode() + body + b"\n", signature):
        raise Unverified(f"not signed by {serial}")


def trusted_keys():
    """WeChat Pay's public keys by name, each as openssl wants it."""
    keys = {}
    if os.environ.get("WECHATPAY_PUBLIC_KEY_ID"):
        keys[os.environ["WECHATPAY_PUBLIC_KEY_ID"]] = ("-pubin", os.environ["WECHATPAY_PUBLIC_KEY"])
    if os.environ.get("WECHATPAY_PLATFORM_SERIAL"):
        keys[os.environ["WECHATPAY_PLATFORM_SERIAL"]] = ("-certin", os.environ["WECHATPAY_PLATFORM_CERTIFICATE"])
    return keys


def sign(message):
    """The merchant's signature, RSA with SHA-256, as Base64."""
    return base64.b64encode(openssl("dgst", "-sha256", "-sign", os.environ["WECHATPAY_MERCHANT_KEY"], message=message.encode())).decode()


def is_signed(key, message, signature):
    """Whether openssl finds that this key signed the message."""
    try:
        signature = base64.b64decode(signature, validate=True)
    except ValueError:
        return False
    digest = openssl("dgst", "-sha256", "-binary", message=message)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "signature")
        file.write_bytes(signature)
        try:
            openssl("pkeyutl", "-verify", key[0], "-inkey", key[1], "-sigfile", str(file), "-pkeyopt", "digest:sha256", message=digest)
        except subprocess.CalledProcessError:
            return False
    return True


def openssl(*arguments, message):
    """What openssl writes when it reads this message."""
    return subprocess.run(["openssl", *arguments], input=message, capture_output=True, check=True).stdout
