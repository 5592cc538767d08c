//! One line in the log for each exchange: a sentence to read, and the same in fields for programs.
//!
//! No line has a key, nor of `Authorization` more than the few characters that are wrong with it. What peers send is
//! cut, and can neither forge a line nor steer a terminal.

use std::{
    borrow::Cow,
    fmt::{self, Write},
};

use wechatpay_protocol::{Mchid, REQUEST_ID};

use crate::{
    api::{Warning, error::ApiError},
    faults::{ActiveFault, FaultSource},
    forensics::Diagnosis,
    journal::Exchange,
};

/// The most characters of a text in a line.
const MOST: usize = 2048;

/// Writes the line: refusals, faults and warnings stand out.
pub(crate) fn exchange(exchange: &Exchange) {
    // The level must be known when this is compiled.
    macro_rules! write_at {
        ($level:expr) => {
            if tracing::enabled!($level) {
                let line = Line::of(exchange);
                tracing::event!(
                    $level,
                    number = exchange.number,
                    mchid = exchange.mchid.as_ref().map(Mchid::as_str),
                    method = &*shown(exchange.request.method.as_str()),
                    target = &*line.target,
                    operation = exchange.operation,
                    status = exchange.status.map(|status| status.as_u16()),
                    code = exchange.code().map(shown).as_deref(),
                    check = exchange.rejection.as_deref().and_then(ApiError::check),
                    reason = line.reason.as_deref(),
                    diagnosis = line.diagnosis.as_deref(),
                    warnings = line.warnings.as_deref(),
                    fault = exchange.fault.as_deref().map(ActiveFault::label),
                    request_id = line.request_id,
                    microseconds = line.microseconds,
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

/// The line that the log has for it: `#7 PATCH /v3/… 400: check 11: …`.
impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.rejection.as_ref().map(|rejection| shown(&rejection.reason()).into_owned());
        f.write_str(&message(self, reason.as_deref()))
    }
}

/// What a line says that the exchange doesn't have ready.
struct Line<'a> {
    message: String,
    target: Cow<'a, str>,
    reason: Option<String>,
    diagnosis: Option<String>,
    warnings: Option<String>,
    request_id: Option<&'a str>,
    microseconds: u64,
}

impl<'a> Line<'a> {
    fn of(exchange: &'a Exchange) -> Self {
        let reason = exchange.rejection.as_ref().map(|rejection| shown(&rejection.reason()).into_owned());
        let warnings: Vec<_> = exchange.warnings.iter().map(Warning::name).collect();
        Self {
            message: message(exchange, reason.as_deref()),
            target: shown(&exchange.request.target),
            reason,
            diagnosis: exchange.diagnosis.as_deref().map(Diagnosis::name),
            warnings: (!warnings.is_empty()).then(|| warnings.join(", ")),
            request_id: exchange.answer_headers.text(&REQUEST_ID),
            microseconds: u64::try_from(exchange.times.total().as_micros()).unwrap_or(u64::MAX),
        }
    }
}

/// Whether there is nothing about it that whoever reads the log should see at once.
fn is_ordinary(exchange: &Exchange) -> bool {
    exchange.rejection.is_none()
        && exchange.fault.is_none()
        && exchange.warnings.iter().all(Warning::is_habit)
}

/// `#7 PATCH /v3/… 400: check 11: …; fault …; …`
fn message(exchange: &Exchange, reason: Option<&str>) -> String {
    let mut notes = Vec::new();
    notes.extend(refusal(exchange, reason));
    notes.extend(exchange.fault.as_deref().map(fault));
    // Whoever was refused has something else to mend first.
    let is_said = |warning: &&Warning| exchange.rejection.is_none() || !warning.is_habit();
    notes.extend(exchange.warnings.iter().filter(is_said).map(|warning| shown(&warning.to_string()).into()));

    let separator = if notes.is_empty() { "" } else { ": " };
    format!("#{} {}{separator}{}", exchange.number, exchange.line(shown), notes.join("; "))
}

/// Which check failed, and why. A refusal that only a fault asked for is told as that fault.
fn refusal(exchange: &Exchange, reason: Option<&str>) -> Option<String> {
    let rejection = exchange.rejection.as_ref().filter(|rejection| !rejection.is_injected())?;
    let check = rejection.check().map(|check| format!("check {check}: ")).unwrap_or_default();
    let diagnosis = exchange.diagnosis.as_ref().map(ToString::to_string);
    let why = diagnosis.as_deref().map_or(reason.unwrap_or_default().into(), shown);
    Some(check + &why)
}

/// `fault system-error-applied by rule 3, applied`
fn fault(strike: &ActiveFault) -> String {
    let mut text = format!("fault {}", strike.label());
    // Writing to a String does not fail.
    if let Some(error) = &strike.error {
        let _ = write!(text, " {} {}", error.status, shown(&error.code));
    }
    if let Some(latency) = strike.latency {
        let _ = write!(text, ", {} ms late", latency.as_millis());
    }
    let _ = match strike.by {
        FaultSource::Rule(id) => write!(text, ", by rule {id}"),
        FaultSource::TriggerNumber => write!(text, ", by its request number"),
    };
    text + if strike.is_applied { ", applied" } else { ", not applied" }
}

/// The text as a log may have it: what steers a terminal or a reader's eye is written as `\u{9b}`, and the end of a
/// long text is left out.
fn shown(text: &str) -> Cow<'_, str> {
    if text.len() <= MOST && !text.contains(is_steering) {
        return text.into();
    }
    let mut shown = String::new();
    for one in text.chars().take(MOST) {
        if is_steering(one) {
            shown.extend(one.escape_default());
        } else {
            shown.push(one);
        }
    }
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown.into()
}

/// Control characters, and those that are not seen but end lines or turn the direction of text.
fn is_steering(one: char) -> bool {
    one.is_control()
        || matches!(one, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_or_forges_a_line_is_written_out() {
        let forged = "/v3\n\u{1b}[2J\u{9b}1m\u{202e}会员\u{2028}";
        assert_eq!(shown(forged), r"/v3\n\u{1b}[2J\u{9b}1m\u{202e}会员\u{2028}");
    }

    #[test]
    fn a_long_text_is_cut_where_it_is_too_long() {
        let most = "会".repeat(MOST);
        assert_eq!(shown(&most), most);
        assert_eq!(shown(&(most.clone() + "员")), most + "…");
    }
}
