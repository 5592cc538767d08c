//! Every way to refuse a call: the only table of statuses and texts.

use std::{net::SocketAddr, time::Duration};

use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue, StatusCode,
    header::{ALLOW, WWW_AUTHENTICATE},
};
use serde::Serialize;
use utoipa::ToSchema;
use wechatpay_protocol::{Mchid, display::truncate};
use wechatpay_texts::{Phrase, Text, phrase};

use crate::{
    admin::{json::Json, replay::error::ReplayError},
    api::{error::ApiError, suggest::advice},
    faults::{FaultId, RuleError},
    merchants::ProvisionError,
    notify::TriggerError,
    payer::PaymentError,
    store::UnavailableError,
};

/// Why a call is refused. The text says what was expected, what was found, and what to do.
#[derive(Debug, Text, thiserror::Error)]
pub(super) enum AdminError {
    /// The request is incomplete or too large.
    #[text(transparent)]
    Receive(Box<ApiError>),
    #[text("expected one Host header, found {found}")]
    Hosts { found: usize },
    #[text(
        "expected a Host that names this machine (localhost, 127.0.0.1, [::1], or the address that the mock listens \
         on), found {found}; use one of these in the URL, or start the mock with --admin-token"
    )]
    Host { found: String },
    #[text(
        "expected no Origin, or one with the host in Host, found {found}; pages of other origins may not control \
         the mock"
    )]
    Origin { found: String },
    #[text(
        "expected Sec-Fetch-Site to be absent, same-origin or none, found {found}; pages of other origins may not \
         control the mock"
    )]
    Site { found: String },
    #[text(
        "expected the header Authorization: Bearer TOKEN, with the token that the mock was started with, found {found}"
    )]
    Token { found: Phrase },
    #[text(
        "/__mock/ is off: the mock must listen on a loopback address or have a token, but listens on {address} and has \
         none; start it with --admin-token, or with --listen 127.0.0.1:{port}",
        port = address.port()
    )]
    Off { address: SocketAddr },
    #[text("expected one of the paths that GET /__mock/ lists, found {found}; did you mean {nearest}?")]
    UnknownPath { found: String, nearest: &'static str },
    #[text("expected {allow}, found {found}")]
    UnknownMethod { allow: String, found: String },
    #[text("{0}; GET /__mock/openapi.json describes every call")]
    Query(String),
    #[text("{0}; GET /__mock/openapi.json describes every call")]
    Body(String),
    #[text("fault rule: {0}")]
    Rule(#[from] RuleError),
    #[text(transparent)]
    Provision(#[from] ProvisionError),
    #[text("other merchants are still being created; try again")]
    KeysBusy,
    #[text(
        "the call took longer than {seconds} s; narrow it, for example with merchant or after, or raise limits.admin_timeout",
        seconds = limit.as_secs()
    )]
    TooLong { limit: Duration },
    #[text(
        "too many calls are in memory, or their responses wait to be read; try again, or raise limits.admin_bytes"
    )]
    NoRoom,
    #[text(
        "expected at most {most} open streams of /__mock/events, found {most} others; close one: each open page of \
         /__mock/ui/ has one"
    )]
    NoStream { most: usize },
    #[text(
        "expected the mchid of a merchant that was created at run time, found {mchid}, which is configured and cannot \
         be removed"
    )]
    Configured { mchid: Mchid },
    #[text("expected the mchid of a merchant, found {found}; GET /__mock/merchants lists them")]
    NoMerchant { found: String },
    #[text(
        "expected a family of operations, found {found}{advice}",
        advice = advice(near, phrase!("GET /__mock/operations has the family of each").text())
    )]
    NoFamily { found: String, near: String },
    #[text(
        "expected a kind of document, found {found}{advice}",
        advice = advice(near, phrase!("GET /__mock/documents lists them").text())
    )]
    NoKind { found: String, near: String },
    #[text(
        "expected the key of a document of the kind {kind}, found {found}; GET /__mock/documents?kind= lists them"
    )]
    NoDocument { kind: String, found: String },
    #[text(transparent)]
    Authority(String),
    #[text("expected the id of a fault rule, found {id}; GET /__mock/faults lists them")]
    NoFault { id: FaultId },
    #[text(transparent)]
    Trigger(#[from] TriggerError),
    #[text(transparent)]
    Payment(#[from] PaymentError),
    #[text(
        "expected the number of a callback, found {number}; the last one is {last}. Old ones are forgotten: limits.callbacks \
         and limits.callback_bytes keep more"
    )]
    NoCallback { number: u64, last: u64 },
    #[text("callback {number} is being sent; try again when this attempt has ended")]
    CallbackBusy { number: u64 },
    #[text(transparent)]
    Store(#[from] UnavailableError),
    #[text("expected the mock that Mock-Id names, found another at its address")]
    OtherMock,
    #[text(transparent)]
    Replay(#[from] ReplayError),
    #[text(
        "expected a caller on this machine, found {found}; decrypted fields are shown to no other, whatever token it has"
    )]
    Far { found: String },
    #[text("expected the number of an exchange, found {number}; the last one is {last}")]
    NoExchangeYet { number: u64, last: u64 },
    #[text(
        "exchange {number} is no longer in the journal: it was deleted or evicted; raise limits.journal_exchanges and \
         limits.journal_bytes to keep more"
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
            Self::TooLong { .. }
            | Self::NoRoom
            | Self::NoStream { .. }
            | Self::Authority(_)
            | Self::Store(_)
            | Self::Provision(ProvisionError::Store { .. })
            | Self::Rule(RuleError::Store { .. })
            | Self::Trigger(TriggerError::Unavailable { .. })
            | Self::Payment(PaymentError::Unavailable { .. }) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Rule(RuleError::TooMany { .. } | RuleError::TooLarge { .. })
            | Self::Provision(_)
            | Self::KeysBusy
            | Self::CallbackBusy { .. }
            | Self::Replay(_)
            | Self::Payment(PaymentError::Refused { .. } | PaymentError::SeveralOrders { .. })
            | Self::Configured { .. } => StatusCode::CONFLICT,
            Self::Hosts { .. } | Self::Query(_) | Self::Body(_) | Self::Rule(_) | Self::Trigger(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Token { .. } => StatusCode::UNAUTHORIZED,
            Self::Host { .. } | Self::Origin { .. } | Self::Site { .. } | Self::Far { .. } => {
                StatusCode::FORBIDDEN
            }
            Self::Off { .. }
            | Self::UnknownPath { .. }
            | Self::NoMerchant { .. }
            | Self::Payment(
                PaymentError::UnknownMerchant { .. }
                | PaymentError::UnknownOrder { .. }
                | PaymentError::UnknownServiceOrder { .. }
                | PaymentError::UnknownTransfer { .. },
            )
            | Self::NoFamily { .. }
            | Self::NoKind { .. }
            | Self::NoDocument { .. }
            | Self::NoFault { .. }
            | Self::NoCallback { .. }
            | Self::NoExchangeYet { .. }
            | Self::ExchangeEvicted { .. } => StatusCode::NOT_FOUND,
            Self::OtherMock => StatusCode::MISDIRECTED_REQUEST,
            Self::UnknownMethod { .. } => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// Whether only the token is missing or wrong: nothing suggests that a web page of another origin is calling.
    pub(super) fn is_about_token(&self) -> bool {
        matches!(self, Self::Token { .. } | Self::Off { .. })
    }
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        let message = truncate(&self.to_string(), LONGEST).into_owned();
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

/// The most characters in a message. Some messages quote the request, which may be a megabyte.
pub(super) const LONGEST: usize = 2000;
