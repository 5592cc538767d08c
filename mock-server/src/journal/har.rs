//! Exchanges as an HTTP archive (HAR 1.2), which browsers and many tools open.
//!
//! <http://www.softwareishard.com/blog/har-12-spec/>

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use wechatpay_protocol::Timestamp;
use wechatpay_texts::{phrase, text};

use crate::{
    api::error::ApiError,
    faults::ActiveFault,
    journal::{Attempted, Exchange, Headers, Page, Stage, content::Content, stage::milliseconds},
    request::query_pairs,
    store::Outcome,
};

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Archive {
    log: Log,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HarLog)]
struct Log {
    #[schema(pattern = r"^1\.2$")]
    version: &'static str,
    creator: Creator,
    #[schema(max_items = 1000)]
    entries: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HarCreator)]
struct Creator {
    name: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HarEntry)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    #[schema(format = DateTime)]
    started_date_time: String,
    #[schema(minimum = 0)]
    time: f64,
    request: Request,
    response: Response,
    cache: Cache,
    timings: Timings,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    /// The exchange's number; 0 for a callback. The specification reserves names with `_` for the program that writes the
    /// file.
    #[serde(rename = "_number")]
    number: u64,
    /// The callback's number, if the mock sent it.
    #[serde(rename = "_callback", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    callback: Option<u64>,
    /// The time that the request was checked by, in Unix seconds, if it is not the second in which it started.
    #[serde(rename = "_checkedAt", skip_serializing_if = "Option::is_none")]
    checked_at: Option<u64>,
}

/// HAR requires it; the mock has no cache.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HarCache)]
struct Cache {}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HarTimings)]
struct Timings {
    #[schema(minimum = 0)]
    send: f64,
    #[schema(minimum = 0)]
    wait: f64,
    #[schema(minimum = 0)]
    receive: f64,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HarRequest)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    #[schema(pattern = "^https?://")]
    url: String,
    http_version: String,
    #[schema(value_type = Vec<Pair>, max_items = 0)]
    cookies: [Pair; 0],
    headers: Vec<Pair>,
    query_string: Vec<Pair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData>,
    #[schema(minimum = -1, maximum = -1)]
    headers_size: i8,
    body_size: usize,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HarPostData)]
#[serde(rename_all = "camelCase")]
struct PostData {
    mime_type: String,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HarResponse)]
#[serde(rename_all = "camelCase")]
struct Response {
    /// 0 if no response was sent; then all other fields are empty.
    #[schema(maximum = 599)]
    status: u16,
    status_text: &'static str,
    http_version: String,
    #[schema(value_type = Vec<Pair>, max_items = 0)]
    cookies: [Pair; 0],
    headers: Vec<Pair>,
    content: ResponseContent,
    #[serde(rename = "redirectURL")]
    #[schema(max_length = 0)]
    redirect_url: &'static str,
    #[schema(minimum = -1, maximum = -1)]
    headers_size: i8,
    body_size: usize,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HarResponseContent)]
#[serde(rename_all = "camelCase")]
struct ResponseContent {
    size: usize,
    mime_type: String,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = HarPair)]
struct Pair {
    name: String,
    value: String,
}

/// An unknown size.
const UNKNOWN: i8 = -1;

impl Archive {
    /// The archive of these exchanges, without its entries.
    pub(crate) fn without_entries(page: &Page) -> Self {
        let last = page.exchanges.last().filter(|_| page.has_more);
        let comment =
            last.map(|last| text!("there are more: continue with after={number}", number = last.number));
        let creator = Creator { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };
        Self { log: Log { version: "1.2", creator, entries: Vec::new(), comment } }
    }
}

impl Entry {
    /// The entry of this exchange. The mock listens on `address`.
    pub(crate) fn of(exchange: &Exchange, address: SocketAddr) -> Self {
        let send = exchange.times.of(Stage::Receive);
        let wait = exchange.times.total() - send
            + exchange.fault.as_ref().and_then(|one| one.latency).unwrap_or_default();
        let (send, wait) = (milliseconds(send), milliseconds(wait));
        Self {
            started_date_time: date_time(exchange.begun),
            time: send + wait,
            request: Request::of(exchange, address),
            response: Response::of(exchange),
            cache: Cache {},
            timings: Timings { send, wait, receive: 0.0 },
            comment: comment(exchange),
            number: exchange.number,
            callback: None,
            checked_at: Some(exchange.checked_at.signing.as_unix())
                .filter(|at| *at != exchange.begun.as_secs()),
        }
    }

    /// The entry of an attempt to deliver a callback; `None` if nothing was sent.
    pub(crate) fn of_attempt(attempted: &Attempted) -> Option<Self> {
        let attempt = &attempted.attempt;
        let sent = attempt.sent.as_ref()?;
        let wait = milliseconds(attempt.took);
        let headers: Vec<_> = sent
            .headers
            .iter()
            .map(|(name, value)| Pair { name: name.clone(), value: value.clone() })
            .collect();
        let length = sent.body.len();
        Some(Self {
            started_date_time: date_time(Duration::from_secs(attempt.at.as_unix())),
            time: wait,
            request: Request {
                method: "POST".into(),
                url: sent.url.clone(),
                http_version: "HTTP/1.1".into(),
                cookies: [],
                headers,
                query_string: query(sent.url.split_once('?').map_or("", |(_, query)| query)),
                post_data: Some(PostData {
                    mime_type: "application/json".into(),
                    text: lossy(&sent.body),
                    comment: None,
                }),
                headers_size: UNKNOWN,
                body_size: length,
            },
            response: Response::of_receiver(&attempt.outcome),
            cache: Cache {},
            timings: Timings { send: 0.0, wait, receive: 0.0 },
            comment: Some(attempted.to_string()),
            number: 0,
            callback: Some(attempted.callback),
            checked_at: None,
        })
    }
}

impl Request {
    fn of(exchange: &Exchange, address: SocketAddr) -> Self {
        let request = &exchange.request;
        let host = request.headers.text(&HOST);
        let host = host.map_or_else(|| address.to_string(), Into::into);
        Self {
            method: request.method.to_string(),
            url: format!("{}://{host}{}", request.peer.scheme(), request.target),
            http_version: format!("{:?}", request.version),
            cookies: [],
            headers: headers(&request.headers),
            query_string: query(request.query()),
            post_data: (request.body_length > 0).then(|| PostData::of(exchange)),
            headers_size: UNKNOWN,
            body_size: request.body_length,
        }
    }
}

impl PostData {
    fn of(exchange: &Exchange) -> Self {
        let request = &exchange.request;
        let (text, is_base64) = text(&request.body, request.body_length);
        let mut notes = Vec::new();
        // The specification has a field for this in responses, but not in requests.
        notes.extend(is_base64.then(|| "base64".to_owned()));
        notes.extend(cut(&request.body, request.body_length));
        let comment = (!notes.is_empty()).then(|| notes.join(phrase!("; ").text()));
        Self { mime_type: mime_type(&request.headers), text, comment }
    }
}

impl Response {
    fn of(exchange: &Exchange) -> Self {
        let Some(status) = exchange.status else { return Self::none() };
        let (body, length) = (&exchange.response_body, exchange.response_body_length);
        let (text, is_base64) = text(body, length);
        Self {
            status: status.as_u16(),
            status_text: status.canonical_reason().unwrap_or_default(),
            // A response has the version of its request.
            http_version: format!("{:?}", exchange.request.version),
            cookies: [],
            headers: headers(&exchange.response_headers),
            content: ResponseContent {
                size: length,
                mime_type: mime_type(&exchange.response_headers),
                text,
                encoding: is_base64.then_some("base64"),
                comment: cut(body, length),
            },
            redirect_url: "",
            headers_size: UNKNOWN,
            body_size: length,
        }
    }

    /// A receiver's response to a callback, of which the status and the beginning of the body are kept.
    fn of_receiver(outcome: &Outcome) -> Self {
        let Outcome::Answered { status, body } = outcome else { return Self::none() };
        let content = ResponseContent { size: body.len(), text: lossy(body), ..Self::none().content };
        Self {
            status: status.as_u16(),
            status_text: status.canonical_reason().unwrap_or_default(),
            http_version: "HTTP/1.1".into(),
            content,
            body_size: body.len(),
            ..Self::none()
        }
    }

    /// No response, in the form that browsers write.
    fn none() -> Self {
        Self {
            status: 0,
            status_text: "",
            http_version: String::new(),
            cookies: [],
            headers: Vec::new(),
            content: ResponseContent {
                size: 0,
                mime_type: String::new(),
                text: String::new(),
                encoding: None,
                comment: None,
            },
            redirect_url: "",
            headers_size: UNKNOWN,
            body_size: 0,
        }
    }
}

/// Why the request was refused, and the fault that applied to it. HAR has no fields for these.
fn comment(exchange: &Exchange) -> Option<String> {
    let refused = exchange.error.as_deref().filter(|error| !error.is_injected());
    let diagnosis = exchange.diagnosis.as_ref().map(ToString::to_string);
    let why = diagnosis.or_else(|| refused.map(ApiError::reason));
    let fault = exchange.fault.as_deref().map(ActiveFault::label).map(|named| text!("fault {named}"));
    let notes: Vec<_> = why.into_iter().chain(fault).collect();
    (!notes.is_empty()).then(|| notes.join(phrase!("; ").text()))
}

fn text(kept: &[u8], length: usize) -> (String, bool) {
    match Content::of(kept, kept.len() < length) {
        Content::Text(text) => (text, false),
        Content::Base64(text) => (text, true),
    }
}

fn cut(kept: &Bytes, length: usize) -> Option<String> {
    (kept.len() < length).then(|| text!("the journal kept {kept} of {length} bytes", kept = kept.len()))
}

fn mime_type(headers: &Headers) -> String {
    headers.get(&CONTENT_TYPE).map_or_else(String::new, lossy)
}

fn headers(headers: &Headers) -> Vec<Pair> {
    headers.iter().map(|(name, value)| Pair { name: name.into(), value: lossy(value) }).collect()
}

fn query(query: &str) -> Vec<Pair> {
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    query_pairs(query).map(|(name, value)| Pair { name: decoded(name), value: decoded(value) }).collect()
}

/// A time as RFC 3339 with milliseconds.
fn date_time(since_1970: Duration) -> String {
    let seconds = Timestamp::from_unix(since_1970.as_secs()).to_rfc3339();
    let (seconds, offset) = seconds.split_at(seconds.len() - OFFSET.len());
    format!("{seconds}.{:03}{offset}", since_1970.subsec_millis())
}

/// Every timestamp ends with an offset of this length.
const OFFSET: &str = "+08:00";

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
