//! The state of a mock as one JSON document: to keep it elsewhere, to share it, and to bring it back.
//!
//! ```text
//! store ─▶ snapshot ─▶ lines                 export
//! bytes ─▶ file ─▶ plan ─▶ store             import: nothing is changed before everything is checked
//! ```

mod apply;
mod form;
mod plan;
mod snapshot;

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use wechatpay_protocol::display::quoted;

use crate::{
    admin::{
        control::Control,
        error::{AdminError, Error},
        exchanges::MerchantQuery,
        extract::{Bytes, Query},
        json::Json,
        long::Long,
    },
    limits::Limits,
};

use form::StateFile;
use snapshot::Snapshot;

/// Where both calls are.
pub(super) const PATH: &str = "/__mock/state";

/// The most bytes of a state that is imported.
pub(super) fn most_bytes(limits: &Limits) -> usize {
    limits.body.max(limits.admin_bytes)
}

/// What an import has brought.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Imported {
    /// How many merchants have the state of the file now.
    merchants: usize,
    /// How many of them the import has created.
    made: usize,
    /// How many documents they have.
    documents: usize,
    /// How many callbacks they have.
    callbacks: usize,
    /// How many documents and callbacks of the file found no room within the limits: the oldest.
    forgotten: usize,
}

/// Shows the state of all merchants, or of one, as it is between two exchanges.
///
/// Documents, used request numbers, callbacks, when documents change by themselves, and of all merchants also the clock. It has
/// what makes a merchant that was created at run time, with its private key unless that is the development merchant's.
#[utoipa::path(
    get,
    path = "/__mock/state",
    params(MerchantQuery),
    responses(
        (status = 200, description = "The state, in the form that PUT takes.", body = StateFile),
        (status = 404, description = "There is no such merchant.", body = Error),
        (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error)
    )
)]
pub(super) async fn export_state(
    State(control): State<Arc<Control>>,
    Query(MerchantQuery { merchant }): Query<MerchantQuery>,
) -> Result<Long, AdminError> {
    let unknown =
        merchant.as_ref().filter(|mchid| control.gateway.merchants.merchant(mchid.as_str()).is_none());
    if let Some(mchid) = unknown {
        return Err(AdminError::NoMerchant { found: quoted(mchid.as_str()) });
    }
    let snapshot = control.on_thread(move |control, stop| Snapshot::take(control, merchant.as_ref(), stop));
    let snapshot = snapshot.await??;
    Long::parts(&control, snapshot.size(), snapshot.into_lines())
}

/// Replaces the state of the merchants in the file, and the clock if it has one, between two exchanges.
///
/// All of it or, if something in it can't be, nothing. Merchants that are not in the file keep theirs; those that do not exist
/// are created, if the file has their credentials. A seed file is such a file, too. Exchanges and fault rules stay.
#[utoipa::path(
    put,
    path = "/__mock/state",
    request_body(
        content = StateFile,
        example = json!({ "merchants": { "1900000001": { "cards": [{ "card_id": "a card", "members": [{ "code": "1" }] }] } } })
    ),
    responses(
        (status = 200, description = "The merchants have that state.", body = Imported),
        (status = 409, description = "There would be too many merchants, or too large initial states.", body = Error),
        (status = 503, description = "It takes too long, too much is in memory, or the store can't keep it.", body = Error)
    )
)]
pub(super) async fn import_state(
    State(control): State<Arc<Control>>,
    Bytes(body): Bytes,
) -> Result<Json, AdminError> {
    // It is in memory until it is imported.
    let _room = control.room_for(body.len())?;
    let imported = control.on_thread(move |control, stop| match plan::read(control, &body, stop) {
        Ok(plan) => plan.map(|plan| control.replace_state(plan)),
        Err(problem) => Some(Err(AdminError::Body(problem))),
    });
    Ok(Json::of(&imported.await??))
}
