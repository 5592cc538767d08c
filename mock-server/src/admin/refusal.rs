//! Every way to refuse a call: the one table of statuses and texts.

use std::net::SocketAddr;

use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{ALLOW, WWW_AUTHENTICATE},
};
use serde::Serialize;
use wechatpay_protocol::Mchid;

use crate::{
    admin::answer::Answer,
    api::error::ApiError,
    faults::{FaultId, RuleError},
    merchants::ProvisionError,
};

/// Why a call is refused. The text says what was expected, what was found, and what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// The request did not arrive whole, or is too large.
    #[error("{}", .0.reason())]
    RawRequest(ApiError),
    #[error("expected one Host header, found {found}")]
    Hosts { found: usize },
    #[error(
        "expected a Host that is this machine's own (localhost, 127.0.0.1, [::1], or the address that the mock listens \
         on), found {}; call it by such a name, or start it with --admin-token", shown(.found.as_deref())
    )]
    Host { found: Option<String> },
    #[error(
        "expected no Origin, or the same host as in Host, found {}; pages of other origins may not steer the mock",
        quoted(.found)
    )]
    Origin { found: String },
    #[error(
        "expected no Sec-Fetch-Site, or same-origin or none, found {}; pages of other origins may not steer the mock",
        quoted(.found)
    )]
    Site { found: String },
    #[error(
        "expected the header Authorization: Bearer TOKEN, with the token that the mock was started with, found none"
    )]
    NoToken,
    #[error(
        "expected the header Authorization: Bearer TOKEN, with the token that the mock was started with, found another"
    )]
    WrongToken,
    #[error(
        "/__mock/ is off: expected a mock that listens on a loopback address or has a token, this one listens on \
         {address} and has none; start it with --admin-token, or with --listen 127.0.0.1:{}", .address.port()
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
    ProvisionError(#[from] ProvisionError),
    #[error(
        "new keys are being made, one after another, and this one's turn did not come in time; try again"
    )]
    NoTurn,
    #[error(
        "expected the mchid of a merchant that was made, found {mchid}, which is one of the configuration's and stays"
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
    ExchangeForgotten { number: u64 },
}

/// The body of a refusal.
#[derive(Debug, Serialize)]
struct ErrorBody {
    message: String,
}

impl Refusal {
    /// The status of the answer.
    fn status(&self) -> StatusCode {
        match self {
            Self::RawRequest(rejection) => rejection.status(),
            Self::Hosts { .. } | Self::Query(_) | Self::Body(_) => StatusCode::BAD_REQUEST,
            Self::NoToken | Self::WrongToken => StatusCode::UNAUTHORIZED,
            Self::Host { .. } | Self::Origin { .. } | Self::Site { .. } => StatusCode::FORBIDDEN,
            Self::Off { .. }
            | Self::UnknownPath { .. }
            | Self::NoMerchant { .. }
            | Self::NoFault { .. }
            | Self::NoExchangeYet { .. }
            | Self::ExchangeForgotten { .. } => StatusCode::NOT_FOUND,
            Self::UnknownMethod { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Rule(RuleError::TooMany { .. })
            | Self::ProvisionError(_)
            | Self::NoTurn
            | Self::Configured { .. } => StatusCode::CONFLICT,
            Self::Rule(
                RuleError::NotOneFault { .. }
                | RuleError::Range { .. }
                | RuleError::AlwaysApplied { .. }
                | RuleError::NotLasting
                | RuleError::UnknownMerchant { .. }
                | RuleError::UnknownOperation { .. },
            ) => StatusCode::BAD_REQUEST,
        }
    }

    /// The header that the status asks for.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::NoToken | Self::WrongToken => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::UnknownMethod { allow, .. } => Some((ALLOW, allow.parse().ok()?)),
            _ => None,
        }
    }

    /// Whether only the token is wanting: nothing says that a web page of somebody else's is asking.
    pub(super) fn is_for_want_of_a_token(&self) -> bool {
        matches!(self, Self::NoToken | Self::WrongToken | Self::Off { .. })
    }

    /// The answer that says so.
    pub(super) fn to_answer(&self) -> Answer {
        let mut message = self.to_string();
        if let Some((end, _)) = message.char_indices().nth(LONGEST) {
            message.truncate(end);
            message.push('…');
        }
        Answer::json(self.status(), &ErrorBody { message }).with(self.header())
    }
}

/// The most characters of a text. Some quote what was sent, which may be a megabyte.
const LONGEST: usize = 2000;

/// The most characters of what was sent that a refusal shows.
const SHOWN: usize = 64;

/// The beginning of what was sent, in quotes, with what steers a terminal written out.
pub(super) fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

fn shown(found: Option<&str>) -> String {
    found.map_or_else(|| "none".into(), quoted)
}
