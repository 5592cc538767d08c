//! Whether anybody is let in.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// The mock's door: closed for a while, or for good.
#[derive(Debug)]
pub(crate) struct AcceptGate(watch::Sender<State>);

/// Who is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Whoever comes.
    Open,
    /// Nobody until then, as soon as whoever takes connections has heard of it.
    Closing(Instant),
    /// Nobody until then: connecting is refused.
    Closed(Instant),
    /// Nobody any more: the mock is about to end.
    Abort,
}

impl AcceptGate {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(State::Open))
    }

    /// Nobody can connect for that time, unless the mock is about to end anyway. Returns once that is so. Whoever was
    /// kept out for longer still is.
    pub(crate) async fn close_for(&self, time: Duration) {
        let until = Instant::now() + time;
        self.change(|state| match state {
            State::Open => Some(State::Closing(until)),
            State::Closing(other) => Some(State::Closing(until.max(other))),
            State::Closed(other) => Some(State::Closed(until.max(other))),
            State::Abort => None,
        });
        let mut state = self.watch();
        let is_closed = state.wait_for(|state| !matches!(state, State::Closing(_)));
        // By then there is nothing left to wait for.
        let _ = timeout_at(until, is_closed).await;
    }

    /// Connecting is refused from now on, as was asked for.
    pub(crate) fn is_now_closed(&self) {
        self.change(|state| match state {
            State::Closing(until) => Some(State::Closed(until)),
            State::Open | State::Closed(_) | State::Abort => None,
        });
    }

    /// Whoever comes is let in again if the time is up for which nobody was.
    pub(crate) fn open_in_time(&self) {
        self.change(|state| match state {
            State::Closed(until) if until <= Instant::now() => Some(State::Open),
            State::Closed(_) | State::Open | State::Closing(_) | State::Abort => None,
        });
    }

    /// Whoever comes is let in again, unless the mock is about to end.
    pub(crate) fn open(&self) {
        self.change(|state| (state != State::Abort).then_some(State::Open));
    }

    /// The mock is about to end.
    pub(crate) fn end(&self) {
        self.0.send_replace(State::Abort);
    }

    /// Tells whenever that changes.
    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.0.subscribe()
    }

    /// Whether the mock is about to end.
    pub(crate) fn is_ending(&self) -> bool {
        *self.0.borrow() == State::Abort
    }

    /// Waits until the mock is about to end.
    pub(crate) async fn ending(&self) {
        // The sender is this door's own, so that there is no other end to wait for.
        let _ = self.watch().wait_for(|state| *state == State::Abort).await;
    }

    /// Changes the state, if there is another for it, and tells so.
    fn change(&self, next: impl FnOnce(State) -> Option<State>) {
        self.0.send_if_modified(|state| {
            let next = next(*state).filter(|next| next != state);
            *state = next.unwrap_or(*state);
            next.is_some()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);
    const SHORT: Duration = Duration::from_secs(1);

    /// Closes doors as soon as that is asked for.
    async fn close(door: &AcceptGate) {
        let mut state = door.watch();
        loop {
            door.is_now_closed();
            state.changed().await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_closes_it_waits_until_it_is_closed() {
        let door = AcceptGate::new();
        let begun = Instant::now();
        tokio::select! {
            () = close(&door) => {}
            () = door.close_for(LONG) => {}
        }
        assert_eq!((begun.elapsed(), *door.watch().borrow()), (Duration::ZERO, State::Closed(begun + LONG)));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_it_shall_be_closed() {
        let begun = Instant::now();
        AcceptGate::new().close_for(SHORT).await;
        assert_eq!(begun.elapsed(), SHORT);
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_time_holds() {
        let door = AcceptGate::new();
        let begun = Instant::now();
        tokio::select! {
            () = close(&door) => {}
            () = async { door.close_for(LONG).await; door.close_for(SHORT).await } => {}
        }
        assert_eq!(*door.watch().borrow(), State::Closed(begun + LONG));
        door.open();
        assert_eq!(*door.watch().borrow(), State::Open);
    }

    #[tokio::test]
    async fn it_does_not_open_again_when_the_mock_is_about_to_end() {
        let door = AcceptGate::new();
        door.end();
        door.close_for(LONG).await;
        door.open();
        assert!(door.is_ending());
    }
}
