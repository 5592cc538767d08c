//! Begins again as at the start.

use serde::{Deserialize, Serialize};

use crate::{
    admin::{
        answer::Answer,
        call::Call,
        refusal::{Refusal, quoted},
    },
    non_null::present,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResetOrder {
    #[serde(default, deserialize_with = "present")]
    merchant: Option<String>,
}

#[derive(Debug, Serialize)]
struct Reset {
    /// `everything`, or the merchant's number.
    reset: String,
}

/// `POST /__mock/reset`
pub(super) fn reset(call: &Call<'_>) -> Result<Answer, Refusal> {
    let reset = match call.body_if_any::<ResetOrder>()?.merchant {
        None => {
            call.control.reset();
            "everything".into()
        }
        Some(mchid) if call.control.reset_merchant(&mchid) => mchid,
        Some(mchid) => return Err(Refusal::NoMerchant { found: quoted(&mchid) }),
    };
    Ok(Answer::ok(&Reset { reset }))
}
