//! The mocks that have the same store: each says in a note that it is there, where it can be called, and what it has applied.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use wechatpay_texts::{phrase, text};

use super::Control;
use crate::store::{Store, StoreResult};

/// The other mocks of a store, as this mock sees them.
#[derive(Debug)]
pub(crate) struct Others {
    /// Who this mock is for the others.
    id: String,
    /// Where the others can call it.
    address: Option<String>,
    beats: AtomicU64,
    seen: Mutex<HashMap<String, Seen>>,
}

/// Another mock.
#[derive(Clone, Debug)]
pub(in crate::admin) struct Other {
    pub(in crate::admin) id: String,
    /// Where it can be called, as `http://HOST:PORT`.
    pub(in crate::admin) address: Option<String>,
    /// How long ago it last said that it is there.
    pub(in crate::admin) silent: Duration,
    applied: i64,
}

/// What a mock says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sign {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Counts up: machines may differ about the time.
    beat: u64,
    /// The version of what is shared that it has applied.
    applied: i64,
}

/// The last beat of another mock, and since when it is known.
#[derive(Debug)]
struct Seen {
    beat: u64,
    since: Instant,
}

const MOCKS: &str = "mock/";

/// How often a mock says that it is there. (own choice)
const BEATS_EVERY: Duration = Duration::from_secs(1);

/// How long a mock that has said nothing counts as one that is there. (own choice)
const LIVES: Duration = Duration::from_secs(3);

/// How long the note of such a mock is kept. (own choice)
const KEPT: Duration = Duration::from_secs(60);

/// How often a mock looks for changes that others have made. (own choice)
const LOOKS_EVERY: Duration = Duration::from_millis(50);

/// How long a call waits until the other mocks have applied what it has changed, and how often it looks. (own choice)
const SETTLES_WITHIN: Duration = Duration::from_secs(2);
const SETTLED_EVERY: Duration = Duration::from_millis(10);

impl Other {
    /// Whether it has said lately that it is there.
    pub(in crate::admin) fn is_live(&self) -> bool {
        self.silent < LIVES
    }
}

impl Others {
    /// A mock that others can call at this address.
    pub(crate) fn new(address: Option<String>) -> Self {
        Self {
            id: format!("{:016x}", rand::random::<u64>()),
            address,
            beats: AtomicU64::new(0),
            seen: Mutex::default(),
        }
    }

    pub(in crate::admin) fn id(&self) -> &str {
        &self.id
    }

    pub(in crate::admin) fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// Says for the first time that this mock is there.
    pub(super) fn register(&self, store: &Store, applied: i64) -> StoreResult<()> {
        self.beat(store, applied)?;
        self.look(store).map(drop)
    }

    /// Says that this mock is there, and what it has applied.
    fn beat(&self, store: &Store, applied: i64) -> StoreResult<()> {
        let sign = Sign { address: self.address.clone(), beat: self.beats.fetch_add(1, Relaxed), applied };
        let text = serde_json::to_string(&sign).expect("texts and numbers always serialize");
        store.note(&self.note(), Some(&text))
    }

    /// Says that this mock is gone.
    pub(crate) fn leave(&self, store: &Store) {
        if let Err(error) = store.note(&self.note(), None) {
            tracing::debug!("{}", text!("can't tell the other mocks that this one stops: {error}"));
        }
    }

    fn note(&self) -> String {
        format!("{MOCKS}{}", self.id)
    }

    /// The others. Forgets those that have said nothing for a minute.
    pub(in crate::admin) fn look(&self, store: &Store) -> StoreResult<Vec<Other>> {
        let notes = store.notes(MOCKS)?;
        let mut seen = self.seen.lock();
        let (mut others, mut gone) = (Vec::new(), Vec::new());
        for (note, text) in notes {
            let Some(id) = note.strip_prefix(MOCKS).filter(|id| *id != self.id) else { continue };
            let Ok(Sign { address, beat, applied }) = serde_json::from_str(&text) else {
                gone.push(note);
                continue;
            };
            let known = seen.entry(id.into()).or_insert_with(|| Seen { beat, since: Instant::now() });
            if known.beat != beat {
                *known = Seen { beat, since: Instant::now() };
            }
            let silent = known.since.elapsed();
            others.push(Other { id: id.into(), address, silent, applied });
            if silent > KEPT {
                gone.push(note);
            }
        }
        seen.retain(|id, _| others.iter().any(|other| other.id == *id));
        drop(seen);
        gone.iter().try_for_each(|note| store.note(note, None))?;
        Ok(others)
    }
}

impl Control {
    /// Says to the other mocks that this one is gone.
    pub(crate) fn leave(&self) {
        if let Some(others) = &self.lasting.others {
            others.leave(&self.gateway.store);
        }
    }

    /// Keeps the clock's setting when it changes, says that this mock is there, and applies what others have changed. Ends at once
    /// if nothing lasts and there are no others.
    pub(crate) async fn keep_up(self: Arc<Self>) {
        let (gateway, lasting) = (&self.gateway, &self.lasting);
        if !lasting.lasts() && lasting.others.is_none() {
            return;
        }
        let mut clock = gateway.clock.changes();
        let (mut beaten, mut are_there, mut is_lost) = (Instant::now(), true, false);
        loop {
            let kept = self.keep_clock().and_then(|()| {
                let Some(others) = &lasting.others else { return Ok(()) };
                let has_applied = self.catch_up()?;
                let is_time = beaten.elapsed() >= BEATS_EVERY;
                if has_applied || is_time {
                    others.beat(&gateway.store, lasting.applied())?;
                }
                if is_time {
                    beaten = Instant::now();
                    are_there = others.look(&gateway.store)?.iter().any(Other::is_live);
                }
                Ok(())
            });
            match &kept {
                Err(error) if !is_lost => {
                    tracing::warn!("{}", text!("lasting and shared data can't be saved: {error}"));
                }
                Ok(()) if is_lost => tracing::info!("{}", text!("lasting and shared data is saved again")),
                _ => {}
            }
            is_lost = kept.is_err();
            let rest = if lasting.is_shared() && are_there && !is_lost { LOOKS_EVERY } else { BEATS_EVERY };
            let has_rest = lasting.others.is_some() || is_lost;
            tokio::select! {
                () = clock.next() => {}
                () = sleep(rest), if has_rest => {}
            }
        }
    }

    /// Waits until the other mocks have applied what this one has changed; at most two seconds, and for no mock that says nothing
    /// any more.
    pub(in crate::admin) async fn settle(&self) {
        let lasting = &self.lasting;
        let (Some(others), Some(version)) = (&lasting.others, lasting.unsettled()) else { return };
        let until = Instant::now() + SETTLES_WITHIN;
        loop {
            let Ok(found) = others.look(&self.gateway.store) else {
                tracing::warn!(
                    "{}",
                    text!("the other mocks may not have applied a change yet: the store can't be reached")
                );
                lasting.settled.fetch_max(version, Relaxed);
                return;
            };
            let late = found.into_iter().filter(|other| other.is_live() && other.applied < version);
            let late: Vec<_> = late.map(|other| other.address.unwrap_or(other.id)).collect();
            let is_late = Instant::now() >= until;
            if is_late && !late.is_empty() {
                let note = text!(
                    "other mocks have not applied a change within {seconds} s: {late}",
                    seconds = SETTLES_WITHIN.as_secs(),
                    late = late.join(phrase!(", ").text())
                );
                tracing::warn!("{note}");
            }
            if is_late || late.is_empty() {
                lasting.settled.fetch_max(version, Relaxed);
                return;
            }
            sleep(SETTLED_EVERY).await;
        }
    }
}
