//! Everything about an exchange.

use serde::Serialize;
use wechatpay_diagnosis::{Diagnosis, KnownMistake};
use wechatpay_protocol::Mchid;

use crate::{
    api::{
        error::{ApiError, CHECKS},
        injected_error::CustomError,
        provenance::Provenance,
    },
    faults::{ActiveFault, Fault, FaultId, FaultSource},
    journal::{
        Exchange, Stage, Verdict,
        content::{BodyContent, Header, Message, headers},
        stage::milliseconds,
    },
};

/// Everything about an exchange, as `GET /__mock/exchanges/{number}` answers it.
#[derive(Debug, Serialize)]
pub(super) struct Detail<'a> {
    number: u64,
    at: u64,
    peer: Option<String>,
    operation: Option<&'static str>,
    merchant: Option<&'a str>,
    authenticated: bool,
    request: RequestDetail<'a>,
    stages: Vec<StageDetail>,
    message: Option<Message>,
    checks_passed: &'static [&'static str],
    rejection: Option<RejectionDetail<'a>>,
    diagnosis: Option<DiagnosisDetail<'a>>,
    warnings: Vec<WarningDetail>,
    fault: Option<StrikeDetail>,
    answer: AnswerDetail<'a>,
}

#[derive(Debug, Serialize)]
struct RequestDetail<'a> {
    method: &'a str,
    target: &'a str,
    version: String,
    headers: Vec<Header<'a>>,
    body: BodyContent,
}

#[derive(Debug, Serialize)]
struct AnswerDetail<'a> {
    status: Option<u16>,
    headers: Vec<Header<'a>>,
    body: BodyContent,
    message: Option<Message>,
    signature: &'static str,
}

#[derive(Debug, Serialize)]
struct StageDetail {
    stage: &'static str,
    verdict: &'static str,
    microseconds: u64,
}

#[derive(Debug, Serialize)]
struct RejectionDetail<'a> {
    check: Option<u8>,
    row: Option<&'static str>,
    status: u16,
    code: Option<&'a str>,
    standing: Provenance,
    reason: String,
    injected: bool,
}

#[derive(Debug, Serialize)]
struct DiagnosisDetail<'a> {
    name: String,
    verdict: &'static str,
    mistakes: Vec<Mistake>,
    difference: Option<DifferenceDetail<'a>>,
    known: Vec<Known<'a>>,
    text: String,
    chinese: String,
}

#[derive(Debug, Serialize)]
struct Mistake {
    name: &'static str,
    english: &'static str,
    chinese: &'static str,
}

#[derive(Debug, Serialize)]
struct DifferenceDetail<'a> {
    line: usize,
    name: &'static str,
    expected: &'a str,
    signed: &'a str,
}

#[derive(Debug, Serialize)]
struct Known<'a> {
    english: &'a str,
    chinese: &'a str,
}

#[derive(Debug, Serialize)]
struct WarningDetail {
    name: &'static str,
    text: String,
}

#[derive(Debug, Serialize)]
struct StrikeDetail {
    by: &'static str,
    rule: Option<FaultId>,
    fault: Option<&'static str>,
    error: Option<CustomError>,
    latency: Option<f64>,
    applied: bool,
}

impl<'a> Detail<'a> {
    pub(super) fn of(exchange: &'a Exchange) -> Self {
        let request = RequestDetail::of(exchange);
        let answer = AnswerDetail::of(exchange);
        Self {
            number: exchange.number,
            at: exchange.at.as_unix(),
            peer: exchange.peer().map(|peer| peer.to_string()),
            operation: exchange.operation,
            merchant: exchange.mchid.as_ref().map(Mchid::as_str),
            authenticated: exchange.is_authenticated,
            stages: exchange
                .verdicts()
                .map(|(stage, verdict)| StageDetail::of(exchange, stage, verdict))
                .collect(),
            message: exchange.request_message().map(|message| Message::of(&message, request.body.is_cut())),
            checks_passed: exchange.checks_passed(),
            rejection: exchange.rejection.as_deref().map(RejectionDetail::of),
            diagnosis: exchange.diagnosis.as_deref().map(DiagnosisDetail::of),
            warnings: exchange
                .warnings
                .iter()
                .map(|warning| WarningDetail { name: warning.name(), text: warning.to_string() })
                .collect(),
            fault: exchange.fault.as_deref().map(StrikeDetail::of),
            request,
            answer,
        }
    }
}

impl<'a> RequestDetail<'a> {
    fn of(exchange: &'a Exchange) -> Self {
        let request = &exchange.request;
        Self {
            method: request.method.as_str(),
            target: &request.target,
            version: format!("{:?}", request.version),
            headers: headers(&request.headers),
            body: BodyContent::of(&request.body, request.body_length),
        }
    }
}

impl<'a> AnswerDetail<'a> {
    fn of(exchange: &'a Exchange) -> Self {
        let body = BodyContent::of(&exchange.answer_body, exchange.answer_body_length);
        Self {
            status: exchange.status.map(|status| status.as_u16()),
            headers: headers(&exchange.answer_headers),
            message: exchange.answer_message().map(|message| Message::of(&message, body.is_cut())),
            signature: if exchange.answer_is_signed { "fresh" } else { "none" },
            body,
        }
    }
}

impl StageDetail {
    fn of(exchange: &Exchange, stage: Stage, verdict: Verdict) -> Self {
        let microseconds = exchange.times.of(stage).as_micros();
        Self {
            stage: stage.name(),
            verdict: verdict.name(),
            microseconds: u64::try_from(microseconds).unwrap_or(u64::MAX),
        }
    }
}

impl<'a> RejectionDetail<'a> {
    fn of(rejection: &'a ApiError) -> Self {
        let check = rejection.check();
        Self {
            check,
            row: check.and_then(|check| CHECKS.get(usize::from(check) - 1).copied()),
            status: rejection.status().as_u16(),
            code: rejection.code(),
            standing: rejection.provenance(),
            reason: rejection.reason(),
            injected: rejection.is_injected(),
        }
    }
}

impl<'a> DiagnosisDetail<'a> {
    fn of(diagnosis: &'a Diagnosis) -> Self {
        let mistake =
            |one: &&KnownMistake| Mistake { name: one.name, english: one.english, chinese: one.chinese };
        Self {
            name: diagnosis.name(),
            verdict: diagnosis.verdict.name(),
            mistakes: diagnosis.mistakes.iter().map(mistake).collect(),
            difference: diagnosis.difference.as_ref().map(|difference| DifferenceDetail {
                line: difference.line,
                name: difference.name(),
                expected: &difference.expected,
                signed: &difference.signed,
            }),
            known: diagnosis
                .facts
                .iter()
                .map(|fact| Known { english: &fact.english, chinese: &fact.chinese })
                .collect(),
            text: diagnosis.to_string(),
            chinese: diagnosis.chinese(),
        }
    }
}

impl StrikeDetail {
    fn of(strike: &ActiveFault) -> Self {
        let (by, rule) = match strike.by {
            FaultSource::Rule(id) => ("rule", Some(id)),
            FaultSource::TriggerNumber => ("request-number", None),
        };
        Self {
            by,
            rule,
            fault: strike.fault.map(Fault::name),
            error: strike.error.as_deref().cloned(),
            latency: strike.latency.map(milliseconds),
            applied: strike.is_applied,
        }
    }
}
