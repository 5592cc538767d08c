//! Documents that change by themselves: when each of them is due, by the mock's clock.

use std::{collections::BTreeMap, iter};

use parking_lot::Mutex;
use tokio::sync::Notify;
use wechatpay_protocol::{Mchid, Timestamp};

use super::{IsKnown, Key};

/// The most reminders that are kept, in about 28 MB. Beyond it, the last due is forgotten: its document then changes when it is next
/// used. (own choice)
pub(super) const MOST: usize = 200_000;

/// A document that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reminder {
    pub(crate) mchid: Mchid,
    pub(crate) key: Key,
    /// When it is due, and its number among the reminders: no other has both.
    pub(super) place: (Timestamp, u64),
}

/// The documents that are due, and when the next one is.
#[derive(Debug, Default)]
pub(crate) struct Due {
    pub(crate) taken: Vec<Reminder>,
    pub(crate) next: Option<Timestamp>,
}

/// The reminders of every merchant, in memory.
#[derive(Debug, Default)]
pub(super) struct Reminders {
    kept: Mutex<Kept>,
    /// Wakes the task that waits for the next one.
    added: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    waiting: BTreeMap<(Timestamp, u64), Reminder>,
    last: u64,
}

impl Reminders {
    pub(super) fn add(&self, mchid: &Mchid, reminders: Vec<(Timestamp, Key)>) {
        if reminders.is_empty() {
            return;
        }
        let mut kept = self.kept.lock();
        for (at, key) in reminders {
            kept.last += 1;
            let place = (at, kept.last);
            kept.waiting.insert(place, Reminder { mchid: mchid.clone(), key, place });
            if kept.waiting.len() > MOST {
                kept.waiting.pop_last();
            }
        }
        self.added.notify_one();
    }

    /// What is due of known merchants, at most `most`.
    pub(super) fn due(&self, now: Timestamp, most: usize, is_known: IsKnown<'_>) -> Due {
        let kept = self.kept.lock();
        let mut known = kept.waiting.values().filter(|reminder| is_known(&reminder.mchid)).peekable();
        let due = iter::from_fn(|| known.next_if(|reminder| reminder.place.0 <= now));
        let taken = due.take(most).cloned().collect();
        Due { taken, next: known.peek().map(|reminder| reminder.place.0) }
    }

    /// Forgets these.
    pub(super) fn forget(&self, reminders: &[Reminder]) {
        let mut kept = self.kept.lock();
        reminders.iter().for_each(|reminder| drop(kept.waiting.remove(&reminder.place)));
    }

    /// The reminders of one merchant.
    pub(super) fn of(&self, mchid: &Mchid) -> Vec<(Timestamp, Key)> {
        let kept = self.kept.lock();
        let own = kept.waiting.iter().filter(|(_, reminder)| reminder.mchid == *mchid);
        own.map(|((at, _), reminder)| (*at, reminder.key.clone())).collect()
    }

    /// Forgets the reminders of one merchant, or of all.
    pub(super) fn remove(&self, mchid: Option<&Mchid>) {
        let is_kept = |reminder: &Reminder| mchid.is_some_and(|mchid| *mchid != reminder.mchid);
        self.kept.lock().waiting.retain(|_, reminder| is_kept(reminder));
    }

    /// Resolves when there may be a new one.
    pub(super) async fn added(&self) {
        self.added.notified().await;
    }
}
