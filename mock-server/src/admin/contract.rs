//! What the mock knows of the gateway: a list of its operations, and the contract as OpenAPI.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};
use wechatpay_openapi::{Contract, Operation};
use wechatpay_protocol::display::quoted;
use wechatpay_texts::phrase;

use crate::{
    admin::{
        control::Control,
        error::{AdminError, Error},
        extract::{Query, Segment, parameter},
        json::Json,
        long::Long,
    },
    api::suggest::near,
};

/// Selects operations.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct FamilyQuery {
    /// Only operations of this family.
    #[serde(deserialize_with = "family")]
    #[param(min_length = 1, example = "pay-transactions")]
    family: Option<String>,
}

fn family<'de, D: Deserializer<'de>>(text: D) -> Result<Option<String>, D::Error> {
    // The handler compares it with the contract.
    parameter(text, phrase!("a family"), |text| Some(text.into()))
}

#[derive(Debug, Serialize, ToSchema)]
struct OperationList<'a> {
    operations: Vec<OperationEntry<'a>>,
}

/// An operation of the gateway.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Operation)]
struct OperationEntry<'a> {
    #[schema(pattern = "^[A-Z]+$")]
    method: &'a str,
    /// The path, with parameters in braces.
    #[schema(pattern = "^/")]
    path: &'a str,
    /// The family that it belongs to: mostly the first segments of its path.
    family: &'a str,
    /// Its operationId in /__mock/contract.json, by which fault rules and expectations name it.
    id: &'a str,
    /// What the mock does with a valid request: example answers from the contract's examples, resource also keeps
    /// documents, rules has rules of its own.
    #[schema(pattern = "^(example|resource|rules)$")]
    depth: &'static str,
    /// How sure it is that the gateway has it: documented, or known from SDKs only.
    #[schema(pattern = "^(documented|sdk|unstated)$")]
    provenance: &'static str,
    /// Its name in the official documentation.
    summary: &'a str,
}

impl<'a> From<&'a Operation> for OperationEntry<'a> {
    fn from(operation: &'a Operation) -> Self {
        Self {
            method: operation.method().as_str(),
            path: operation.path().as_str(),
            family: operation.family(),
            id: operation.id(),
            depth: operation.depth().as_str(),
            provenance: operation.provenance().as_str(),
            summary: operation.summary(),
        }
    }
}

/// Lists the gateway's operations, by path.
#[utoipa::path(get, path = "/__mock/operations", params(FamilyQuery), responses(
    (status = 200, description = "The operations.", body = OperationList),
    (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error)
))]
pub(super) async fn list_operations(
    State(control): State<Arc<Control>>,
    Query(FamilyQuery { family }): Query<FamilyQuery>,
) -> Result<Long, AdminError> {
    let contract = Arc::clone(&control.gateway.contract);
    if let Some(family) = &family
        && !contract.families().contains(family.as_str())
    {
        return Err(no_family(&contract, family));
    }
    let items = (0..contract.operations().len()).filter_map(move |index| {
        let operation = &contract.operations()[index];
        let is_wanted = family.as_deref().is_none_or(|family| family == operation.family());
        is_wanted.then(|| Json::of(&OperationEntry::from(operation)).into_bytes())
    });
    Long::list(&control, &OperationList { operations: Vec::new() }, items)
}

/// Shows the gateway's operations in full.
#[utoipa::path(get, path = "/__mock/contract.json", responses(
    (status = 200, description = "OpenAPI 3.1.", body = Object),
    (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error)
))]
pub(super) async fn show_contract(State(control): State<Arc<Control>>) -> Result<Long, AdminError> {
    // It takes some tenths of a second.
    let document = control.on_thread(|control, _| Some(control.gateway.contract.document())).await?;
    Long::json(&control, document)
}

/// Shows the operations of one family in full.
///
/// `.json` may follow the family.
#[utoipa::path(
    get,
    path = "/__mock/contract/{family}",
    params((
        "family" = String, Path, description = "The family, as in /__mock/operations.", min_length = 1, example = "certificates"
    )),
    responses(
        (status = 200, description = "OpenAPI 3.1.", body = Object),
        (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error)
    )
)]
pub(super) async fn show_family(
    State(control): State<Arc<Control>>,
    Segment(found): Segment,
) -> Result<Long, AdminError> {
    let family = found.strip_suffix(".json").unwrap_or(&found).to_owned();
    let document = control.on_thread({
        let family = family.clone();
        move |control, _| Some(control.gateway.contract.family_document(&family))
    });
    let document = document.await?.ok_or_else(|| no_family(&control.gateway.contract, &family))?;
    Long::json(&control, document)
}

fn no_family(contract: &Contract, found: &str) -> AdminError {
    let near = near(found, contract.families()).unwrap_or_default().into();
    AdminError::NoFamily { found: quoted(found), near }
}
