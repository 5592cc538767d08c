//! What waits for its user: orders, transfers, authorizations of them, service orders and permissions.

use std::{ops::ControlFlow, sync::Arc};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Context, pay_score::Book, payment::ledger::Ledger};
use crate::{merchants::Merchant, store::Documents};

/// The most of a kind and a merchant. (own choice)
pub(crate) const MOST: usize = 100;

/// Something that waits for its user. One of the numbers from out_trade_no to authorization_code names it.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct Waiting {
    #[schema(pattern = "^[0-9]{1,32}$")]
    pub(crate) merchant: String,
    pub(crate) kind: WaitingKind,
    /// The number of an order, or of a combined one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) out_trade_no: Option<String>,
    /// The number of a transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) out_bill_no: Option<String>,
    /// The number of an authorization of transfers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) out_authorization_no: Option<String>,
    /// The number of a service order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) out_order_no: Option<String>,
    /// The code of a permission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authorization_code: Option<String>,
    /// How an order is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(JSAPI|APP|MWEB|NATIVE|MICROPAY)$")]
    pub(crate) trade_type: Option<&'static str>,
    /// What the merchant calls it.
    pub(crate) description: String,
    /// What is paid or transferred. Permissions, authorizations and service orders that are not completed have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub(crate) amount: Option<Amount>,
    /// Its state, as a query shows it.
    #[schema(pattern = "^[A-Z_]+$")]
    pub(crate) state: String,
    /// When it was created, in Unix seconds.
    pub(crate) created_at: u64,
    /// From when on it is too late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<u64>,
    /// What a front end pays an order with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prepay_id: Option<String>,
    /// The text of a code that the user scans.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code_url: Option<String>,
    /// The address of the page on which a browser pays, on the host of this call, as long as it can be opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) h5_url: Option<String>,
    /// What a front end confirms a transfer or an authorization with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) package_info: Option<String>,
    /// What a front end opens a service order with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) package: Option<String>,
    /// What a front end opens a permission with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) apply_permissions_token: Option<String>,
    /// Whether it is a combined order.
    pub(crate) is_combined: bool,
}

/// What can wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WaitingKind {
    /// An order, for its payer.
    #[default]
    Order,
    /// A transfer, for the confirmation.
    Transfer,
    /// An authorization of transfers, for the confirmation.
    Authorization,
    /// A service order of pay score, for the confirmation; or for the payment, if it is completed.
    ServiceOrder,
    /// A permission of pay score, for a user who opens the service.
    Permission,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Amount {
    /// In fen.
    total: u64,
    #[schema(pattern = "^[A-Z]{3}$")]
    currency: &'static str,
}

impl Amount {
    pub(super) fn fen(total: u64) -> Self {
        Self { total, currency: "CNY" }
    }
}

/// What of the merchant's waits for its user now, of each kind the newest first, if it is one of the newest `looked_at` documents of
/// that kind.
pub(crate) fn waiting(
    context: &Context<'_>,
    merchant: &Arc<Merchant>,
    documents: &mut Documents<'_>,
    looked_at: usize,
) -> Vec<Waiting> {
    let mut ledger = Ledger::new(context, merchant, documents);
    let mut all = ledger.waiting_orders(looked_at);
    all.extend(ledger.waiting_transfers(looked_at));
    all.extend(Book::new(context, merchant, documents).waiting(looked_at));
    for one in &mut all {
        one.merchant = merchant.mchid.to_string();
    }
    all
}

/// What `pick` makes of the newest documents of a kind in one of these states. Others are not looked into.
pub(super) fn newest<T: DeserializeOwned, P>(
    documents: &Documents<'_>,
    kind: &str,
    states: &[&str],
    looked_at: usize,
    mut pick: impl FnMut(T) -> Option<P>,
) -> Vec<P> {
    let mut picked = Vec::new();
    documents.list_newest(kind, looked_at, |_, document| {
        let state = document.read().and_then(|InState { state }| state);
        if state.is_some_and(|state| states.contains(&state.as_str())) {
            picked.extend(document.read().and_then(&mut pick));
        }
        if picked.len() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    picked
}

#[derive(Deserialize)]
struct InState {
    state: Option<String>,
}

/// A state as answers show it.
pub(super) fn shown(state: impl Serialize) -> String {
    match json!(state) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
