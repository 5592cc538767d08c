//! The stages from a result to a signed response.

pub(crate) mod body;
pub(crate) mod deflate;
pub(crate) mod respond;
pub(crate) mod sign;

use http::StatusCode;
use serde_json::Value;

use crate::api::Warning;

/// The response of an operation, and the warnings about the request.
#[derive(Debug)]
pub(crate) struct OperationResponse {
    pub(crate) status: StatusCode,
    /// The JSON of the body; `None` for an empty body.
    pub(crate) body: Option<Value>,
    pub(crate) warnings: Vec<Warning>,
}

impl OperationResponse {
    /// 200 with this body.
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body), warnings: Vec::new() }
    }

    /// 204 without a body.
    pub(crate) fn no_content(warnings: Vec<Warning>) -> Self {
        Self { status: StatusCode::NO_CONTENT, body: None, warnings }
    }
}
