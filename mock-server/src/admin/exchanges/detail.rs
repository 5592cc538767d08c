//! Everything about an exchange.

use serde::Serialize;
use utoipa::ToSchema;
use wechatpay_diagnosis::{Diagnosis, KnownMistake};
use wechatpay_protocol::Mchid;

use crate::policies::Provenance;

use crate::{
    api::{
        error::{ApiError, CHECKS},
        injected_error::CustomError,
    },
    faults::{ActiveFault, Fault, FaultId, FaultSource},
    journal::{
        Exchange, Stage, Verdict,
        content::{BodyContent, Header, Message, headers},
        stage::milliseconds,
    },
};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Exchange)]
pub(super) struct Detail<'a> {
    /// Counts the exchanges of a mock from 1.
    #[schema(minimum = 1)]
    number: u64,
    /// When the request was complete, in Unix seconds of the mock's clock.
    at: u64,
    /// The address and port that sent it; null on a connection in memory.
    #[schema(required)]
    peer: Option<String>,
    /// The operationId, once an operation was found.
    #[schema(required)]
    operation: Option<&'static str>,
    /// The merchant that Authorization names, if there is one with that number.
    #[schema(required, pattern = "^[0-9]{1,32}$")]
    merchant: Option<&'a str>,
    /// Whether the merchant's signature verified.
    authenticated: bool,
    request: RequestDetail<'a>,
    /// Each stage, in order.
    #[schema(min_items = 7, max_items = 7)]
    stages: Vec<StageDetail>,
    /// The five lines that the merchant should have signed, if Authorization can be parsed.
    #[schema(required)]
    message: Option<Message>,
    /// The gateway's checks that the request passed, in their order.
    #[schema(max_items = 12)]
    checks_passed: &'static [&'static str],
    /// Why the request was refused.
    #[schema(required)]
    rejection: Option<RejectionDetail<'a>>,
    /// What is wrong with the signature.
    #[schema(required)]
    diagnosis: Option<DiagnosisDetail<'a>>,
    /// What is unusual about the request, but no reason to refuse it.
    warnings: Vec<WarningDetail>,
    /// The fault that struck the request.
    #[schema(required)]
    fault: Option<ActiveFaultDetail>,
    /// The response that the mock made. A fault of the connection may have cut it, or kept it from being sent: then it
    /// has no status.
    answer: ResponseDetail<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
struct RequestDetail<'a> {
    method: &'a str,
    /// Path and query as sent.
    target: &'a str,
    #[schema(pattern = "^HTTP/")]
    version: String,
    headers: Vec<Header<'a>>,
    body: BodyContent,
}

#[derive(Debug, Serialize, ToSchema)]
struct ResponseDetail<'a> {
    /// null if nothing of the response was sent.
    #[schema(required, minimum = 200, maximum = 599)]
    status: Option<u16>,
    headers: Vec<Header<'a>>,
    body: BodyContent,
    /// The three lines that the gateway signed, if it signed.
    #[schema(required)]
    message: Option<Message>,
    /// `fresh` if it was signed, before a fault corrupted that; otherwise `none`.
    #[schema(pattern = "^(none|fresh)$")]
    signature: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct StageDetail {
    stage: Stage,
    verdict: Verdict,
    microseconds: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct RejectionDetail<'a> {
    /// The number of the gateway's check that failed; null if the exchange ended before the checks, or a fault asked for
    /// the error.
    #[schema(required, minimum = 1, maximum = 12)]
    check: Option<u8>,
    /// What that check requires.
    #[schema(required)]
    row: Option<&'static str>,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    #[schema(required)]
    code: Option<&'a str>,
    standing: Provenance,
    /// What was expected, and what was found.
    reason: String,
    /// Whether a fault asked for it, so that nothing is wrong with the request.
    injected: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct DiagnosisDetail<'a> {
    /// The names of the mistakes, joined by +.
    name: String,
    /// Whether the mistakes explain the signature; a known key made it over another message; no known key made it; or
    /// too many wrong signatures came at once to try.
    #[schema(pattern = "^(proven|other-message|unexplained|not-tried)$")]
    verdict: &'static str,
    /// Mistakes that are proven, and how to fix them.
    mistakes: Vec<Mistake>,
    /// The first line of the message that differs from what was signed.
    #[schema(required)]
    difference: Option<DifferenceDetail<'a>>,
    /// What else is certain.
    known: Vec<Known<'a>>,
    /// All of that in one line.
    text: String,
    /// The same in Chinese.
    chinese: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Mistake {
    #[schema(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$")]
    name: &'static str,
    english: &'static str,
    chinese: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct DifferenceDetail<'a> {
    #[schema(minimum = 1, maximum = 5)]
    line: usize,
    /// What the line holds.
    name: &'static str,
    expected: &'a str,
    signed: &'a str,
}

#[derive(Debug, Serialize, ToSchema)]
struct Known<'a> {
    english: &'a str,
    chinese: &'a str,
}

#[derive(Debug, Serialize, ToSchema)]
struct WarningDetail {
    #[schema(pattern = "^[a-z]+(-[a-z]+)*$")]
    name: &'static str,
    text: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct ActiveFaultDetail {
    /// What asked for it.
    #[schema(pattern = "^(rule|request-number)$")]
    by: &'static str,
    /// The rule's name.
    #[schema(required, value_type = Option<u64>, minimum = 1)]
    rule: Option<FaultId>,
    /// The fault, if it has a name.
    #[schema(required, pattern = "^[a-z]+(-[a-z]+)*$")]
    fault: Option<&'static str>,
    /// The error, if it is in the rule's own words.
    #[schema(required)]
    error: Option<CustomError>,
    /// How late the response was, in milliseconds.
    #[schema(required, minimum = 0)]
    latency: Option<f64>,
    /// Whether the request took effect all the same.
    applied: bool,
}

impl<'a> Detail<'a> {
    pub(super) fn of(exchange: &'a Exchange) -> Self {
        let request = RequestDetail::of(exchange);
        let answer = ResponseDetail::of(exchange);
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
            fault: exchange.fault.as_deref().map(ActiveFaultDetail::of),
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

impl<'a> ResponseDetail<'a> {
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
        Self { stage, verdict, microseconds: u64::try_from(microseconds).unwrap_or(u64::MAX) }
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

impl ActiveFaultDetail {
    fn of(fault: &ActiveFault) -> Self {
        let (by, rule) = match fault.by {
            FaultSource::Rule(id) => ("rule", Some(id)),
            FaultSource::TriggerNumber => ("request-number", None),
        };
        Self {
            by,
            rule,
            fault: fault.fault.map(Fault::name),
            error: fault.error.as_deref().cloned(),
            latency: fault.latency.map(milliseconds),
            applied: fault.is_applied,
        }
    }
}
