//! The report for programs.

use serde_json::{Value, json};
use wechatpay_mock::diagnosis::Diagnosis;
use wechatpay_protocol::Timestamp;

use super::{
    capture::Place,
    content::Kind,
    examine::Examination,
    keys::{Keys, Source},
    outcome::{Outcome, Unsigned},
    resource::Opened,
};

/// What was found out about each message. Diagnoses have the form of those in the journal.
pub(crate) fn to_json(
    examinations: &[Examination],
    skipped: usize,
    keys: &Keys,
    now: Timestamp,
    shows_resource: bool,
) -> Value {
    let messages = examinations.iter().map(|one| message(one, now, shows_resource));
    json!({
        "holds": examinations.iter().all(Examination::holds),
        "keys": match keys.source {
            Source::Given => "given",
            Source::Credentials => "credentials",
            Source::Development => "development",
        },
        "skipped": skipped,
        "messages": messages.collect::<Vec<_>>(),
    })
}

fn message(one: &Examination, now: Timestamp, shows_resource: bool) -> Value {
    let (entry, line) = match one.place {
        Some(Place::Entry(entry)) => (Some(entry), None),
        Some(Place::Line(line)) => (None, Some(line)),
        None => (None, None),
    };
    json!({
        "kind": match one.kind {
            Kind::Request => "request",
            Kind::Answer => "answer",
            Kind::Callback => "callback",
        },
        "entry": entry,
        "line": line,
        "title": one.title,
        "event_type": one.event_type,
        "holds": one.holds(),
        "signature": signature(&one.signature),
        "serial": one.serial,
        "timestamp": one.timestamp.map(Timestamp::as_unix),
        "age_seconds": one.timestamp.and_then(|timestamp| age(timestamp, now)),
        "missing_bytes": one.short_body.map(|(found, promised)| promised - found),
        "resource": one.resource.as_ref().map(|opened| resource(opened, shows_resource)),
    })
}

/// Negative if it is ahead of this clock.
fn age(timestamp: Timestamp, now: Timestamp) -> Option<i64> {
    let seconds = i64::try_from(timestamp.skew(now).as_secs()).ok()?;
    Some(if timestamp > now { -seconds } else { seconds })
}

fn signature(outcome: &Outcome) -> Value {
    let state = match outcome {
        Outcome::Holds { .. } => "holds",
        Outcome::WrongSerial { .. } | Outcome::Fails(_) | Outcome::Malformed(_) => "does-not-hold",
        Outcome::NoKey { .. } => "not-verified",
        Outcome::Unsigned(Unsigned::Rightly) => "unsigned",
        Outcome::Unsigned(Unsigned::WithoutHeaders | Unsigned::Wrongly) => "missing",
    };
    if let Outcome::Fails(diagnosis) = outcome {
        return json!({ "state": state, "name": diagnosis.name(), "diagnosis": diagnosed(diagnosis) });
    }
    let [english, chinese] = outcome.texts().unwrap_or_default();
    json!({ "state": state, "name": outcome.name(), "english": english, "chinese": chinese })
}

fn resource(opened: &Opened, is_shown: bool) -> Value {
    let state = match opened {
        Opened::NoKey => "no-key",
        Opened::Decrypted { diagnosis: None, .. } => "decrypts",
        Opened::Decrypted { .. } | Opened::Failed(_) => "does-not-decrypt",
    };
    let plaintext = match opened {
        Opened::Decrypted { plaintext, .. } if is_shown => Some(plaintext),
        Opened::NoKey | Opened::Decrypted { .. } | Opened::Failed(_) => None,
    };
    json!({
        "state": state,
        "name": opened.diagnosis().map(Diagnosis::name),
        "diagnosis": opened.diagnosis().map(diagnosed),
        "plaintext": plaintext,
    })
}

fn diagnosed(diagnosis: &Diagnosis) -> Value {
    let mistakes = diagnosis.mistakes.iter().map(|one| {
        json!({
            "name": one.known.name,
            "variants": one.variants,
            "english": one.known.english,
            "chinese": one.known.chinese,
        })
    });
    let known =
        diagnosis.facts.iter().map(|fact| json!({ "english": fact.english, "chinese": fact.chinese }));
    let hints = diagnosis
        .hints
        .iter()
        .map(|hint| json!({ "name": hint.name, "english": hint.english, "chinese": hint.chinese }));
    json!({
        "verdict": diagnosis.verdict.name(),
        "mistakes": mistakes.collect::<Vec<_>>(),
        "difference": diagnosis.difference.as_ref().map(|difference| json!({
            "line": difference.line,
            "name": difference.name(),
            "expected": difference.expected,
            "signed": difference.signed,
        })),
        "known": known.collect::<Vec<_>>(),
        "hints": hints.collect::<Vec<_>>(),
        "text": diagnosis.english(),
        "chinese": diagnosis.chinese(),
    })
}
