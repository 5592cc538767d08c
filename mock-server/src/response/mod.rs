//! From a result to a response: its headers and body, and its signature.

pub(crate) mod body;
pub(crate) mod respond;
pub(crate) mod sign;

use http::StatusCode;
use serde_json::Value;

use crate::api::Warning;

/// What an operation answers, and what the request is warned about although it was carried out.
#[derive(Debug)]
pub(crate) struct OperationResponse {
    pub(crate) status: StatusCode,
    /// The body; `None` is an empty one.
    pub(crate) body: Option<Value>,
    pub(crate) warnings: Vec<Warning>,
}

impl OperationResponse {
    /// 200 with a body.
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body), warnings: Vec::new() }
    }

    /// 204.
    pub(crate) fn no_content(warnings: Vec<Warning>) -> Self {
        Self { status: StatusCode::NO_CONTENT, body: None, warnings }
    }
}
