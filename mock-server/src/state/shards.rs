//! Something in parts, so that who needs one part doesn't wait for another.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Parts, each behind a lock of its own. Which of them is meant, a key says.
#[derive(Debug)]
pub(super) struct Shards<T> {
    parts: Box<[Mutex<T>]>,
    hasher: RandomState,
}

/// So many parts there are at most. More cores than that seldom serve one mock.
const MOST: usize = 16;

/// So many things a part must be able to hold to be worth it. Where fewer are kept, the oldest of all is forgotten
/// first; otherwise that of a part. (own choice)
const WORTHWHILE: usize = 4_096;

impl<T> Shards<T> {
    /// Parts that hold so many things together, each made with its share.
    pub(super) fn new(bound: usize, make: impl Fn(usize) -> T) -> Self {
        let count = (bound / WORTHWHILE).clamp(1, MOST);
        let parts = (0..count).map(|_| Mutex::new(make(bound.div_ceil(count)))).collect();
        Self { parts, hasher: RandomState::new() }
    }

    /// The part of this key, locked.
    pub(super) fn of(&self, key: impl Hash) -> MutexGuard<'_, T> {
        let count = self.parts.len() as u64;
        lock(&self.parts[(self.hasher.hash_one(key) % count) as usize])
    }

    /// Every part, locked in order.
    pub(super) fn all(&self) -> Vec<MutexGuard<'_, T>> {
        self.parts.iter().map(lock).collect()
    }
}

/// Nothing that is done while one of these is held can panic, so it is whole even if it should be poisoned.
fn lock<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}
