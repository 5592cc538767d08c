//! What a client did that it must not do.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::Probe;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Untidy.
    Low,
    /// Trouble on a bad day, or a defence less.
    Medium,
    /// Wrong books, or an outage.
    High,
    /// Anybody on the line can say that a call went well, or a call counts twice.
    Critical,
}

/// Something that a client did and must not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// Why it matters.
    pub why: &'static str,
    /// How to mend it.
    pub mend: &'static str,
}

/// What a client did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It accepted what it must refuse.
    LetThrough,
    /// It refused what it must accept.
    NotAccepted,
    /// It sent the call again with another number.
    OtherNumber {
        /// All numbers that it used.
        numbers: Vec<String>,
    },
    /// It did not end in time.
    Hung {
        /// The time that it had.
        limit: Duration,
    },
    /// It did not show what the gateway said.
    HidesError {
        /// What was to be shown.
        code: &'static str,
    },
    /// It sent again what the gateway had refused for good.
    RepeatsRefused {
        /// How many requests there were.
        requests: usize,
    },
    /// It never made the call, so that the probe says nothing.
    NotCalled,
    /// The application can't be reached any more.
    Gone {
        /// Why not.
        reason: String,
    },
}

impl Finding {
    pub(super) fn new(kind: Kind, probe: &Probe) -> Self {
        let (severity, why, mend) = match kind {
            Kind::LetThrough => (probe.severity, probe.why, probe.mend),
            Kind::NotAccepted => (probe.severity.min(Severity::High), probe.why, probe.mend),
            Kind::OtherNumber { .. } => (
                Severity::Critical,
                "the first request may have been carried out: with another number, the change is made twice",
                "make the number before the first request, keep it with the change, and send the same again",
            ),
            Kind::Hung { .. } => (
                Severity::High,
                "whoever waits for the client waits as well, and soon everything does",
                "give each call a time limit that covers connecting, sending and the whole answer",
            ),
            Kind::HidesError { .. } => (
                Severity::Medium,
                "refusals are not signed; a client that looks for a signature first, or drops the body, hides what was \
                 wrong",
                "look at the status first, and report code and message of any answer that is not 2xx",
            ),
            Kind::RepeatsRefused { .. } => (
                Severity::Low,
                "the same request gets the same refusal, and the gateway limits how often one may ask",
                "try again only after 429, 5xx and when no answer came",
            ),
            Kind::NotCalled => (
                Severity::Medium,
                "a probe that does not reach the call says nothing about it",
                "find out why the client works with the honest mock and did not send the call here",
            ),
            Kind::Gone { .. } => (
                Severity::High,
                "an answer of the gateway's must not be able to end the application",
                "look into its log for what this answer did to it",
            ),
        };
        Self { kind, severity, why, mend }
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

impl Kind {
    /// Its name, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::LetThrough => "let-through",
            Self::NotAccepted => "not-accepted",
            Self::OtherNumber { .. } => "other-number",
            Self::Hung { .. } => "hung",
            Self::HidesError { .. } => "hides-error",
            Self::RepeatsRefused { .. } => "repeats-refused",
            Self::NotCalled => "not-called",
            Self::Gone { .. } => "gone",
        }
    }
}

/// What happened, as a sentence about the client.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LetThrough => f.write_str("it accepted what it must refuse"),
            Self::NotAccepted => f.write_str("it refused what it must accept"),
            Self::OtherNumber { numbers } => {
                write!(f, "it sent the call again with another out_request_no: {}", numbers.join(", "))
            }
            Self::Hung { limit } => write!(f, "it had not ended after {} s", limit.as_secs_f64()),
            Self::HidesError { code } => write!(f, "it did not show {code}, which the gateway said"),
            Self::RepeatsRefused { requests } => {
                write!(f, "it sent the call {requests} times, although it was refused for good")
            }
            Self::NotCalled => f.write_str("the call never reached the mock"),
            Self::Gone { reason } => write!(f, "the application can't be reached any more: {reason}"),
        }
    }
}
