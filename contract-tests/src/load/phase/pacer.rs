//! Tells connections when requests are due, more exactly than timers of an event loop do, which count milliseconds.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::{sync::Semaphore, task::yield_now};

use crate::load::Schedule;

/// Gives out a permit for each of `of` requests when it is due, and at the end one for each connection, which tells it that
/// it is over. What is late is given out at once.
pub(super) struct Pacer {
    pub(super) schedule: Schedule,
    pub(super) of: u64,
    pub(super) start: Instant,
    pub(super) due: Arc<Semaphore>,
    pub(super) connections: usize,
    /// How many of them have been given out.
    pub(super) released: u64,
}

impl Pacer {
    /// Does so on a thread that sleeps in between.
    pub(super) fn sleep_and_release(mut self) {
        wake_in_time();
        while let Some(pause) = self.release() {
            thread::sleep(pause);
        }
    }

    /// Does so on an event loop that does not sleep: it looks at the clock at each turn.
    pub(super) async fn poll_and_release(mut self) {
        while self.release().is_some() {
            yield_now().await;
        }
    }

    /// Gives out what is due, and says how long nothing more will be; `None` at the end.
    fn release(&mut self) -> Option<Duration> {
        let now = self.start.elapsed();
        // What is due at this very moment is due, so count up to the moment after it.
        let ready = self.schedule.due_within(now.saturating_add(Duration::from_nanos(1))).min(self.of);
        self.due.add_permits(usize::try_from(ready - self.released).unwrap_or(Semaphore::MAX_PERMITS));
        self.released = ready;
        if ready < self.of {
            // Whoever was given a request has been woken since, which takes time.
            return Some(self.schedule.due(ready).saturating_sub(self.start.elapsed()));
        }
        self.due.add_permits(self.connections);
        None
    }
}

/// Linux lets a thread sleep 50 µs longer than it asks for, so that it can wake several at once. Not this one; and if it
/// can't be told so, the 50 µs are counted as the server's.
#[cfg(target_os = "linux")]
fn wake_in_time() {
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZero::new(1));
}

#[cfg(not(target_os = "linux"))]
fn wake_in_time() {}
