//! An exchange in short.

use serde::Serialize;
use utoipa::ToSchema;
use wechatpay_diagnosis::Diagnosis;
use wechatpay_protocol::{Mchid, display::truncate};

use crate::{
    faults::ActiveFault,
    journal::{Exchange, Stage},
};

/// The most important facts about an exchange. Small, however large the request is.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::admin) struct Summary<'a> {
    /// Counts the exchanges of a mock from 1.
    #[schema(minimum = 1)]
    number: u64,
    /// When the request was received completely, in Unix seconds of the mock's clock.
    at: u64,
    /// The number of the exchange that it repeats, if it is a replay from the journal.
    #[schema(required, minimum = 1)]
    replay_of: Option<u64>,
    method: String,
    /// Path and query as sent; a long one ends in ….
    #[schema(max_length = 1025)]
    target: String,
    /// The operationId, if the path and method have an operation.
    #[schema(required)]
    operation: Option<&'a str>,
    /// The merchant that Authorization names, if it exists.
    #[schema(required, pattern = "^[0-9]{1,32}$")]
    merchant: Option<&'a str>,
    /// The serial_no in Authorization: the certificate whose key should have signed. A long one ends in ….
    #[schema(required, max_length = 65)]
    serial_no: Option<String>,
    /// Whether the merchant's signature is valid.
    authenticated: bool,
    /// The status of the response; null if a fault kept it from being sent.
    #[schema(required, minimum = 200, maximum = 599)]
    status: Option<u16>,
    /// The error code in the response, if it was sent and has one.
    #[schema(required)]
    code: Option<&'a str>,
    /// The fault that applied to it: its name, custom for an error that the rule defines, or latency for a delay alone.
    #[schema(required, pattern = "^[a-z]+(-[a-z]+)*$")]
    fault: Option<&'static str>,
    /// The mistakes in the signature: their names, joined by +.
    #[schema(required)]
    diagnosis: Option<String>,
    /// The number of warnings.
    warnings: usize,
    /// The time that all stages took together.
    microseconds: u64,
    /// Its line in the log; a long one ends in ….
    #[schema(max_length = 513)]
    line: String,
    /// The mock that received it, as http://HOST:PORT. Only with everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1)]
    mock: Option<&'a str>,
    /// When the request was received completely, in Unix milliseconds of that mock's clock. Only with everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_ms: Option<u64>,
}

/// The most characters in the method and in the target.
const MOST: usize = 1024;

/// The most characters in the serial number; real ones have 40.
const SERIAL_NO: usize = 64;

/// The most characters in the log line.
const LINE: usize = 512;

impl<'a> Summary<'a> {
    pub(in crate::admin) fn of(exchange: &'a Exchange) -> Self {
        Self {
            number: exchange.number,
            at: exchange.received_at.as_unix(),
            replay_of: exchange.replay_of,
            method: truncate(exchange.request.method.as_str(), MOST).into_owned(),
            target: truncate(&exchange.request.target, MOST).into_owned(),
            operation: exchange.operation.as_deref(),
            merchant: exchange.mchid.as_ref().map(Mchid::as_str),
            serial_no: exchange.serial_no().map(|serial_no| truncate(&serial_no, SERIAL_NO).into_owned()),
            authenticated: exchange.is_authenticated,
            status: exchange.status.map(|status| status.as_u16()),
            code: exchange.code(),
            fault: exchange.fault.as_deref().map(ActiveFault::label),
            diagnosis: exchange.diagnosis.as_deref().map(Diagnosis::name),
            warnings: exchange.warnings.len(),
            microseconds: u64::try_from(exchange.times.total().as_micros()).unwrap_or(u64::MAX),
            line: truncate(&exchange.to_string(), LINE).into_owned(),
            mock: None,
            at_ms: None,
        }
    }

    /// The same with the mock that received it, for a list of several mocks' exchanges.
    pub(super) fn of_mock(exchange: &'a Exchange, mock: &'a str) -> Self {
        let received = exchange.begun + exchange.times.of(Stage::Receive);
        let at_ms = u64::try_from(received.as_millis()).unwrap_or(u64::MAX);
        Self { mock: Some(mock), at_ms: Some(at_ms), ..Self::of(exchange) }
    }
}
