//! An exchange in short.

use serde::Serialize;
use utoipa::ToSchema;
use wechatpay_diagnosis::Diagnosis;
use wechatpay_protocol::Mchid;

use crate::{admin::error::truncated, faults::ActiveFault, journal::Exchange};

/// The most important about an exchange. Small, whatever was sent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Summary<'a> {
    /// Counts the exchanges of a mock from 1.
    #[schema(minimum = 1)]
    number: u64,
    /// When the request was complete, in Unix seconds of the mock's clock.
    at: u64,
    method: String,
    /// Path and query as sent; a long one ends in ….
    #[schema(max_length = 1025)]
    target: String,
    /// The operationId, once an operation was found.
    #[schema(required)]
    operation: Option<&'static str>,
    /// The merchant that Authorization names, if there is one with that number.
    #[schema(required, pattern = "^[0-9]{1,32}$")]
    merchant: Option<&'a str>,
    /// Whether the merchant's signature verified.
    authenticated: bool,
    /// The status of the response; null if a fault kept all of it from being sent.
    #[schema(required, minimum = 200, maximum = 599)]
    status: Option<u16>,
    /// The code in the response, if an error with a code was sent.
    #[schema(required)]
    code: Option<&'a str>,
    /// The fault that struck it; custom for an error in a rule's own words, latency if there is nothing else.
    #[schema(required, pattern = "^[a-z]+(-[a-z]+)*$")]
    fault: Option<&'static str>,
    /// What is wrong with the signature: the names of the mistakes, joined by +.
    #[schema(required)]
    diagnosis: Option<String>,
    /// How many.
    warnings: usize,
    /// How long all stages took together.
    microseconds: u64,
    /// The line that the log has for it; a long one ends in ….
    #[schema(max_length = 513)]
    line: String,
}

/// Characters of method and target at most.
const MOST: usize = 1024;

/// Characters of the log's line at most.
const LINE: usize = 512;

impl<'a> Summary<'a> {
    pub(super) fn of(exchange: &'a Exchange) -> Self {
        Self {
            number: exchange.number,
            at: exchange.at.as_unix(),
            method: truncated(exchange.request.method.as_str(), MOST),
            target: truncated(&exchange.request.target, MOST),
            operation: exchange.operation,
            merchant: exchange.mchid.as_ref().map(Mchid::as_str),
            authenticated: exchange.is_authenticated,
            status: exchange.status.map(|status| status.as_u16()),
            code: exchange.code(),
            fault: exchange.fault.as_deref().map(ActiveFault::label),
            diagnosis: exchange.diagnosis.as_deref().map(Diagnosis::name),
            warnings: exchange.warnings.len(),
            microseconds: u64::try_from(exchange.times.total().as_micros()).unwrap_or(u64::MAX),
            line: truncated(&exchange.to_string(), LINE),
        }
    }
}
