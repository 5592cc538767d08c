//! A fault that applies to a request: how it changes the response and the connection.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap,
    header::{CONNECTION, CONTENT_ENCODING},
};
use serde_json::json;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use wechatpay_openapi::Operation;

use super::{
    ConnectionControl, Fault, FaultId,
    accept_gate::AcceptGate,
    callback::CallbackFault,
    catalogue::Kind,
    connection::{Abort, ConnectionFault},
    rule::{FaultRule, Plan},
};
use crate::{
    api::{
        Warning,
        error::ApiError,
        injected_error::{CustomError, DocumentedError, InjectedError},
    },
    merchants::{Merchants, PlatformKey},
    response::respond::{Response, title_case},
    response::{Content, OperationResponse},
};

/// A fault that applied to a request, as the journal shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveFault {
    /// What triggered it.
    pub by: FaultSource,
    /// The fault, if it is one with a name.
    pub fault: Option<Fault>,
    /// The error, if the rule defines its own.
    pub error: Option<Arc<CustomError>>,
    /// How long the response was held back.
    pub latency: Option<Duration>,
    /// Whether the request took effect. False if the operation itself refused it.
    pub is_applied: bool,
    milliseconds: Option<u64>,
}

/// What triggered a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultSource {
    /// A rule.
    Rule(FaultId),
    /// A number in the request that the merchant made, such as its `out_trade_no`.
    TriggerNumber,
    /// A call that sends a callback again.
    Resend,
}

/// Resolves once the merchant's rules are cleared.
#[derive(Debug)]
pub(crate) struct Cleared(pub(super) watch::Receiver<()>);

/// How long `no-answer` lasts by default. (own choice)
const NO_ANSWER: Duration = Duration::from_secs(120);
/// How long `refuse` lasts by default. (own choice)
const REFUSED: Duration = Duration::from_secs(1);

impl Cleared {
    /// Waits until the merchant's rules are cleared, even if that happened after the fault was chosen and before
    /// this call.
    pub(crate) async fn wait(mut self) {
        // An error means that the merchant was removed, and its rules with it.
        let _ = self.0.changed().await;
    }
}

impl ActiveFault {
    /// The plan, as it applies to the n-th request.
    pub(super) fn new(by: FaultSource, plan: Plan, nth: u64) -> Self {
        let Plan { fault, error, latency, seed, milliseconds, is_applied } = plan;
        let latency = latency.map(|latency| latency.of_nth(seed, nth));
        Self { by, fault, error, latency, is_applied, milliseconds }
    }

    /// A fault of one attempt to deliver a callback, without a rule.
    pub(crate) fn of_resend(fault: Fault) -> Self {
        Self::new(FaultSource::Resend, FaultRule::of_callbacks(fault).plan(), 1)
    }

    /// The fault's name; `custom` for an error that the rule defines, `latency` for latency alone.
    pub(crate) fn label(&self) -> &'static str {
        let unnamed = if self.error.is_some() { "custom" } else { "latency" };
        self.fault.map_or(unnamed, Fault::name)
    }

    /// Decides the result of the request, given what the operation would do. The operation's warnings are kept,
    /// whatever the response.
    ///
    /// If the request should take effect but the operation refuses it, that error is the response: it is the client's
    /// own mistake.
    pub(crate) fn decide(
        &mut self,
        operation: &Operation,
        computed: Result<OperationResponse, ApiError>,
        warnings: &mut Vec<Warning>,
    ) -> Result<OperationResponse, ApiError> {
        let mut response = if self.is_applied {
            computed.inspect_err(|_| self.is_applied = false)?
        } else {
            // With neither an effect nor an error, no response is sent.
            OperationResponse::no_content(Vec::new())
        };
        if self.is_false_gzip() && matches!(response.body, Content::Empty) {
            response = OperationResponse { warnings: response.warnings, ..OperationResponse::ok(json!({})) };
        }
        let Some(error) = self.error_response(operation) else { return Ok(response) };
        warnings.extend(response.warnings);
        Err(error)
    }

    /// Whether any of the response is sent.
    pub(crate) fn sends_response(&self) -> bool {
        match self.fault.map(Fault::kind) {
            Some(Kind::Connection(fault)) => fault.body_sent(0).is_some(),
            Some(
                Kind::Error(_)
                | Kind::Operation(_)
                | Kind::Page(_)
                | Kind::Signature(_)
                | Kind::FalseGzip
                | Kind::Callback(_),
            )
            | None => true,
        }
    }

    /// Whether the gateway would never sign such a response: it is a web server's page, or says that the request's
    /// signature does not match.
    pub(crate) fn is_never_signed(&self) -> bool {
        match self.fault.map(Fault::kind) {
            Some(Kind::Page(_) | Kind::Error(DocumentedError::SignError)) => true,
            Some(
                Kind::Error(_)
                | Kind::Operation(_)
                | Kind::Connection(_)
                | Kind::Signature(_)
                | Kind::FalseGzip
                | Kind::Callback(_),
            )
            | None => false,
        }
    }

    fn is_false_gzip(&self) -> bool {
        matches!(self.fault.map(Fault::kind), Some(Kind::FalseGzip))
    }

    /// The error that replaces the response, if the fault has one: the operation's own where it has it.
    fn error_response(&self, operation: &Operation) -> Option<ApiError> {
        let custom = self.error.clone().map(InjectedError::Custom);
        let named = || Some(self.fault?.error()?.in_words_of(operation));
        custom.or_else(named).map(ApiError::Injected)
    }

    /// Corrupts the signed response, if the fault is of that kind.
    pub(crate) fn corrupt(
        &self,
        mut response: Response,
        key: &PlatformKey,
        merchants: &Merchants,
    ) -> Response {
        match self.fault.map(Fault::kind) {
            Some(Kind::Signature(fault)) => {
                let body = fault.corrupt(&mut response.headers, response.body.clone(), key, merchants);
                if body == response.body { response } else { response.with_body(body) }
            }
            Some(Kind::Connection(ConnectionFault::ResetAfterHeaders | ConnectionFault::StopInBody))
                if response.body.is_empty() =>
            {
                response.with_body(Bytes::from_static(b"{}"))
            }
            Some(Kind::Connection(ConnectionFault::LowerCaseHeaders)) => closing(response),
            Some(Kind::FalseGzip) => response.with_header(CONTENT_ENCODING, "gzip"),
            _ => response,
        }
    }

    /// What is wrong with a callback besides its signature.
    pub(crate) fn of_callback(&self) -> Option<CallbackFault> {
        match self.fault.map(Fault::kind) {
            Some(Kind::Callback(fault)) => Some(fault),
            _ => None,
        }
    }

    /// Whether header names are sent in lower case.
    pub(crate) fn has_lower_case_headers(&self) -> bool {
        matches!(self.fault.map(Fault::kind), Some(Kind::Connection(ConnectionFault::LowerCaseHeaders)))
    }

    /// Corrupts the signature of a callback that `key` signed, if the fault does so. Returns the body.
    pub(crate) fn corrupt_callback(
        &self,
        headers: &mut HeaderMap,
        body: Bytes,
        key: &PlatformKey,
        merchants: &Merchants,
    ) -> Bytes {
        match self.fault.map(Fault::kind) {
            Some(Kind::Signature(fault)) => fault.corrupt(headers, body, key, merchants),
            _ => body,
        }
    }

    /// Delays the response by the latency, or until the merchant's faults are cleared; then ends the connection, if the
    /// fault does that.
    pub(crate) async fn deliver(
        &self,
        response: &Response,
        connection: &ConnectionControl,
        gate: &AcceptGate,
        cleared: Cleared,
    ) {
        tokio::select! {
            () = self.wait(gate) => {}
            () = cleared.wait() => {}
        }
        let Some(Kind::Connection(fault)) = self.fault.map(Fault::kind) else { return };
        if fault == ConnectionFault::IdleClose {
            connection.close_at_next_request();
            return;
        }
        if fault == ConnectionFault::Refuse {
            gate.close_for(self.lasts(REFUSED)).await;
        }
        let write_name = if fault == ConnectionFault::LowerCaseHeaders {
            str::to_owned
        } else {
            title_case as fn(&str) -> String
        };
        let body = response.sent_body();
        let body_sent = fault.body_sent(body.len());
        let bytes =
            body_sent.map_or_else(Vec::new, |sent| [&response.head(write_name)[..], &body[..sent]].concat());
        connection.abort(Abort { bytes: bytes.into(), body_sent, closing: fault.closing() });
    }
}

impl ActiveFault {
    async fn wait(&self, gate: &AcceptGate) {
        if let Some(latency) = self.latency {
            sleep(latency).await;
        }
        if matches!(self.fault.map(Fault::kind), Some(Kind::Connection(ConnectionFault::NoAnswer))) {
            // At shutdown no response is sent either, so shutdown need not wait for this.
            let _ = timeout(self.lasts(NO_ANSWER), gate.shutdown()).await;
        }
    }

    fn lasts(&self, otherwise: Duration) -> Duration {
        self.milliseconds.map_or(otherwise, Duration::from_millis)
    }
}

/// Marks the connection to be closed after the response.
fn closing(mut response: Response) -> Response {
    response.headers.remove("keep-alive");
    response.with_header(CONNECTION, "close")
}
