"""Orders by pay score with wechatpayv3, unmodified. It trusts one kind of key.

Run it as `wechatpay-mock run -- target/venv/bin/python payscore.py KEY`. Each check is a line of TAP. Exit code 0 if all
pass, 1 if one fails, 2 if a credential is missing.
"""

import secrets
from datetime import datetime

from sdk import expect
from story import BEIJING, Receiver, Shop, act, advance, tell

SERVICE_ID = "500001"
ONE_O_CLOCK = datetime.now(BEIJING).strftime("%Y%m%d") + "130000"
DISCOUNTS = [{"name": "会员优惠", "description": "每小时10元", "amount": 500}]


def payments(amount):
    return [{"name": "租借费用", "description": "每小时10元", "amount": amount}]


class ScoreShop(Shop):
    """A merchant's server that lets users pay afterwards."""

    def create(self, number):
        risk = {"name": "DEPOSIT", "amount": 10_000, "description": "预估费用"}
        options = {"need_user_confirm": True, "notify_url": self.receiver_url}
        times = {"start_time": "OnAccept"}
        order = self.call(self.sdk.payscore_create, number, SERVICE_ID, "某某酒店", times, risk, **options)
        expect(("CREATED", True), (order["state"], bool(order["package"])))

    def confirm(self, number):
        """Creates an order, and lets its user confirm it."""
        self.create(number)
        act("service-orders", "confirm", out_order_no=number)
        called = Receiver.next("PAYSCORE.USER_CONFIRM", number)
        expect(("DOING", "USER_CONFIRM"), (called["state"], called["state_description"]))

    def query(self, number):
        return self.call(self.sdk.payscore_query, SERVICE_ID, out_order_no=number)

    def completion(self, number, total):
        """The call that says what a service cost in the end."""
        options = {"post_discounts": DISCOUNTS, "time_range": {"end_time": ONE_O_CLOCK}}
        return (self.sdk.payscore_complete, number, SERVICE_ID, payments(4000), total), options

    def complete(self, number):
        arguments, options = self.completion(number, 3500)
        self.call(*arguments, **options)

    def expect_collecting(self, number, total):
        order = self.query(number)
        found = (order["state"], order["state_description"], order["total_amount"], order["collection"]["state"])
        expect(("DOING", "MCH_COMPLETE", total, "USER_PAYING"), found)

    def expect_collected(self, number, total):
        """Waits for the callback of a payment, and compares it with a query."""
        called = Receiver.next("PAYSCORE.USER_PAID", number)
        collection = called["collection"]
        expect(("DONE", "USER_PAID", total), (called["state"], collection["state"], collection["paid_amount"]))
        queried = self.query(number)
        expect(("DONE", collection), (queried["state"], queried["collection"]))

    def check_query(self, number):
        order = self.query(number)
        expect(("DOING", "USER_CONFIRM"), (order["state"], order["state_description"]))

    def check_wrong_total(self, number):
        advance(60 * 60)
        arguments, options = self.completion(number, 3600)
        self.refused(400, "PARAM_ERROR", "最终总金额计算非法", *arguments, **options)

    def check_completed(self, number):
        self.complete(number)
        self.expect_collecting(number, 3500)

    def check_modified(self, number):
        act("service-orders", "fail", out_order_no=number)
        options = {"post_discounts": DISCOUNTS}
        self.call(self.sdk.payscore_modify, number, SERVICE_ID, payments(3000), 2500, "用户投诉", **options)
        self.expect_collecting(number, 2500)

    def check_paid(self, number):
        act("service-orders", "pay", out_order_no=number)
        self.expect_collected(number, 2500)

    def check_refund(self, number):
        transaction_id = self.query(number)["collection"]["details"][0]["transaction_id"]
        amount = {"refund": 30, "total": 2500, "currency": "CNY"}
        out_refund_no = number + "refund"
        answer = self.call(self.sdk.payscore_refund, transaction_id, out_refund_no, amount, notify_url=self.receiver_url)
        called = Receiver.next("REFUND.SUCCESS", out_refund_no)
        queried = self.call(self.sdk.payscore_refund_query, out_refund_no)
        expect(("SUCCESS", answer["refund_id"], 30), (called["refund_status"], called["refund_id"], called["amount"]["refund"]))
        expect(("SUCCESS", answer["refund_id"], 30), (queried["status"], queried["refund_id"], queried["amount"]["refund"]))

    def check_merchant_collects(self, number):
        self.confirm(number)
        self.complete(number)
        self.call(self.sdk.payscore_pay, number, SERVICE_ID)
        self.expect_collected(number, 3500)

    def check_cancelled(self, number):
        self.create(number)
        self.call(self.sdk.payscore_cancel, number, SERVICE_ID, "用户投诉")
        expect("REVOKED", self.query(number)["state"])

    def check_synced(self, number):
        self.confirm(number)
        self.complete(number)
        self.call(self.sdk.payscore_sync, number, SERVICE_ID, detail={"paid_time": ONE_O_CLOCK})
        order = self.query(number)
        expect(("DONE", "USER_PAID"), (order["state"], order["collection"]["state"]))

    def check_permission(self, code):
        applied = self.call(self.sdk.payscore_permission, SERVICE_ID, code, notify_url=self.receiver_url)
        expect(True, bool(applied["apply_permissions_token"]))
        act("service-orders", "confirm", authorization_code=code)
        openid = Receiver.next("PAYSCORE.USER_OPEN_SERVICE", code)["openid"]
        for user in ({"authorization_code": code}, {"openid": openid}):
            queried = self.call(self.sdk.payscore_permission_query, SERVICE_ID, **user)
            expect(("AVAILABLE", openid), (queried["authorization_state"], queried["openid"]))
        # By its code, the SDK calls no host: the path that it makes lacks its first slash.
        self.call(self.sdk.payscore_permission_terminate, SERVICE_ID, "撤销原因", openid=openid, expected=204)
        Receiver.next("PAYSCORE.USER_CLOSE_SERVICE", code)
        queried = self.call(self.sdk.payscore_permission_query, SERVICE_ID, authorization_code=code)
        expect("UNAVAILABLE", queried["authorization_state"])


def payscore(tap, _, receiver_url):
    shop = ScoreShop(Receiver.sdk, receiver_url, {})
    run = secrets.token_hex(4)
    number = f"{run}service"
    what = "an order is created, its user confirms it, and its callback is verified and decrypted"
    tap.check(what, lambda: shop.confirm(number))
    tap.check("a query shows the confirmed order", lambda: shop.check_query(number))
    tap.check("an hour later, a total that does not add up is refused", lambda: shop.check_wrong_total(number))
    tap.check("the order is completed, and waits for its user's payment", lambda: shop.check_completed(number))
    tap.check("after a collection that failed, a lower amount is collected", lambda: shop.check_modified(number))
    what = "once its user pays, the callback is verified, and a query shows it"
    tap.check(what, lambda: shop.check_paid(number))
    what = "what was collected is refunded in part, its callback is verified, and a query shows it"
    tap.check(what, lambda: shop.check_refund(number))
    what = "another order is collected by the merchant's call, with the same callback"
    tap.check(what, lambda: shop.check_merchant_collects(f"{run}collected"))
    tap.check("another order is cancelled", lambda: shop.check_cancelled(f"{run}cancelled"))
    what = "an order that was paid elsewhere is done once that is synchronised"
    tap.check(what, lambda: shop.check_synced(f"{run}synced"))
    refusal = (400, "INVALID_REQUEST", "当前订单状态不满足撤销条件", shop.sdk.payscore_cancel, number, SERVICE_ID, "用户投诉")
    tap.check("a paid order cannot be cancelled", lambda: shop.refused(*refusal))
    what = "a user permits a service, the merchant ends that, and both callbacks are verified"
    tap.check(what, lambda: shop.check_permission(f"{run}permission"))


tell(payscore)
