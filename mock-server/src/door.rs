//! Whether anybody is let in.

use std::time::Duration;

use tokio::{sync::watch, time::Instant};

/// The mock's door: closed for a while, or for good.
#[derive(Debug)]
pub(crate) struct Door(watch::Sender<State>);

/// Who is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Whoever comes.
    Open,
    /// Nobody until then: connecting is refused.
    ClosedUntil(Instant),
    /// Nobody any more: the mock is about to end.
    Ending,
}

impl Door {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(State::Open))
    }

    /// Nobody can connect for that time, unless the mock is about to end anyway.
    pub(crate) fn close_for(&self, time: Duration) {
        self.set(State::ClosedUntil(Instant::now() + time));
    }

    /// Whoever comes is let in again, unless the mock is about to end.
    pub(crate) fn open(&self) {
        self.set(State::Open);
    }

    /// The mock is about to end.
    pub(crate) fn end(&self) {
        self.0.send_replace(State::Ending);
    }

    /// Tells whenever that changes.
    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.0.subscribe()
    }

    /// Whether the mock is about to end.
    pub(crate) fn is_ending(&self) -> bool {
        *self.0.borrow() == State::Ending
    }

    /// Waits until the mock is about to end.
    pub(crate) async fn ending(&self) {
        // The sender is this door's own, so that there is no other end to wait for.
        let _ = self.watch().wait_for(|state| *state == State::Ending).await;
    }

    fn set(&self, state: State) {
        self.0.send_if_modified(|now| {
            let changes = *now != State::Ending && *now != state;
            if changes {
                *now = state;
            }
            changes
        });
    }
}
