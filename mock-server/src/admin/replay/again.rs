//! A request to process again: made from an exchange or a description, and signed anew if wanted.

use std::{borrow::Cow, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version,
    header::{AUTHORIZATION, PROXY_AUTHORIZATION},
};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use wechatpay_protocol::{Authorization, Nonce, RequestMessage, Timestamp, display::quoted};
use wechatpay_texts::{Phrase, phrase, text};

use super::error::ReplayError;
use crate::{
    admin::{error::AdminError, extract::only},
    api::{error::ApiError, non_null::non_null},
    gateway::Gateway,
    journal::{Exchange, Stage},
    merchants::Merchant,
    request::{
        multipart::signed_body,
        receive::{Peer, RawRequest},
    },
};

/// A request in the form that an exchange shows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReplayRequest)]
pub(super) struct NewRequest {
    #[schema(example = "GET")]
    method: String,
    /// Path and query as sent.
    #[schema(example = "/v3/certificates", pattern = "^/")]
    target: String,
    /// Changes nothing.
    #[serde(default, rename = "version", deserialize_with = "non_null")]
    _version: Option<String>,
    #[serde(default)]
    headers: Vec<NewHeader>,
    #[serde(default, deserialize_with = "non_null")]
    body: Option<NewBody>,
}

/// A header: its value as text, or in Base64.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReplayHeader)]
struct NewHeader {
    name: String,
    #[serde(default, deserialize_with = "non_null")]
    value: Option<String>,
    #[serde(default, deserialize_with = "non_null")]
    base64: Option<String>,
}

/// A body: as text, or in Base64.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReplayBody)]
struct NewBody {
    #[serde(default, deserialize_with = "non_null")]
    text: Option<String>,
    #[serde(default, deserialize_with = "non_null")]
    base64: Option<String>,
    /// Whether bytes are missing; then it is refused.
    #[serde(default)]
    cut: bool,
    /// Changes nothing.
    #[serde(default, rename = "length", deserialize_with = "non_null")]
    _length: Option<u64>,
    /// Changes nothing.
    #[serde(default, rename = "json")]
    _json: Option<Value>,
}

/// The peer of a request that nobody sends.
fn nobody(is_tls: bool) -> Peer {
    Peer { address: None, is_tls }
}

/// The request of an exchange, as it arrived.
///
/// # Errors
/// If the journal does not have all of it.
pub(super) fn of_exchange(exchange: &Exchange) -> Result<RawRequest, ReplayError> {
    let (number, request) = (exchange.number, &exchange.request);
    let refused = exchange.error.as_deref().filter(|_| exchange.stage == Stage::Receive);
    if let Some(reason) = refused.map(ApiError::reason) {
        return Err(ReplayError::Incomplete { number, reason });
    }
    check_whole(number, &request.body, request.body_length)?;
    let mut headers = request.headers.to_map();
    // It is for a proxy, and the journal does not have it.
    headers.remove(PROXY_AUTHORIZATION);
    Ok(RawRequest {
        method: request.method.clone(),
        target: request.target.as_ref().into(),
        headers,
        version: request.version,
        body: request.body.clone(),
        body_length: request.body_length,
        peer: nobody(request.is_tls()),
        keeps_alive: true,
    })
}

/// Checks that the journal has the whole body.
pub(in crate::admin) fn check_whole(number: u64, body: &Bytes, length: usize) -> Result<(), ReplayError> {
    let kept = body.len();
    if kept == length { Ok(()) } else { Err(ReplayError::Cut { number, kept, length }) }
}

/// Checks that the journal has the `Authorization`, if the request had one.
pub(super) fn check_authorization(request: &RawRequest) -> Result<(), ReplayError> {
    let is_masked = |value: &HeaderValue| matches!(Authorization::masked(value.as_bytes()), Cow::Owned(_));
    match request.headers.get_all(AUTHORIZATION).iter().any(is_masked) {
        true => Err(ReplayError::Masked),
        false => Ok(()),
    }
}

/// Signs the request as the merchant that its `Authorization` names, or as the first merchant.
pub(super) fn sign(request: &mut RawRequest, gateway: &Gateway, at: Timestamp) -> Result<(), ReplayError> {
    let authorization = {
        let merchant = signer(request, gateway)?;
        let operation = gateway.contract.route(&request.method, request.path()).ok();
        let body = operation.map(|operation| signed_body(operation, request).bytes);
        let nonce = Nonce::from_random(gateway.randomness.bytes());
        let message = RequestMessage {
            method: request.method.as_str(),
            target: &request.target,
            timestamp: at,
            nonce_str: nonce.as_str(),
            body: body.unwrap_or(&request.body),
        };
        let no_key = || ReplayError::NoPrivateKey { mchid: merchant.mchid.clone() };
        merchant.authorization(&message, &nonce).ok_or_else(no_key)?
    };
    if let Ok(value) = authorization.to_string().parse() {
        // The first of several stays where it is. There is room for one more, or the signature is found missing.
        let _ = request.headers.try_insert(AUTHORIZATION, value);
    }
    Ok(())
}

fn signer(request: &RawRequest, gateway: &Gateway) -> Result<Arc<Merchant>, ReplayError> {
    let value = request.headers.get(AUTHORIZATION);
    let named = value.and_then(|value| Authorization::parse(value.as_bytes()).ok());
    let unknown = |mchid: &str| ReplayError::UnknownMerchant { mchid: mchid.into() };
    match &named {
        Some(named) => gateway.merchants.merchant(named.mchid()).ok_or_else(|| unknown(named.mchid())),
        None => gateway.merchants.first().ok_or_else(|| unknown("none")),
    }
}

/// The same for the gateway, which receives it.
pub(super) fn into_http(raw: RawRequest) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(raw.body));
    *request.method_mut() = raw.method;
    // It was one when it arrived.
    *request.uri_mut() = raw.target.parse().unwrap_or_default();
    *request.version_mut() = raw.version;
    *request.headers_mut() = raw.headers;
    request
}

impl NewRequest {
    /// The request.
    ///
    /// # Errors
    /// The field that no request can have.
    pub(super) fn read(self) -> Result<RawRequest, AdminError> {
        let expected = |what: Phrase, found: &str| {
            AdminError::Body(text!("request.{what}, found {found}", found = quoted(found)))
        };
        let method = Method::from_bytes(self.method.as_bytes())
            .map_err(|_| expected(phrase!("method: expected an HTTP method"), &self.method))?;
        let uri = self.target.parse::<Uri>().ok().filter(|uri| uri.path_and_query().is_some());
        if uri.is_none() || !self.target.starts_with('/') || self.target.contains('#') {
            let what = phrase!("target: expected path and query, percent-encoded, at most 65,534 bytes");
            return Err(expected(what, &self.target));
        }
        let mut headers = HeaderMap::new();
        for NewHeader { name, value, base64 } in self.headers {
            let bytes = bytes(value, base64, phrase!("request.headers: the value of a header").text())?;
            let parsed = HeaderName::try_from(&name).ok().zip(HeaderValue::try_from(bytes).ok());
            let header = parsed.ok_or_else(|| expected(phrase!("headers: expected a header"), &name))?;
            if header.0 != PROXY_AUTHORIZATION {
                let too_many = |_| expected(phrase!("headers: expected fewer"), &name);
                headers.try_append(header.0, header.1).map_err(too_many)?;
            }
        }
        let body = match self.body {
            None => Vec::new(),
            Some(NewBody { cut: true, .. }) => {
                return Err(AdminError::Body(text!("request.body.cut: expected a whole body, found a part")));
            }
            Some(NewBody { text, base64, .. }) => bytes(text, base64, "request.body")?,
        };
        Ok(RawRequest {
            method,
            target: self.target,
            headers,
            version: Version::HTTP_11,
            body_length: body.len(),
            body: body.into(),
            peer: nobody(false),
            keeps_alive: true,
        })
    }
}

/// The bytes of a text, or of Base64.
fn bytes(text: Option<String>, base64: Option<String>, what: &str) -> Result<Vec<u8>, AdminError> {
    match only([text.map(Ok), base64.map(Err)], phrase!("text (of a header, value) and base64"))? {
        Ok(text) => Ok(text.into_bytes()),
        Err(base64) => BASE64_STANDARD.decode(&base64).map_err(|_| {
            AdminError::Body(text!("{what}: expected Base64, found {found}", found = quoted(&base64)))
        }),
    }
}
