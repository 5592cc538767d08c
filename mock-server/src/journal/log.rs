//! A line in the log for each exchange: text for people, and fields for programs.
//!
//! No line contains a key, or more of `Authorization` than a few invalid characters. Texts from peers are truncated,
//! and can neither forge a line nor control a terminal.

use std::{borrow::Cow, collections::HashMap, fmt};

use parking_lot::Mutex;
use wechatpay_diagnosis::Diagnosis;
use wechatpay_protocol::{Mchid, REQUEST_ID, display::printable};
use wechatpay_texts::{phrase, text};

use crate::{
    api::{Warning, error::ApiError},
    faults::{ActiveFault, FaultSource},
    journal::Exchange,
};

/// The most characters of each text in a line.
const MOST: usize = 2048;

/// The notes that were logged for each merchant, by name, each with the number of the exchange that it was first logged
/// for.
#[derive(Debug, Default)]
pub(super) struct LoggedNotes(Mutex<HashMap<(Option<Mchid>, String), u64>>);

/// The most notes that are remembered; any more are logged every time. (own choice)
const REMEMBERED: usize = 4_096;

impl LoggedNotes {
    /// The exchange that this note was logged for before. If there is none, remembers this one.
    fn log_or_find(&self, exchange: &Exchange, note: &str) -> Option<u64> {
        let mut notes = self.0.lock();
        let key = (exchange.mchid.clone(), note.to_owned());
        let known = notes.get(&key).copied();
        if known.is_none() && notes.len() < REMEMBERED {
            notes.insert(key, exchange.number);
        }
        known
    }

    /// Forgets the notes of one merchant's exchanges, or all.
    pub(super) fn clear(&self, merchant: Option<&Mchid>) {
        self.0.lock().retain(|(mchid, _), _| merchant.is_some() && mchid.as_ref() != merchant);
    }
}

/// Writes the line, at WARN if there is an error, a fault, or a warning about more than a habit; else at INFO.
pub(super) fn exchange(exchange: &Exchange, logged: &LoggedNotes) {
    // tracing needs the level at compile time.
    macro_rules! write_at {
        ($level:expr) => {
            if tracing::enabled!($level) {
                let line = Line::of(exchange, logged);
                tracing::event!(
                    $level,
                    number = exchange.number,
                    mchid = exchange.mchid.as_ref().map(Mchid::as_str),
                    method = &*shown(exchange.request.method.as_str()),
                    target = &*shown(&exchange.request.target),
                    operation = exchange.operation.as_deref(),
                    status = exchange.status.map(|status| status.as_u16()),
                    code = exchange.code().map(shown).as_deref(),
                    check = exchange.error.as_deref().and_then(ApiError::check),
                    reason = line.reason.as_deref(),
                    diagnosis = line.diagnosis.as_deref(),
                    warnings = line.warnings.as_deref(),
                    fault = exchange.fault.as_deref().map(ActiveFault::label),
                    request_id = exchange.response_headers.text(&REQUEST_ID),
                    microseconds = u64::try_from(exchange.times.total().as_micros()).unwrap_or(u64::MAX),
                    "{}",
                    line.message,
                );
            }
        };
    }
    if is_ordinary(exchange) {
        write_at!(tracing::Level::INFO);
    } else {
        write_at!(tracing::Level::WARN);
    }
}

/// The exchange's line in the log: `#7 400 set_rights: check 11: … | PATCH /v3/…`.
impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Line::of(self, &LoggedNotes::default()).message)
    }
}

/// The parts of a line that are computed from the exchange.
struct Line {
    message: String,
    reason: Option<String>,
    diagnosis: Option<String>,
    warnings: Option<String>,
}

impl Line {
    fn of(exchange: &Exchange, logged: &LoggedNotes) -> Self {
        let reason = exchange.error.as_ref().map(|error| shown(&error.reason()).into_owned());
        let warnings: Vec<_> = exchange.warnings.iter().map(Warning::name).collect();
        Self {
            message: message(exchange, reason.as_deref(), logged),
            reason,
            diagnosis: exchange.diagnosis.as_deref().map(Diagnosis::name),
            warnings: (!warnings.is_empty()).then(|| warnings.join(", ")),
        }
    }
}

/// Whether the exchange needs no attention.
fn is_ordinary(exchange: &Exchange) -> bool {
    exchange.error.is_none() && exchange.fault.is_none() && exchange.warnings.iter().all(Warning::is_habit)
}

/// `#7 400 set_rights: check 11: …; fault …; … | PATCH /v3/…`
fn message(exchange: &Exchange, reason: Option<&str>, logged: &LoggedNotes) -> String {
    let mut notes = Vec::new();
    notes.extend(error(exchange, reason, logged));
    notes.extend(exchange.fault.as_deref().map(fault));
    for warning in &exchange.warnings {
        // A habit is logged once per merchant, and not for a refused request, which has something else to fix first.
        let is_habit = warning.is_habit();
        if !is_habit || exchange.error.is_none() && logged.log_or_find(exchange, warning.name()).is_none() {
            notes.push(shown(&warning.to_string()).into());
        }
    }
    let status =
        exchange.status.map_or_else(|| phrase!("unanswered").into(), |status| status.as_u16().to_string());
    let operation = exchange.operation.as_deref().unwrap_or("-");
    let separator = if notes.is_empty() { "" } else { ": " };
    let (method, target) = (shown(exchange.request.method.as_str()), shown(&exchange.request.target));
    format!(
        "#{} {status} {operation}{separator}{} | {method} {target}",
        exchange.number,
        notes.join(phrase!("; ").text())
    )
}

/// The failed check and the reason; `None` for an error that a fault caused. A diagnosis that was logged before is only
/// named.
fn error(exchange: &Exchange, reason: Option<&str>, logged: &LoggedNotes) -> Option<String> {
    let error = exchange.error.as_ref().filter(|error| !error.is_injected())?;
    let check = error.check().map(|check| text!("check {check}: ")).unwrap_or_default();
    let Some(diagnosis) = &exchange.diagnosis else { return Some(check + reason.unwrap_or_default()) };
    let name = diagnosis.name();
    Some(match logged.log_or_find(exchange, &name) {
        Some(number) => text!("{check}{name} again, see #{number}"),
        None => check + &shown(&diagnosis.to_string()),
    })
}

/// `fault system-error-applied, by rule 3, applied`
fn fault(fault: &ActiveFault) -> String {
    let mut named = fault.label().to_owned();
    if let Some(error) = &fault.error {
        named += &format!(" {} {}", error.status, shown(&error.code));
    }
    let latency = fault.latency.map(|latency| text!(", delayed by {ms} ms", ms = latency.as_millis()));
    let latency = latency.unwrap_or_default();
    let by = match fault.by {
        FaultSource::Rule(id) => text!("by rule {id}"),
        FaultSource::TriggerNumber => text!("by its request number"),
        FaultSource::Resend => text!("by a resend"),
    };
    let applied = if fault.is_applied { phrase!("applied") } else { phrase!("not applied") };
    text!("fault {named}{latency}, {by}, {applied}")
}

/// The text, safe and short enough for a log line.
fn shown(text: &str) -> Cow<'_, str> {
    printable(text, MOST)
}
