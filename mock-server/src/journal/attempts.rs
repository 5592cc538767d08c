//! The last attempts to deliver callbacks: the way out, beside the exchanges, which are the way in.

use std::fmt;

use wechatpay_protocol::{Mchid, display::printable};
use wechatpay_texts::{phrase, text};

use super::ring::{Entry, Ring};
use crate::store::{Attempt, Delivery, DeliveryState, Outcome};

/// How many attempts are kept, and how many bytes of them. The oldest go first. (own choice)
const MOST: usize = 1_000;
const MOST_BYTES: usize = 4 << 20;

/// The most characters of a text from outside in a line.
const MOST_SHOWN: usize = 2048;

/// An attempt to deliver a callback, as the journal keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Attempted {
    /// Counts the attempts of a mock from 1.
    pub(crate) number: u64,
    /// The callback's number.
    pub(crate) callback: u64,
    /// Counts the callback's attempts from 1.
    pub(crate) nth: usize,
    pub(crate) mchid: Mchid,
    pub(crate) event_type: String,
    pub(crate) notify_url: String,
    pub(crate) attempt: Attempt,
    /// What came next.
    state: DeliveryState,
}

/// The last attempts of all merchants.
pub(crate) type Attempts = Ring<Attempted>;

impl Attempts {
    pub(super) fn empty() -> Self {
        Self::new(MOST, MOST_BYTES)
    }

    /// Numbers, keeps and logs the attempt, which is not yet one of the callback's. This is what comes next.
    pub(crate) fn keep(&self, delivery: &Delivery, attempt: &Attempt, state: DeliveryState) {
        let attempted = self.record(|number| Attempted {
            number,
            callback: delivery.number,
            nth: delivery.attempts.len() + 1,
            mchid: delivery.mchid.clone(),
            event_type: delivery.event_type.clone(),
            notify_url: delivery.notify_url.clone(),
            attempt: attempt.clone(),
            state,
        });
        attempted.log();
    }
}

impl Entry for Attempted {
    fn number(&self) -> u64 {
        self.number
    }

    fn merchant(&self) -> Option<&str> {
        Some(self.mchid.as_str())
    }

    fn size(&self) -> usize {
        self.event_type.len() + self.notify_url.len() + self.attempt.size()
    }
}

impl Attempted {
    /// The status of the receiver's response.
    pub(crate) fn status(&self) -> Option<u16> {
        match &self.attempt.outcome {
            Outcome::Answered { status, .. } => Some(status.as_u16()),
            Outcome::NoAnswer { .. } | Outcome::NotSent { .. } => None,
        }
    }

    /// Writes the line, at INFO if the receiver took the callback and no fault applied, else at WARN.
    fn log(&self) {
        let Self { callback, nth, mchid, event_type, attempt, .. } = self;
        let milliseconds = u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX);
        let (status, fault) = (self.status(), attempt.fault.as_deref());
        if self.state == DeliveryState::Received && fault.is_none() {
            tracing::info!(callback, nth, %mchid, event_type, status, milliseconds, "{self}");
        } else {
            tracing::warn!(callback, nth, %mchid, event_type, status, fault, milliseconds, "{self}");
        }
    }
}

/// The attempt's line in the log: `callback 3 200 TRANSACTION.SUCCESS | POST http://127.0.0.1:3000/notify`.
impl fmt::Display for Attempted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { callback, event_type, notify_url, attempt, state, .. } = self;
        let status = match &attempt.outcome {
            Outcome::Answered { status, .. } => status.as_u16().to_string(),
            Outcome::NoAnswer { .. } => phrase!("unanswered").into(),
            Outcome::NotSent { .. } => phrase!("unsent").into(),
        };
        let mut notes = Vec::new();
        if let Outcome::NoAnswer { reason } | Outcome::NotSent { reason } = &attempt.outcome {
            notes.push(printable(&reason.to_string(), MOST_SHOWN).into_owned());
        }
        notes.extend(attempt.fault.as_ref().map(|named| text!("fault {named}")));
        match state {
            DeliveryState::Waiting(at) => notes.push(text!("again at {time}", time = at.to_rfc3339())),
            DeliveryState::GivenUp => notes.push(text!("given up")),
            DeliveryState::Received | DeliveryState::Held | DeliveryState::Sending => {}
        }
        let separator = if notes.is_empty() { "" } else { ": " };
        let (notes, url) = (notes.join(phrase!("; ").text()), printable(notify_url, MOST_SHOWN));
        f.write_str(&text!("callback {callback} {status} {event_type}{separator}{notes} | POST {url}"))
    }
}
