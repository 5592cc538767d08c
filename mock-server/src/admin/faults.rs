//! Fault rules, and the names of faults.

use http::StatusCode;
use serde::Serialize;

use crate::{
    admin::{
        answer::{Answer, Deleted},
        call::Call,
        exchanges::merchant,
        refusal::Refusal,
    },
    api::provenance::Provenance,
    faults::{FAULTS, FaultRule, RuleState, TRIGGER_FORMS},
};

#[derive(Debug, Serialize)]
struct FaultList {
    faults: Vec<RuleState>,
}

#[derive(Debug, Serialize)]
struct FaultNames {
    faults: Vec<FaultName>,
    request_numbers: Vec<RequestNumber>,
}

#[derive(Debug, Serialize)]
struct FaultName {
    name: &'static str,
    meaning: &'static str,
    applied: String,
    standing: Provenance,
    request_number: String,
}

#[derive(Debug, Serialize)]
struct RequestNumber {
    number: &'static str,
    meaning: &'static str,
}

/// `GET /__mock/faults`
pub(super) fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let merchant = merchant(call)?;
    let mut faults = call.control.gateway.faults.list();
    faults.retain(|state| merchant.is_none() || state.rule.when.merchant == merchant);
    Ok(Answer::ok(&FaultList { faults }))
}

/// `POST /__mock/faults`
pub(super) fn add(call: &Call<'_>) -> Result<Answer, Refusal> {
    let rule: FaultRule = call.body()?;
    Ok(Answer::json(StatusCode::CREATED, &call.control.add_fault(rule)?))
}

/// `DELETE /__mock/faults`
pub(super) fn delete_all(call: &Call<'_>) -> Result<Answer, Refusal> {
    let deleted = match merchant(call)? {
        None => call.control.clear_faults(None),
        Some(mchid) => mchid.parse().map_or(0, |mchid| call.control.clear_faults(Some(&mchid))),
    };
    Ok(Answer::ok(&Deleted { deleted }))
}

/// `GET /__mock/faults/{id}`
pub(super) fn show(call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.number()?;
    let rule = call.control.gateway.faults.list().into_iter().find(|state| state.id == id);
    rule.map(|state| Answer::ok(&state)).ok_or(Refusal::NoFault { id })
}

/// `DELETE /__mock/faults/{id}`
pub(super) fn delete(call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.number()?;
    if call.control.remove_fault(id) {
        Ok(Answer::ok(&Deleted { deleted: 1 }))
    } else {
        Err(Refusal::NoFault { id })
    }
}

/// `GET /__mock/fault-names`
pub(super) fn names() -> Answer {
    let faults = FAULTS.iter().map(|fault| FaultName {
        name: fault.name(),
        meaning: fault.meaning(),
        applied: fault.applied().to_string(),
        standing: fault.provenance(),
        request_number: fault.trigger_number(),
    });
    let request_numbers =
        TRIGGER_FORMS.iter().map(|form| RequestNumber { number: form.number, meaning: form.meaning });
    Answer::ok(&FaultNames { faults: faults.collect(), request_numbers: request_numbers.collect() })
}
