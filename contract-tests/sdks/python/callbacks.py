"""Reads the callbacks of a file with wechatpayv3, unmodified. It trusts one kind of key at a time.

Run it as `wechatpay-mock run -- target/venv/bin/python callbacks.py FILE`. Each check is a line of TAP. Exit code 0 if all
pass, 1 if one fails, 2 if a credential is missing.
"""

import json
import os
import sys
from pathlib import Path

from wechatpayv3 import WeChatPay, WeChatPayType


def variable(name):
    if not os.environ.get(name):
        print(f"Bail out! expected {name}, found none: run this as `wechatpay-mock run -- …`")
        sys.exit(2)
    return os.environ[name]


def merchant(**trust):
    """The SDK for the merchant of `wechatpay-mock run`. Without a public key, it downloads the platform certificates."""
    return WeChatPay(
        WeChatPayType.NATIVE,
        mchid=variable("WECHATPAY_MCHID"),
        private_key=Path(variable("WECHATPAY_MERCHANT_KEY")).read_text(),
        cert_serial_no=variable("WECHATPAY_MERCHANT_SERIAL"),
        appid="wx8888888888888888",
        apiv3_key=variable("WECHATPAY_APIV3_KEY"),
        timeout=(10, 10),
        **trust,
    )


def check(sdk, callback):
    """What is wrong, if anything is."""
    try:
        found = sdk.callback(callback["headers"], callback["body"])
    except Exception as error:
        return repr(error)
    if not found:
        return f"expected a verified and decrypted callback, found {found!r}"
    expected = callback["event_type"], callback["resource"]
    if (found["event_type"], found["resource"]) != expected:
        return f"expected {expected}, found {found}"
    return None


sdks = {
    "certificate": merchant(),
    "public_key": merchant(
        public_key=Path(variable("WECHATPAY_PUBLIC_KEY")).read_text(), public_key_id=variable("WECHATPAY_PUBLIC_KEY_ID")
    ),
}
callbacks = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
failed = 0
for number, callback in enumerate(callbacks, 1):
    problem = check(sdks[callback["by"]], callback)
    print(f"{'not ok' if problem else 'ok'} {number} - {callback['event_type']} by {callback['by']}")
    if problem:
        failed += 1
        print("# " + problem.replace("\n", "\n# "))
print(f"1..{len(callbacks)}")
sys.exit(1 if failed else 0)
