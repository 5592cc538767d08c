"""A small client for WeChat Pay's APIv3. It signs requests, and accepts no success before verifying its signature.

It uses only the standard library and openssl, which signs and verifies. The merchant, the keys to trust and the gateway's
address come from environment variables, which `wechatpay-mock run` sets; `wechatpay-mock keys` writes those of the merchant.
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
    """The gateway refused: status, and its own message. Nothing was changed."""


class Unverified(Exception):
    """The response says success, but no trusted key signed it. The outcome is unknown."""


class Trouble(Exception):
    """No response, or a server error. The outcome is unknown."""


def set_rights(card_id, code, change):
    """Changes the rights of a member's card. After Trouble or Unverified, send the same change again, never another."""
    card = f"/v3/marketing/membercard-open/cards/{quote(card_id, safe='')}/codes/{quote(code, safe='')}/rights"
    send("PATCH", card, json.dumps(change))


def send(method, target, body=""):
    """Signs a request, sends it, and returns the body of the verified response."""
    # Not in the try: without a key nothing is sent, and the outcome is known.
    signed = authorization(method, target, body)
    try:
        status, headers, content = exchange(method, target, body, signed)
    except (OSError, http.client.HTTPException) as error:
        raise Trouble(f"no response: {error!r}") from error
    text = content.decode(errors="replace")
    # Check the status first: only a 2xx is signed.
    if status >= 500:
        raise Trouble(f"{status} {text}")
    if not 200 <= status < 300:
        raise Refused(f"{status} {text}")
    verify(headers, content)
    return content


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
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def authorization(method, target, body):
    """The Authorization header: who sends this request, with a signature over all of it."""
    timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
    signature = sign(f"{method}\n{target}\n{timestamp}\n{nonce}\n{body}\n")
    return (
        f'WECHATPAY2-SHA256-RSA2048 mchid="{os.environ["WECHATPAY_MCHID"]}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{timestamp}",serial_no="{os.environ["WECHATPAY_MERCHANT_SERIAL"]}"'
    )


def verify(headers, body):
    """Returns if a trusted key signed this response a short time ago, and raises Unverified if not."""
    serial, signature = headers.get("Wechatpay-Serial"), headers.get("Wechatpay-Signature")
    timestamp, nonce = headers.get("Wechatpay-Timestamp"), headers.get("Wechatpay-Nonce")
    if not (serial and signature and timestamp and nonce and timestamp.isdecimal()):
        raise Unverified("the response is not signed")
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
