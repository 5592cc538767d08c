//! Pay score (支付分): service orders that are paid after the service, and the permissions of users.
//!
//! A service order is created, confirmed by its user, completed by its merchant, and then collected. As with payments, what
//! happens by itself (a user who confirms after a while, an order that expires) has happened as soon as anybody looks, and
//! [`become_due`] is called when it is time. The user is in `payer/` and acts by [`Book::act`].

mod act;
mod book;
mod change;
mod create;
mod order;
mod permission;
mod permit;
mod query;
mod times;
mod totals;
mod view;
mod waiting;

use crate::{
    operations::{Handler, kinds::Kind},
    store::Key,
};

pub(crate) use act::Business;
pub use act::{ServiceAction, ServiceTarget};
pub(crate) use book::Book;

use order::ServiceOrder;
use permission::Permission;

/// The kinds of documents, and their IDs.
pub(super) mod kind {
    /// A service order. The ID is its number, after the sub-merchant of a service provider's.
    pub(crate) const ORDER: &str = "service_order";
    /// A permission. The ID is like an order's, of its authorization code.
    pub(crate) const PERMISSION: &str = "service_permission";
    /// What a package, a query ID or a token leads to.
    pub(crate) const NUMBER: &str = "service_number";
    /// What a user has with a service.
    pub(crate) const USER: &str = "service_user";
}

/// What the documents of each kind are.
pub(super) const KINDS: &[Kind] = &[
    Kind::of::<ServiceOrder>(kind::ORDER).with_id("id"),
    Kind::of::<Permission>(kind::PERMISSION).with_id("id"),
    Kind::of::<book::Target>(kind::NUMBER),
    Kind::of::<book::User>(kind::USER),
];

/// The handler of an operation of the family.
pub(super) fn rules(operation_id: &str) -> Option<Handler> {
    let name = operation_id.split_once("_payscore_")?.1;
    Some(match name.strip_prefix("partner_").unwrap_or(name) {
        "serviceorder" if operation_id.starts_with("get_") => query::show,
        "serviceorder" => create::create,
        "serviceorder_direct_complete" => create::direct_complete,
        "serviceorder_cancel" => change::cancel,
        "serviceorder_complete" => change::complete,
        "serviceorder_modify" => change::modify,
        "serviceorder_pay" => change::pay,
        "serviceorder_send_pendingmessage" | "serviceorder_send_prepaidmessage" => change::message,
        "serviceorder_sync" => change::sync,
        "permissions" => permit::apply,
        "permissions_authorization_code"
        | "permissions_openid"
        | "permissions_search"
        | "user_service_state" => permit::show,
        "permissions_authorization_code_terminate"
        | "permissions_openid_terminate"
        | "permissions_terminate"
        | "users_permissions_terminate" => permit::terminate,
        _ => return None,
    })
}

/// Lets happen what is due of a document.
pub(super) fn become_due(book: &mut Book<'_, '_>, Key { kind, id }: &Key) {
    match &**kind {
        kind::ORDER => drop(book.order(id)),
        kind::PERMISSION => drop(book.permission(id)),
        _ => {}
    }
}
