//! How benches measure the mock without a socket.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use wechatpay_mock::{
    Clock, Config, Randomness,
    measured::{Measured, Passage},
};

/// Requests that are signed before some of the time is taken: a signature takes longer than what is measured.
const BATCH: u64 = 100;

/// The gateway of a mock with this configuration.
pub(crate) fn measured(config: &Config) -> Measured {
    Measured::new(config, Clock::system(), Randomness::system()).expect("a configuration without fault rules")
}

/// How long `routine` takes for so many requests, each prepared before its time is taken, each result dropped after it.
pub(crate) async fn time<T>(
    count: u64,
    prepare: impl AsyncFn() -> Passage,
    routine: impl AsyncFn(Passage) -> T,
) -> Duration {
    let mut taken = Duration::ZERO;
    let (mut requests, mut results) = (Vec::new(), Vec::new());
    for begin in (0..count).step_by(BATCH as usize) {
        for _ in begin..count.min(begin + BATCH) {
            requests.push(prepare().await);
        }
        results.reserve(requests.len());
        let begun = Instant::now();
        for request in requests.drain(..) {
            results.push(black_box(routine(request).await));
        }
        taken += begun.elapsed();
        results.clear();
    }
    taken
}
