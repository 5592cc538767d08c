"""Signs each of schemathesis's requests, and verifies each response, as the merchant whose credentials are in the folder
WECHATPAY_CREDENTIALS.

Both are done with the library `cryptography`, over the bytes that go over the wire: a second opinion on signatures, too.
"""

import base64
import json
import os
import pathlib
import secrets
import time

import requests
import schemathesis
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from urllib3.util import parse_url

FOLDER = pathlib.Path(os.environ["WECHATPAY_CREDENTIALS"])
MERCHANT = json.loads((FOLDER / "credentials.json").read_bytes())
KEY = serialization.load_pem_private_key((FOLDER / MERCHANT["merchant_key"]).read_bytes(), password=None)
GATEWAYS_KEY = serialization.load_pem_public_key((FOLDER / MERCHANT["public_key"]).read_bytes())

# The most bytes that RSAES-OAEP with SHA-1 takes, for a key of 2048 bits.
LONGEST = 214
# Refusals before the signature is verified.
UNSIGNED = {401, 404, 405, 406, 408, 413, 431}
OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)


class MerchantSignature(requests.auth.AuthBase):
    """The header Authorization over method, target, timestamp, nonce and body; see the contract's security scheme."""

    def __call__(self, request):
        target = parse_url(request.url).request_uri
        timestamp, nonce_str = str(int(time.time())), secrets.token_hex(16)
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        head = f"{request.method}\n{target}\n{timestamp}\n{nonce_str}\n"
        signature = KEY.sign(head.encode() + body + b"\n", padding.PKCS1v15(), hashes.SHA256())
        request.headers["Authorization"] = (
            f'WECHATPAY2-SHA256-RSA2048 mchid="{MERCHANT["mchid"]}",nonce_str="{nonce_str}",'
            f'signature="{base64.b64encode(signature).decode()}",timestamp="{timestamp}",'
            f'serial_no="{MERCHANT["merchant_serial"]}"'
        )
        request.headers["Wechatpay-Serial"] = MERCHANT["public_key_id"]
        return request


schemathesis.auth.set_from_requests(MerchantSignature())


@schemathesis.hook
def before_call(context, case, kwargs):
    """Says what JSON Schema can't: how an integer is written, and what is encrypted."""
    if isinstance(case.body, dict):
        case.body = {name: as_the_gateway_takes_it(name, value) for name, value in case.body.items()}


def as_the_gateway_takes_it(name, value):
    # JSON Schema takes 1.0 for an integer; the gateway does not.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if name == "encrypted_echo_message" and isinstance(value, str):
        text = value.encode()[:LONGEST].decode(errors="ignore").encode()
        return base64.b64encode(GATEWAYS_KEY.encrypt(text, OAEP)).decode()
    return value


@schemathesis.check
def signed_if_genuine(context, response, case):
    """Every response to a genuine request is signed with the key that the request asked for; any other is not signed."""
    headers = {name.lower(): values[0] for name, values in response.headers.items()}
    if response.status_code in UNSIGNED:
        assert not any(name.startswith("wechatpay-") for name in headers), "this refusal is not signed"
        return
    signed_by = headers.get("wechatpay-serial")
    assert signed_by == MERCHANT["public_key_id"], f"expected a response signed by the public key, found {signed_by}"
    head = f"{headers['wechatpay-timestamp']}\n{headers['wechatpay-nonce']}\n"
    signature = base64.b64decode(headers["wechatpay-signature"], validate=True)
    try:
        message = head.encode() + (response.content or b"") + b"\n"
        GATEWAYS_KEY.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise AssertionError("the response's signature does not match") from error
