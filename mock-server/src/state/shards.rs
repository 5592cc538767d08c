//! Something in parts, so that who needs one part doesn't wait for another.

use std::sync::{Mutex, MutexGuard};

use super::Fingerprint;
use crate::whole::whole;

/// Parts, each behind a lock of its own. Which of them is meant, a fingerprint says.
#[derive(Debug)]
pub(super) struct Shards<T>(Box<[Mutex<T>]>);

/// So many parts there are at most. More cores than that seldom serve one mock.
const MOST: usize = 16;

/// So many things a part must be able to hold to be worth it. Of fewer than twice as many there is one part, and the oldest
/// of all is forgotten first; otherwise that of a part. (own choice)
const WORTHWHILE: usize = 4_096;

impl<T> Shards<T> {
    /// Parts that hold so many things together, if they are spread evenly. Each is made with its share.
    pub(super) fn new(bound: usize, make: impl Fn(usize) -> T) -> Self {
        let count = (bound / WORTHWHILE).clamp(1, MOST);
        Self((0..count).map(|_| Mutex::new(make(bound.div_ceil(count)))).collect())
    }

    /// The part that this belongs to, locked.
    pub(super) fn of(&self, fingerprint: Fingerprint) -> MutexGuard<'_, T> {
        whole(&self.0[fingerprint.below(self.0.len())])
    }

    /// Every part, locked in order.
    pub(super) fn all(&self) -> Vec<MutexGuard<'_, T>> {
        self.0.iter().map(whole).collect()
    }
}
