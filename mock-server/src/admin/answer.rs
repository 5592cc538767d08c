//! Answers of the mock's own, which no gateway sends.

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE},
};
use serde::Serialize;

use crate::response::body::ResponseBody;

/// An answer: JSON, but for the figures.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    content_type: &'static str,
    /// What the status asks for.
    header: Option<(HeaderName, HeaderValue)>,
    body: Bytes,
}

const JSON: &str = "application/json; charset=utf-8";

impl Answer {
    /// JSON with this status.
    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("answers are structs and values, which always serialize");
        Self { status, content_type: JSON, header: None, body: body.into() }
    }

    /// 200 with JSON.
    pub(super) fn ok(body: &impl Serialize) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// 200 with JSON that is text already.
    pub(super) fn document(json: &'static str) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: JSON,
            header: None,
            body: Bytes::from_static(json.as_bytes()),
        }
    }

    /// 200 with a text of this type.
    pub(super) fn text(content_type: &'static str, text: String) -> Self {
        Self { status: StatusCode::OK, content_type, header: None, body: text.into() }
    }

    /// The same with one more header.
    pub(super) fn with(self, header: Option<(HeaderName, HeaderValue)>) -> Self {
        Self { header, ..self }
    }

    /// The response, after which the connection is closed unless it is kept.
    pub(super) fn into_response(self, keeps_alive: bool) -> Response<ResponseBody> {
        let length = self.body.len();
        let mut response = Response::new(ResponseBody::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(CONTENT_LENGTH, length.into());
        headers.extend(self.header);
        if !keeps_alive {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// `{"deleted": 3}`
#[derive(Debug, Serialize)]
pub(super) struct Deleted {
    pub(super) deleted: usize,
}
