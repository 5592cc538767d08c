//! Whether that has happened which a test expects.

use http::StatusCode;

use super::{
    answer::Answer,
    call::Call,
    exchanges::is_operation,
    refusal::{Refusal, quoted},
};
use crate::{expectation::Expectation, gateway::Gateway};

/// `POST /__mock/verify`: 200 if the expectation is met, otherwise 409.
///
/// What names a merchant or an operation that there is none of is refused: expecting no such exchange would always be met.
pub(super) async fn verify(call: &Call<'_>) -> Result<Answer, Refusal> {
    let expectation: Expectation = call.body()?;
    check(&expectation, call.gateway)?;
    let verification = call.apart(move |gateway| gateway.verify(&expectation)).await;
    let status = if verification.met { StatusCode::OK } else { StatusCode::CONFLICT };
    Ok(Answer::json(status, &verification))
}

fn check(expectation: &Expectation, gateway: &Gateway) -> Result<(), Refusal> {
    let wrong = |field: &str, expected: String, found: &String| {
        Err(Refusal::Body(format!("{field}: expected {expected}, found {}", quoted(found))))
    };
    match (&expectation.merchant, &expectation.operation) {
        (Some(mchid), _) if gateway.identity.merchant(mchid).is_none() => {
            wrong("merchant", "the mchid of a merchant".into(), mchid)
        }
        (_, Some(id)) if !is_operation(gateway, id) => {
            let known: Vec<_> = gateway.contract.operation_ids().collect();
            wrong("operation", format!("one of {}", known.join(", ")), id)
        }
        _ => Ok(()),
    }
}
