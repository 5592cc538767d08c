//! Information about the mock: its calls, health, OpenAPI document and metrics.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    admin::{
        Caller,
        control::Control,
        document::{Call, admin_openapi, calls},
        inspector::{lead_to_page, prefers_html},
        json::{JSON, Json},
    },
    journal::metrics::Metrics,
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Index {
    name: &'static str,
    version: &'static str,
    #[schema(min_items = 1)]
    calls: &'static [Call],
}

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`, or `unavailable` if the store can't be reached or can't keep changes.
    #[schema(pattern = "^(ok|unavailable)$")]
    status: &'static str,
    /// What is wrong. Only there for callers with full access.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
}

/// Lists every call.
///
/// Also at /__mock. A browser, whose Accept prefers text/html to JSON, is sent on to the inspector.
#[utoipa::path(
    get,
    path = "/__mock/",
    responses(
        (status = 200, description = "Every call, with its summary.", body = Index),
        (
            status = 303,
            description = "Where the inspector is.",
            body = String,
            content_type = "text/plain",
            headers(("Location" = String))
        )
    )
)]
pub(super) async fn show_index(headers: HeaderMap) -> Response {
    if prefers_html(&headers) {
        return lead_to_page().await;
    }
    Json::of(&Index { name: "wechatpay-mock", version: VERSION, calls: calls() }).into_response()
}

/// Shows that the mock is healthy.
///
/// Needs no token, on any address. The version is only there for callers with full access.
#[utoipa::path(get, path = "/__mock/health", responses(
    (status = 200, description = "The mock is healthy.", body = Health),
    (status = 503, description = "The store can't be reached, or can't keep changes.", body = Health)
))]
pub(super) async fn show_health(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
) -> (StatusCode, Json) {
    let (status, code, reason) = match control.gateway.store.check() {
        Ok(()) => ("ok", StatusCode::OK, None),
        Err(error) => ("unavailable", StatusCode::SERVICE_UNAVAILABLE, Some(error.to_string())),
    };
    let (reason, version) = (reason.filter(|_| caller.is_admitted), caller.is_admitted.then_some(VERSION));
    (code, Json::of(&Health { status, reason, version }))
}

/// Shows this document.
#[utoipa::path(
    get,
    path = "/__mock/openapi.json",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object))
)]
pub(super) async fn show_openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, JSON)], admin_openapi())
}

/// Shows metrics of all exchanges since the start or the last reset, for Prometheus.
#[utoipa::path(
    get,
    path = "/__mock/metrics",
    responses((status = 200, description = "Metrics in the Prometheus text format.", body = String, content_type = "text/plain"))
)]
pub(super) async fn show_metrics(State(control): State<Arc<Control>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, Metrics::CONTENT_TYPE)], control.gateway.journal.render_metrics())
}
