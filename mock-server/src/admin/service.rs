//! About the mock itself: what can be asked, whether it is well, its documents and its figures.

use serde::Serialize;
use wechatpay_openapi::OPENAPI;

use crate::{
    admin::{
        answer::Answer,
        call::{Call, Caller},
        document::{ADMIN_OPENAPI, Document},
    },
    journal::metrics::Metrics,
};

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, Serialize)]
struct Index {
    name: &'static str,
    version: &'static str,
    calls: Vec<IndexEntry>,
}

#[derive(Debug, Serialize)]
struct IndexEntry {
    method: &'static str,
    path: &'static str,
    what: &'static str,
}

#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
}

/// `GET /__mock/`
pub(super) fn index() -> Answer {
    let calls = Document::current().operations.iter().map(|operation| IndexEntry {
        method: operation.method.as_str(),
        path: operation.path.as_str(),
        what: &operation.summary,
    });
    Answer::ok(&Index { name: "wechatpay-mock", version: VERSION, calls: calls.collect() })
}

/// `GET /__mock/health`: to somebody who may know no more, only that.
pub(super) fn health(call: &Call<'_>) -> Answer {
    let is_admitted = call.caller == Caller::Admitted;
    Answer::ok(&Health { status: "ok", version: is_admitted.then_some(VERSION) })
}

/// `GET /__mock/openapi.json`
pub(super) fn openapi() -> Answer {
    Answer::document(ADMIN_OPENAPI)
}

/// `GET /__mock/contract.json`
pub(super) fn contract() -> Answer {
    Answer::document(OPENAPI)
}

/// `GET /__mock/metrics`
pub(super) fn metrics(call: &Call<'_>) -> Answer {
    Answer::text(Metrics::CONTENT_TYPE, call.control.gateway.journal.render_metrics())
}
