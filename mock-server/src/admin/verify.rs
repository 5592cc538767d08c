//! Whether that has happened which a test expects.

use http::StatusCode;

use crate::{
    admin::{answer::Answer, call::Call, refusal::Refusal},
    journal::expectation::Expectation,
};

/// `POST /__mock/verify`: 200 if the expectation is met, otherwise 409.
///
/// What makes no sense is refused: expecting no exchange of an operation that there is none of would always be met.
pub(super) async fn verify(call: &Call<'_>) -> Result<Answer, Refusal> {
    let expectation: Expectation = call.body()?;
    expectation
        .check(&call.control.gateway.merchants, call.control.gateway.contract)
        .map_err(|senseless| Refusal::Body(senseless.to_string()))?;
    let verification = call
        .apart(move |control| control.gateway.journal.verify(&expectation, control.gateway.contract))
        .await;
    let status = if verification.met { StatusCode::OK } else { StatusCode::CONFLICT };
    Ok(Answer::json(status, &verification))
}
