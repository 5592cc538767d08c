//! Every way to refuse a call: the one table of statuses and texts.

use std::net::SocketAddr;

use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue, StatusCode,
    header::{ALLOW, WWW_AUTHENTICATE},
};
use serde::Serialize;
use utoipa::ToSchema;
use wechatpay_protocol::Mchid;

use crate::{
    admin::extract::Json,
    api::error::ApiError,
    faults::{FaultId, RuleError},
    merchants::ProvisionError,
};

/// Why a call is refused. The text says what was expected, what was found, and what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdminError {
    /// The request did not arrive whole, or is too large.
    #[error("{}", .0.reason())]
    Receive(ApiError),
    #[error("expected one Host header, found {found}")]
    Hosts { found: usize },
    #[error(
        "expected a Host that is this machine's own (localhost, 127.0.0.1, [::1], or the address that the mock listens \
         on), found {found}; call it by such a name, or start it with --admin-token"
    )]
    Host { found: String },
    #[error(
        "expected no Origin, or the same host as in Host, found {found}; pages of other origins may not control the mock"
    )]
    Origin { found: String },
    #[error(
        "expected no Sec-Fetch-Site, or same-origin or none, found {found}; pages of other origins may not control the \
         mock"
    )]
    Site { found: String },
    #[error(
        "expected the header Authorization: Bearer TOKEN, with the token that the mock was started with, found {found}"
    )]
    Token { found: &'static str },
    #[error(
        "/__mock/ is off: the mock must listen on a loopback address or have a token, but listens on {address} and has \
         none; start it with --admin-token, or with --listen 127.0.0.1:{}", .address.port()
    )]
    Off { address: SocketAddr },
    #[error("expected one of the paths that GET /__mock/ lists, found {found}; did you mean {nearest}?")]
    UnknownPath { found: String, nearest: &'static str },
    #[error("expected {allow}, found {found}")]
    UnknownMethod { allow: String, found: String },
    #[error("{0}; GET /__mock/openapi.json describes every call")]
    Query(String),
    #[error("{0}; GET /__mock/openapi.json describes every call")]
    Body(String),
    #[error("fault rule: {0}")]
    Rule(#[from] RuleError),
    #[error("{0}")]
    Provision(#[from] ProvisionError),
    #[error("other new keys are still being generated, one at a time; try again")]
    KeysBusy,
    #[error(
        "expected the mchid of a merchant that was made at run time, found {mchid}, which is one of the configuration's \
         and stays"
    )]
    Configured { mchid: Mchid },
    #[error("expected the mchid of a merchant, found {found}; GET /__mock/merchants lists them")]
    NoMerchant { found: String },
    #[error("expected the name of a fault rule, found {id}; GET /__mock/faults lists them")]
    NoFault { id: FaultId },
    #[error("expected the number of an exchange, found {number}; the last one is {last}")]
    NoExchangeYet { number: u64, last: u64 },
    #[error(
        "exchange {number} is no longer there: it was deleted, or made room for others; limits.journal_exchanges and \
         journal_bytes give the journal more"
    )]
    ExchangeEvicted { number: u64 },
}

/// The body of a refusal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Error {
    /// What was expected, what was found, and what to do.
    #[schema(min_length = 1)]
    message: String,
}

impl AdminError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Receive(error) => error.status(),
            Self::Rule(RuleError::TooMany { .. })
            | Self::Provision(_)
            | Self::KeysBusy
            | Self::Configured { .. } => StatusCode::CONFLICT,
            Self::Hosts { .. } | Self::Query(_) | Self::Body(_) | Self::Rule(_) => StatusCode::BAD_REQUEST,
            Self::Token { .. } => StatusCode::UNAUTHORIZED,
            Self::Host { .. } | Self::Origin { .. } | Self::Site { .. } => StatusCode::FORBIDDEN,
            Self::Off { .. }
            | Self::UnknownPath { .. }
            | Self::NoMerchant { .. }
            | Self::NoFault { .. }
            | Self::NoExchangeYet { .. }
            | Self::ExchangeEvicted { .. } => StatusCode::NOT_FOUND,
            Self::UnknownMethod { .. } => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// Whether only a token is missing: nothing suggests that a foreign web page is calling.
    pub(super) fn is_about_token(&self) -> bool {
        matches!(self, Self::Token { .. } | Self::Off { .. })
    }
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        let message = truncated(&self.to_string(), LONGEST);
        let mut response = (self.status(), Json::of(&Error { message })).into_response();
        let header = match &self {
            Self::Token { .. } => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::UnknownMethod { allow, .. } => allow.parse().ok().map(|allow| (ALLOW, allow)),
            _ => None,
        };
        response.headers_mut().extend(header);
        response
    }
}

/// Characters of a message at most. Some quote what was sent, which may be a megabyte.
const LONGEST: usize = 2000;

/// Characters of what was sent that a message shows.
pub(super) const SHOWN: usize = 64;

/// The beginning of what was sent, in quotes, with control characters escaped.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

/// The text, or its beginning and `…`.
pub(super) fn truncated(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_that_is_too_long_is_truncated() {
        let most = "会".repeat(9);
        assert_eq!(truncated(&most, 9), most);
        assert_eq!(truncated(&(most.clone() + "员"), 9), most + "…");
    }
}
