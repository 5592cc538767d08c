//! Payments: orders, combined orders, refunds and bills.
//!
//! All work on the same documents. What the gateway does by itself (a payer who pays after a while, a refund that is
//! settled) has happened as soon as anybody looks, and [`become_due`] is called when it is time. The payer is in
//! `payer/`, above the gateway, and acts by [`Ledger::act`].

pub(super) mod act;
mod bill;
mod close;
pub(super) mod collected;
mod combine;
mod combined;
pub(super) mod ledger;
pub(super) mod numbers;
pub(super) mod order;
pub(super) mod parties;
mod pay_back;
pub(super) mod place;
mod query;
mod refund;
pub(super) mod shared;
mod waiting;

use std::time::Duration;

use crate::{
    operations::{Handler, kinds::Kind},
    store::Key,
};

pub(crate) use act::{Found, PayerError};
pub use act::{OrderName, PayerAction};
pub(crate) use ledger::Ledger;
pub(crate) use numbers::H5_PATH;
use order::Order;
pub use shared::MaxRatio;

/// The kinds of documents, and their IDs.
pub(super) mod kind {
    /// An order. The ID is [`Order::id`](super::order::Order::id).
    pub(crate) const ORDER: &str = "order";
    /// A combined order. The ID is its `combine_out_trade_no`.
    pub(crate) const COMBINED: &str = "combined_order";
    /// A refund. The ID is like an order's.
    pub(crate) const REFUND: &str = "refund";
    /// What a number of the gateway's leads to.
    pub(crate) const NUMBER: &str = "payment_number";
    /// A bill that can be downloaded. The ID is its token.
    pub(crate) const BILL: &str = "bill";
    /// What refunds and transfers have moved, in fen. The kind is also the ID.
    pub(crate) const BALANCE: &str = "balance";
}

/// What the documents of each kind are.
pub(super) const KINDS: &[Kind] = &[
    Kind::of::<Order>(kind::ORDER).with_id("id"),
    Kind::of::<combined::Combined>(kind::COMBINED).with_id("id"),
    Kind::of::<refund::Refund>(kind::REFUND).with_id("id"),
    Kind::of::<ledger::Target>(kind::NUMBER),
    bill::KIND,
    Kind::of::<i64>(kind::BALANCE),
];

/// What happens to payments by itself, on the mock's clock.
///
/// ```
/// use std::time::Duration;
/// use wechatpay_mock::Payments;
///
/// let payments = Payments { auto_pay: Some(Duration::from_secs(2)), ..Payments::default() };
/// assert_eq!(Payments::after("after 2s"), payments.auto_pay);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Payments {
    /// After how long each order is paid; `None` if only a payer pays.
    pub auto_pay: Option<Duration>,
    /// After how long each refund is settled.
    pub refund_delay: Duration,
    /// After how long each sharing of profit, and each return, is done.
    pub sharing_delay: Duration,
    /// How much of an order can be shared.
    pub max_ratio: MaxRatio,
    /// After how long a user confirms by itself what there is to confirm; `None` if only somebody else makes it.
    pub auto_confirm: Option<Duration>,
    /// The most that a service of pay score may cost, in fen; `None` if there is no limit.
    pub service_limit: Option<u64>,
}

impl Payments {
    /// The longest time, in seconds: a week. (own choice)
    const LONGEST: u64 = 7 * order::DAY;

    /// Reads `after 2s`, `after 5m` or `after 1h`; `None` if it is none of these, or over a week.
    pub fn after(text: &str) -> Option<Duration> {
        let text = text.strip_prefix("after ")?;
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let seconds = match unit {
            "s" => 1,
            "m" => order::MINUTE,
            "h" => 60 * order::MINUTE,
            _ => return None,
        };
        let all = number.parse::<u64>().ok()?.checked_mul(seconds)?;
        (all <= Self::LONGEST).then(|| Duration::from_secs(all))
    }
}

/// The handler of an operation of the family.
pub(super) fn rules(operation_id: &str) -> Option<Handler> {
    let of_orders = |id: &'static str| operation_id.strip_prefix(id);
    if let Some(name) = of_orders("post_combine_transactions_") {
        return match name {
            "out_trade_no_close" => Some(combine::close),
            "app" | "h5" | "jsapi" | "miniprogram" | "native" => Some(combine::place),
            _ => None,
        };
    }
    let placing = of_orders("post_pay_transactions_").or(of_orders("post_pay_partner_transactions_"));
    match placing {
        Some("out_trade_no_close") => return Some(close::close),
        Some("out_trade_no_reverse") => return Some(close::reverse),
        Some("exposure" | "scannedpos") => return None,
        Some(_) => return Some(place::place),
        None => {}
    }
    match operation_id {
        "get_pay_transactions_id" | "get_pay_partner_transactions_id" => Some(query::by_id),
        "get_pay_transactions_out_trade_no" | "get_pay_partner_transactions_out_trade_no" => {
            Some(query::by_number)
        }
        "get_combine_transactions_id" => Some(combine::show_by_id),
        "get_combine_transactions_out_trade_no" => Some(combine::show),
        "post_refund_domestic_refunds" => Some(pay_back::apply),
        "get_refund_domestic_refunds" => Some(pay_back::show),
        "post_refund_domestic_refunds_apply_abnormal_refund" => Some(pay_back::apply_abnormal),
        _ => bill::rules(operation_id),
    }
}

/// Lets happen what is due of a document.
pub(super) fn become_due(ledger: &mut Ledger<'_, '_>, Key { kind, id }: &Key) {
    match &**kind {
        kind::ORDER => drop(ledger.order(id)),
        kind::COMBINED => drop(ledger.combined(id)),
        kind::REFUND => drop(ledger.refund(id)),
        _ => {}
    }
}
