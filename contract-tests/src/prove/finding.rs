//! Findings: what a client or a receiver did wrong, how severe that is, and how to fix it.

use std::{fmt, time::Duration};

use http::StatusCode;
use wechatpay_texts::{phrase, text};

use super::about::{About, Severity};
use crate::table::comma;

/// Something that a client or a receiver must not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it did.
    pub kind: FindingKind,
    /// The severity.
    pub severity: Severity,
    /// Why it matters.
    pub why: String,
    /// How to fix it.
    pub fix: String,
}

/// What a client or a receiver did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// It accepted what it must reject: a response, or a callback.
    FailedToReject,
    /// It rejected what it must accept.
    FailedToAccept,
    /// It repeated the call with another request number.
    OtherNumber {
        /// All numbers that it used.
        numbers: Vec<String>,
    },
    /// It exceeded the time limit.
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// It did not show the gateway's error.
    HidesError {
        /// The code of the error.
        code: String,
    },
    /// It repeated a request that the gateway had rejected for good.
    RepeatsRejected {
        /// The number of requests.
        requests: usize,
    },
    /// It never made the call, so the probe has no result.
    NotCalled,
    /// The application cannot be reached any more.
    Unreachable {
        /// Why not.
        reason: String,
    },
    /// A receiver answered an ordinary callback with a status that the gateway does not take.
    WrongStatus {
        /// The status.
        status: StatusCode,
    },
    /// A receiver answered a callback rightly, but with a body that is not meant for the gateway.
    OddBody {
        /// What the body looks like.
        found: &'static str,
    },
    /// A receiver rejected a callback, but with a status that does not say so.
    OddRefusal {
        /// The status.
        status: StatusCode,
    },
    /// A receiver answered 5xx to what it must handle.
    ServerError {
        /// The status.
        status: StatusCode,
    },
    /// A receiver ended the connection without an answer.
    NoAnswer {
        /// How.
        reason: String,
    },
    /// A receiver did not answer in time.
    Slow {
        /// The limit.
        limit: Duration,
    },
    /// A receiver acted more or less often than it must.
    WrongCount {
        /// How often it must act.
        expected: u64,
        /// How often it did.
        found: u64,
    },
    /// A receiver downloaded the platform certificates again and again.
    Downloads {
        /// The number of downloads.
        requests: u64,
    },
}

impl Finding {
    pub(super) fn new(kind: FindingKind, probe: &About) -> Self {
        let (severity, why, fix) = match kind {
            FindingKind::FailedToReject => (probe.severity, probe.why.text(), probe.fix.text()),
            FindingKind::FailedToAccept => (probe.severity.min(Severity::High), probe.why.text(), probe.fix.text()),
            FindingKind::OtherNumber { .. } => (
                Severity::Critical,
                phrase!("the first request may have been carried out: with another number, the change is made twice").text(),
                phrase!("make the number before the first request, store it with the change, and send the same again").text(),
            ),
            FindingKind::TimedOut { .. } => (
                Severity::High,
                phrase!("everything that calls the client waits too, and soon the entire system hangs").text(),
                phrase!("give each call a timeout that covers connecting, sending and the complete response").text(),
            ),
            FindingKind::HidesError { .. } => (
                Severity::Medium,
                phrase!("error responses are not signed; a client that checks the signature first, or drops the body, hides \
                 the reason").text(),
                phrase!("check the status first, and report code and message of any response that is not 2xx").text(),
            ),
            FindingKind::RepeatsRejected { .. } => (
                Severity::Low,
                phrase!("the same request gets the same error, and the gateway limits the rate of requests").text(),
                phrase!("retry only after 429, 5xx, or no response").text(),
            ),
            FindingKind::NotCalled => (
                Severity::Medium,
                phrase!("a probe without a call tests nothing").text(),
                phrase!("find out why the client sends the call to a mock without faults, but did not send it here").text(),
            ),
            FindingKind::Unreachable { .. } => (
                Severity::High,
                phrase!("no response of the gateway may stop the application").text(),
                phrase!("look in the application's log for the effect of this response").text(),
            ),
            FindingKind::WrongStatus { status } => {
                let (why, fix) = advice(status);
                (Severity::High, why, fix)
            }
            FindingKind::OddBody { .. } => (
                Severity::Low,
                phrase!("the gateway looks at the status only; a body of another kind hints at code of another interface").text(),
                phrase!("answer 204, or 200 with an empty body").text(),
            ),
            FindingKind::OddRefusal { .. } => (
                Severity::Medium,
                phrase!("the gateway looks at the status only: after a 200 it never sends the callback again, and a refused \
                 probe of the gateway counts as accepted").text(),
                phrase!("refuse with a status of 4xx or 5xx, whatever the body says").text(),
            ),
            FindingKind::ServerError { .. } => (
                Severity::Low,
                phrase!("an error that nobody handles hides real ones, and anyone can cause it").text(),
                phrase!("check for this case first, and refuse it with a status of 4xx").text(),
            ),
            FindingKind::NoAnswer { .. } => (
                Severity::High,
                phrase!("anyone who knows the URL can send this; if it ends the process, callbacks of others are lost with it").text(),
                phrase!("look in the application's log for the error, and refuse such callbacks with a status of 4xx").text(),
            ),
            FindingKind::Slow { .. } => (
                Severity::High,
                phrase!("the gateway waits 5 seconds, counts the callback as failed, and sends it again").text(),
                phrase!("store the event, answer, and do the work afterwards; limit the time of everything before the answer").text(),
            ),
            FindingKind::WrongCount { .. } => (probe.severity, probe.why.text(), probe.fix.text()),
            FindingKind::Downloads { .. } => (
                Severity::Medium,
                phrase!("anyone can make the application call the gateway as often as they like, until it is limited").text(),
                phrase!("download the certificates at intervals; refuse an unknown serial at once").text(),
            ),
        };
        Self { kind, severity, why: why.into(), fix: fix.into() }
    }
}

impl FindingKind {
    /// Its name in the JSON report.
    pub fn name(&self) -> &'static str {
        match self {
            Self::FailedToReject => "let-through",
            Self::FailedToAccept => "not-accepted",
            Self::OtherNumber { .. } => "other-number",
            Self::TimedOut { .. } => "hung",
            Self::HidesError { .. } => "hides-error",
            Self::RepeatsRejected { .. } => "repeats-refused",
            Self::NotCalled => "not-called",
            Self::Unreachable { .. } => "gone",
            Self::WrongStatus { .. } => "wrong-status",
            Self::OddBody { .. } => "odd-body",
            Self::OddRefusal { .. } => "odd-refusal",
            Self::ServerError { .. } => "server-error",
            Self::NoAnswer { .. } => "no-answer",
            Self::Slow { .. } => "slow",
            Self::WrongCount { .. } => "wrong-count",
            Self::Downloads { .. } => "downloads",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FailedToReject => phrase!("it accepted what it must reject").fmt(f),
            Self::FailedToAccept => phrase!("it rejected what it must accept").fmt(f),
            Self::OtherNumber { numbers } => f.write_str(&text!(
                "it sent the call again with another out_request_no: {numbers}",
                numbers = numbers.join(comma())
            )),
            Self::TimedOut { limit } => {
                f.write_str(&text!("it had not ended after {seconds} s", seconds = limit.as_secs_f64()))
            }
            Self::HidesError { code } => f.write_str(&text!("it did not show {code}, the gateway's error")),
            Self::RepeatsRejected { requests } => f.write_str(&text!(
                "it sent the call {requests} times, although the gateway had rejected it for good"
            )),
            Self::NotCalled => phrase!("the call never reached the mock").fmt(f),
            Self::Unreachable { reason } => {
                f.write_str(&text!("the application can't be reached any more: {reason}"))
            }
            Self::WrongStatus { status } => f.write_str(&text!(
                "it answered {status}, and the gateway takes only 200 and 204",
                status = status.as_u16()
            )),
            Self::OddBody { found } => f.write_str(&text!("it answered with {found}")),
            Self::OddRefusal { status } => f.write_str(&text!(
                "it refused with status {status}, which is no refusal",
                status = status.as_u16()
            )),
            Self::ServerError { status } => {
                f.write_str(&text!("it failed with status {status}", status = status.as_u16()))
            }
            Self::NoAnswer { reason } => {
                f.write_str(&text!("it ended the connection without an answer: {reason}"))
            }
            Self::Slow { limit } => {
                f.write_str(&text!("it had not answered after {seconds} s", seconds = limit.as_secs_f64()))
            }
            Self::WrongCount { expected, found } => f.write_str(&text!(
                "it acted {found}, and must act {expected}",
                found = times(*found),
                expected = times(*expected)
            )),
            Self::Downloads { requests } => f.write_str(&text!(
                "it downloaded the platform certificates {times}",
                times = times(*requests)
            )),
        }
    }
}

/// `never`, `once`, `2 times`
pub(super) fn times(count: u64) -> String {
    match count {
        0 => text!("never"),
        1 => text!("once"),
        count => text!("{count} times"),
    }
}

/// Why an ordinary callback is answered with this status in place of 200 or 204, and what to do about it.
fn advice(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        200..=299 => (
            phrase!("the gateway counts every status other than 200 and 204 as a failure, and sends the callback again").text(),
            phrase!("answer 204, or 200 with an empty body").text(),
        ),
        300..=399 => (
            phrase!("the gateway follows no redirect, and sends the callback again: a login page, a change to https, or a \
             slash that is missing at the end of the path are in the way").text(),
            phrase!("make the URL answer itself, exactly as it is configured, without a login").text(),
        ),
        401 | 403 => (
            phrase!("the gateway has no cookie, no token and no login, and the callback is correctly signed").text(),
            phrase!("leave this URL out of login and CSRF protection; then check that the application has the keys of this \
             run: the APIv3 key, and the certificate or public key that Wechatpay-Serial names (--keys, --config)").text(),
        ),
        404 | 405 | 410 => (
            phrase!("a callback is a POST to this path, and nothing takes it here").text(),
            phrase!("check --url, and that the path is routed for POST").text(),
        ),
        413 => (phrase!("callbacks may have more than 20 KB").text(), phrase!("raise the limit for bodies to at least 100 KB").text()),
        415 | 406 => (phrase!("callbacks come with Content-Type: application/json and Accept: */*").text(), phrase!("accept both").text()),
        429 => {
            (phrase!("the gateway sends callbacks as fast as payments happen").text(), phrase!("leave this URL out of the rate limit").text())
        }
        500..=599 => (
            phrase!("the gateway sends the callback again, and it fails again").text(),
            phrase!("look in the application's log; if it does not know the order, pass one that it knows with --order").text(),
        ),
        _ => (
            phrase!("the callback is correctly signed and encrypted").text(),
            phrase!("check that the application has the keys of this run: the APIv3 key, and the certificate or public key \
             that Wechatpay-Serial names (--keys, --config); if it does not know the order, pass one that it knows \
             with --order").text(),
        ),
    }
}
