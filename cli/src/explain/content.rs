//! What a message is: whose, for which operation, and what of it is signed.

use http::Method;
use wechatpay_mock::upload_meta;
use wechatpay_openapi::{Contract, Operation};

use super::{
    capture::{Message, Start},
    outcome::Unsigned,
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    Answer,
    Callback,
}

/// Whether a merchant sent it to the gateway.
pub(super) fn is_request(message: &Message) -> bool {
    let has_scheme = |value: &str| {
        value.trim_start().get(..10).is_some_and(|scheme| scheme.eq_ignore_ascii_case("WECHATPAY2"))
    };
    let is_signed = message.header("Authorization").is_some_and(has_scheme);
    let is_to_gateway = || {
        let is_callback = message.header("Wechatpay-Signature").is_some();
        !is_callback && first_line(message).is_some_and(|(_, target)| target.starts_with("/v3/"))
    };
    is_signed && !matches!(message.start, Start::Response { .. }) || is_to_gateway()
}

pub(super) fn first_line(message: &Message) -> Option<(&str, &str)> {
    match &message.start {
        Start::Request { method, target } => Some((method, target)),
        Start::Response { .. } | Start::Unknown => None,
    }
}

/// Whether a query may let its reader fetch something, such as a bill.
pub(super) fn has_token(target: &str) -> bool {
    let query = target.split_once('?').map_or("", |(_, query)| query).to_ascii_lowercase();
    ["token", "secret", "key", "password"].iter().any(|word| query.contains(word))
}

fn path(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

pub(super) fn title(start: &Start) -> Option<String> {
    match start {
        Start::Request { method, target } => Some(format!("{method} {}", path(target))),
        Start::Response { status } => Some(status.to_string()),
        Start::Unknown => None,
    }
}

/// The operation that a request is for.
pub(super) fn operation(request: &Message) -> Option<&'static Operation> {
    let (method, target) = first_line(request)?;
    Contract::current().route(&Method::from_bytes(method.as_bytes()).ok()?, path(target)).ok()
}

/// What a request's signature covers: of an upload, the part `meta`.
pub(super) fn signed_body(request: &Message) -> &[u8] {
    let meta = request.header("Content-Type").and_then(|value| upload_meta(value, &request.body));
    meta.unwrap_or(&request.body)
}

/// The gateway signs every success that is not a file.
pub(super) fn unsigned(message: &Message, request: Option<&Message>, kind: Kind) -> Unsigned {
    let is_file = || request.and_then(operation).is_some_and(|operation| !operation.is_signed());
    match message.start {
        Start::Unknown => Unsigned::WithoutHeaders,
        Start::Response { status }
            if kind == Kind::Answer && (!(200..300).contains(&status) || is_file()) =>
        {
            Unsigned::Rightly
        }
        Start::Request { .. } | Start::Response { .. } => Unsigned::Wrongly,
    }
}
