//! The request that a case sends: built from parts, or raw bytes.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;
use wechatpay_texts::text;

use super::{Placeholders, strict};

/// The target of the sample call, which every client must be able to make.
pub const SAMPLE_TARGET: &str =
    "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights";

/// The body of the sample call.
pub const SAMPLE_BODY: &str = "{\"before_bonus_value\":500,\"bonus_value\":600,\"add_bonus_value\":100,\
                               \"out_request_no\":\"100002322019090134234sfdf\"}";

/// The request number in [`SAMPLE_BODY`].
const SAMPLE_NUMBER: &str = "100002322019090134234sfdf";

/// A request, before it is signed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "RequestFile")]
pub enum CaseRequest {
    /// The kit builds the bytes.
    Built(BuiltRequest),
    /// The bytes as they are, for requests that no HTTP client would send.
    Raw(RawRequest),
}

/// A request that the kit builds from its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct BuiltRequest {
    /// The method.
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// Headers beside or in place of the usual `Host`, `User-Agent`, `Accept`, `Content-Type` and `Authorization`;
    /// `None` leaves one out.
    pub headers: BTreeMap<String, Option<String>>,
    /// The body, if there is one.
    pub body: Option<Content>,
}

/// A complete request as bytes: request line, headers, empty line and body.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RawRequest {
    /// UTF-8 text. `{authorization}` becomes the value of that header, signed for the method and target in the first
    /// line and for everything after the first empty line.
    Text(String),
    /// Any bytes.
    #[serde(deserialize_with = "from_base64")]
    Base64(Vec<u8>),
}

/// A body, in the form that is easiest to read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// JSON, sent without spaces.
    Json(Value),
    /// UTF-8 text.
    Text(String),
    /// Any bytes.
    #[serde(deserialize_with = "from_base64")]
    Base64(Vec<u8>),
    /// The sample body with its own request number, padded with leading spaces to this length.
    SampleOfLength(usize),
}

/// A request as written in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestFile {
    #[serde(default, deserialize_with = "strict::some")]
    method: Option<String>,
    #[serde(default, deserialize_with = "strict::some")]
    target: Option<String>,
    #[serde(default, deserialize_with = "strict::not_default")]
    headers: BTreeMap<String, Option<String>>,
    #[serde(default, deserialize_with = "strict::some")]
    body: Option<Content>,
    #[serde(default, deserialize_with = "strict::some")]
    raw: Option<RawRequest>,
}

impl TryFrom<RequestFile> for CaseRequest {
    type Error = String;

    fn try_from(file: RequestFile) -> Result<Self, String> {
        let RequestFile { method, target, headers, body, raw } = file;
        match (method, target, raw) {
            (Some(method), Some(target), None) => {
                in_lower_case(headers.keys())?;
                Ok(Self::Built(BuiltRequest { method, target, headers, body }))
            }
            (None, None, Some(raw)) if headers.is_empty() && body.is_none() => Ok(Self::Raw(raw)),
            _ => Err(text!("expected a request of `method` and `target`, or of `raw` alone")),
        }
    }
}

impl CaseRequest {
    /// The method, if the request has one.
    pub fn method(&self) -> &str {
        match self {
            Self::Built(request) => &request.method,
            Self::Raw(request) => request.request_line().next().unwrap_or_default(),
        }
    }

    /// The target, if the request has one.
    pub fn target(&self) -> &str {
        match self {
            Self::Built(request) => &request.target,
            Self::Raw(request) => request.request_line().nth(1).unwrap_or_default(),
        }
    }
}

impl BuiltRequest {
    /// A `GET` with the usual headers.
    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self { method: "GET".into(), target: target.into(), headers: BTreeMap::new(), body: None }
    }
}

impl RawRequest {
    /// The words of the first line.
    fn request_line(&self) -> impl Iterator<Item = &str> {
        let text = match self {
            Self::Text(text) => text,
            Self::Base64(bytes) => str::from_utf8(bytes).unwrap_or_default(),
        };
        text.lines().next().unwrap_or_default().split(' ')
    }
}

impl Content {
    /// The bytes before placeholders are filled in.
    pub(super) fn unfilled(&self) -> Vec<u8> {
        self.bytes(Value::clone, str::to_owned)
    }

    /// The bytes with all placeholders filled in.
    pub(crate) fn to_bytes(&self, placeholders: &Placeholders) -> Vec<u8> {
        self.bytes(|value| placeholders.fill_json(value), |text| placeholders.fill(text))
    }

    fn bytes(&self, json: impl Fn(&Value) -> Value, text: impl Fn(&str) -> String) -> Vec<u8> {
        match self {
            Self::Json(value) => json(value).to_string().into_bytes(),
            Self::Text(content) => text(content).into_bytes(),
            Self::Base64(bytes) => bytes.clone(),
            Self::SampleOfLength(length) => {
                let sample = text(&SAMPLE_BODY.replace(SAMPLE_NUMBER, "{unique}"));
                let padding = " ".repeat(length.saturating_sub(sample.len()));
                (padding + &sample).into_bytes()
            }
        }
    }
}

/// Header names are written in lower case.
pub(super) fn in_lower_case<'a>(names: impl IntoIterator<Item = &'a String>) -> Result<(), String> {
    match names.into_iter().find(|name| **name != name.to_lowercase()) {
        Some(name) => {
            Err(text!("expected the header `{lower}`, found `{name}`", lower = name.to_lowercase()))
        }
        None => Ok(()),
    }
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
}
