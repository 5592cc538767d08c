"""Profit sharing with wechatpayv3, unmodified, as a merchant and as a service provider. It trusts one kind of key.

Run it as `wechatpay-mock run -- target/venv/bin/python sharing.py KEY`. Each check is a line of TAP. Exit code 0 if all
pass, 1 if one fails, 2 if a credential is missing.
"""

import secrets
from datetime import datetime

from wechatpayv3 import WeChatPayType

from sdk import expect, merchant, variable
from story import BEIJING, OPENID, SUB_MCHID, Receiver, Shop, advance, expect_rows, mock, next_day, tell

TOTAL = 1000
SHARE = 200
GIFT = 50
NAME = "张三"
COMPANY = "示例科技有限公司"


class Sharer(Shop):
    """A merchant's server that shares with `account`, whose callbacks go to the address that the mock's configuration has for it."""

    transaction = shared = None

    def __init__(self, sdk, receiver_url, sub, account, relation):
        super().__init__(sdk, receiver_url, sub)
        self.account, self.relation = account, relation

    def pay(self, number, is_shared):
        """Orders and pays, and returns the number of the transaction."""
        payer = {"sp_openid" if self.sub else "openid": OPENID}
        amount = {"total": TOTAL, "currency": "CNY"}
        options = {"payer": payer, "settle_info": {"profit_sharing": is_shared}, "notify_url": self.receiver_url}
        order = self.call(self.sdk.pay, "深圳腾大-QQ公仔", number, amount, pay_type=WeChatPayType.JSAPI, **options, **self.sub)
        mock("/__mock/payments", order)
        return Receiver.next("TRANSACTION.SUCCESS", number)["transaction_id"]

    def request(self, number, share=SHARE, gift=0):
        """The call that shares this amount with the merchant, and a gift with the user, unless that is 0."""
        receivers = [{"type": "MERCHANT_ID", "account": self.account, "name": COMPANY, "amount": share, "description": "分给商户"}]
        if gift:
            receivers.append({"type": "PERSONAL_OPENID", "account": OPENID, "amount": gift, "description": "分给个人"})
        return self.sdk.profitsharing_order, self.transaction, number, receivers, False

    def share(self, number, *amounts):
        return self.call(*self.request(number, *amounts), **self.sub)

    def not_shared(self, message, number, *amounts):
        self.refused(400, "INVALID_REQUEST", message, *self.request(number, *amounts), **self.sub)

    def remains(self):
        return self.call(self.sdk.profitsharing_amount_query, self.transaction)["unsplit_amount"]

    def check_receivers(self):
        receivers = (("MERCHANT_ID", self.account, self.relation, COMPANY), ("PERSONAL_OPENID", OPENID, "USER", NAME))
        for receiver in receivers * 2:
            added = self.call(self.sdk.profitsharing_add_receiver, *receiver, **self.sub)
            name = self.sdk.decrypt(added["name"]) if "name" in added else receiver[3]
            expect(receiver, (added["type"], added["account"], added["relation_type"], name))
        if self.sub:
            expect(3000, self.call(self.sdk.profitsharing_config_query, SUB_MCHID)["max_ratio"])

    def check_paid(self, number):
        self.transaction = self.pay(number, True)

    def check_shared(self, number):
        advance(61)
        expect(TOTAL, self.remains())
        order = self.share(number, SHARE, GIFT)
        expect((number, self.transaction), (order["out_order_no"], order["transaction_id"]))
        # Names are encrypted anew.
        expect(order["order_id"], self.share(number, SHARE, GIFT)["order_id"])
        expect(TOTAL - SHARE - GIFT, self.remains())
        self.shared = order

    def check_query(self, number):
        order = self.call(self.sdk.profitsharing_order_query, self.transaction, number, **self.sub)
        got = {receiver["account"]: (receiver["result"], receiver["amount"]) for receiver in order["receivers"]}
        expect((self.shared["order_id"], "FINISHED"), (order["order_id"], order["state"]))
        expect((("SUCCESS", SHARE), ("SUCCESS", GIFT)), (got.get(self.account), got.get(OPENID)))

    def check_notice(self, event, number, amount):
        """Waits for the callback that the receiver gets."""
        called = Receiver.next(event, number)
        receiver = called["receiver"]
        expect((self.transaction, self.account, amount), (called["transaction_id"], receiver["account"], receiver["amount"]))

    def check_return(self, shared, number):
        amount = SHARE // 2
        options = {"out_order_no": shared, **self.sub}
        answer = self.call(self.sdk.profitsharing_return, number, self.account, amount, "用户退款", **options)
        queried = self.call(self.sdk.profitsharing_return_query, shared, number, **self.sub)
        expect((answer["return_id"], "SUCCESS", amount), (queried["return_id"], queried["result"], queried["amount"]))
        self.check_notice("PROFITSHARING.RETURN", number, amount)

    def check_unfrozen(self, number):
        answer = self.call(self.sdk.profitsharing_unfreeze, self.transaction, number, "解冻全部剩余资金", **self.sub)
        expect((number, 0), (answer["out_order_no"], self.remains()))
        self.not_shared("订单已完结分账，不支持分账", number + "more", 1)

    def check_whole(self, number):
        self.transaction = self.pay(number, False)
        advance(61)
        self.not_shared("非分账订单不支持分账", number + "shared")

    def check_deleted(self, number):
        answer = self.call(self.sdk.profitsharing_delete_receiver, "MERCHANT_ID", self.account, **self.sub)
        expect(self.account, answer["account"])
        self.transaction = self.pay(number, True)
        advance(61)
        self.not_shared("分账接收方关系不存在，请检查参数中每个接收方的关系。", number + "shared")


    def check_bill(self, shared):
        day = datetime.now(BEIJING)
        next_day(day)
        content = self.bill(self.sdk.profitsharing_bill, day.strftime("%Y-%m-%d"), **self.sub)
        rows = ((shared, self.account, "2.00"), (shared, OPENID, "0.50"), (shared + "return", self.account, "1.00"))
        expect_rows(content, *(f"`{number},`10.00,`{account},`{amount}," for number, account, amount in rows))


def flow(tap, way, sharer):
    """From the payment to the return of a share. Returns the number of what was shared."""
    number = f"{secrets.token_hex(4)}{way}"
    shared = number + "shared"

    def check(what, run):
        return tap.check(f"{way}: {what}", run)

    check("receivers are added, twice too, and the SDK decrypts the name", sharer.check_receivers)
    if not check("an order to be shared is paid, and its callback is verified", lambda: sharer.check_paid(number)):
        return shared
    what = "within a minute of the payment, it cannot be shared"
    check(what, lambda: sharer.not_shared("订单处理中，请稍后重试", shared + "early", SHARE, GIFT))
    if check("a minute later it is shared, once for the same request, and less remains", lambda: sharer.check_shared(shared)):
        check("a query shows what each receiver got", lambda: sharer.check_query(shared))
        what = "the receiver's callback is verified and decrypted"
        check(what, lambda: sharer.check_notice("PROFITSHARING.SUCCESS", shared, SHARE))
        what = "more than the largest ratio is refused"
        check(what, lambda: sharer.not_shared("分账金额超出最大分账比例", shared + "more"))
        what = "a part is returned, a query shows it, and the receiver's callback is verified"
        check(what, lambda: sharer.check_return(shared, shared + "return"))
        check("what remains is unfrozen, and then no more can be shared", lambda: sharer.check_unfrozen(shared + "rest"))
    check("an order that was not to be shared cannot be", lambda: sharer.check_whole(number + "whole"))
    check("a receiver is deleted, and gets nothing any more", lambda: sharer.check_deleted(number + "deleted"))
    return shared


def sharing(tap, by, receiver_url):
    provider = merchant(by, partner_mode=True)
    sharers = {
        "direct": Sharer(Receiver.sdk, receiver_url, {}, SUB_MCHID, "SUPPLIER"),
        "partner": Sharer(provider, receiver_url, {"sub_mchid": SUB_MCHID}, variable("WECHATPAY_MCHID"), "SERVICE_PROVIDER"),
    }
    shared = {way: flow(tap, way, sharer) for way, sharer in sharers.items()}
    for way, sharer in sharers.items():
        what = f"{way}: the next day, the bill has what was shared and returned, and its hash is right"
        tap.check(what, lambda sharer=sharer, way=way: sharer.check_bill(shared[way]))


tell(sharing)
