//! Checks the requests that a test expects.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    admin::{
        control::{Control, Stop},
        error::{AdminError, Error},
        extract::Body,
        long::Long,
    },
    gateway::Gateway,
    journal::expectation::{Expectation, Verification},
};

#[derive(Debug, Serialize, ToSchema)]
struct CheckedList<'a> {
    /// The oldest first.
    #[schema(max_items = 100)]
    expectations: Vec<CheckedExpectation<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CheckedExpectation<'a> {
    /// Counts those of a mock from 1.
    #[schema(minimum = 1)]
    number: u64,
    /// When it was checked, in Unix seconds of the mock's clock.
    at: u64,
    /// The expectation, unless it is longer than 16 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Expectation>)]
    expectation: Option<Value>,
    /// Whether it was met.
    met: bool,
    /// Why, as text. A long one ends in ….
    #[schema(max_length = 4097)]
    report: &'a str,
}

/// Lists the expectations that were checked last.
#[utoipa::path(get, path = "/__mock/verify", responses(
    (status = 200, description = "At most 100. Deleting the exchanges also deletes these.", body = CheckedList),
    (status = 503, description = "Too many responses wait to be read.", body = Error)
))]
pub(super) async fn list_expectations(State(control): State<Arc<Control>>) -> Result<Long, AdminError> {
    let checked = control.gateway.journal.checked.after(None, 0).0;
    let expectations = checked.iter().map(|one| CheckedExpectation {
        number: one.number,
        at: one.at.as_unix(),
        expectation: one.expectation.as_deref().and_then(|json| serde_json::from_str(json).ok()),
        met: one.met,
        report: &one.report,
    });
    Long::of(&control, &CheckedList { expectations: expectations.collect() })
}

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
        let Gateway { journal, contract, clock, .. } = &*control.gateway;
        let verification = journal.verify(&expectation, contract, || stop.is_set())?;
        journal.checked.keep(clock.now(), &expectation, &verification);
        Some(verification)
    };
    let verification = control.on_thread(verify).await?;
    let status = if verification.met { StatusCode::OK } else { StatusCode::CONFLICT };
    Ok((status, Long::of(&control, &verification)?))
}
