//! Turns the client's reaction and the mock's journal into findings. Pure: no I/O.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use serde_json::Value;
use wechatpay_mock::{Exchange, Fault, PlatformCertificate};
use wechatpay_protocol::{WECHATPAY_SERIAL, display::printable};
use wechatpay_texts::text;

use super::{
    Finding, FindingKind, Outcome, Probe, Requirement,
    reaction::{Reaction, Verdict},
    scenario_mock::{LIST_OPERATION, SAMPLE_OPERATION},
};

/// The maximum length of a line of the client's output, in characters.
const MAX_LINE: usize = 200;

/// A call as both sides saw it.
#[derive(Debug)]
pub(super) struct Observation {
    pub(super) reaction: Reaction,
    pub(super) exchanges: Vec<Arc<Exchange>>,
    /// Whether the client never met the fault.
    pub(super) has_unmet_fault: bool,
    pub(super) limit: Duration,
    /// Why the mock rejected connections before there was a request.
    pub(super) rejected_connections: Vec<String>,
}

impl Observation {
    /// The outcome of the probe.
    pub(super) fn outcome(&self, probe: &Probe) -> Outcome {
        let findings = self.findings(probe);
        let requests = match self.exchanges.as_slice() {
            [] => text!("no request"),
            [only] => text!("1 request, {answered}", answered = answered(only)),
            [.., last] => text!(
                "{count} requests, the last {answered}",
                count = self.exchanges.len(),
                answered = answered(last)
            ),
        };
        let did = text!("{reaction}; {requests}", reaction = self.reaction.how);
        if findings.is_empty() {
            Outcome::Passed { did }
        } else {
            Outcome::Failed { findings, did, said: self.output_lines().pop() }
        }
    }

    /// The findings; none if the client did what it must.
    pub(super) fn findings(&self, probe: &Probe) -> Vec<Finding> {
        let mut kinds = match &self.reaction.verdict {
            Verdict::TimedOut => vec![FindingKind::TimedOut { limit: self.limit }],
            Verdict::Unreachable { reason } => vec![FindingKind::Unreachable { reason: reason.clone() }],
            _ if self.has_unmet_fault || self.exchanges.is_empty() => vec![FindingKind::NotCalled],
            Verdict::Accepted => self.if_accepted(&probe.must).into_iter().collect(),
            Verdict::Rejected => self.if_rejected(&probe.must),
        };
        let mut numbers: Vec<String> = self.calls().filter_map(request_number).collect();
        numbers.dedup();
        if numbers.len() > 1 {
            kinds.push(FindingKind::OtherNumber { numbers });
        }
        kinds.into_iter().map(|kind| Finding::new(kind, &probe.about)).collect()
    }

    fn if_accepted(&self, must: &Requirement) -> Option<FindingKind> {
        let is_right = match must {
            Requirement::Accept => self.calls().next_back().is_some_and(is_success),
            Requirement::EndInTime => true,
            Requirement::Reject | Requirement::ShowError { .. } => false,
            Requirement::RepeatAlike => self.ended_correctly(),
            Requirement::FollowCertificates => !self.is_signed_by_new_certificate() || self.has_downloaded(),
        };
        let has_called = self.calls().next().is_some();
        let kind = if has_called { FindingKind::FailedToReject } else { FindingKind::NotCalled };
        (!is_right).then_some(kind)
    }

    fn if_rejected(&self, must: &Requirement) -> Vec<FindingKind> {
        match must {
            Requirement::Reject | Requirement::EndInTime | Requirement::RepeatAlike => Vec::new(),
            Requirement::Accept => vec![FindingKind::FailedToAccept],
            Requirement::FollowCertificates if self.has_downloaded() => vec![FindingKind::FailedToAccept],
            Requirement::FollowCertificates => Vec::new(),
            Requirement::ShowError { code, may_repeat } => {
                let requests = self.calls().count();
                let hides = (!self.shows(code)).then(|| FindingKind::HidesError { code: code.clone() });
                let repeats =
                    (!may_repeat && requests > 1).then_some(FindingKind::RepeatsRejected { requests });
                hides.into_iter().chain(repeats).collect()
            }
        }
    }

    /// The exchanges of the sample call.
    fn calls(&self) -> impl DoubleEndedIterator<Item = &Exchange> {
        let is_call = |exchange: &&Exchange| exchange.operation.as_deref() == Some(SAMPLE_OPERATION);
        self.exchanges.iter().map(Arc::as_ref).filter(is_call)
    }

    fn has_downloaded(&self) -> bool {
        self.exchanges.iter().any(|one| one.operation.as_deref() == Some(LIST_OPERATION) && is_success(one))
    }

    /// Whether the last response was signed with a key that the client does not have.
    fn is_signed_by_new_certificate(&self) -> bool {
        let old = PlatformCertificate::development();
        let serial = self.calls().next_back().and_then(|last| last.response_headers.text(&WECHATPAY_SERIAL));
        serial.is_some_and(|serial| serial != old.certificate().serial_no().as_str())
    }

    /// Whether the last response is correct.
    fn ended_correctly(&self) -> bool {
        let is_correct =
            |last: &Exchange| last.fault.is_none() && last.status == Some(StatusCode::NO_CONTENT);
        self.calls().next_back().is_some_and(is_correct)
    }

    /// Whether the client's output has the code or the message of the error; true if its output is unknown.
    fn shows(&self, code: &str) -> bool {
        let Some(output) = &self.reaction.output else { return true };
        let mut messages = self.exchanges.iter().filter_map(|one| field(&one.response_body, "message"));
        output.contains(code) || messages.any(|message| output.contains(&message))
    }

    /// The lines of the client's output that are not empty, as text that is safe for a terminal.
    pub(super) fn output_lines(&self) -> Vec<String> {
        let output = self.reaction.output.as_deref().unwrap_or_default();
        let plain = anstream::adapter::strip_str(output).to_string();
        let lines = plain.lines().filter(|line| !line.trim().is_empty());
        lines.map(|line| printable(line, MAX_LINE).into_owned()).collect()
    }
}

/// The response of the mock, if it reached the client.
fn answered(exchange: &Exchange) -> String {
    let Some(status) = exchange.status else { return text!("without a response") };
    let status = status.as_u16();
    match exchange.fault.as_ref().and_then(|active| active.fault) {
        Some(Fault::ResetAfterHeaders | Fault::StopInBody) => text!("answered {status}, but not to the end"),
        _ => text!("answered {status}"),
    }
}

fn is_success(exchange: &Exchange) -> bool {
    exchange.status.is_some_and(|status| status.is_success())
}

fn request_number(exchange: &Exchange) -> Option<String> {
    field(&exchange.request.body, "out_request_no")
}

/// The text of a field of a JSON body.
fn field(body: &[u8], name: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(body.get(name)?.as_str()?.to_owned())
}
