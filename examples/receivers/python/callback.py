"""Reads the callbacks of WeChat Pay's APIv3: checks who sent them and when, and then decrypts them.

The keys come from environment variables, which `wechatpay-mock run` sets.
"""

import base64
import json
import os
import re
import time
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

MOST_SECONDS_OFF = 300


class Unverified(Exception):
    """No trusted key signed this callback a short time ago."""

    code = 401


class Unreadable(Exception):
    """The callback is signed, but can't be read."""

    code = 400


def trusted_keys(env=os.environ):
    """WeChat Pay's public keys by name.

    While a merchant changes from the certificate to the public key, callbacks are signed with either.
    """
    keys = {}
    if env.get("WECHATPAY_PUBLIC_KEY_ID"):
        keys[env["WECHATPAY_PUBLIC_KEY_ID"]] = load_pem_public_key(Path(env["WECHATPAY_PUBLIC_KEY"]).read_bytes())
    if env.get("WECHATPAY_PLATFORM_SERIAL"):
        certificate = load_pem_x509_certificate(Path(env["WECHATPAY_PLATFORM_CERTIFICATE"]).read_bytes())
        keys[env["WECHATPAY_PLATFORM_SERIAL"]] = certificate.public_key()
    return keys


def verify(headers, body, keys):
    """Returns if one of the keys signed this body a short time ago. The body is the bytes that came."""
    serial, signature = headers.get("Wechatpay-Serial"), headers.get("Wechatpay-Signature")
    timestamp, nonce = headers.get("Wechatpay-Timestamp"), headers.get("Wechatpay-Nonce")
    if not (serial and signature and nonce and re.fullmatch("[0-9]{1,12}", timestamp or "")):
        raise Unverified("the callback is not signed")
    # Not create_time in the body, which stays the same when a callback is sent again.
    if abs(time.time() - int(timestamp)) > MOST_SECONDS_OFF:
        raise Unverified(f"signed at {timestamp}, which is not now")
    # An unknown key is refused at once. To download certificates here would let anybody make this server busy.
    if serial not in keys:
        raise Unverified(f"signed by {serial}, which is not a trusted key")
    if not is_signed(keys[serial], f"{timestamp}\n{nonce}\n".encode() + body + b"\n", signature):
        raise Unverified(f"not signed by {serial}")


def is_signed(key, message, signature):
    """Whether this key signed the message. The signature is Base64."""
    try:
        key.verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), SHA256())
    except (ValueError, InvalidSignature):
        return False
    return True


def read(body, apiv3_key):
    """Decrypts a verified callback. Returns its id, its type and its resource."""
    try:
        callback = json.loads(body)
        resource = json.loads(decrypt(callback["resource"], apiv3_key))
        event = callback["id"], callback["event_type"], resource
        if [type(part) for part in event] != [str, str, dict]:
            raise TypeError("expected an id, an event_type and a resource with fields")
    except (KeyError, TypeError, ValueError, AttributeError, InvalidTag) as error:
        raise Unreadable(repr(error)) from error
    return event


def decrypt(resource, apiv3_key):
    """Decrypts a resource, and checks that nothing in it was altered."""
    if resource["algorithm"] != "AEAD_AES_256_GCM":
        raise ValueError(f"expected AEAD_AES_256_GCM, found {resource['algorithm']}")
    # It may be empty or absent.
    associated_data = resource.get("associated_data") or ""
    ciphertext = base64.b64decode(resource["ciphertext"], validate=True)
    return AESGCM(apiv3_key.encode()).decrypt(resource["nonce"].encode(), ciphertext, associated_data.encode())
