//! Signatures that idle moments are used for, so that a burst of answers without a body needn't wait for any.
//!
//! Each is good for one answer, of the same key, within seconds. They are made one at a time and only while no answer is to be
//! signed, so a request waits for one of them at most.

use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};
use wechatpay_protocol::{KeyId, Timestamp};

use super::{ByKey, EmptySigned, Headers, Signing};
use crate::{identity::Identity, whole::whole};

/// The most seconds between making and use. (own choice: clients put up with 300)
const LATEST: u64 = 5;
/// After so many seconds, one is replaced before it is too old.
const OLD: u64 = 4;
/// For how long nobody must have asked for anything before it counts as idle.
const IDLE: Duration = Duration::from_millis(5);
/// How long to listen for somebody between two signatures.
const BETWEEN: Duration = Duration::from_millis(1);
/// How long to wait where nothing is to be made, before looking for what has become old.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// For how long after the last answer there may be a next burst.
const IN_USE: Duration = Duration::from_secs(30);

/// The signatures that are ready.
#[derive(Debug)]
pub(super) struct Ahead {
    most: usize,
    pools: ByKey<Pool>,
    /// Told of each answer that is to be signed.
    asked: Notify,
}

/// Those of one key.
#[derive(Debug, Default)]
struct Pool {
    /// In the order in which they were made.
    ready: Mutex<VecDeque<EmptySigned>>,
    /// Whether the key signs at all.
    is_wanted: AtomicBool,
}

impl Ahead {
    pub(super) fn by(keys: impl IntoIterator<Item = KeyId>, most: usize) -> Self {
        Self { most, pools: ByKey::of(keys), asked: Notify::new() }
    }

    /// An answer is to be signed: this is no idle moment.
    pub(super) fn ask(&self) {
        self.asked.notify_one();
    }

    /// One of this key that is good now. Nobody else gets it.
    pub(super) fn take(&self, key: &KeyId, now: Timestamp) -> Option<Headers> {
        let pool = self.pools.get(key)?;
        pool.is_wanted.store(true, Ordering::Relaxed);
        let mut ready = whole(&pool.ready);
        loop {
            // What is from the future stays: whoever asks may only have looked at the clock a moment ago.
            let age = ready.front()?.age(now)?;
            let oldest = ready.pop_front()?;
            if age <= LATEST {
                return Some(oldest.headers);
            }
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.pools.values().map(|pool| whole(&pool.ready).len()).sum()
    }

    /// The first key that needs one. What is too old, or from before the clock was moved, is thrown away.
    fn needy(&self, now: Timestamp) -> Option<(&KeyId, &Pool)> {
        let mut wanted = self.pools.iter().filter(|(_, pool)| pool.is_wanted.load(Ordering::Relaxed));
        wanted.find(|(_, pool)| {
            let mut ready = whole(&pool.ready);
            let age = |ready: &VecDeque<EmptySigned>| ready.front().map(|oldest| oldest.age(now));
            while age(&ready).is_some_and(|age| age.is_none_or(|age| age > LATEST)) {
                ready.pop_front();
            }
            ready.len() < self.most || age(&ready).flatten().is_some_and(|age| age >= OLD)
        })
    }

    fn clear(&self) {
        for pool in self.pools.values() {
            pool.is_wanted.store(false, Ordering::Relaxed);
            whole(&pool.ready).clear();
        }
    }
}

impl Pool {
    /// Takes one in; for the oldest, if there is no more room.
    fn put(&self, signed: EmptySigned, most: usize) {
        let mut ready = whole(&self.ready);
        if ready.len() >= most {
            ready.pop_front();
        }
        ready.push_back(signed);
    }
}

impl Signing {
    /// Signs ahead in idle moments, from each answer on for as long as there may be a next. Never ends, unless it is not asked
    /// for.
    pub(crate) async fn sign_ahead(&self, identity: &Identity) {
        let Some(ahead) = self.ahead() else { return };
        loop {
            ahead.asked.notified().await;
            let (mut last_asked, mut pause) = (Instant::now(), IDLE);
            while last_asked.elapsed() < IN_USE {
                if timeout(pause, ahead.asked.notified()).await.is_ok() {
                    (last_asked, pause) = (Instant::now(), IDLE);
                } else {
                    pause = if self.sign_one(ahead, identity) { BETWEEN } else { LOOK_AGAIN };
                }
            }
            ahead.clear();
        }
    }

    /// Signs what is needed most. Whether anything was.
    fn sign_one(&self, ahead: &Ahead, identity: &Identity) -> bool {
        if !self.may_sign_ahead() {
            return false;
        }
        let now = self.clock.now();
        let Some((id, pool)) = ahead.needy(now) else { return false };
        let Some(key) = identity.platform_keys().find(|key| key.id == *id) else { return false };
        pool.put(EmptySigned { at: now, headers: self.signed(b"", key, now) }, ahead.most);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        config::Config,
        randomness::Randomness,
        signing::{AnswerSignature, Signatures},
    };

    const MOST: usize = 3;

    struct World {
        identity: Identity,
        signing: Signing,
        clock: Clock,
    }

    impl World {
        fn new(clock: Clock, randomness: Randomness) -> Self {
            let identity = Identity::new(&Config::default());
            let keys = identity.platform_keys().map(|key| key.id.clone());
            let signatures = Signatures::ahead(MOST as u64).unwrap();
            let signing = Signing::new(signatures, keys, clock.clone(), randomness);
            Self { identity, signing, clock }
        }

        fn running() -> Self {
            Self::new(Clock::system(), Randomness::system())
        }

        /// How an answer without a body is signed now, with the public key.
        fn answer(&self) -> AnswerSignature {
            let key = self.identity.public_key().key();
            self.signing.sign(&mut http::HeaderMap::new(), b"", key, self.clock.now())
        }

        /// Uses an idle moment. How many signatures were made.
        fn idle(&self) -> usize {
            let ahead = self.signing.ahead().unwrap();
            (0..).take_while(|_| self.signing.sign_one(ahead, &self.identity)).count()
        }
    }

    #[test]
    fn a_key_that_signs_has_as_many_ready_as_are_asked_for_and_another_none() {
        let world = World::running();
        assert_eq!(world.idle(), 0);
        assert_eq!(world.answer(), AnswerSignature::Fresh);
        assert_eq!((world.idle(), world.signing.ready()), (MOST, MOST));
        assert_eq!([(); MOST].map(|()| world.answer()), [AnswerSignature::Ahead; MOST]);
        assert_eq!(world.answer(), AnswerSignature::Fresh);
    }

    #[test]
    fn what_is_old_is_replaced_before_it_is_too_old() {
        let world = World::running();
        world.answer();
        assert_eq!(world.idle(), MOST);
        world.clock.advance(OLD as i64);
        assert_eq!((world.idle(), world.signing.ready()), (MOST, MOST));
        // The last of those that were replaced would be too old by now.
        world.clock.advance((LATEST + 1 - OLD) as i64);
        assert_eq!(world.answer(), AnswerSignature::Ahead);
    }

    #[test]
    fn what_is_too_old_or_from_the_future_is_not_used() {
        for seconds in [LATEST as i64 + 1, -2] {
            let world = World::running();
            world.answer();
            world.idle();
            world.clock.advance(seconds);
            assert_eq!(world.answer(), AnswerSignature::Fresh, "{seconds}");
            assert_eq!((world.idle(), world.signing.ready()), (MOST, MOST), "{seconds}");
            assert_eq!(world.answer(), AnswerSignature::Ahead, "{seconds}");
        }
    }

    #[test]
    fn nothing_is_made_where_the_clock_is_not_the_machines_or_chance_is_fixed() {
        let frozen = Clock::system();
        frozen.freeze(None);
        let fixed = Clock::fixed(Timestamp::from_unix(1_756_951_532));
        for world in [
            World::new(frozen, Randomness::system()),
            World::new(fixed, Randomness::system()),
            World::new(Clock::system(), Randomness::fixed([7; 16])),
        ] {
            world.answer();
            assert_eq!(world.idle(), 0);
            assert_eq!(world.answer(), AnswerSignature::Fresh);
        }
    }
}
