"""wechatpayv3 for the merchant of `wechatpay-mock run`, and checks in the Test Anything Protocol."""

import os
import sys
from pathlib import Path

from wechatpayv3 import WeChatPay, WeChatPayType

APPLICATION = "wxd678efh567hg6787"


def variable(name):
    if not os.environ.get(name):
        print(f"Bail out! expected {name}, found none: run this as `wechatpay-mock run -- …`")
        sys.exit(2)
    return os.environ[name]


def merchant(by, **options):
    """The SDK, which trusts one kind of key: certificate, which it downloads, or public_key."""
    trust = {}
    if by == "public_key":
        trust["public_key"] = Path(variable("WECHATPAY_PUBLIC_KEY")).read_text()
        trust["public_key_id"] = variable("WECHATPAY_PUBLIC_KEY_ID")
    return WeChatPay(
        WeChatPayType.NATIVE,
        mchid=variable("WECHATPAY_MCHID"),
        private_key=Path(variable("WECHATPAY_MERCHANT_KEY")).read_text(),
        cert_serial_no=variable("WECHATPAY_MERCHANT_SERIAL"),
        appid=APPLICATION,
        apiv3_key=variable("WECHATPAY_APIV3_KEY"),
        timeout=(10, 10),
        **trust,
        **options,
    )


class Tap:
    """Prints checks, and counts them."""

    def __init__(self):
        self.checks = self.failed = 0

    def check(self, name, run):
        """Runs a check, which raises an exception if it fails. Tells whether it passed."""
        self.checks += 1
        try:
            run()
        except Exception as error:
            self.failed += 1
            print(f"not ok {self.checks} - {name}\n# " + repr(error).replace("\n", "\n# "))
            return False
        print(f"ok {self.checks} - {name}")
        return True

    def end(self):
        """Prints the plan and exits."""
        print(f"1..{self.checks}")
        sys.exit(1 if self.failed else 0)


def expect(expected, found):
    if found != expected:
        raise AssertionError(f"expected {expected}, found {found}")
