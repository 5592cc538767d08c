"""Takes payments with wechatpayv3, unmodified, from the order to the bill. It trusts one kind of key: certificate or public_key.

Run it as `wechatpay-mock run -- target/venv/bin/python payments.py KEY`. Each check is a line of TAP. Exit code 0 if all
pass, 1 if one fails, 2 if a credential is missing.
"""

import secrets
import time
from datetime import datetime

from wechatpayv3 import WeChatPayType

from sdk import APPLICATION, expect, merchant, variable
from story import OPENID, SUB_MCHID, Receiver, Shop, expect_rows, mock, next_day, tell

TOTAL = {"total": 100, "currency": "CNY"}
PART = {"refund": 30, "total": 100, "currency": "CNY"}


class PaymentShop(Shop):
    """A merchant's server that takes payments."""

    paid = None

    def call(self, function, *arguments, **options):
        return super().call(function, *arguments, **options, **self.sub)

    def place(self, way, number):
        """Orders, and returns which call of the mock pays the order, and what its body is."""
        options = {}
        if way == WeChatPayType.JSAPI:
            options["payer"] = {"sp_openid" if self.sub else "openid": OPENID}
        if way == WeChatPayType.H5:
            options["scene_info"] = {"payer_client_ip": "14.23.150.211", "h5_info": {"type": "Wap"}}
        order = self.call(
            self.sdk.pay, "深圳腾大-QQ公仔", number, TOTAL, notify_url=self.receiver_url, pay_type=way, **options
        )
        if "prepay_id" not in order:
            return "/__mock/payments", order
        return "/__mock/request-payment", self.handed_over(way, order["prepay_id"])

    def handed_over(self, way, prepay_id):
        """What the server hands to the page or the app, signed by the SDK."""
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        common = {"timeStamp": timestamp, "nonceStr": nonce}
        if way == WeChatPayType.APP:
            sign = self.sdk.sign([APPLICATION, timestamp, nonce, prepay_id])
            return {**common, "partnerId": variable("WECHATPAY_MCHID"), "prepayId": prepay_id, "package": "Sign=WXPay", "sign": sign}
        package = f"prepay_id={prepay_id}"
        sign = self.sdk.sign([APPLICATION, timestamp, nonce, package])
        return {**common, "appId": APPLICATION, "package": package, "signType": "RSA", "paySign": sign}

    def query(self, **number):
        return self.call(self.sdk.query, **number)

    def check_paid(self, way, number):
        path, body = self.place(way, number)
        mock(path, body)
        self.paid = Receiver.next("TRANSACTION.SUCCESS", number)
        expect(("SUCCESS", 100), (self.paid["trade_state"], self.paid["amount"]["total"]))

    def check_queries(self, number):
        for found in (self.query(out_trade_no=number), self.query(transaction_id=self.paid["transaction_id"])):
            expect(self.paid, {name: found.get(name) for name in self.paid})

    def check_close(self, way, number):
        self.place(way, number)
        self.call(self.sdk.close, number, expected=204)
        expect("CLOSED", self.query(out_trade_no=number)["trade_state"])

    def check_refund(self, number):
        transaction_id = self.paid["transaction_id"]
        options = {"transaction_id": transaction_id, "notify_url": self.receiver_url}
        refund = self.call(self.sdk.refund, number, PART, **options)
        called = Receiver.next("REFUND.SUCCESS", number)
        expect(("SUCCESS", 30, refund["refund_id"]), (called["refund_status"], called["amount"]["refund"], called["refund_id"]))
        queried = self.call(self.sdk.query_refund, number)
        expect(("SUCCESS", 30, refund["refund_id"]), (queried["status"], queried["amount"]["refund"], queried["refund_id"]))

    def check_bill(self, refund):
        next_day(datetime.fromisoformat(self.paid["success_time"]))
        content = self.bill(self.sdk.trade_bill, self.paid["success_time"][:10])
        expect_rows(content, f"`{self.paid['transaction_id']},`{self.paid['out_trade_no']},", f",`{refund},")


def flow(tap, name, shop, way):
    """Orders, pays, queries, closes another order and refunds. Returns the number of the refund, or None if nothing was paid."""
    number = f"{secrets.token_hex(4)}{name}"
    what = f"{name}: an order is paid with what the SDK hands over, and its callback is verified and decrypted"
    if not tap.check(what, lambda: shop.check_paid(way, number)):
        return None
    tap.check(f"{name}: both queries show what the callback says", lambda: shop.check_queries(number))
    tap.check(f"{name}: another order is closed", lambda: shop.check_close(way, number + "other"))
    what = f"{name}: a refund is accepted, its callback is verified, and a query shows it"
    tap.check(what, lambda: shop.check_refund(number + "refund"))
    what = f"{name}: the order has been refunded"
    tap.check(what, lambda: expect("REFUND", shop.query(out_trade_no=number)["trade_state"]))
    return number + "refund"


def payments(tap, by, receiver_url):
    shop = PaymentShop(Receiver.sdk, receiver_url, {})
    refund = flow(tap, "jsapi", shop, WeChatPayType.JSAPI)
    if refund:
        tap.check("the next day, the bill has payment and refund, and its hash is right", lambda: shop.check_bill(refund))
    for name in ("native", "h5", "app"):
        flow(tap, name, shop, WeChatPayType[name.upper()])
    partner = PaymentShop(merchant(by, partner_mode=True), receiver_url, {"sub_mchid": SUB_MCHID})
    flow(tap, "partner", partner, WeChatPayType.JSAPI)


tell(payments)
