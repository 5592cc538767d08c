//! A line in the log for each exchange: text for people, and the same in fields for programs.
//!
//! No line has a key, nor more of `Authorization` than the few characters that are wrong with it. What peers send is cut,
//! and can neither forge a line nor control a terminal.

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt::{self, Write},
};

use parking_lot::Mutex;
use wechatpay_diagnosis::Diagnosis;
use wechatpay_protocol::{Mchid, REQUEST_ID, display::printable};

use crate::{
    api::{Warning, error::ApiError},
    faults::{ActiveFault, FaultSource},
    journal::Exchange,
};

/// The most characters of a text in a line.
const MOST: usize = 2048;

/// What the log has said about each merchant: by its name, and the number of the exchange that it was said of.
#[derive(Debug, Default)]
pub(super) struct Said(Mutex<HashMap<(Option<Mchid>, String), u64>>);

/// Things that are remembered to have been said; anything beyond is said each time. (own choice)
const SAID: usize = 4_096;

impl Said {
    /// The exchange that this was said of before, if it was. Otherwise it is said of this one.
    fn before(&self, exchange: &Exchange, what: &str) -> Option<u64> {
        let mut said = self.0.lock();
        let key = (exchange.mchid.clone(), what.to_owned());
        let known = said.get(&key).copied();
        if known.is_none() && said.len() < SAID {
            said.insert(key, exchange.number);
        }
        known
    }

    pub(super) fn clear(&self) {
        self.0.lock().clear();
    }
}

/// Writes the line. Errors, faults and warnings stand out.
pub(super) fn exchange(exchange: &Exchange, said: &Said) {
    // The level must be known when this is compiled.
    macro_rules! write_at {
        ($level:expr) => {
            if tracing::enabled!($level) {
                let line = Line::of(exchange, said);
                tracing::event!(
                    $level,
                    number = exchange.number,
                    mchid = exchange.mchid.as_ref().map(Mchid::as_str),
                    method = &*shown(exchange.request.method.as_str()),
                    target = &*shown(&exchange.request.target),
                    operation = exchange.operation,
                    status = exchange.status.map(|status| status.as_u16()),
                    code = exchange.code().map(shown).as_deref(),
                    check = exchange.rejection.as_deref().and_then(ApiError::check),
                    reason = line.reason.as_deref(),
                    diagnosis = line.diagnosis.as_deref(),
                    warnings = line.warnings.as_deref(),
                    fault = exchange.fault.as_deref().map(ActiveFault::label),
                    request_id = exchange.answer_headers.text(&REQUEST_ID),
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

/// The line that the log has for it: `#7 400 set_rights: check 11: … | PATCH /v3/…`.
impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Line::of(self, &Said::default()).message)
    }
}

/// What a line says that the exchange does not have ready.
struct Line {
    message: String,
    reason: Option<String>,
    diagnosis: Option<String>,
    warnings: Option<String>,
}

impl Line {
    fn of(exchange: &Exchange, said: &Said) -> Self {
        let reason = exchange.rejection.as_ref().map(|error| shown(&error.reason()).into_owned());
        let warnings: Vec<_> = exchange.warnings.iter().map(Warning::name).collect();
        Self {
            message: message(exchange, reason.as_deref(), said),
            reason,
            diagnosis: exchange.diagnosis.as_deref().map(Diagnosis::name),
            warnings: (!warnings.is_empty()).then(|| warnings.join(", ")),
        }
    }
}

/// Whether a reader of the log need not notice it at once.
fn is_ordinary(exchange: &Exchange) -> bool {
    exchange.rejection.is_none()
        && exchange.fault.is_none()
        && exchange.warnings.iter().all(Warning::is_habit)
}

/// `#7 400 set_rights: check 11: …; fault …; … | PATCH /v3/…`
fn message(exchange: &Exchange, reason: Option<&str>, said: &Said) -> String {
    let mut notes = Vec::new();
    notes.extend(error(exchange, reason, said));
    notes.extend(exchange.fault.as_deref().map(fault));
    for warning in &exchange.warnings {
        // A client that was refused has something else to fix first, and needs to hear of a habit once.
        let is_habit = warning.is_habit();
        if !is_habit || exchange.rejection.is_none() && said.before(exchange, warning.name()).is_none() {
            notes.push(shown(&warning.to_string()).into());
        }
    }
    let status = exchange.status.map_or_else(|| "unanswered".into(), |status| status.as_u16().to_string());
    let operation = exchange.operation.unwrap_or("-");
    let separator = if notes.is_empty() { "" } else { ": " };
    let (method, target) = (shown(exchange.request.method.as_str()), shown(&exchange.request.target));
    format!("#{} {status} {operation}{separator}{} | {method} {target}", exchange.number, notes.join("; "))
}

/// Which check failed, and why; nothing for an error that only a fault asked for. A diagnosis that was said before is named
/// only.
fn error(exchange: &Exchange, reason: Option<&str>, said: &Said) -> Option<String> {
    let error = exchange.rejection.as_ref().filter(|error| !error.is_injected())?;
    let check = error.check().map(|check| format!("check {check}: ")).unwrap_or_default();
    let Some(diagnosis) = &exchange.diagnosis else { return Some(check + reason.unwrap_or_default()) };
    let name = diagnosis.name();
    Some(match said.before(exchange, &name) {
        Some(number) => format!("{check}{name} again, see #{number}"),
        None => check + &shown(&diagnosis.to_string()),
    })
}

/// `fault system-error-applied by rule 3, applied`
fn fault(fault: &ActiveFault) -> String {
    let mut text = format!("fault {}", fault.label());
    // Writing to a String does not fail.
    if let Some(error) = &fault.error {
        let _ = write!(text, " {} {}", error.status, shown(&error.code));
    }
    if let Some(latency) = fault.latency {
        let _ = write!(text, ", delayed by {} ms", latency.as_millis());
    }
    let _ = match fault.by {
        FaultSource::Rule(id) => write!(text, ", by rule {id}"),
        FaultSource::TriggerNumber => write!(text, ", by its request number"),
    };
    text + if fault.is_applied { ", applied" } else { ", not applied" }
}

/// The text as a log line may have it.
fn shown(text: &str) -> Cow<'_, str> {
    printable(text, MOST)
}
