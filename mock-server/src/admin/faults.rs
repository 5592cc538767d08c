//! Fault rules, and the names of faults.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    admin::{
        control::Control,
        error::{AdminError, Error},
        exchanges::MerchantQuery,
        extract::{Body, Query, Segment},
        json::{Deleted, Json},
        long::Long,
    },
    faults::{Applied, FAULTS, Fault, FaultRule, RuleState, TRIGGER_FORMS},
    policies::Provenance,
};

#[derive(Debug, Serialize, ToSchema)]
struct FaultList {
    /// Oldest first.
    faults: Vec<RuleState>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FaultNames {
    faults: Vec<FaultName>,
    /// The forms of number that set more than a fault's name.
    request_numbers: Vec<RequestNumber>,
    /// Those that a rule about callbacks takes.
    callback_faults: Vec<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FaultName {
    #[schema(pattern = "^[a-z]+(-[a-z]+)*$")]
    name: &'static str,
    meaning: &'static str,
    applied: Applied,
    standing: Provenance,
    /// A number that triggers it, in any field for a number of the merchant's: out_trade_no, out_request_no.
    #[schema(pattern = r"^MOCK\*")]
    request_number: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct RequestNumber {
    /// The number.
    #[schema(pattern = "^MOCK")]
    number: &'static str,
    meaning: &'static str,
}

/// Lists the fault rules, oldest first, and how often each has applied.
#[utoipa::path(get, path = "/__mock/faults", params(MerchantQuery), responses(
    (status = 200, description = "The rules.", body = FaultList),
    (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error)
))]
pub(super) async fn list_faults(
    State(control): State<Arc<Control>>,
    Query(MerchantQuery { merchant }): Query<MerchantQuery>,
) -> Result<Long, AdminError> {
    let mut faults = control.gateway.faults.list();
    if let Some(merchant) = &merchant {
        faults.retain(|state| state.rule.when.merchant.as_deref() == Some(merchant.as_str()));
    }
    Long::of(&control, &FaultList { faults })
}

/// Adds a fault rule. It takes effect with the next request.
#[utoipa::path(
    post,
    path = "/__mock/faults",
    request_body(
        content = FaultRule,
        example = json!({ "fault": "system-error-applied", "times": 1, "match": { "operation": "set_rights" } })
    ),
    responses(
        (status = 201, description = "The rule, with its id.", body = RuleState),
        (status = 409, description = "There are too many rules.", body = Error)
    )
)]
pub(super) async fn add_fault(
    State(control): State<Arc<Control>>,
    Body(rule): Body<FaultRule>,
) -> Result<(StatusCode, Json), AdminError> {
    Ok((StatusCode::CREATED, Json::of(&control.add_fault(rule)?)))
}

/// Deletes all fault rules, or those that name one merchant.
///
/// Requests that a fault keeps waiting continue at once.
#[utoipa::path(delete, path = "/__mock/faults", params(MerchantQuery), responses((status = 200, description = "The number of deleted rules.", body = Deleted)))]
pub(super) async fn delete_faults(
    State(control): State<Arc<Control>>,
    Query(MerchantQuery { merchant }): Query<MerchantQuery>,
) -> Result<Json, AdminError> {
    Ok(Json::of(&Deleted { deleted: control.clear_faults(merchant.as_ref())? }))
}

/// Shows a fault rule, and how often it has applied.
#[utoipa::path(
    get,
    path = "/__mock/faults/{id}",
    params(("id" = u64, Path, description = "The rule's id.", minimum = 1, example = 1)),
    responses((status = 200, description = "The rule.", body = RuleState))
)]
pub(super) async fn show_fault(
    State(control): State<Arc<Control>>,
    segment: Segment,
) -> Result<Json, AdminError> {
    let id = segment.number()?;
    let rule = control.gateway.faults.list().into_iter().find(|state| state.id == id);
    rule.map(|state| Json::of(&state)).ok_or(AdminError::NoFault { id })
}

/// Deletes a fault rule.
#[utoipa::path(
    delete,
    path = "/__mock/faults/{id}",
    params(("id" = u64, Path, description = "The rule's id.", minimum = 1, example = 1)),
    responses((status = 200, description = "The rule is deleted.", body = Deleted))
)]
pub(super) async fn delete_fault(
    State(control): State<Arc<Control>>,
    segment: Segment,
) -> Result<Json, AdminError> {
    let id = segment.number()?;
    if control.remove_fault(id)? {
        Ok(Json::of(&Deleted { deleted: 1 }))
    } else {
        Err(AdminError::NoFault { id })
    }
}

/// Lists the faults that a rule or a request number can trigger.
#[utoipa::path(get, path = "/__mock/fault-names", responses((status = 200, description = "The faults, and the forms of request numbers.", body = FaultNames)))]
pub(super) async fn list_fault_names() -> Json {
    let faults = FAULTS.iter().map(|fault| FaultName {
        name: fault.name(),
        meaning: fault.meaning(),
        applied: fault.applied(),
        standing: fault.provenance(),
        request_number: fault.trigger_number(),
    });
    let request_numbers =
        TRIGGER_FORMS.iter().map(|form| RequestNumber { number: form.number, meaning: form.meaning.text() });
    Json::of(&FaultNames {
        faults: faults.collect(),
        request_numbers: request_numbers.collect(),
        callback_faults: Fault::of_callbacks().map(Fault::name).collect(),
    })
}
