//! The signatures that answers without a body share for a while.

use std::sync::{Mutex, MutexGuard, PoisonError};

use wechatpay_protocol::{KeyId, Timestamp};

use super::Headers;

/// The last signature that was made to be shared, by key.
#[derive(Debug)]
pub(super) struct Shared(Vec<(KeyId, Mutex<Option<Last>>)>);

#[derive(Debug)]
struct Last {
    at: Timestamp,
    headers: Headers,
}

impl Shared {
    pub(super) fn by(keys: impl IntoIterator<Item = KeyId>) -> Self {
        Self(keys.into_iter().map(|key| (key, Mutex::default())).collect())
    }

    /// The signature of this key that is not older than that many seconds; a new one, if there is none, or the clock was
    /// moved.
    ///
    /// Who finds none signs without a lock. Of those who do so at once, all but the first take what the first has made.
    pub(super) fn within(
        &self,
        seconds: u64,
        key: &KeyId,
        now: Timestamp,
        sign: impl Fn() -> Headers,
    ) -> Headers {
        let Some((_, last)) = self.0.iter().find(|(known, _)| known == key) else { return sign() };
        if let Some(last) = whole(last).as_ref().filter(|last| last.holds(seconds, now)) {
            return last.headers.clone();
        }
        let headers = sign();
        let mut last = whole(last);
        match last.as_ref().filter(|last| last.holds(seconds, now)) {
            Some(first) => first.headers.clone(),
            None => last.insert(Last { at: now, headers }).headers.clone(),
        }
    }
}

impl Last {
    fn holds(&self, seconds: u64, now: Timestamp) -> bool {
        now.as_unix().checked_sub(self.at.as_unix()).is_some_and(|age| age < seconds)
    }
}

/// Nothing that is done while it is held can panic, so it is whole even if it should be poisoned.
fn whole(last: &Mutex<Option<Last>>) -> MutexGuard<'_, Option<Last>> {
    last.lock().unwrap_or_else(PoisonError::into_inner)
}
