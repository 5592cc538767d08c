//! What is asked for, and whether it makes sense.

use std::{num::NonZero, time::Duration};

use wechatpay_protocol::Timestamp;

use super::{LoadError, Pace};
use crate::verify::Target;

/// The longest that the last answers are waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How long after the first signature the last request may be due, so that the server takes its timestamp.
pub(super) const GOOD_FOR: Duration = Timestamp::MAX_SKEW.saturating_sub(PATIENCE);

/// How many requests are signed ahead unless something else is said: as many as two cores sign in six seconds.
const USUALLY_SIGNED: usize = 50_000;

/// The most that are signed ahead for a rate unless something else is said.
const MOST_SIGNED_UNASKED: u64 = 200_000;

/// A load, as it is asked for.
#[derive(Clone, Debug)]
pub struct Load {
    /// The server.
    pub target: Target,
    /// Whether the target may be on another machine, where it could be a real gateway.
    pub may_be_elsewhere: bool,
    /// How many connections; each has one request on its way at most.
    pub connections: NonZero<usize>,
    /// How many threads send, at most as many as there are connections.
    pub threads: NonZero<usize>,
    /// Whether those threads ask for what has happened over and over, in place of sleeping until something has.
    ///
    /// Whoever wakes a sleeping thread takes time for it, and that is the server, when it answers. Such a thread takes all of a
    /// core, also while it has nothing to do, so there must be cores for it that the server has no use for.
    pub is_busy_polling: bool,
    /// When requests are due.
    pub pace: Pace,
    /// How long new requests are sent.
    pub duration: Duration,
    /// How long they are sent before that, at the same pace, without being counted.
    pub warm_up: Duration,
    /// How many different requests are signed ahead; `None` for what the rate needs.
    pub signed: Option<NonZero<usize>>,
    /// How many member codes they are for.
    pub members: NonZero<u64>,
    /// To how many bytes each body is padded, with white space that JSON allows.
    pub body_bytes: Option<usize>,
    /// Of so many answers one is verified; `None` for none.
    pub verify_every: Option<NonZero<u64>>,
}

impl Load {
    /// The usual one: 64 connections for ten seconds after a second of warm-up, as fast as they are answered.
    pub fn of(target: Target) -> Self {
        const CONNECTIONS: NonZero<usize> = NonZero::new(64).expect("is not zero");
        Self {
            target,
            may_be_elsewhere: false,
            connections: CONNECTIONS,
            threads: NonZero::<usize>::MIN,
            is_busy_polling: false,
            pace: Pace::Closed,
            duration: Duration::from_secs(10),
            warm_up: Duration::from_secs(1),
            signed: None,
            members: NonZero::<u64>::MIN,
            body_bytes: None,
            verify_every: NonZero::new(100),
        }
    }

    /// Whether it can be run, as far as that is known before anything is signed.
    pub(super) fn check(&self) -> Result<(), LoadError> {
        if !self.target.is_loopback() && !self.may_be_elsewhere {
            return Err(LoadError::NotAMock { url: self.target.to_string() });
        }
        if self.threads > self.connections {
            return Err(LoadError::Threads { threads: self.threads, connections: self.connections });
        }
        let asked = self.warm_up + self.duration;
        if asked > GOOD_FOR { Err(LoadError::TooLong { asked }) } else { Ok(()) }
    }

    /// How many different requests are signed ahead.
    pub(super) fn to_sign(&self) -> usize {
        if let Some(signed) = self.signed {
            return signed.get();
        }
        match &self.pace {
            Pace::Closed => USUALLY_SIGNED,
            Pace::Open(schedule) => {
                let due = schedule.due_within(self.warm_up) + schedule.due_within(self.duration);
                usize::try_from(due.clamp(1, MOST_SIGNED_UNASKED)).unwrap_or(USUALLY_SIGNED)
            }
        }
    }
}
