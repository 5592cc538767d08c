//! The form of trade bills. A bill has a row for each payment and each refund.

use super::form::{Column, Form, Total, fee, time, yuan};

/// A row: a payment, or money that went back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// When the payment succeeded, or the refund was accepted.
    pub(super) at: u64,
    pub(super) order: Order,
    /// The refund, or the reversal, if it is not the payment itself.
    pub(super) refund: Option<Refund>,
    /// The fee, in fen; negative if it goes back.
    pub(super) fee: i64,
    /// The rate, in hundredths of a percent.
    pub(super) rate: u32,
}

/// What a payment and its refunds have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) paid: u64,
    pub(super) appid: String,
    pub(super) mchid: String,
    pub(super) sub_mchid: Option<String>,
    pub(super) device_id: String,
    pub(super) transaction_id: String,
    pub(super) out_trade_no: String,
    pub(super) openid: String,
    pub(super) trade_type: String,
    pub(super) bank_type: String,
    /// In fen.
    pub(super) total: u64,
    pub(super) description: String,
    pub(super) attach: String,
}

/// Money that went back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refund {
    /// `REFUND`, or `REVOKED` if the order was reversed.
    pub(super) trade_state: &'static str,
    pub(super) succeeded: Option<u64>,
    /// `0` of a reversal, as of a payment. (own choice)
    pub(super) refund_id: String,
    pub(super) out_refund_no: String,
    /// In fen.
    pub(super) amount: u64,
    pub(super) status: &'static str,
}

impl Entry {
    /// What the user pays, or 0.
    fn paid(&self) -> u64 {
        if self.refund.is_none() { self.order.total } else { 0 }
    }

    /// What goes back, or 0.
    fn refunded(&self) -> u64 {
        self.refund.as_ref().map_or(0, |refund| refund.amount)
    }
}

/// All payments and refunds of a day.
pub(super) const ALL: Form<Entry> =
    Form { columns: &[&[AT], ORDER, REFUNDED, GOODS, &[TOTAL, APPLIED, REMARK]], totals: TOTALS };

/// The payments.
pub(super) const SUCCESS: Form<Entry> =
    Form { columns: &[&[AT], ORDER, GOODS, &[TOTAL, REMARK]], totals: TOTALS };

/// The refunds, each at the time of its order's payment. (wild)
pub(super) const REFUND: Form<Entry> =
    Form { columns: &[&[PAID_AT], ORDER, TIMES, REFUNDED, GOODS, &[TOTAL, APPLIED, REMARK]], totals: TOTALS };

const AT: Column<Entry> = Column("交易时间", |entry| time(entry.at));
const PAID_AT: Column<Entry> = Column("交易时间", |entry| time(entry.order.paid));
const TOTAL: Column<Entry> = Column("订单金额", |entry| yuan(entry.paid()));
const APPLIED: Column<Entry> = Column("申请退款金额", |entry| yuan(entry.refunded()));
const REMARK: Column<Entry> = Column("费率备注", |_| String::new());

const ORDER: &[Column<Entry>] = &[
    Column("公众账号ID", |entry| entry.order.appid.clone()),
    Column("商户号", |entry| entry.order.mchid.clone()),
    Column("特约商户号", |entry| entry.order.sub_mchid.clone().unwrap_or_else(|| "0".into())),
    Column("设备号", |entry| entry.order.device_id.clone()),
    Column("微信订单号", |entry| entry.order.transaction_id.clone()),
    Column("商户订单号", |entry| entry.order.out_trade_no.clone()),
    Column("用户标识", |entry| entry.order.openid.clone()),
    Column("交易类型", |entry| entry.order.trade_type.clone()),
    Column("交易状态", |entry| {
        entry.refund.as_ref().map_or("SUCCESS", |refund| refund.trade_state).into()
    }),
    Column("付款银行", |entry| entry.order.bank_type.clone()),
    Column("货币种类", |_| "CNY".into()),
    Column("应结订单金额", |entry| yuan(entry.paid())),
    Column("代金券金额", |_| yuan(0)),
];

const TIMES: &[Column<Entry>] = &[
    Column("退款申请时间", |entry| time(entry.at)),
    Column("退款成功时间", |entry| {
        entry.refund.as_ref().and_then(|refund| refund.succeeded).map_or_else(String::new, time)
    }),
];

const REFUNDED: &[Column<Entry>] = &[
    Column("微信退款单号", |entry| of_refund(entry, "0", |refund| &refund.refund_id)),
    Column("商户退款单号", |entry| of_refund(entry, "0", |refund| &refund.out_refund_no)),
    Column("退款金额", |entry| yuan(entry.refunded())),
    Column("充值券退款金额", |_| yuan(0)),
    Column("退款类型", |entry| of_refund(entry, "", |_| "ORIGINAL")),
    Column("退款状态", |entry| of_refund(entry, "", |refund| refund.status)),
];

const GOODS: &[Column<Entry>] = &[
    Column("商品名称", |entry| entry.order.description.clone()),
    Column("商户数据包", |entry| entry.order.attach.clone()),
    Column("手续费", |entry| fee(entry.fee)),
    Column("费率", |entry| format!("{}%", yuan(entry.rate))),
];

/// The totals. All bills have all of them (wild), although fewer are documented for [`SUCCESS`].
const TOTALS: &[Total<Entry>] = &[
    Total("总交易单数", |entries| entries.len().to_string()),
    Total("应结订单总金额", |entries| sum(entries, Entry::paid)),
    Total("退款总金额", |entries| sum(entries, Entry::refunded)),
    Total("充值券退款总金额", |_| yuan(0)),
    Total("手续费总金额", |entries| {
        fee(entries.iter().map(|entry| i128::from(entry.fee)).sum::<i128>())
    }),
    Total("订单总金额", |entries| sum(entries, Entry::paid)),
    Total("申请退款总金额", |entries| sum(entries, Entry::refunded)),
];

fn of_refund<'e>(entry: &'e Entry, else_: &'e str, value: impl FnOnce(&'e Refund) -> &'e str) -> String {
    entry.refund.as_ref().map_or(else_, value).to_owned()
}

fn sum(entries: &[Entry], amount: fn(&Entry) -> u64) -> String {
    yuan(entries.iter().map(|entry| i128::from(amount(entry))).sum::<i128>())
}
