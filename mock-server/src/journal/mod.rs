//! The journal: the last exchanges, stage by stage, and the views of them: metrics, log, HAR, expectations.
//!
//! It keeps the bytes from the wire: the response, and the request with its `Authorization`, whose signature is valid
//! for five minutes and for this mock only; of another scheme's value, only its length. Bodies stay as they were sent, so
//! sensitive fields stay encrypted. Beside the exchanges it keeps what documents became, with such fields in plain text, as
//! operations keep them. The journal never contains private keys or APIv3 keys.

mod attempts;
mod changes;
mod checked;
pub(crate) mod content;
pub(crate) mod expectation;
mod expected;
mod filter;
pub(crate) mod har;
mod headers;
pub(crate) mod log;
pub(crate) mod metrics;
mod partitions;
mod payment_requests;
mod rejected_connections;
mod request;
mod ring;
pub(crate) mod stage;

use std::{borrow::Cow, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{StatusCode, header::AUTHORIZATION};
use wechatpay_diagnosis::Diagnosis;
use wechatpay_protocol::{Authorization, Mchid, RequestMessage, ResponseSignature, Timestamp};
use wechatpay_texts::{Phrase, phrase};

use crate::{
    api::{
        Warning,
        error::{ApiError, CHECKS},
    },
    clock::{CheckTimes, Times},
    faults::ActiveFault,
    request::receive::RawRequest,
    response::OperationResponse,
    response::respond::Response,
};

pub(crate) use attempts::Attempted;
pub(crate) use changes::{Change, ChangedBy};
pub use expected::Expected;
pub use filter::Filter;
pub use headers::Headers;
pub(crate) use partitions::{Journal, Order, Page};
pub(crate) use payment_requests::PaymentRequest;
pub(crate) use rejected_connections::RejectedConnections;
pub use request::Request;
use request::beginning;
pub(crate) use ring::{Entry, Ring};
pub(crate) use stage::Progress;
pub use stage::{Stage, StageTimes, Verdict};

/// The number of the check of the operation's own rules.
const OWN_RULES: u8 = 12;

/// A request and its response, as the mock received and sent them.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The exchange's number: the first one of a mock is 1.
    pub number: u64,
    /// When the request was received completely, by the mock's clock.
    pub received_at: Timestamp,
    /// When the request began to arrive, since 1970, by the same clock.
    pub(crate) begun: Duration,
    /// The times that the request was checked by.
    pub(crate) checked_at: CheckTimes,
    /// The number of the exchange that this one repeats, if it is a replay from the journal.
    pub replay_of: Option<u64>,
    /// The request as it arrived.
    pub request: Request,
    /// The operation, if the path and method have one.
    pub operation: Option<Cow<'static, str>>,
    /// The merchant that the `Authorization` header names, if it exists. `is_authenticated` says whether the merchant
    /// signed.
    pub mchid: Option<Mchid>,
    /// Whether the merchant's signature is valid.
    pub is_authenticated: bool,
    /// The last stage that the request reached before its response.
    pub stage: Stage,
    /// The error that ended it in that stage, if one did.
    pub error: Option<Box<ApiError>>,
    /// Why the signature did not match, if it was diagnosed.
    pub diagnosis: Option<Box<Diagnosis>>,
    /// Warnings about the request, whether or not it was refused.
    pub warnings: Vec<Warning>,
    /// The fault that applied to the request, if one did.
    pub fault: Option<Box<ActiveFault>>,
    /// The status of the response; `None` if a fault kept it from being sent.
    pub status: Option<StatusCode>,
    /// The headers of the response, whether or not it was sent.
    pub response_headers: Headers,
    /// The body of the response, whether or not it was sent. The journal may have cut it.
    pub response_body: Bytes,
    /// The length of the response's body before the journal cut it, in bytes.
    pub response_body_length: usize,
    /// Whether the response was signed, before a fault corrupted it.
    pub is_response_signed: bool,
    /// How long each stage took.
    pub times: StageTimes,
}

impl Exchange {
    /// Keeps at most `most_of_a_body` bytes of each body.
    pub(crate) fn new(
        times: Times,
        most_of_a_body: usize,
        received: &RawRequest,
        progress: Progress,
        result: Result<OperationResponse, ApiError>,
        diagnosis: Option<Diagnosis>,
        response: &Response,
    ) -> Self {
        let (outcome, error) = match result {
            Ok(outcome) => (Some(outcome), None),
            Err(error) => (None, Some(error)),
        };
        let mut warnings = progress.warnings;
        warnings.extend(outcome.into_iter().flat_map(|outcome| outcome.warnings));
        Self {
            number: 0,
            received_at: times.now(),
            begun: times.received.saturating_sub(progress.times.of(Stage::Receive)),
            checked_at: times.checked_at,
            replay_of: progress.replay_of,
            request: Request::keep(received, most_of_a_body),
            operation: progress.operation,
            mchid: progress.merchant.map(|merchant| merchant.mchid.clone()),
            is_authenticated: progress.is_authenticated,
            stage: progress.last,
            error: error.map(Box::new),
            diagnosis: diagnosis.map(Box::new),
            warnings,
            status: progress
                .fault
                .as_ref()
                .is_none_or(ActiveFault::sends_response)
                .then_some(response.status),
            fault: progress.fault.map(Box::new),
            response_headers: Headers::from(&response.headers),
            response_body_length: response.body.len(),
            response_body: beginning(&response.body, most_of_a_body),
            is_response_signed: progress.is_signed,
            times: progress.times,
        }
    }

    /// The peer's address; `None` on a connection that is not a socket.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.request.peer.address
    }

    /// Whether the request breaks the contract: one of the checks 1 to 11 failed, or there is a warning about it. Errors of
    /// an operation's own rules, faults, and habits such as requests without `Wechatpay-Serial` don't count.
    pub fn breaks_contract(&self) -> bool {
        let is_broken = |error: &ApiError| !error.is_injected() && error.check() != Some(OWN_RULES);
        self.error.as_deref().is_some_and(is_broken) || !self.warnings.iter().all(Warning::is_habit)
    }

    /// The error code in the response, if it was sent and has one: `SIGN_ERROR`.
    pub fn code(&self) -> Option<&str> {
        self.refusal_sent().and_then(ApiError::code)
    }

    /// The error, unless no response was sent.
    pub(crate) fn refusal_sent(&self) -> Option<&ApiError> {
        self.error.as_deref().filter(|_| self.status.is_some())
    }

    /// Method, target and status: `PATCH /v3/… 204`, or `… unanswered` if no response was sent.
    pub(crate) fn line<'a>(&'a self, shown: impl Fn(&'a str) -> Cow<'a, str>) -> String {
        let status =
            self.status.map_or_else(|| phrase!("unanswered").into(), |status| status.as_u16().to_string());
        format!("{} {} {status}", shown(self.request.method.as_str()), shown(&self.request.target))
    }

    /// The checks of [`CHECKS`] that the request passed, in order.
    pub fn checks_passed(&self) -> &'static [Phrase] {
        let refused = self.error.as_ref().filter(|error| !error.is_injected());
        let failed = refused.map_or(CHECKS.len() + 1, |error| error.check().map_or(1, usize::from));
        &CHECKS[..failed - 1]
    }

    /// Each stage, in order, with the request's verdict.
    pub fn verdicts(&self) -> impl Iterator<Item = (Stage, Verdict)> {
        let is_refused = self.error.as_ref().is_some_and(|error| !error.is_injected());
        Stage::ALL.into_iter().map(move |stage| {
            let verdict = match stage {
                Stage::Respond | Stage::Sign => Verdict::Passed,
                _ if stage < self.stage => Verdict::Passed,
                _ if stage > self.stage => Verdict::NotReached,
                _ if is_refused => Verdict::Refused,
                _ => Verdict::Passed,
            };
            (stage, verdict)
        })
    }

    /// The five lines that the merchant should have signed, if the `Authorization` header is well formed. The body in
    /// them may be cut.
    pub fn request_message(&self) -> Option<Vec<u8>> {
        let authorization = self.authorization()?;
        let message = RequestMessage {
            method: self.request.method.as_str(),
            target: &self.request.target,
            timestamp: authorization.timestamp(),
            nonce_str: authorization.nonce_str(),
            body: &self.request.body,
        };
        Some(message.to_bytes())
    }

    /// The `serial_no` in the `Authorization` header, if that is well formed.
    pub fn serial_no(&self) -> Option<String> {
        self.authorization().map(|authorization| authorization.serial_no().to_owned())
    }

    fn authorization(&self) -> Option<Authorization> {
        Authorization::parse(self.request.headers.get(&AUTHORIZATION)?).ok()
    }

    /// The three lines that the mock signed, if it signed. The body in them may be cut.
    pub fn response_message(&self) -> Option<Vec<u8>> {
        let signature = ResponseSignature::from_headers(&self.response_headers.to_map()).ok()?;
        Some(signature.message(&self.response_body).to_bytes())
    }
}
