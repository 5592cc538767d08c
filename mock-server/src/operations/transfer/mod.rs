//! Transfers to users: single ones, which users confirm or have authorised, their receipts, and the older batches.
//!
//! Money leaves the merchant's balance when a transfer is accepted, and comes back if it fails. What the gateway does by itself
//! (an expiry after 24 hours, a transfer that ends after a while) has happened as soon as anybody looks, and [`become_due`] is
//! called when it is time. The user is in `payer/`, above the gateway.

mod act;
mod answers;
mod authorization;
mod authorize;
mod batch;
mod batch_query;
mod bill;
mod check;
mod named;
mod pdf;
mod place;
mod progress;
mod query;
mod receipt;
mod waiting;

use std::time::Duration;

use super::payment::ledger::Ledger;
use crate::{
    operations::{Handler, kinds::Kind},
    store::Key,
};

pub use act::TransferAction;
pub use named::TransferName;
pub(crate) use named::TransferTarget;
pub(super) use progress::moved;

/// The kinds of documents, and their IDs.
mod kind {
    /// A transfer. The ID is its `out_bill_no`.
    pub(crate) const TRANSFER: &str = "transfer";
    /// An authorization of transfers without confirmation. The ID is its `out_authorization_no`.
    pub(crate) const AUTHORIZATION: &str = "transfer_authorization";
    /// A batch of transfers. The ID is its `out_batch_no`.
    pub(crate) const BATCH: &str = "transfer_batch";
    /// What a front end confirms. The ID is the `package_info`.
    pub(crate) const PACKAGE: &str = "transfer_package";
    /// The `out_bill_no` of a transfer. The ID is its `transfer_bill_no`.
    pub(crate) const BILL_NO: &str = "transfer_bill_no";
    /// The `out_authorization_no` of an authorization. The ID is its `authorization_id`.
    pub(crate) const AUTHORIZATION_ID: &str = "transfer_authorization_id";
    /// The `out_batch_no` of a batch. The ID is its `batch_id`.
    pub(crate) const BATCH_ID: &str = "transfer_batch_id";
    /// What was transferred on a day, in fen. The ID is the day.
    pub(crate) const DAY: &str = "transfer_day";
    /// A receipt of a transfer. The ID is the transfer's.
    pub(crate) const RECEIPT: &str = "transfer_receipt";
    /// The transfer whose receipt a token leads to. The ID is the token.
    pub(crate) const TOKEN: &str = "transfer_receipt_token";
}

/// What the documents of each kind are.
pub(super) const KINDS: &[Kind] = &[
    Kind::of::<bill::Transfer>(kind::TRANSFER).with_id("out_bill_no"),
    Kind::of::<authorization::Authorization>(kind::AUTHORIZATION).with_id("out_authorization_no"),
    Kind::of::<batch::Batch>(kind::BATCH).with_id("out_batch_no"),
    Kind::of::<named::TransferTarget>(kind::PACKAGE),
    Kind::of::<String>(kind::BILL_NO),
    Kind::of::<String>(kind::AUTHORIZATION_ID),
    Kind::of::<String>(kind::BATCH_ID),
    Kind::of::<u64>(kind::DAY),
    receipt::RECEIPT,
    receipt::TOKEN,
];

/// What merchants may transfer, and what happens to transfers by itself, on the mock's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfers {
    /// After how long a transfer ends that was confirmed or cancelled.
    pub delay: Duration,
    /// The scenes that merchants have, by `transfer_scene_id`. Without any, they have all.
    pub scenes: Vec<String>,
    /// The most that one transfer may be, in fen.
    pub limit: Option<u64>,
    /// The most that all transfers of a merchant on one day may be, in fen.
    pub daily_limit: Option<u64>,
}

/// The handler of an operation of the family.
pub(super) fn rules(operation_id: &str) -> Option<Handler> {
    if let Some(name) = operation_id.strip_prefix("post_fund_app_mch_transfer_") {
        return match name {
            "transfer_bills"
            | "transfer_bills_transfer"
            | "transfer_bills_pre_transfer_with_authorization" => Some(place::place),
            "transfer_bills_out_bill_no_cancel" => Some(query::cancel),
            "user_confirm_authorization" => Some(authorize::apply),
            "user_confirm_authorization_out_authorization_no_close" => Some(authorize::close),
            "elecsign_out_bill_no" | "elecsign_transfer_bill_no" => Some(receipt::apply),
            _ => None,
        };
    }
    if operation_id == "post_transfer_batches" {
        return Some(batch::place);
    }
    match operation_id.strip_prefix("get_")? {
        "transfer_batches_batch_id" | "transfer_batches_out_batch_no" => Some(batch_query::show),
        "transfer_batches_batch_id_details_detail_id"
        | "transfer_batches_out_batch_no_details_out_detail_no" => Some(batch_query::show_detail),
        "fund_app_mch_transfer_transfer_bills_out_bill_no"
        | "fund_app_mch_transfer_transfer_bills_transfer_bill_no" => Some(query::show),
        "fund_app_mch_transfer_user_confirm_authorization_out_authorization_no" => Some(authorize::show),
        "fund_app_mch_transfer_elecsign_out_bill_no" | "fund_app_mch_transfer_elecsign_transfer_bill_no" => {
            Some(receipt::show)
        }
        "transferdownload_elecvoucherfile" | "transferdownload_signfile" => Some(receipt::download),
        _ => None,
    }
}

/// Lets happen what is due of a document.
pub(crate) fn become_due(ledger: &mut Ledger<'_, '_>, Key { kind, id }: &Key) {
    match &**kind {
        kind::TRANSFER => drop(progress::transfer(ledger, id)),
        kind::AUTHORIZATION => drop(authorize::find(ledger, id)),
        kind::BATCH => drop(batch::find(ledger, id)),
        _ => {}
    }
}
