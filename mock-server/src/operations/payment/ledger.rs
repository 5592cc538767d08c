//! One merchant's orders, combined orders and refunds within one change.

use std::{ops::ControlFlow::Continue, sync::Arc};

use serde::de::DeserializeOwned;
use serde_json::Value;
use wechatpay_protocol::{Mchid, Timestamp};

use super::{
    combined::Combined,
    kind, numbers,
    order::{Order, Payment, Prepay, State, Will},
    refund::{Refund, RefundStatus},
};
use crate::{merchants::Merchant, operations::Context, store::Documents};

/// One merchant's orders, combined orders and refunds. What it reads is as it is by now: what was due has happened.
pub(crate) struct Ledger<'l, 'd> {
    pub(in crate::operations) context: &'l Context<'l>,
    pub(in crate::operations) merchant: &'l Arc<Merchant>,
    pub(in crate::operations) documents: &'l mut Documents<'d>,
}

/// What a `prepay_id`, a `code_url`, a `transaction_id` or a `refund_id` leads to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::operations) enum Target {
    /// The order with this ID.
    Order(String),
    /// The combined order with this ID.
    Combined(String),
    /// The refund with this ID.
    Refund(String),
}

/// Whether money comes to the merchant or leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::operations) enum Direction {
    In,
    Out,
}

/// Who pays an order at what time.
pub(super) struct Payer<'p> {
    pub(super) openid: &'p str,
    pub(super) at: u64,
}

impl<'l, 'd> Ledger<'l, 'd> {
    pub(crate) fn new(
        context: &'l Context<'l>,
        merchant: &'l Arc<Merchant>,
        documents: &'l mut Documents<'d>,
    ) -> Self {
        Self { context, merchant, documents }
    }

    pub(in crate::operations) fn now(&self) -> Timestamp {
        self.context.now
    }

    /// The order with this ID.
    pub(in crate::operations) fn order(&mut self, id: &str) -> Option<Order> {
        let order = self.documents.get::<Order>(kind::ORDER, id)?;
        let Some(combined) = &order.combined else { return Some(self.settled(order)) };
        self.combined(combined);
        self.documents.get(kind::ORDER, id)
    }

    pub(in crate::operations) fn put(&mut self, order: &Order) {
        self.documents.put(kind::ORDER, &order.id, order);
    }

    /// The combined order with this ID.
    pub(super) fn combined(&mut self, id: &str) -> Option<Combined> {
        let mut combined: Combined = self.documents.get(kind::COMBINED, id)?;
        let orders = self.orders_of(&combined);
        let is_open = orders.iter().all(|order| order.state.is_open());
        match self.due(&mut combined.prepay) {
            Some(openid) if is_open => {
                let at = combined.prepay.will.map_or(0, |will| will.at);
                self.pay_combined(&mut combined, &Payer { openid: &openid, at });
            }
            _ if is_open && combined.prepay.is_closed_by(self.now()) => self.close_all(orders),
            _ => {}
        }
        Some(combined)
    }

    pub(super) fn put_combined(&mut self, combined: &Combined) {
        self.documents.put(kind::COMBINED, &combined.id, combined);
    }

    /// The orders in a combined one.
    pub(super) fn orders_of(&mut self, combined: &Combined) -> Vec<Order> {
        combined.orders.iter().filter_map(|id| self.documents.get(kind::ORDER, id)).collect()
    }

    /// What a number of the gateway's leads to.
    pub(in crate::operations) fn target(&mut self, number: &str) -> Option<Target> {
        self.documents.get(kind::NUMBER, number)
    }

    pub(super) fn name(&mut self, number: &str, target: &Target) {
        self.documents.put(kind::NUMBER, number, target);
    }

    /// Makes the payer act by itself.
    pub(super) fn remind(&mut self, will: Option<Will>, kind: &str, id: &str) {
        if let Some(will) = will {
            self.documents.remind(Timestamp::from_unix(will.at), kind, id);
        }
    }

    /// The order after what was due.
    fn settled(&mut self, mut order: Order) -> Order {
        if !order.state.is_open() {
            return order;
        }
        if let Some(openid) = self.due(&mut order.prepay) {
            let openid = order.user(None, &openid).to_owned();
            let at = order.prepay.will.map_or(0, |will| will.at);
            self.pay(&mut order, &Payer { openid: &openid, at });
        } else if order.prepay.is_closed_by(self.now()) {
            order.state = State::Closed;
            self.put(&order);
        }
        order
    }

    /// The user who pays now by itself, if it is time and the order can still be paid.
    fn due(&self, prepay: &mut Prepay) -> Option<String> {
        let will = prepay.due(self.now())?;
        (will.pays && will.at < prepay.expires).then(|| numbers::openid(self.context.randomness))
    }

    /// A user pays an order that is open. The callback is sent with the change.
    pub(super) fn pay(&mut self, order: &mut Order, payer: &Payer<'_>) {
        self.take(order, payer, false);
        if let Some(url) = order.text("notify_url").map(String::from) {
            self.send(PAID, &url, &order.callback(), payer.at);
        }
    }

    /// A user pays all orders of a combined one that is open.
    pub(super) fn pay_combined(&mut self, combined: &mut Combined, payer: &Payer<'_>) {
        let (now, randomness) = (self.now(), self.context.randomness);
        let id = numbers::transaction_id(now, randomness, true);
        self.name(&id, &Target::Combined(combined.id.clone()));
        combined.transaction_id = Some(id);
        combined.openid = Some(payer.openid.to_owned());
        self.put_combined(combined);
        let mut orders = self.orders_of(combined);
        for order in &mut orders {
            self.take(order, payer, true);
        }
        if let Some(url) = combined.text("notify_url").map(String::from) {
            self.send(PAID, &url, &combined.answer(&orders), payer.at);
        }
    }

    /// The money of an order is taken.
    fn take(&mut self, order: &mut Order, payer: &Payer<'_>, is_combined: bool) {
        let transaction_id = numbers::transaction_id(self.now(), self.context.randomness, is_combined);
        self.name(&transaction_id, &Target::Order(order.id.clone()));
        order.state = State::Success;
        order.payment = Some(Payment { transaction_id, openid: payer.openid.to_owned(), at: payer.at });
        self.put(order);
    }

    pub(super) fn close_all(&mut self, orders: Vec<Order>) {
        for mut order in orders.into_iter().filter(|order| order.state.is_open()) {
            order.state = State::Closed;
            self.put(&order);
        }
    }

    /// The refund with this ID.
    pub(super) fn refund(&mut self, id: &str) -> Option<Refund> {
        let refund: Refund = self.documents.get(kind::REFUND, id)?;
        Some(self.settled_refund(refund))
    }

    /// The refund after what was due. The callback is sent with the change.
    fn settled_refund(&mut self, mut refund: Refund) -> Refund {
        let Some((at, status)) = refund.due.filter(|(at, _)| *at <= self.now().as_unix()) else {
            return refund;
        };
        refund.due = None;
        refund.becomes(status, at);
        if status == RefundStatus::Closed {
            // What was not refunded is the merchant's again.
            if let Some(mut order) = self.order(&refund.order) {
                order.refunded = order.refunded.saturating_sub(refund.amount);
                self.put(&order);
            }
            self.move_money(Direction::In, refund.amount);
        }
        self.put_refund(&refund);
        if let (Some(event), Some(url)) = (status.event(), refund.notify_url.clone()) {
            self.send(event, &url, &refund.callback(), at);
        }
        refund
    }

    pub(super) fn put_refund(&mut self, refund: &Refund) {
        self.documents.put(kind::REFUND, &refund.id, refund);
    }

    /// Shows every document of a kind, after what was due. Only documents that are due are read as by a request, which conflicts
    /// with changes of them; the others are as the store lists them.
    pub(in crate::operations) fn for_each<T: DeserializeOwned>(
        &mut self,
        kind: &str,
        is_due: impl Fn(&T, u64) -> bool,
        read: fn(&mut Self, &str) -> Option<T>,
        mut show: impl FnMut(T),
    ) {
        let now = self.now().as_unix();
        let mut due = Vec::new();
        self.documents.list(kind, |id, document| {
            match document.read() {
                Some(document) if is_due(&document, now) => due.push(id.to_owned()),
                Some(document) => show(document),
                None => {}
            }
            Continue(())
        });
        due.iter().filter_map(|id| read(self, id)).for_each(show);
    }

    /// What the merchant can still refund and transfer from, if that is configured.
    pub(in crate::operations) fn balance(&mut self) -> Option<i128> {
        let first = self.merchant.balance?;
        let moved: Option<i64> = self.documents.get(kind::BALANCE, kind::BALANCE);
        Some(i128::from(first) + i128::from(moved.unwrap_or_default()))
    }

    /// Money comes back to what the merchant refunds and transfers from, or leaves it.
    pub(in crate::operations) fn move_money(&mut self, direction: Direction, amount: u64) {
        if self.merchant.balance.is_some() {
            let moved: i64 = self.documents.get(kind::BALANCE, kind::BALANCE).unwrap_or_default();
            let moved = match direction {
                Direction::In => moved.saturating_add_unsigned(amount),
                Direction::Out => moved.saturating_sub_unsigned(amount),
            };
            self.documents.put(kind::BALANCE, kind::BALANCE, &moved);
        }
    }

    /// Sends a callback with exactly this data.
    pub(in crate::operations) fn send(&mut self, event_type: &str, url: &str, data: &Value, at: u64) {
        self.context.send_exactly(self.documents, event_type, url, data, at);
    }

    /// Sends a callback with exactly this data to another merchant.
    pub(in crate::operations) fn send_to(
        &mut self,
        mchid: &Mchid,
        event_type: &str,
        url: &str,
        data: &Value,
        at: u64,
    ) {
        if let Some(outgoing) = self.context.callback(event_type, url, data, at) {
            self.documents.send_to(mchid, outgoing);
        }
    }
}

/// The event of a payment.
const PAID: &str = "TRANSACTION.SUCCESS";
