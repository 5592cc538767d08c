//! The orders that wait for their payer.

use std::collections::HashSet;

use super::{
    act::Found,
    combined::Combined,
    kind,
    ledger::{Ledger, Target},
    numbers::H5_PATH,
    order::{H5_LIVES, Order, Product},
};
use crate::operations::waiting::{Amount, Waiting, newest, shown};

/// The states of an order that a user can pay.
const OPEN: [&str; 2] = ["NOTPAY", "USERPAYING"];

impl Ledger<'_, '_> {
    /// The orders and the combined orders that a user can pay now, newest first.
    pub(in crate::operations) fn waiting_orders(&mut self, looked_at: usize) -> Vec<Waiting> {
        let (now, mut combined) = (self.now(), HashSet::new());
        let orders = newest(self.documents, kind::ORDER, &OPEN, looked_at, |order: Order| {
            let is_picked = match &order.combined {
                Some(id) => combined.insert(id.clone()),
                None => order.was_placed() && order.prepay.waits_until(order.state, now).is_some(),
            };
            is_picked.then_some(order)
        });
        orders.into_iter().filter_map(|order| self.waiting_order(order)).collect()
    }

    fn waiting_order(&mut self, order: Order) -> Option<Waiting> {
        let found = match &order.combined {
            None => Found::new(Target::Order(order.id.clone()), order.prepay.clone(), vec![order]),
            Some(id) => {
                let combined: Combined = self.documents.get(kind::COMBINED, id)?;
                let orders = self.orders_of(&combined);
                Found::new(Target::Combined(combined.id), combined.prepay, orders)
            }
        };
        let (state, prepay) = (found.state(), found.prepay());
        let expires_at = prepay.waits_until(state, self.now()).filter(|_| found.is_open())?;
        let (description, total) = found.shown();
        let has_page = prepay.product == Product::H5 && self.now().as_unix() < prepay.renewed + H5_LIVES;
        Some(Waiting {
            out_trade_no: Some(found.number().into()),
            trade_type: Some(found.trade_type()),
            description,
            amount: Some(Amount::fen(total)),
            state: shown(state),
            created_at: prepay.created,
            expires_at: Some(expires_at),
            prepay_id: Some(prepay.prepay_id.clone()).filter(|id| !id.is_empty()),
            code_url: prepay.code_url.clone(),
            h5_url: has_page.then(|| format!("{H5_PATH}?prepay_id={}", prepay.prepay_id)),
            is_combined: found.is_combined(),
            ..Waiting::default()
        })
    }
}
