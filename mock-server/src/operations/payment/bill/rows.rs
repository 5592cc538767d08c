//! The rows of a day's bills, from the orders and refunds of a merchant.

use std::{collections::HashSet, ops::ControlFlow::Continue};

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{
    day::Day,
    flow::{Business, Flow},
    sharing, trade,
};
use crate::operations::{
    payment::{
        kind,
        ledger::Ledger,
        order::{BANK_TYPE, Order, Payment},
        refund::{Refund, RefundStatus},
    },
    transfer,
};

/// `funds_account` of a refund that the merchant pays from its balance. (documented)
const RECHARGE: &str = "AVAILABLE";

/// The rate of all fees, in hundredths of a percent. (own choice)
const RATE: u32 = 0;

/// Which entries a trade bill has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Wanted {
    All,
    Payments,
    Refunds,
    /// The refunds from the merchant's balance, which the others leave out. (documented)
    RechargeRefunds,
}

impl Wanted {
    fn has_payments(self) -> bool {
        matches!(self, Self::All | Self::Payments)
    }

    fn has_refund(self, is_of_recharge: bool) -> bool {
        match self {
            Self::All | Self::Refunds => !is_of_recharge,
            Self::RechargeRefunds => is_of_recharge,
            Self::Payments => false,
        }
    }
}

/// The entries of a day's trade bill, by time. (own choice)
pub(super) fn trades(
    ledger: &mut Ledger<'_, '_>,
    day: Day,
    wanted: Wanted,
    sub_mchid: Option<&str>,
) -> Vec<trade::Entry> {
    let is_wanted = |order: &Order| sub_mchid.is_none_or(|wanted| order.sub_mchid() == Some(wanted));
    let is_on_day = |at| day.contains(at);
    let mut entries = Vec::new();
    for_each_order(ledger, is_on_day, |order, payment| {
        if !is_wanted(&order) {
            return;
        }
        if wanted.has_payments() && day.contains(payment.at) {
            entries.push(entry(&order, payment, payment.at, None));
        }
        if let Some(at) = order.reversed.filter(|at| wanted.has_refund(false) && day.contains(*at)) {
            entries.push(entry(&order, payment, at, Some(reversal(&order))));
        }
    });
    let mut refunds = Vec::new();
    for_each_refund(ledger, is_on_day, |refund| {
        let is_of_recharge = refund.funds_account.as_deref() == Some(RECHARGE);
        if wanted.has_refund(is_of_recharge) && day.contains(refund.created) {
            refunds.push(refund);
        }
    });
    for refund in refunds {
        let Some(order) = ledger.order(&refund.order).filter(is_wanted) else { continue };
        if let Some(payment) = &order.payment {
            entries.push(entry(&order, payment, refund.created, Some(refund_of(&refund, day))));
        }
    }
    entries.sort_by_key(|entry| entry.at);
    entries
}

/// What changed the account of a merchant or of a sub-merchant on a day, by time. It began with the balance that is
/// configured, or with nothing. (own choice)
pub(super) fn flows(ledger: &mut Ledger<'_, '_>, day: Day, payee: &str) -> Vec<Flow> {
    let mchid = ledger.merchant.mchid.clone();
    let is_own = payee == mchid.as_str();
    let first = ledger.merchant.balance.filter(|_| is_own).unwrap_or_default();
    let applicant = format!("{mchid}API");
    let (mut balance, mut flows) = (i128::from(first), Vec::new());
    let mut orders = HashSet::new();
    let is_so_far = |at| at < day.ends();
    let mut add = |flow: Flow| {
        if flow.at < day.begins() {
            balance += flow.signed();
        } else if day.contains(flow.at) {
            flows.push(flow);
        }
    };
    for_each_order(ledger, is_so_far, |order, payment| {
        let payee_of_order = order.sub_mchid().or(order.text("mchid"));
        if payee_of_order != Some(payee) {
            return;
        }
        let flow = |at, business, applicant: &str| Flow {
            at,
            business_no: payment.transaction_id.clone(),
            flow_no: payment.transaction_id.clone(),
            business,
            amount: order.total(),
            balance: 0,
            applicant: applicant.into(),
            voucher: order.out_trade_no.clone(),
        };
        add(flow(payment.at, Business::Payment, SYSTEM));
        if let Some(at) = order.reversed {
            add(flow(at, Business::Refund, &applicant));
        }
        orders.insert(order.id.clone());
    });
    for_each_refund(ledger, is_so_far, |refund| {
        if !orders.contains(&refund.order) {
            return;
        }
        let flow = |at, business, applicant: &str| Flow {
            at,
            business_no: refund.refund_id.clone(),
            flow_no: refund.transaction_id.clone(),
            business,
            amount: refund.amount,
            balance: 0,
            applicant: applicant.into(),
            voucher: refund.out_refund_no.clone(),
        };
        add(flow(refund.created, Business::Refund, &applicant));
        if let Some(at) = refund.closed() {
            add(flow(at, Business::RefundClosed, SYSTEM));
        }
    });
    for entry in sharing::entries(ledger, is_so_far).into_iter().filter(|entry| entry.payee == payee) {
        add(Flow {
            at: entry.at,
            // It can be found in this bill by the number of the share. (documented)
            business_no: entry.detail_id,
            flow_no: entry.transaction_id,
            business: if entry.is_return { Business::Returned } else { Business::Shared },
            amount: entry.amount,
            balance: 0,
            applicant: applicant.clone(),
            voucher: entry.out_order_no,
        });
    }
    if is_own {
        for moved in transfer::moved(ledger) {
            add(Flow {
                at: moved.at,
                business_no: moved.bill_no.clone(),
                flow_no: moved.bill_no,
                business: if moved.is_back { Business::TransferBack } else { Business::Transfer },
                amount: moved.amount,
                balance: 0,
                applicant: if moved.is_back { SYSTEM.into() } else { applicant.clone() },
                voucher: moved.out_bill_no,
            });
        }
    }
    flows.sort_by_key(|flow| flow.at);
    for flow in &mut flows {
        balance += flow.signed();
        flow.balance = balance;
    }
    flows
}

/// Who moves money that no request moves. (wild)
const SYSTEM: &str = "system";

fn entry(order: &Order, payment: &Payment, at: u64, refund: Option<trade::Refund>) -> trade::Entry {
    let text = |names: &[&str]| names.iter().find_map(|name| order.text(name)).unwrap_or_default().into();
    let device_id = order.fields["scene_info"]["device_id"].as_str();
    let order = trade::Order {
        paid: payment.at,
        appid: text(&["appid", "sp_appid"]),
        mchid: text(&["mchid", "sp_mchid"]),
        sub_mchid: order.sub_mchid().map(String::from),
        device_id: device_id.unwrap_or_default().into(),
        transaction_id: payment.transaction_id.clone(),
        out_trade_no: order.out_trade_no.clone(),
        openid: payment.openid.clone(),
        trade_type: order.prepay.product.trade_type().into(),
        bank_type: BANK_TYPE.into(),
        total: order.total(),
        description: text(&["description"]),
        attach: text(&["attach"]),
    };
    trade::Entry { at, order, refund, fee: 0, rate: RATE }
}

/// A refund as it was when the bill was made: later changes do not change a bill. (documented)
fn refund_of(refund: &Refund, day: Day) -> trade::Refund {
    let status = refund.status_before(day.ready());
    trade::Refund {
        trade_state: "REFUND",
        succeeded: refund.success_time.filter(|_| status == RefundStatus::Success),
        refund_id: refund.refund_id.clone(),
        out_refund_no: refund.out_refund_no.clone(),
        amount: refund.amount,
        status: match status {
            RefundStatus::Processing => "PROCESSING",
            RefundStatus::Success => "SUCCESS",
            RefundStatus::Abnormal => "CHANGE",
            RefundStatus::Closed => "FAIL",
        },
    }
}

fn reversal(order: &Order) -> trade::Refund {
    trade::Refund {
        trade_state: "REVOKED",
        succeeded: order.reversed,
        refund_id: "0".into(),
        out_refund_no: "0".into(),
        amount: order.total(),
        status: "SUCCESS",
    }
}

/// Shows the orders that were paid or reversed at such a time, and perhaps others, after what was due.
fn for_each_order(
    ledger: &mut Ledger<'_, '_>,
    is_wanted: impl Fn(u64) -> bool,
    mut show: impl FnMut(Order, &Payment),
) {
    let now = ledger.now().as_unix();
    let mut show = |order: Order| {
        if let Some(payment) = order.payment.clone() {
            show(order, &payment);
        }
    };
    let mut due = Vec::new();
    ledger.documents.list(kind::ORDER, |id, order| {
        let times: OrderTimes = order.read().unwrap_or_default();
        if times.is_due(now) {
            due.push(id.to_owned());
        } else if times.all().any(&is_wanted) {
            order.read().into_iter().for_each(&mut show);
        }
        Continue(())
    });
    due.iter().filter_map(|id| ledger.order(id)).for_each(show);
}

/// Shows the refunds that were accepted at such a time, and perhaps others, after what was due.
fn for_each_refund(
    ledger: &mut Ledger<'_, '_>,
    is_wanted: impl Fn(u64) -> bool,
    mut show: impl FnMut(Refund),
) {
    let now = ledger.now().as_unix();
    let mut due = Vec::new();
    ledger.documents.list(kind::REFUND, |id, refund| {
        let times: RefundTimes = refund.read().unwrap_or_default();
        if times.due.is_some_and(|(at, _)| at <= now) {
            due.push(id.to_owned());
        } else if is_wanted(times.created) {
            refund.read().into_iter().for_each(&mut show);
        }
        Continue(())
    });
    due.iter().filter_map(|id| ledger.refund(id)).for_each(show);
}

/// The times of an order, without the rest of it.
#[derive(Default, Deserialize)]
struct OrderTimes {
    prepay: PrepayTimes,
    payment: Option<At>,
    reversed: Option<u64>,
}

#[derive(Default, Deserialize)]
struct PrepayTimes {
    will: Option<At>,
}

#[derive(Deserialize)]
struct At {
    at: u64,
}

impl OrderTimes {
    fn is_due(&self, now: u64) -> bool {
        self.payment.is_none() && self.prepay.will.as_ref().is_some_and(|will| will.at <= now)
    }

    fn all(&self) -> impl Iterator<Item = u64> {
        self.payment.iter().map(|payment| payment.at).chain(self.reversed)
    }
}

/// The times of a refund, without the rest of it.
#[derive(Default, Deserialize)]
struct RefundTimes {
    created: u64,
    due: Option<(u64, IgnoredAny)>,
}
