//! Restores the initial state.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wechatpay_protocol::display::quoted;

use crate::{
    admin::{
        control::Control,
        error::{AdminError, Error},
        extract::OptionalBody,
        json::Json,
    },
    api::non_null::non_null,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetOrder {
    #[serde(default, deserialize_with = "non_null")]
    #[schema(pattern = "^[0-9]{1,32}$")]
    merchant: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Reset {
    /// `everything`, or the merchant's mchid.
    #[schema(pattern = "^(everything|[0-9]{1,32})$")]
    reset: String,
}

/// Resets everything, or one merchant.
///
/// Everything means state, journal, metrics, fault rules and clock; merchants that were created at run time are
/// removed. One merchant means its state, its part of the journal and the fault rules that name it.
#[utoipa::path(
    post,
    path = "/__mock/reset",
    request_body(
        content = Option<ResetOrder>,
        description = "Without a merchant, everything is reset.",
        example = json!({ "merchant": "1900000001" })
    ),
    responses(
        (status = 200, description = "The reset is done.", body = Reset),
        (status = 503, description = "The store can't be reached, or can't keep the change.", body = Error)
    )
)]
pub(super) async fn reset(
    State(control): State<Arc<Control>>,
    OptionalBody(order): OptionalBody<ResetOrder>,
) -> Result<Json, AdminError> {
    let reset = match order.merchant {
        None => {
            control.reset()?;
            "everything".into()
        }
        Some(mchid) if control.reset_merchant(&mchid)? => mchid,
        Some(mchid) => return Err(AdminError::NoMerchant { found: quoted(&mchid) }),
    };
    Ok(Json::of(&Reset { reset }))
}
