//! What is wrong with a fault rule, and the ranges of its numbers.

use std::{borrow::Cow, ops::RangeInclusive};

use wechatpay_texts::{Phrase, Text, phrase, text};

use crate::{api::suggest::advice, request::place::PlaceError};

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum RuleError {
    /// It names no fault, or more than one.
    #[text("expected fault, error or latency, but not both fault and error, found {found}")]
    NotOneFault {
        /// What there is.
        found: Phrase,
    },
    /// A value is out of range.
    #[text("{field}: expected {expected}, found {found}")]
    Range {
        /// The field.
        field: &'static str,
        /// What is possible.
        expected: String,
        /// What there is.
        found: String,
    },
    /// It says that the request has no effect, but the response would report success.
    #[text(
        "applied: {what} leaves a response that reports success, so applied can't be false; choose a fault that returns an error or ends the connection"
    )]
    AlwaysApplied {
        /// The fault, or latency without one.
        what: &'static str,
    },
    /// It sets a duration for a fault that does not have one.
    #[text("milliseconds: expected with no-answer or refuse only; use latency to delay a response")]
    NotLasting,
    /// Only callbacks have this.
    #[text("{fault}: only callbacks have it; add \"on\": \"callback\"")]
    OfCallbacks {
        /// The fault or the field.
        fault: &'static str,
    },
    /// Callbacks do not have this.
    #[text(
        "{what}: expected a rule with \"on\": \"callback\" to have a fault of callbacks or latency, and to match by \
         merchant, event_type, nth, every or probability only"
    )]
    NotOfCallbacks {
        /// The fault or the field.
        what: String,
    },
    /// The store can't be reached, or can't keep the rule.
    #[text(transparent)]
    Store {
        /// Why.
        reason: String,
    },
    /// The merchant is unknown.
    #[text("match.merchant: expected the mchid of a merchant, found {mchid:?}")]
    UnknownMerchant {
        /// The number.
        mchid: String,
    },
    /// The operation is unknown.
    #[text(
        "match.operation: expected an operationId, found {found:?}{advice}",
        advice = advice(near, phrase!("`wechatpay-mock operations --json` has all").text())
    )]
    UnknownOperation {
        /// The name.
        found: String,
        /// The known name that is most similar; empty if none is similar.
        near: String,
    },
    /// A place of the request, or the value at it, is impossible.
    #[text("match: {0}")]
    Place(#[from] PlaceError),
    /// There are too many rules.
    #[text(
        "expected at most {most} fault rules for a merchant, found one more; remove some, or raise limits.faults"
    )]
    TooMany {
        /// The most there may be.
        most: usize,
    },
    /// All rules together are too large.
    #[text(
        "expected at most {most} bytes of fault rules, found more; remove some, or raise limits.admin_bytes"
    )]
    TooLarge {
        /// The limit, `limits.admin_bytes`.
        most: usize,
    },
}

impl RuleError {
    /// The field that is wrong, if the error is about a single field: `match.every`.
    pub(crate) fn field(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NotOneFault { .. }
            | Self::OfCallbacks { .. }
            | Self::NotOfCallbacks { .. }
            | Self::Store { .. }
            | Self::TooMany { .. }
            | Self::TooLarge { .. } => return None,
            Self::Range { field, .. } => (*field).into(),
            Self::AlwaysApplied { .. } => "applied".into(),
            Self::NotLasting => "milliseconds".into(),
            Self::UnknownMerchant { .. } => "match.merchant".into(),
            Self::UnknownOperation { .. } => "match.operation".into(),
            Self::Place(error) => format!("match.{}", error.place()).into(),
        })
    }
}

/// Ten minutes, the longest wait.
pub(super) const LONGEST_MILLISECONDS: u64 = 600_000;

/// Checks how long `no-answer` and `refuse` last.
pub(super) fn check_milliseconds(milliseconds: u64) -> Result<(), RuleError> {
    within("milliseconds", 0..=LONGEST_MILLISECONDS, milliseconds)
}

pub(super) fn within(
    field: &'static str,
    expected: RangeInclusive<u64>,
    found: u64,
) -> Result<(), RuleError> {
    if expected.contains(&found) {
        return Ok(());
    }
    Err(range(
        field,
        &text!("{least} to {most}", least = expected.start(), most = expected.end()),
        found.to_string(),
    ))
}

pub(super) fn range(field: &'static str, expected: &str, found: String) -> RuleError {
    RuleError::Range { field, expected: expected.into(), found }
}
