//! From what a client said and what the mock saw to what is to be found fault with. Looks at values only.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use serde_json::Value;
use wechatpay_mock::{Exchange, PlatformCertificate};
use wechatpay_protocol::WECHATPAY_SERIAL;

use super::{
    Finding, Kind, Must, Probe,
    ground::{LIST_OPERATION, SAMPLE_OPERATION},
    subject::{Outcome, Said},
};

/// A call as both sides saw it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) said: Said,
    pub(super) exchanges: Vec<Arc<Exchange>>,
    /// Whether a fault was prepared that never struck.
    pub(super) missed: bool,
    pub(super) limit: Duration,
    /// Why the mock turned somebody away before there was an exchange.
    pub(super) rejected_connections: Vec<String>,
}

impl Seen {
    /// The requests of the sample call.
    pub(super) fn calls(&self) -> impl DoubleEndedIterator<Item = &Exchange> {
        let is_call = |exchange: &&Exchange| exchange.operation == Some(SAMPLE_OPERATION);
        self.exchanges.iter().map(Arc::as_ref).filter(is_call)
    }

    fn has_downloaded(&self) -> bool {
        self.exchanges.iter().any(|exchange| exchange.operation == Some(LIST_OPERATION) && is_good(exchange))
    }

    /// Whether the last answer came from a key that the client was not given.
    fn is_by_new_certificate(&self) -> bool {
        let old = PlatformCertificate::development();
        let old = old.certificate().serial_no().as_str();
        let serial =
            |exchange: &'_ Exchange| exchange.answer_headers.text(&WECHATPAY_SERIAL).map(str::to_owned);
        self.calls().next_back().and_then(serial).is_some_and(|serial| serial != old)
    }

    /// Whether the last answer of all is one that the client may believe.
    fn ended_well(&self) -> bool {
        self.calls()
            .next_back()
            .is_some_and(|last| last.fault.is_none() && last.status == Some(StatusCode::NO_CONTENT))
    }

    fn numbers(&self) -> Vec<String> {
        let mut numbers: Vec<String> = self.calls().filter_map(number).collect();
        numbers.dedup();
        numbers
    }

    fn shows(&self, code: &str) -> bool {
        let Some(output) = &self.said.output else { return true };
        let message = |exchange: &Exchange| {
            let body: Value = serde_json::from_slice(&exchange.answer_body).ok()?;
            Some(body.get("message")?.as_str()?.to_owned())
        };
        output.contains(code)
            || self.exchanges.iter().filter_map(|one| message(one)).any(|one| output.contains(&one))
    }
}

fn is_good(exchange: &Exchange) -> bool {
    exchange.status.is_some_and(|status| status.is_success())
}

/// The call's own number.
fn number(exchange: &Exchange) -> Option<String> {
    let body: Value = serde_json::from_slice(&exchange.request.body).ok()?;
    Some(body.get("out_request_no")?.as_str()?.to_owned())
}

/// What is to be found fault with; nothing if the client did what it must.
pub(super) fn judge(probe: &Probe, seen: &Seen) -> Vec<Finding> {
    let mut kinds = Vec::new();
    match &seen.said.outcome {
        Outcome::Hung => kinds.push(Kind::Hung { limit: seen.limit }),
        Outcome::Gone { reason } => kinds.push(Kind::Gone { reason: reason.clone() }),
        // Whoever has not met the misbehaviour has not been tried.
        Outcome::Accepted | Outcome::Refused if seen.missed || seen.exchanges.is_empty() => {
            kinds.push(Kind::NotCalled);
        }
        Outcome::Accepted => kinds.extend(accepted(probe.must, seen)),
        Outcome::Refused => kinds.extend(refused(probe.must, seen)),
    }
    let numbers = seen.numbers();
    if numbers.len() > 1 {
        kinds.push(Kind::OtherNumber { numbers });
    }
    kinds.into_iter().map(|kind| Finding::new(kind, probe)).collect()
}

fn accepted(must: Must, seen: &Seen) -> Option<Kind> {
    let is_right = match must {
        Must::Accept => seen.calls().next_back().is_some_and(is_good),
        Must::EndInTime => true,
        Must::Refuse | Must::ShowError { .. } => false,
        Must::RepeatAlike => seen.ended_well(),
        Must::FollowCertificates => !seen.is_by_new_certificate() || seen.has_downloaded(),
    };
    let wrong = if seen.calls().next().is_none() { Kind::NotCalled } else { Kind::LetThrough };
    (!is_right).then_some(wrong)
}

fn refused(must: Must, seen: &Seen) -> Vec<Kind> {
    match must {
        Must::Refuse | Must::EndInTime | Must::RepeatAlike => Vec::new(),
        Must::Accept => vec![Kind::NotAccepted],
        Must::FollowCertificates if seen.has_downloaded() => vec![Kind::NotAccepted],
        Must::FollowCertificates => Vec::new(),
        Must::ShowError { code, may_repeat } => {
            let requests = seen.calls().count();
            let hides = (!seen.shows(code)).then_some(Kind::HidesError { code });
            let repeats = (!may_repeat && requests > 1).then_some(Kind::RepeatsRefused { requests });
            hides.into_iter().chain(repeats).collect()
        }
    }
}
