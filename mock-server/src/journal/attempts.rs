//! The last attempts to deliver callbacks: the way out, beside the exchanges, which are the way in.

use std::{collections::VecDeque, fmt, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::watch;
use wechatpay_protocol::{Mchid, display::printable};

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
#[derive(Debug)]
pub(super) struct Attempts {
    kept: Mutex<Kept>,
    last: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    attempts: VecDeque<Arc<Attempted>>,
    recorded: u64,
    last_evicted: u64,
    bytes: usize,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self { kept: Mutex::default(), last: watch::Sender::new(0) }
    }

    /// Numbers, keeps and logs the attempt, which is not yet one of the callback's. This is what comes next.
    pub(super) fn record(&self, delivery: &Delivery, attempt: &Attempt, state: DeliveryState) {
        let mut kept = self.kept.lock();
        kept.recorded += 1;
        let attempted = Arc::new(Attempted {
            number: kept.recorded,
            callback: delivery.number,
            nth: delivery.attempts.len() + 1,
            mchid: delivery.mchid.clone(),
            event_type: delivery.event_type.clone(),
            notify_url: delivery.notify_url.clone(),
            attempt: attempt.clone(),
            state,
        });
        kept.bytes += attempted.size();
        kept.attempts.push_back(Arc::clone(&attempted));
        while kept.attempts.len() > MOST || kept.bytes > MOST_BYTES {
            let Some(oldest) = kept.attempts.pop_front() else { break };
            kept.bytes -= oldest.size();
            kept.last_evicted = oldest.number;
        }
        self.last.send_replace(attempted.number);
        drop(kept);
        attempted.log();
    }

    /// The attempts of one merchant or of all, after this number, oldest first; and the number of the last one of all.
    pub(super) fn after(&self, mchid: Option<&Mchid>, after: u64) -> (Vec<Arc<Attempted>>, u64) {
        let kept = self.kept.lock();
        // A higher number comes from an earlier mock. Its follower continues with this mock's first attempt.
        let after = if after > kept.recorded { 0 } else { after };
        let later = kept.attempts.iter().filter(|one| one.number > after);
        let wanted = later.filter(|one| mchid.is_none_or(|mchid| one.mchid == *mchid)).cloned().collect();
        (wanted, kept.recorded)
    }

    /// An upper bound on the number of evicted attempts with a number above `after`.
    pub(super) fn evicted(&self, after: u64) -> u64 {
        self.kept.lock().last_evicted.saturating_sub(after)
    }

    /// Sees every new attempt from now on.
    pub(super) fn follow(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// Forgets the attempts of one merchant, or all.
    pub(super) fn clear(&self, mchid: Option<&Mchid>) {
        let mut kept = self.kept.lock();
        kept.attempts.retain(|one| mchid.is_some_and(|mchid| one.mchid != *mchid));
        kept.bytes = kept.attempts.iter().map(|one| one.size()).sum();
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

    fn size(&self) -> usize {
        self.event_type.len() + self.notify_url.len() + self.attempt.size()
    }

    /// Writes the line, at INFO if the receiver took the callback and no fault applied, else at WARN.
    fn log(&self) {
        let Self { callback, nth, mchid, event_type, attempt, .. } = self;
        let milliseconds = u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX);
        let (status, fault) = (self.status(), attempt.fault);
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
            Outcome::NoAnswer { .. } => "unanswered".into(),
            Outcome::NotSent { .. } => "unsent".into(),
        };
        let mut notes = Vec::new();
        if let Outcome::NoAnswer { reason } | Outcome::NotSent { reason } = &attempt.outcome {
            notes.push(printable(reason, MOST_SHOWN).into_owned());
        }
        notes.extend(attempt.fault.map(|fault| format!("fault {fault}")));
        match state {
            DeliveryState::Waiting(at) => notes.push(format!("again at {}", at.to_rfc3339())),
            DeliveryState::GivenUp => notes.push("given up".into()),
            DeliveryState::Received | DeliveryState::Held | DeliveryState::Sending => {}
        }
        let separator = if notes.is_empty() { "" } else { ": " };
        let url = printable(notify_url, MOST_SHOWN);
        write!(f, "callback {callback} {status} {event_type}{separator}{} | POST {url}", notes.join("; "))
    }
}
