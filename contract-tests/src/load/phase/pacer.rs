//! Tells connections when requests are due, more exactly than timers of an event loop do, which count milliseconds.

use std::{
    thread,
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use crate::load::Schedule;

/// Gives out a permit for each of `of` requests when it is due, and at the end one for each connection, which tells it that
/// it is over. What is late is given out at once.
pub(super) fn release(schedule: &Schedule, of: u64, start: Instant, due: &Semaphore, connections: usize) {
    wake_in_time();
    let mut released = 0;
    while released < of {
        let now = start.elapsed();
        // What is due at this very moment is due, so count up to the moment after it.
        let ready = schedule.due_within(now.saturating_add(Duration::from_nanos(1))).min(of);
        if ready > released {
            due.add_permits(usize::try_from(ready - released).unwrap_or(Semaphore::MAX_PERMITS));
            released = ready;
        } else {
            thread::sleep(schedule.due(released).saturating_sub(now));
        }
    }
    due.add_permits(connections);
}

/// Linux lets a thread sleep 50 µs longer than it asks for, so that it can wake several at once. Not this one; and if it
/// can't be told so, the 50 µs are counted as the server's.
#[cfg(target_os = "linux")]
fn wake_in_time() {
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZero::new(1));
}

#[cfg(not(target_os = "linux"))]
fn wake_in_time() {}
