//! The signatures that answers without a body share for a while.

use std::sync::Mutex;

use wechatpay_protocol::{KeyId, Timestamp};

use super::{ByKey, EmptySigned, Headers};
use crate::whole::whole;

/// The last signature that was made to be shared, by key.
#[derive(Debug)]
pub(super) struct Shared {
    seconds: u64,
    last: ByKey<Mutex<Option<EmptySigned>>>,
}

impl Shared {
    pub(super) fn by(keys: impl IntoIterator<Item = KeyId>, seconds: u64) -> Self {
        Self { seconds, last: ByKey::of(keys) }
    }

    /// The signature of this key, if its time is not over; a new one, if it is, or the clock was moved.
    ///
    /// Who finds none signs without a lock. Of those who do so at once, all but the first take what the first has made.
    pub(super) fn get_or(&self, key: &KeyId, now: Timestamp, sign: impl Fn() -> Headers) -> Headers {
        let Some(last) = self.last.get(key) else { return sign() };
        if let Some(last) = self.good(&whole(last), now) {
            return last;
        }
        let headers = sign();
        let mut last = whole(last);
        self.good(&last, now).unwrap_or_else(|| last.insert(EmptySigned { at: now, headers }).headers.clone())
    }

    fn good(&self, last: &Option<EmptySigned>, now: Timestamp) -> Option<Headers> {
        let last = last.as_ref()?;
        (last.age(now)? < self.seconds).then(|| last.headers.clone())
    }
}
