//! Back to the state at the start.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    admin::{
        control::Control,
        error::{AdminError, quoted},
        extract::{Json, OptionalBody},
    },
    non_null::present,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetOrder {
    #[serde(default, deserialize_with = "present")]
    #[schema(pattern = "^[0-9]{1,32}$")]
    merchant: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Reset {
    /// `everything`, or the merchant's number.
    #[schema(pattern = "^(everything|[0-9]{1,32})$")]
    reset: String,
}

/// Resets everything, or what is kept for one merchant.
///
/// Everything is state, journal, fault rules and clock; merchants that were made at run time are removed. For a merchant
/// it is its state, its part of the journal and the fault rules that name it.
#[utoipa::path(
    post,
    path = "/__mock/reset",
    request_body(
        content = Option<ResetOrder>,
        description = "Without a merchant, everything is reset.",
        example = json!({ "merchant": "1900000001" })
    ),
    responses((status = 200, description = "It is reset.", body = Reset))
)]
pub(super) async fn reset(
    State(control): State<Arc<Control>>,
    OptionalBody(order): OptionalBody<ResetOrder>,
) -> Result<Json, AdminError> {
    let reset = match order.merchant {
        None => {
            control.reset();
            "everything".into()
        }
        Some(mchid) if control.reset_merchant(&mchid) => mchid,
        Some(mchid) => return Err(AdminError::NoMerchant { found: quoted(&mchid) }),
    };
    Ok(Json::of(&Reset { reset }))
}
