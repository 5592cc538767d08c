//! How many streams of events a mock may have, and what names its run.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::random::Randomness;

/// The most streams at once. (own choice)
pub(super) const STREAMS: usize = 32;

/// The streams of a mock.
#[derive(Debug)]
pub(super) struct Streams {
    /// Names this run of the mock: numbers start again in the next.
    pub(super) run: u64,
    /// One permit for each stream that may still begin.
    pub(super) places: Arc<Semaphore>,
}

impl Streams {
    pub(super) fn new(randomness: &Randomness) -> Self {
        let run = u128::from_be_bytes(randomness.bytes()) as u64;
        Self { run, places: Arc::new(Semaphore::new(STREAMS)) }
    }
}
