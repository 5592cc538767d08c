//! Which merchants may have something to do: callbacks to send, or documents that are due.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use wechatpay_protocol::{Mchid, Timestamp};

use super::{super::StoreResult, Inner};

/// Which merchants may have something to do.
#[derive(Default)]
pub(super) struct Waiting {
    /// When all were looked at.
    pub(super) looked: Option<Instant>,
    /// Those that have something new.
    touched: HashSet<Mchid>,
    /// When the next of each is due.
    next: HashMap<Mchid, Timestamp>,
    /// How often all were looked at: each time, another one is the first.
    pub(super) turn: usize,
}

impl Waiting {
    pub(super) fn touch(&mut self, mchid: &Mchid) {
        self.touched.insert(mchid.clone());
    }

    /// Those that have something to do, as far as it is known.
    pub(super) fn take_known(&mut self, now: Timestamp) -> Vec<Mchid> {
        let mut known: Vec<_> = self.touched.drain().collect();
        let due = self.next.iter().filter(|(_, next)| **next <= now).map(|(mchid, _)| mchid.clone());
        known.extend(due);
        known.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        known.dedup();
        known
    }

    /// All are looked at.
    pub(super) fn begin(&mut self, merchants: &[Mchid]) {
        self.touched.clear();
        self.next.retain(|mchid, _| merchants.contains(mchid));
        self.turn = self.turn.wrapping_add(1);
    }

    pub(super) fn set_next(&mut self, mchid: &Mchid, next: Option<Timestamp>) {
        match next {
            Some(next) => self.next.insert(mchid.clone(), next),
            None => self.next.remove(mchid),
        };
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.next.values().min().copied()
    }
}

impl Inner {
    /// The merchants that may have something to do: all of them from time to time, and in between those that this mock knows about.
    pub(super) fn to_look_at(
        &self,
        waiting: &Mutex<Waiting>,
        now: Timestamp,
        every: Duration,
    ) -> StoreResult<Vec<Mchid>> {
        let begun = Instant::now();
        let is_time = waiting.lock().looked.is_none_or(|looked| looked.elapsed() + every / 10 >= every);
        if !is_time {
            return Ok(waiting.lock().take_known(now));
        }
        let merchants = self.merchants()?;
        let mut waiting = waiting.lock();
        waiting.looked = Some(begun);
        waiting.begin(&merchants);
        Ok(merchants)
    }
}
