//! The policies, and what they are set to.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    admin::{control::Control, json::Json},
    policies::{POLICIES, Policies, Policy, PolicyValue},
};

#[derive(Debug, Serialize, ToSchema)]
struct PolicyList {
    #[schema(min_items = 1)]
    policies: Vec<PolicyDetail>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
struct PolicyDetail {
    /// Its name in the configuration.
    #[schema(pattern = "^[a-z0-9_]+$")]
    name: &'static str,
    /// Its value in this mock.
    value: String,
    /// Its value if nothing else is configured.
    default: String,
    #[schema(min_items = 2)]
    choices: Vec<Choice>,
    /// The question that it decides.
    what: &'static str,
    /// What is publicly known about it.
    source: &'static str,
}

/// A value that a policy can have.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyChoice)]
struct Choice {
    name: String,
    /// What the mock does with it.
    meaning: &'static str,
}

/// Lists the behaviours that the configuration can change, with what they are set to.
#[utoipa::path(get, path = "/__mock/policies", responses((status = 200, description = "Every policy.", body = PolicyList)))]
pub(super) async fn list_policies(State(control): State<Arc<Control>>) -> Json {
    let detail = |policy| PolicyDetail::of(policy, &control.gateway.policies);
    Json::of(&PolicyList { policies: POLICIES.iter().map(detail).collect() })
}

impl PolicyDetail {
    fn of(policy: &Policy, set: &Policies) -> Self {
        let choice = |value: &PolicyValue| Choice { name: value.name(), meaning: value.meaning.text() };
        Self {
            name: policy.name,
            value: json!(set)[policy.name].as_str().unwrap_or_default().into(),
            default: policy.values[0].name(),
            choices: policy.values.iter().map(choice).collect(),
            what: policy.question.text().trim(),
            source: policy.source.text(),
        }
    }
}
