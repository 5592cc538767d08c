//! Findings: what a client did wrong, how severe that is, and how to fix it.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::Probe;

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A minor flaw.
    Low,
    /// Problems under bad conditions, or a missing safeguard.
    Medium,
    /// Wrong accounts, or an outage.
    High,
    /// An attacker on the network can fake the success of a call, or a call is applied twice.
    Critical,
}

/// Something that a client must not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What the client did.
    pub kind: FindingKind,
    /// The severity.
    pub severity: Severity,
    /// Why it matters.
    pub why: String,
    /// How to fix it.
    pub fix: String,
}

/// What a client did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// It accepted a response that it must reject.
    FailedToReject,
    /// It rejected a response that it must accept.
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
}

impl Finding {
    pub(super) fn new(kind: FindingKind, probe: &Probe) -> Self {
        let (severity, why, fix) = match kind {
            FindingKind::FailedToReject => (probe.severity, &*probe.why, &*probe.fix),
            FindingKind::FailedToAccept => (probe.severity.min(Severity::High), &*probe.why, &*probe.fix),
            FindingKind::OtherNumber { .. } => (
                Severity::Critical,
                "the first request may have been carried out: with another number, the change is made twice",
                "make the number before the first request, store it with the change, and send the same again",
            ),
            FindingKind::TimedOut { .. } => (
                Severity::High,
                "everything that calls the client waits too, and soon the entire system hangs",
                "give each call a timeout that covers connecting, sending and the complete response",
            ),
            FindingKind::HidesError { .. } => (
                Severity::Medium,
                "error responses are not signed; a client that checks the signature first, or drops the body, hides \
                 the reason",
                "check the status first, and report code and message of any response that is not 2xx",
            ),
            FindingKind::RepeatsRejected { .. } => (
                Severity::Low,
                "the same request gets the same error, and the gateway limits the rate of requests",
                "retry only after 429, 5xx, or no response",
            ),
            FindingKind::NotCalled => (
                Severity::Medium,
                "a probe without a call tests nothing",
                "find out why the client sends the call to a mock without faults, but did not send it here",
            ),
            FindingKind::Unreachable { .. } => (
                Severity::High,
                "no response of the gateway may stop the application",
                "look in the application's log for the effect of this response",
            ),
        };
        Self { kind, severity, why: why.into(), fix: fix.into() }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
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
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FailedToReject => f.write_str("it accepted what it must reject"),
            Self::FailedToAccept => f.write_str("it rejected what it must accept"),
            Self::OtherNumber { numbers } => {
                write!(f, "it sent the call again with another out_request_no: {}", numbers.join(", "))
            }
            Self::TimedOut { limit } => write!(f, "it had not ended after {} s", limit.as_secs_f64()),
            Self::HidesError { code } => write!(f, "it did not show {code}, the gateway's error"),
            Self::RepeatsRejected { requests } => {
                write!(f, "it sent the call {requests} times, although the gateway had rejected it for good")
            }
            Self::NotCalled => f.write_str("the call never reached the mock"),
            Self::Unreachable { reason } => write!(f, "the application can't be reached any more: {reason}"),
        }
    }
}
