//! Profit sharing: receivers, requests, returns, and the release of what is left.
//!
//! The ordinary API and that of ecommerce platforms have the same rules and documents; what differs is in `api`. How much of
//! an order is shared is kept in the order itself, so that refunds and sharing together never take more than was paid. What
//! is due has happened as soon as anybody looks, as in `payment/`.

mod amounts;
mod api;
mod back;
mod magic;
mod notice;
mod order;
mod receiver;
mod request;
mod share;

use std::ops::ControlFlow::Continue;

use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    operations::{Handler, kinds::Kind, payment::ledger::Ledger},
    store::Key,
};

pub(super) use back::Return;
pub(super) use share::Sharing;

/// The kinds of documents, and their IDs.
mod kind {
    /// A request to share, or to release what is left. The ID is like an order's, of `out_order_no`.
    pub(super) const SHARING: &str = "profit_sharing";
    /// A return. The ID is like an order's, of `out_return_no`.
    pub(super) const RETURN: &str = "profit_sharing_return";
    /// A receiver. The ID is the payee, the type and the account.
    pub(super) const RECEIVER: &str = "profit_sharing_receiver";
    /// The ID of a request, by the gateway's number of it.
    pub(super) const NUMBER: &str = "profit_sharing_number";
}

/// What the documents of each kind are.
pub(super) const KINDS: &[Kind] = &[
    Kind::of::<Sharing>(kind::SHARING).with_id("id"),
    Kind::of::<Return>(kind::RETURN).with_id("id"),
    receiver::KIND,
    Kind::of::<String>(kind::NUMBER),
];

/// The handler of an operation of the two families.
pub(super) fn rules(operation_id: &str) -> Option<Handler> {
    Some(match operation_id {
        "post_profitsharing_receivers_add" | "post_ecommerce_profitsharing_receivers_add" => receiver::add,
        "post_profitsharing_receivers_delete" | "post_ecommerce_profitsharing_receivers_delete" => {
            receiver::delete
        }
        "post_profitsharing_orders" | "post_ecommerce_profitsharing_orders" => request::share,
        "get_profitsharing_orders" | "get_ecommerce_profitsharing_orders" => request::show,
        "post_profitsharing_orders_unfreeze" | "post_ecommerce_profitsharing_finish_order" => {
            request::unfreeze
        }
        "post_profitsharing_return_orders" | "post_ecommerce_profitsharing_returnorders" => back::give_back,
        "get_profitsharing_return_orders" | "get_ecommerce_profitsharing_returnorders" => back::show,
        "get_profitsharing_transactions_amounts" | "get_ecommerce_profitsharing_orders_amounts" => {
            amounts::left
        }
        "get_profitsharing_merchant_configs" => amounts::ratio,
        _ => return None,
    })
}

/// Lets happen what is due of a document.
pub(super) fn become_due(ledger: &mut Ledger<'_, '_>, Key { kind, id }: &Key) {
    match &**kind {
        kind::SHARING => drop(share::read(ledger, id)),
        kind::RETURN => drop(back::read(ledger, id)),
        _ => {}
    }
}

/// Shows every request to share, after what was due.
pub(super) fn for_each_sharing(ledger: &mut Ledger<'_, '_>, show: impl FnMut(Sharing)) {
    for_each(ledger, kind::SHARING, share::read, show);
}

/// Shows every return, after what was due.
pub(super) fn for_each_return(ledger: &mut Ledger<'_, '_>, show: impl FnMut(Return)) {
    for_each(ledger, kind::RETURN, back::read, show);
}

#[derive(Deserialize)]
struct DueAt {
    due: Option<u64>,
}

/// Only documents that are due are read as by a request, which conflicts with changes of them.
fn for_each<'l, 'd, T: DeserializeOwned>(
    ledger: &mut Ledger<'l, 'd>,
    kind: &str,
    read: fn(&mut Ledger<'l, 'd>, &str) -> Option<T>,
    mut show: impl FnMut(T),
) {
    let now = ledger.now().as_unix();
    let mut due = Vec::new();
    ledger.documents.list(kind, |id, document| {
        let at = document.read().and_then(|DueAt { due }| due);
        if at.is_some_and(|at| at <= now) {
            due.push(id.to_owned());
        } else {
            document.read().into_iter().for_each(&mut show);
        }
        Continue(())
    });
    due.iter().filter_map(|id| read(ledger, id)).for_each(show);
}
