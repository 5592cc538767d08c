//! What happened: the last exchanges, stage by stage.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use wechatpay_protocol::{Authorization, Mchid, RequestMessage, ResponseSignature, Timestamp};

use crate::{
    forensics::Diagnosis,
    operations::Outcome,
    rejection::{CHECKS, Rejection},
    stages::{receive::Received, respond::Answer},
};

/// One request and its answer, as the mock saw them.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Counts the exchanges of a mock from 1.
    pub number: u64,
    /// When the request was whole.
    pub at: Timestamp,
    /// The request as it came.
    pub request: Arc<Received>,
    /// The operation, once it was found.
    pub operation: Option<&'static str>,
    /// The merchant, once the request was authenticated.
    pub mchid: Option<Mchid>,
    /// The last stage that the request came to.
    pub stage: Stage,
    /// What ended the exchange in that stage, if it was refused.
    pub rejection: Option<Rejection>,
    /// What is wrong about the signature, if it was refused and diagnosed.
    pub diagnosis: Option<Diagnosis>,
    /// What is odd about the request although it was accepted.
    pub warnings: Vec<Warning>,
    /// The status of the answer.
    pub status: StatusCode,
    /// The headers of the answer.
    pub answer_headers: HeaderMap,
    /// The body of the answer.
    pub answer_body: Bytes,
}

impl Exchange {
    pub(crate) fn new(
        at: Timestamp,
        request: Arc<Received>,
        progress: Progress,
        result: Result<Outcome, Rejection>,
        diagnosis: Option<Diagnosis>,
        answer: Answer,
    ) -> Self {
        let (warnings, rejection) = match result {
            Ok(outcome) => (outcome.warnings, None),
            Err(rejection) => (Vec::new(), Some(rejection)),
        };
        Self {
            number: 0,
            at,
            request,
            operation: progress.operation,
            mchid: progress.mchid,
            stage: progress.stage,
            rejection,
            diagnosis,
            warnings,
            status: answer.status,
            answer_headers: answer.headers,
            answer_body: answer.body,
        }
    }

    /// The checks of [`CHECKS`] that the request passed, from the first on.
    pub fn checks_passed(&self) -> &'static [&'static str] {
        let failed = match &self.rejection {
            None => CHECKS.len() + 1,
            Some(rejection) => rejection.check().map_or(1, usize::from),
        };
        &CHECKS[..failed - 1]
    }

    /// The five lines that the merchant should have signed, if the `Authorization` header can be understood.
    pub fn request_message(&self) -> Option<Vec<u8>> {
        let header = self.request.headers.get(AUTHORIZATION)?;
        let authorization = Authorization::parse(header.as_bytes()).ok()?;
        let message = RequestMessage {
            method: self.request.method.as_str(),
            target: &self.request.target,
            timestamp: authorization.timestamp(),
            nonce_str: authorization.nonce_str(),
            body: &self.request.body,
        };
        Some(message.to_bytes())
    }

    /// The three lines that the gateway signed, if it signed.
    pub fn answer_message(&self) -> Option<Vec<u8>> {
        let signature = ResponseSignature::from_headers(&self.answer_headers).ok()?;
        Some(signature.message(&self.answer_body).to_bytes())
    }
}

/// How far a request has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) operation: Option<&'static str>,
    pub(crate) mchid: Option<Mchid>,
    stage: Stage,
}

impl Progress {
    pub(crate) fn enter(&mut self, stage: Stage) {
        self.stage = stage;
    }
}

/// A stage of an exchange, in the order of the exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The bytes are a whole request.
    #[default]
    Receive,
    /// An operation has this path and method.
    Route,
    /// A merchant signed exactly this.
    Authenticate,
    /// The fields are as the contract says.
    Validate,
    /// The operation took effect.
    Apply,
}

/// Something odd about a request that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The request number was used before for the same content: nothing was applied again.
    Repeated,
    /// `before_bonus_value` is not what is stored.
    StaleBefore {
        /// What the request says.
        sent: i64,
        /// What is stored.
        stored: i64,
    },
    /// `before_bonus_value + add_bonus_value` is not `bonus_value`.
    Arithmetic {
        /// What they add up to.
        sum: i64,
        /// What the request says they add up to.
        sent: i64,
    },
    /// The request number was used before for other content, and is applied all the same.
    RepeatedDifferently,
    /// The body has fields that the documentation does not.
    UnknownFields {
        /// Where they are: `/body/payer/openid`.
        pointers: Vec<String>,
    },
    /// The request asks for a notification, which is not sent.
    NoNotification,
    /// The points are negative.
    NegativeTotal {
        /// The points.
        total: i64,
    },
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Receive => "receive",
            Self::Route => "route",
            Self::Authenticate => "authenticate",
            Self::Validate => "validate",
            Self::Apply => "apply",
        })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated => {
                f.write_str("this out_request_no was used before for the same content: not applied again")
            }
            Self::StaleBefore { sent, stored } => {
                write!(f, "before_bonus_value says {sent}, stored are {stored} points")
            }
            Self::Arithmetic { sum, sent } => {
                write!(f, "before_bonus_value + add_bonus_value is {sum}, bonus_value says {sent}")
            }
            Self::RepeatedDifferently => {
                f.write_str("this out_request_no was used before for other content: applied all the same")
            }
            Self::UnknownFields { pointers } => {
                write!(f, "fields that the documentation does not have were ignored: {}", pointers.join(", "))
            }
            Self::NoNotification => {
                f.write_str("notify_url is given, but the mock sends no notifications yet")
            }
            Self::NegativeTotal { total } => write!(f, "the points are negative: {total}"),
        }
    }
}

/// The last exchanges, bounded by number and by size.
#[derive(Debug)]
pub(crate) struct Journal {
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    exchanges: VecDeque<Arc<Exchange>>,
    recorded: u64,
    bytes: usize,
}

/// The most exchanges that a journal holds. (own choice)
const EXCHANGES: usize = 10_000;
/// The most bytes that they take together, roughly. (own choice)
const BYTES: usize = 16 * 1024 * 1024;

impl Journal {
    pub(crate) fn new() -> Self {
        Self { ring: Mutex::default() }
    }

    /// Numbers the exchange and keeps it; the oldest make room.
    pub(crate) fn record(&self, mut exchange: Exchange) -> Arc<Exchange> {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.recorded += 1;
        exchange.number = ring.recorded;
        let exchange = Arc::new(exchange);
        ring.bytes += size(&exchange);
        ring.exchanges.push_back(exchange.clone());
        while ring.exchanges.len() > EXCHANGES || ring.bytes > BYTES {
            let Some(oldest) = ring.exchanges.pop_front() else { break };
            ring.bytes -= size(&oldest);
        }
        exchange
    }

    /// The exchanges, oldest first.
    pub(crate) fn exchanges(&self) -> Vec<Arc<Exchange>> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.exchanges.iter().cloned().collect()
    }
}

/// What a `HeaderMap` takes for each header that it has room for.
const HEADER_SLOT: usize = 112;
/// What it takes to store a name and a value elsewhere.
const HEADER_TEXT: usize = 48;

/// About how many bytes an exchange takes in memory.
fn size(exchange: &Exchange) -> usize {
    let headers = |headers: &HeaderMap| {
        let texts = headers.iter().map(|(name, value)| HEADER_TEXT + name.as_str().len() + value.len());
        headers.capacity() * HEADER_SLOT + texts.sum::<usize>()
    };
    size_of::<Exchange>()
        + size_of::<Received>()
        + exchange.request.target.len()
        + headers(&exchange.request.headers)
        + exchange.request.body.len()
        + headers(&exchange.answer_headers)
        + exchange.answer_body.len()
        + exchange.diagnosis.as_ref().map_or(0, Diagnosis::size)
}
