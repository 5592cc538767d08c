//! Checks the requests that a test expects.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use crate::{
    admin::{
        control::{Control, Stop},
        error::{AdminError, Error},
        extract::Body,
        long::Long,
    },
    journal::expectation::{Expectation, Verification},
};

/// Checks whether the expected number of exchanges match.
#[utoipa::path(
    post,
    path = "/__mock/verify",
    request_body(
        content = Expectation,
        description = "The expectation. Content-Type is ignored, as in every call.",
        example = json!({
            "operation": "set_rights", "code": "478515832665", "body": { "bonus_value": 600 }, "times": 1
        })
    ),
    responses(
        (status = 200, description = "The expected number match.", body = Verification),
        (
            status = 409,
            description = "More or fewer match, or it is uncertain whether there are more.",
            body = Verification
        ),
        (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error)
    )
)]
pub(super) async fn verify(
    State(control): State<Arc<Control>>,
    Body(expectation): Body<Expectation>,
) -> Result<(StatusCode, Long), AdminError> {
    // Otherwise, expecting no exchange of an unknown operation would always succeed.
    expectation
        .check(&control.gateway.merchants, &control.gateway.contract)
        .map_err(|invalid| AdminError::Body(invalid.to_string()))?;
    // It is in memory until a thread is free.
    let _room = control.room_for(expectation.size())?;
    let verify = move |control: &Control, stop: &Stop| {
        control.gateway.journal.verify(&expectation, &control.gateway.contract, || stop.is_set())
    };
    let verification = control.on_thread(verify).await?;
    let status = if verification.met { StatusCode::OK } else { StatusCode::CONFLICT };
    Ok((status, Long::of(&control, &verification)?))
}
