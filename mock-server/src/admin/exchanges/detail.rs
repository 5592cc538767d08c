//! Everything about an exchange.

use serde::Serialize;
use utoipa::ToSchema;
use wechatpay_diagnosis::{Diagnosis, KnownMistake, ProvedMistake};
use wechatpay_protocol::Mchid;

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
    policies::Provenance,
};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Exchange)]
pub(super) struct Detail<'a> {
    /// Counts the exchanges of a mock from 1.
    #[schema(minimum = 1)]
    number: u64,
    /// When the request was received completely, in Unix seconds of the mock's clock.
    at: u64,
    /// The number of the exchange that it repeats, if it is a replay from the journal.
    #[schema(required, minimum = 1)]
    replay_of: Option<u64>,
    /// The sender's address and port; null on an in-memory connection, and of a replay.
    #[schema(required)]
    peer: Option<String>,
    /// The operationId, if the path and method have an operation.
    #[schema(required)]
    operation: Option<&'a str>,
    /// The merchant that Authorization names, if it exists.
    #[schema(required, pattern = "^[0-9]{1,32}$")]
    merchant: Option<&'a str>,
    /// Whether the merchant's signature is valid.
    authenticated: bool,
    request: RequestDetail<'a>,
    /// The stages, in order.
    #[schema(min_items = 7, max_items = 7)]
    stages: Vec<StageDetail>,
    /// The five lines that the merchant should have signed, if Authorization can be parsed.
    #[schema(required)]
    message: Option<Message>,
    /// The gateway's checks that the request passed, in order.
    #[schema(max_items = 12)]
    checks_passed: Vec<&'static str>,
    /// Why the request was refused.
    #[schema(required)]
    rejection: Option<RejectionDetail<'a>>,
    /// The diagnosis of a signature that does not match.
    #[schema(required)]
    diagnosis: Option<DiagnosisDetail<'a>>,
    /// Problems of the request that are no reason to refuse it.
    warnings: Vec<WarningDetail>,
    /// The fault that applied to the request.
    #[schema(required)]
    fault: Option<ActiveFaultDetail>,
    /// The response that the mock made. A connection fault may have cut it off, or kept it from being sent; then it has
    /// no status.
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
    /// null if no response was sent.
    #[schema(required, minimum = 200, maximum = 599)]
    status: Option<u16>,
    headers: Vec<Header<'a>>,
    body: BodyContent,
    /// The three lines that the gateway signed, if it signed.
    #[schema(required)]
    message: Option<Message>,
    /// `fresh` if the response was signed (a fault may have corrupted it afterwards); otherwise `none`.
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
    /// The number of the failed check; null if the exchange ended before the checks, or a fault caused the error.
    #[schema(required, minimum = 1, maximum = 12)]
    check: Option<u8>,
    /// The requirement of that check.
    #[schema(required)]
    row: Option<&'static str>,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    #[schema(required)]
    code: Option<&'a str>,
    standing: Provenance,
    /// What was expected and what was found.
    reason: String,
    /// Whether a fault caused the error, so that nothing is wrong with the request.
    injected: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::admin) struct DiagnosisDetail<'a> {
    /// The names of the mistakes, each with its variants in parentheses, joined by +, and then those of hints:
    /// "other-message; hint=body-not-received".
    name: String,
    /// proven: the mistakes explain the signature. other-message: a known key signed another message. unexplained: no
    /// known key made it. not-tried: too many wrong signatures arrived at once.
    #[schema(pattern = "^(proven|other-message|unexplained|not-tried)$")]
    verdict: &'static str,
    /// The proven mistakes, and how to fix them.
    mistakes: Vec<Mistake>,
    /// The first line of the message that differs from the signed message.
    #[schema(required)]
    difference: Option<DifferenceDetail<'a>>,
    /// Other certain facts about the signature.
    known: Vec<Known<'a>>,
    /// What is likely, but not proved.
    hints: Vec<Hint>,
    /// The whole diagnosis in one line.
    text: String,
    /// The same in Chinese.
    chinese: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct Mistake {
    #[schema(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$")]
    name: &'static str,
    /// The ways in which it was made, if it has several.
    variants: Vec<&'static str>,
    english: &'static str,
    chinese: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct Hint {
    #[schema(pattern = "^[a-z0-9]+(-[a-z0-9]+)*$")]
    name: &'static str,
    english: &'static str,
    chinese: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct DifferenceDetail<'a> {
    #[schema(minimum = 1, maximum = 5)]
    line: usize,
    /// The name of the line.
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
    /// Its trigger: a fault rule, or the request's out_request_no.
    #[schema(pattern = "^(rule|request-number)$")]
    by: &'static str,
    /// The rule's id.
    #[schema(required, value_type = Option<u64>, minimum = 1)]
    rule: Option<FaultId>,
    /// The fault, if it has a name.
    #[schema(required, pattern = "^[a-z]+(-[a-z]+)*$")]
    fault: Option<&'static str>,
    /// The error, if the rule defines its own.
    #[schema(required)]
    error: Option<CustomError>,
    /// How long the response was delayed, in milliseconds. A replay is not.
    #[schema(required, minimum = 0)]
    latency: Option<f64>,
    /// Whether the request still took effect.
    applied: bool,
}

impl<'a> Detail<'a> {
    pub(super) fn of(exchange: &'a Exchange) -> Self {
        let request = RequestDetail::of(exchange);
        let answer = ResponseDetail::of(exchange);
        Self {
            number: exchange.number,
            at: exchange.received_at.as_unix(),
            replay_of: exchange.replay_of,
            peer: exchange.peer().map(|peer| peer.to_string()),
            operation: exchange.operation.as_deref(),
            merchant: exchange.mchid.as_ref().map(Mchid::as_str),
            authenticated: exchange.is_authenticated,
            stages: exchange
                .verdicts()
                .map(|(stage, verdict)| StageDetail::of(exchange, stage, verdict))
                .collect(),
            message: exchange.request_message().map(|message| Message::of(&message, request.body.is_cut())),
            checks_passed: exchange.checks_passed().iter().map(|check| check.text()).collect(),
            rejection: exchange.error.as_deref().map(RejectionDetail::of),
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
        let body = BodyContent::of(&exchange.response_body, exchange.response_body_length);
        Self {
            status: exchange.status.map(|status| status.as_u16()),
            headers: headers(&exchange.response_headers),
            message: exchange.response_message().map(|message| Message::of(&message, body.is_cut())),
            signature: if exchange.is_response_signed { "fresh" } else { "none" },
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
            row: check.and_then(|check| CHECKS.get(usize::from(check) - 1).map(|row| row.text())),
            status: rejection.status().as_u16(),
            code: rejection.code(),
            standing: rejection.provenance(),
            reason: rejection.reason(),
            injected: rejection.is_injected(),
        }
    }
}

impl<'a> DiagnosisDetail<'a> {
    pub(in crate::admin) fn of(diagnosis: &'a Diagnosis) -> Self {
        let mistake = |ProvedMistake { known, variants }: &ProvedMistake| Mistake {
            name: known.name,
            variants: variants.clone(),
            english: known.english,
            chinese: known.chinese,
        };
        let hint =
            |&&KnownMistake { name, english, chinese }: &&KnownMistake| Hint { name, english, chinese };
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
            hints: diagnosis.hints.iter().map(hint).collect(),
            text: diagnosis.english(),
            chinese: diagnosis.chinese(),
        }
    }
}

impl ActiveFaultDetail {
    fn of(fault: &ActiveFault) -> Self {
        let (by, rule) = match fault.by {
            FaultSource::Rule(id) => ("rule", Some(id)),
            FaultSource::TriggerNumber => ("request-number", None),
            // Of callbacks only.
            FaultSource::Resend => ("resend", None),
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
