//! The JSON responses of the handlers.

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use serde::Serialize;
use utoipa::ToSchema;

/// The `Content-Type` of a JSON response.
pub(super) const JSON: &str = "application/json; charset=utf-8";

/// A JSON response.
pub(super) struct Json(Vec<u8>);

impl Json {
    pub(super) fn of(body: &impl Serialize) -> Self {
        Self(serde_json::to_vec(body).expect("responses are structs and values, which always serialize"))
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl IntoResponse for Json {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, JSON)], self.0).into_response()
    }
}

/// `{"deleted": 3}`
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deleted {
    /// The number of deleted items.
    pub(super) deleted: usize,
}
