//! The stores of the command as it is shipped, while something goes wrong: mocks and servers are killed and stopped, and disks fill
//! up. What was answered is there, nothing is done twice, and every callback arrives.
//!
//! ```shell
//! cargo build --release --locked -p wechatpay-mock-cli
//! cargo test --release --locked -p wechatpay-contract --test stores
//! ```
//!
//! `WECHATPAY_MOCK` names the command, `target/release/wechatpay-mock` by default; it must be built, so `cargo test` alone does not run
//! these. `STORES=full` takes minutes instead of one: 200 kills in 10,000 changes. What needs a server that is not installed is
//! skipped, but fails if CI=true.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![cfg(target_os = "linux")]

mod cluster;
mod disk;
mod kills;
mod process;
mod receiver;
mod redis;
mod town;

use std::{
    env,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long a test waits for what must happen.
const LONG: Duration = Duration::from_secs(60);

/// How soon there must be answers again after something was lost.
const RECOVERS_WITHIN: Duration = Duration::from_secs(10);

/// Each test uses the whole machine, and measures.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The first of these, or the second if everything is asked for.
fn full<T>(short: T, full: T) -> T {
    if env::var_os("STORES").is_some_and(|stores| stores == "full") { full } else { short }
}

/// Less than this, by chance.
fn chance(below: u64) -> u64 {
    getrandom::u64().unwrap() % below
}

/// Waits until something holds, and returns how long it took.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < LONG, "expected {what} within {} s", LONG.as_secs());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    begun.elapsed()
}

/// Ends a test that can't run here; with CI=true it fails.
fn skipped(missing: &str) {
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{missing} is not installed, and CI=true");
    println!("skipped: {missing} is not installed");
}
