//! Turns a result into a response with the headers of a real one.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode, Version,
    header::{
        CACHE_CONTROL, CONNECTION, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, DATE, SERVER,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use serde::Serialize;
use wechatpay_diagnosis::Diagnosis;
use wechatpay_protocol::{REQUEST_ID, Timestamp};

use crate::{
    api::{error::ApiError, language::Language},
    request::receive::RawRequest,
    response::{Content, OperationResponse, body::ResponseBody},
};

/// A response before it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body that is signed.
    pub(crate) body: Bytes,
    /// The body that is sent, if that is a compressed one.
    pub(super) compressed: Option<Bytes>,
}

impl Response {
    /// The response in the HTTP server's type.
    pub(crate) fn into_http(self) -> http::Response<ResponseBody> {
        let mut response = http::Response::new(ResponseBody::from(self.sent_body().clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }

    /// Replaces the body. A 204 can't have a body and becomes 200.
    pub(crate) fn with_body(mut self, body: Bytes) -> Self {
        if self.status == StatusCode::NO_CONTENT {
            self.status = StatusCode::OK;
        }
        self.headers.insert(CONTENT_LENGTH, body.len().into());
        Self { body, ..self }
    }

    /// Sets a header.
    pub(crate) fn with_header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    /// The body that is sent.
    pub(crate) fn sent_body(&self) -> &Bytes {
        self.compressed.as_ref().unwrap_or(&self.body)
    }

    /// Status line and headers as they go over the wire.
    pub(crate) fn head(&self, write_name: fn(&str) -> String) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {}\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(write_name(name.as_str()).as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

/// `wechatpay-nonce` as `Wechatpay-Nonce`, as every response over HTTP/1.1 spells it.
pub(crate) fn title_case(name: &str) -> String {
    let words = name.split('-').map(|word| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_ascii_uppercase() + rest,
        None => String::new(),
    });
    words.collect::<Vec<_>>().join("-")
}

/// Responds to a request, with `random` for its `Request-ID`. `keep_alive` is the value of `Keep-Alive`.
pub(crate) fn respond(
    received: &RawRequest,
    result: &Result<OperationResponse, ApiError>,
    now: Timestamp,
    random: [u8; 16],
    keep_alive: &HeaderValue,
) -> Response {
    let language = Language::preferred(&received.headers).unwrap_or_default();
    let request_id = |inner_number| request_id(now, random, inner_number);
    let mut response = match result {
        Ok(OperationResponse { status, body, .. }) => match body {
            Content::Empty => application(*status, Bytes::new(), now, request_id(0)),
            Content::Json(body) => application(*status, json(body), now, request_id(0)),
            Content::File(file) => {
                let mut response = application(*status, file.clone(), now, request_id(0))
                    .with_header(CONTENT_TYPE, "application/octet-stream");
                // Published downloads have none. (wild)
                response.headers.remove(REQUEST_ID);
                response
            }
            Content::Stub { headers, body } => {
                let mut response = application(*status, body.clone(), now, request_id(0));
                response.headers.extend(headers.clone());
                response
            }
        },
        Err(error) => match error.body(language) {
            Some(body) => application(error.status(), json(&body), now, request_id(error.inner_number())),
            None => match error.page() {
                Some(page) => html(error.status(), page, now),
                None => front_end(error.status(), Bytes::new(), now),
            },
        },
    };
    if result.as_ref().is_err_and(|error| !error.has_request_id()) {
        response.headers.remove(REQUEST_ID);
    }
    if response.headers.contains_key(CONTENT_LANGUAGE) {
        response.headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    }
    if received.version == Version::HTTP_2 {
        // HTTP/2 has neither of these headers.
        response.headers.remove(CONNECTION);
        response.headers.remove(KEEP_ALIVE);
    } else if received.keeps_alive {
        response.headers.insert(KEEP_ALIVE, keep_alive.clone());
    } else {
        response.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response.headers.remove(KEEP_ALIVE);
    }
    response
}

/// Names the mock's diagnosis of a wrong signature. The real gateway does not send this header.
const MOCK_DIAGNOSIS: HeaderName = HeaderName::from_static("mock-diagnosis");

/// Adds a header with the diagnosis, so that the body stays like a real one.
pub(crate) fn with_diagnosis(mut response: Response, diagnosis: Option<&Diagnosis>) -> Response {
    response.headers.extend(diagnosis.map(|diagnosis| (MOCK_DIAGNOSIS, visible(&diagnosis.name()))));
    response
}

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// A response of the gateway's application. Real ones have these headers, even a 204. (wild)
fn application(status: StatusCode, body: Bytes, now: Timestamp, request_id: HeaderValue) -> Response {
    let mut response = front_end(status, body, now);
    response.headers.extend([
        (CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache, must-revalidate")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (CONTENT_LANGUAGE, HeaderValue::from_static("zh-CN")),
        (REQUEST_ID, request_id),
    ]);
    response
}

fn json(body: &impl Serialize) -> Bytes {
    serde_json::to_vec(body).expect("responses are structs and values, which always serialize").into()
}

/// A page of the web server in front of the application.
fn html(status: StatusCode, page: String, now: Timestamp) -> Response {
    let mut response = front_end(status, page.into(), now);
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

/// A response of the web server in front of the application, which sends 404 and 405 itself. (probed)
fn front_end(status: StatusCode, body: Bytes, now: Timestamp) -> Response {
    let date = UNIX_EPOCH + Duration::from_secs(now.as_unix());
    let mut headers = HeaderMap::with_capacity(16);
    headers.extend([
        (SERVER, HeaderValue::from_static("nginx")),
        (DATE, visible(&httpdate::fmt_http_date(date))),
        (CONNECTION, HeaderValue::from_static("keep-alive")),
        (KEEP_ALIVE, HeaderValue::from_static("timeout=8")),
        (CONTENT_LENGTH, body.len().into()),
    ]);
    Response { status, headers, body, compressed: None }
}

/// A request ID in the format of real ones: five varints in hex, each after its key and as long as in published IDs.
/// The first is the time. At the end is the gateway's own number for the error, or 0.
/// `08A8AAAB9A0610D10718E8C5C05520A5B00D2880EE03-0` (wild)
fn request_id(now: Timestamp, random: [u8; 16], inner_number: u32) -> HeaderValue {
    let mut bytes = Vec::with_capacity(24);
    let (_, tail) = random.split_at(4);
    let number =
        |at: usize| u64::from(u32::from_be_bytes([tail[at], tail[at + 1], tail[at + 2], tail[at + 3]]));
    let fields = [
        (0x08, now.as_unix()),
        (0x10, number(0) % (1 << 7) + (1 << 7)),
        (0x18, number(2) % (1 << 27) + (1 << 21)),
        (0x20, number(5) % (1 << 20) + (1 << 14)),
        (0x28, number(8) % (1 << 20) + (1 << 14)),
    ];
    for (key, value) in fields {
        bytes.push(key);
        push_varint(&mut bytes, value);
    }
    visible(&format!("{}-{inner_number}", base16ct::upper::encode_string(&bytes)))
}

/// Seven bits in each byte, the lowest first. The top bit says that more bytes follow.
fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn visible(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("dates, hex digits and names of mistakes are visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_has_the_format_of_a_real_one() {
        let now = Timestamp::from_unix(1_665_848_616);
        for random in [[0; 16], [0xff; 16]] {
            let id = request_id(now, random, 0);
            let id = id.to_str().unwrap();
            assert!(id.starts_with("08A8AAAB9A0610") && id.ends_with("-0"), "{id}");
            assert_eq!(id.len(), "08A8AAAB9A0610D10718E8C5C05520A5B00D2880EE03-0".len(), "{id}");
        }
    }
}
