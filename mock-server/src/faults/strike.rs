//! A fault strikes a request.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, header::CONNECTION};
use tokio::time::{sleep, timeout};
use wechatpay_protocol::{Timestamp, WECHATPAY_SIGNATURE};

use super::{
    CustomError, DocumentedError, Facts, Fault, FaultId, InjectedError, Line,
    catalogue::Kind,
    line::{Ending, LineFault},
    magic::magic,
    rule::Plan,
};
use crate::{
    gateway::Gateway,
    identity::{Identity, Merchant, PlatformKey},
    journal::Warning,
    operations::Outcome,
    rejection::Rejection,
    stages::{respond::Answer, validate::ValidRequest},
};

/// A fault that struck a request, as the journal shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Strike {
    /// What asked for it.
    pub by: StruckBy,
    /// What happened, if it has a name.
    pub fault: Option<Fault>,
    /// The refusal, if it is one in the rule's own words.
    pub error: Option<Arc<CustomError>>,
    /// How late the answer was.
    pub latency: Option<Duration>,
    /// Whether the request took effect all the same. It did not if the operation itself refused it.
    pub is_applied: bool,
    milliseconds: Option<u64>,
}

/// What asked for a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StruckBy {
    /// A rule.
    Rule(FaultId),
    /// The request's own number.
    Magic,
}

/// How long no answer comes, unless it is said.
const NO_ANSWER: Duration = Duration::from_secs(120);
/// How long nobody can connect, unless it is said.
const REFUSED: Duration = Duration::from_secs(1);

impl Strike {
    /// What is planned, for the n-th request.
    pub(super) fn new(by: StruckBy, plan: Plan, nth: u64) -> Self {
        let Plan { fault, error, latency, seed, milliseconds, is_applied } = plan;
        let latency = latency.map(|latency| latency.of_nth(seed, nth));
        Self { by, fault, error, latency, is_applied, milliseconds }
    }

    /// Whether a fault strikes this request: by its own number, by a rule for its merchant, or by one for all, in this
    /// order.
    ///
    /// A magic number that can't be understood is warned about.
    pub(crate) fn at(
        gateway: &Gateway,
        request: &ValidRequest,
        now: Timestamp,
        warnings: &mut Vec<Warning>,
    ) -> Option<Self> {
        let merchant = request.merchant();
        let out_request_no = request.out_request_no();
        let facts = Facts {
            operation: &request.operation().id,
            card_id: request.sent("card_id"),
            code: request.sent("code"),
            out_request_no,
        };
        let by_number = out_request_no.and_then(magic).and_then(|magic| match magic {
            Ok(magic) => {
                let uses = out_request_no.map_or(1, |number| merchant.uses_of_magic(number));
                let is_struck = magic.times.is_none_or(|times| uses <= times);
                is_struck.then(|| Self::new(StruckBy::Magic, magic.plan, uses))
            }
            Err(problem) => {
                warnings.push(Warning::UnknownMagic { problem });
                None
            }
        });
        by_number
            .or_else(|| merchant.faults.strike(&facts, now))
            .or_else(|| gateway.faults.strike(&facts, now))
    }

    /// The fault's name; `custom` for a refusal in the rule's own words, `latency` where there is nothing else.
    pub(crate) fn label(&self) -> &'static str {
        let unnamed = if self.error.is_some() { "custom" } else { "latency" };
        self.fault.map_or(unnamed, Fault::name)
    }

    /// Lets the request take effect, or not, and says what it comes to. What is odd about it is warned about, whatever
    /// the answer.
    ///
    /// If it shall take effect and the operation refuses it, that refusal is the answer: it is the client's own mistake.
    pub(crate) fn decide(
        &mut self,
        warnings: &mut Vec<Warning>,
        apply: impl FnOnce() -> Result<Outcome, Rejection>,
    ) -> Result<Outcome, Rejection> {
        let outcome = if self.is_applied {
            apply().inspect_err(|_| self.is_applied = false)?
        } else {
            // Without an effect and without a refusal, no answer is going to come.
            Outcome::no_content(Vec::new())
        };
        let Some(refusal) = self.refusal() else { return Ok(outcome) };
        warnings.extend(outcome.warnings);
        Err(refusal)
    }

    /// Whether anything of the answer is sent.
    pub(crate) fn sends_an_answer(&self) -> bool {
        match self.fault.map(Fault::kind) {
            Some(Kind::Line(fault)) => fault.body_sent(0).is_some(),
            Some(Kind::Error(_) | Kind::Business(_) | Kind::Page(_) | Kind::Signature(_)) | None => true,
        }
    }

    /// Whether the answer is one that nobody would sign: a page of the web server's, or that the request's own signature
    /// does not match.
    pub(crate) fn is_never_signed(&self) -> bool {
        match self.fault.map(Fault::kind) {
            Some(Kind::Page(_) | Kind::Error(DocumentedError::SignError)) => true,
            Some(Kind::Error(_) | Kind::Business(_) | Kind::Line(_) | Kind::Signature(_)) | None => false,
        }
    }

    /// The refusal that it asks for, if it does.
    fn refusal(&self) -> Option<Rejection> {
        let custom = self.error.clone().map(|error| Rejection::Injected(InjectedError::Custom(error)));
        custom.or_else(|| self.fault.and_then(Fault::error))
    }

    /// Whether it does nothing: it spoils a signature, and this answer has none, for the operation itself refused.
    pub(crate) fn misses(&self, answer: &Answer) -> bool {
        matches!(self.fault.map(Fault::kind), Some(Kind::Signature(_)))
            && self.latency.is_none()
            && !answer.headers.contains_key(WECHATPAY_SIGNATURE)
    }

    /// It did not strike after all. A rule has as many strikes left as before; a request number was used all the same.
    pub(crate) fn take_back(&self, gateway: &Gateway, merchant: &Merchant) {
        match self.by {
            StruckBy::Rule(id) => {
                merchant.faults.take_back(id);
                gateway.faults.take_back(id);
            }
            StruckBy::Magic => {}
        }
    }

    /// Spoils the signed answer, if that is what the fault does.
    pub(crate) fn spoil(&self, answer: Answer, key: &PlatformKey, identity: &Identity) -> Answer {
        match self.fault.map(Fault::kind) {
            Some(Kind::Signature(fault)) => fault.spoil(answer, key, identity),
            Some(Kind::Line(LineFault::ResetAfterHeaders | LineFault::StopInBody))
                if answer.body.is_empty() =>
            {
                answer.with_body(Bytes::from_static(b"{}"))
            }
            Some(Kind::Line(LineFault::LowerCaseHeaders)) => closing(answer),
            _ => answer,
        }
    }

    /// Keeps the answer back as long as it shall be late, or until the merchant's faults are cleared, and ends the
    /// connection, if that is what the fault does.
    pub(crate) async fn deliver(
        &self,
        answer: &Answer,
        line: &Line,
        gateway: &Gateway,
        cleared: impl Future<Output = ()>,
    ) {
        tokio::select! {
            () = self.wait(gateway) => {}
            () = cleared => {}
        }
        let Some(Kind::Line(fault)) = self.fault.map(Fault::kind) else { return };
        if fault == LineFault::Refuse {
            gateway.door.close_for(self.lasts(REFUSED)).await;
        }
        let write_name = if fault == LineFault::LowerCaseHeaders {
            str::to_owned
        } else {
            title_case as fn(&str) -> String
        };
        let body_sent = fault.body_sent(answer.body.len());
        let bytes = body_sent
            .map_or_else(Vec::new, |sent| [&head(answer, write_name)[..], &answer.body[..sent]].concat());
        line.end(Ending { bytes: bytes.into(), body_sent, closing: fault.closing() });
    }
}

impl Strike {
    async fn wait(&self, gateway: &Gateway) {
        if let Some(latency) = self.latency {
            sleep(latency).await;
        }
        if matches!(self.fault.map(Fault::kind), Some(Kind::Line(LineFault::NoAnswer))) {
            // Nor does an answer come when the mock ends, which therefore needn't wait.
            let _ = timeout(self.lasts(NO_ANSWER), gateway.door.ending()).await;
        }
    }

    fn lasts(&self, otherwise: Duration) -> Duration {
        self.milliseconds.map_or(otherwise, Duration::from_millis)
    }
}

/// The answer, after which the connection is closed.
fn closing(mut answer: Answer) -> Answer {
    answer.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    answer.headers.remove("keep-alive");
    answer
}

/// Status line and headers as they go over the wire.
fn head(answer: &Answer, write_name: fn(&str) -> String) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {}\r\n", answer.status).into_bytes();
    for (name, value) in &answer.headers {
        head.extend_from_slice(write_name(name.as_str()).as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// `wechatpay-nonce` as `Wechatpay-Nonce`, which is how every other answer has it.
fn title_case(name: &str) -> String {
    let words = name.split('-').map(|word| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_ascii_uppercase() + rest,
        None => String::new(),
    });
    words.collect::<Vec<_>>().join("-")
}
