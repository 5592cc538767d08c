//! The stages from a result to a signed response.

pub(crate) mod body;
pub(crate) mod deflate;
pub(crate) mod respond;
pub(crate) mod sign;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::api::Warning;

/// The response of an operation, and the warnings about the request.
#[derive(Debug)]
pub(crate) struct OperationResponse {
    pub(crate) status: StatusCode,
    pub(crate) body: Content,
    /// Whether the gateway signs it, as it does all but files.
    pub(crate) is_signed: bool,
    pub(crate) warnings: Vec<Warning>,
}

/// The body of an operation's response.
#[derive(Debug)]
pub(crate) enum Content {
    Empty,
    Json(Value),
    File(Bytes),
    /// The body and the headers of a stub.
    Stub {
        headers: HeaderMap,
        body: Bytes,
    },
}

impl OperationResponse {
    /// 200 with this body.
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Content::Json(body), is_signed: true, warnings: Vec::new() }
    }

    /// 200 with a file.
    pub(crate) fn file(content: Vec<u8>, is_signed: bool) -> Self {
        Self { status: StatusCode::OK, body: Content::File(content.into()), is_signed, warnings: Vec::new() }
    }

    /// 204 without a body.
    pub(crate) fn no_content(warnings: Vec<Warning>) -> Self {
        Self { status: StatusCode::NO_CONTENT, body: Content::Empty, is_signed: true, warnings }
    }
}
