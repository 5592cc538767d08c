"""Transfers to users with wechatpayv3, unmodified: those of 2025, then an older batch. It trusts one kind of key.

Run it as `wechatpay-mock run -- target/venv/bin/python transfers.py KEY`. Each check is a line of TAP. Exit code 0 if all
pass, 1 if one fails, 2 if a credential is missing.
"""

import secrets

from sdk import expect
from story import OPENID, Receiver, Shop, act, advance, tell

# From this amount on, a transfer needs its user's name.
NAMED = 200_000
UNNAMED = 30
NAME = "张三"
DAY = 24 * 60 * 60
REPORTS = [
    {"info_type": "活动名称", "info_content": "新会员有礼"},
    {"info_type": "奖励说明", "info_content": "注册会员抽奖一等奖"},
]


class TransferShop(Shop):
    """A merchant's server that transfers."""

    called = batch = None

    def order(self, number, reports=REPORTS):
        options = {"user_name": NAME, "transfer_scene_report_infos": reports, "notify_url": self.receiver_url}
        return (self.sdk.mch_transfer_bills, number, "1000", OPENID, NAMED, "新会员开通有礼"), options

    def transfer(self, number):
        """Orders a transfer, which must wait for its user."""
        arguments, options = self.order(number)
        bill = self.call(*arguments, **options)
        expect((number, "WAIT_USER_CONFIRM", True), (bill["out_bill_no"], bill["state"], bool(bill["package_info"])))
        return bill

    def expect_same(self, called, queried):
        """What a query must show of what the callback said. The user's name is encrypted for the merchant."""
        expect(called, {name: queried.get(name) for name in called})
        expect((NAME, False), (self.sdk.decrypt(queried["user_name"]), "package_info" in queried))

    def ends(self, number, state, reason=None):
        """Waits for the callback of a transfer's end, and compares it with a query."""
        called = Receiver.next("MCHTRANSFER.BILL.FINISHED", number)
        expect((state, NAMED, OPENID, reason), (called["state"], called["transfer_amount"], called["openid"], called.get("fail_reason")))
        self.expect_same(called, self.call(self.sdk.mch_transfer_bills_query, out_bill_no=number))
        return called

    def check_repeated(self, number):
        expect(self.transfer(number)["transfer_bill_no"], self.transfer(number)["transfer_bill_no"])

    def check_confirmed(self, number):
        act("transfers", "confirm", out_bill_no=number)
        self.called = self.ends(number, "SUCCESS")

    def check_other_number(self):
        number = self.called["transfer_bill_no"]
        self.expect_same(self.called, self.call(self.sdk.mch_transfer_bills_query, transfer_bill_no=number))

    def check_receipt(self, number):
        self.call(self.sdk.mch_transfer_elecsign, out_bill_no=number)
        receipt = self.call(self.sdk.mch_transfer_elecsign_query, out_bill_no=number)
        expect(("FINISHED", True), (receipt["state"], bool(receipt["download_url"])))

    def check_declined(self, number):
        self.transfer(number)
        act("transfers", "decline", out_bill_no=number)
        # No reason is published for it.
        self.ends(number, "FAIL", "OTHER_FAIL_REASON_TYPE")

    def check_cancelled(self, number):
        self.transfer(number)
        expect(number, self.call(self.sdk.mch_transfer_bills_cancel, number)["out_bill_no"])
        self.ends(number, "CANCELLED")

    def check_overdue(self, number):
        self.transfer(number)
        advance(DAY + 60)
        self.ends(number, "FAIL", "OVERDUE_CLOSE")

    def check_unreported(self, number):
        arguments, options = self.order(number, REPORTS[:1])
        self.refused(400, "PARAM_ERROR", "未传入完整且对应的转账场景报备信息，请根据接口文档检查", *arguments, **options)

    def check_batch(self, number):
        detail = {"transfer_remark": "报销", "openid": OPENID}
        details = [
            {**detail, "out_detail_no": number + "named", "transfer_amount": NAMED, "user_name": NAME},
            {**detail, "out_detail_no": number + "unnamed", "transfer_amount": UNNAMED},
        ]
        options = {"transfer_detail_list": details, "transfer_scene_id": "1000", "notify_url": self.receiver_url}
        answer = self.call(self.sdk.transfer_batch, number, "分部报销单", "分部报销单", NAMED + UNNAMED, 2, **options)
        self.batch = answer["batch_id"]
        called = Receiver.next("MCHTRANSFER.BATCH.FINISHED", number)
        found = [called[name] for name in ("batch_id", "batch_status", "success_amount", "success_num", "fail_num")]
        expect([self.batch, "FINISHED", NAMED + UNNAMED, 2, 0], found)

    def details(self):
        return self.call(self.sdk.transfer_query_batchid, self.batch, need_query_detail=True)

    def check_batch_queries(self, number):
        found = self.details()
        expect(found, self.call(self.sdk.transfer_query_out_batch_no, number, need_query_detail=True))
        expect(("FINISHED", 2), (found["transfer_batch"]["batch_status"], len(found["transfer_detail_list"])))

    def check_details(self, number):
        expected = {number + "named": (NAMED, NAME), number + "unnamed": (UNNAMED, None)}
        for listed in self.details()["transfer_detail_list"]:
            detail = self.call(self.sdk.transfer_query_detail_id, self.batch, listed["detail_id"])
            out_detail_no = detail["out_detail_no"]
            same = self.call(self.sdk.transfer_query_out_detail_no, out_detail_no, number)
            name = self.sdk.decrypt(detail["user_name"]) if detail.get("user_name") else None
            expect(("SUCCESS", *expected.pop(out_detail_no)), (detail["detail_status"], detail["transfer_amount"], name))
            # It is encrypted anew for each query.
            for found in (detail, same):
                found.pop("user_name", None)
            expect(detail, same)
        expect({}, expected)


def transfers(tap, _, receiver_url):
    shop = TransferShop(Receiver.sdk, receiver_url, {})
    run = secrets.token_hex(4)
    confirmed, batch = f"{run}confirmed", f"{run}batch"
    what = "a transfer waits for its user, and the same request is the same transfer"
    tap.check(what, lambda: shop.check_repeated(confirmed))
    what = "once its user confirms, the callback is verified and decrypted, and a query shows it"
    if tap.check(what, lambda: shop.check_confirmed(confirmed)):
        tap.check("a query by the other number shows it, too", shop.check_other_number)
        tap.check("its receipt is made", lambda: shop.check_receipt(confirmed))
    tap.check("another is declined, and its callback is verified", lambda: shop.check_declined(f"{run}declined"))
    tap.check("a transfer is cancelled, and its callback is verified", lambda: shop.check_cancelled(f"{run}cancelled"))
    what = "a transfer that nobody confirms fails after 24 hours, and its callback is verified"
    tap.check(what, lambda: shop.check_overdue(f"{run}overdue"))
    unknown = {"out_bill_no": f"{run}unknown"}
    what = "a number that was never used is refused"
    tap.check(what, lambda: shop.refused(404, "NOT_FOUND", "记录不存在", shop.sdk.mch_transfer_bills_query, **unknown))
    tap.check("a transfer without its scene's reports is refused", lambda: shop.check_unreported(f"{run}unreported"))
    if tap.check("a batch is accepted, and its callback is verified and decrypted", lambda: shop.check_batch(batch)):
        tap.check("both queries show the batch with its details", lambda: shop.check_batch_queries(batch))
        what = "both queries show each detail, and the SDK decrypts the user's name"
        tap.check(what, lambda: shop.check_details(batch))


tell(transfers)
