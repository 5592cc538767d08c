//! The accept gate: open, closed by a fault, or shutting down.
//!
//! The `refuse` fault closes it, and the accept loop ([`crate::net::accept`]) obeys it. Closing returns only once
//! connections are refused, so a client whose own connection was closed can't reconnect.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// Whether new connections are accepted.
#[derive(Debug, Default)]
pub(crate) struct AcceptGate(watch::Sender<State>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// When the gate opens again, if a fault has closed it.
    closed_until: Option<Instant>,
    /// Whether the accept loop has started to refuse connections.
    is_refusing: bool,
    pub(crate) is_shutting_down: bool,
}

impl State {
    /// Until when connections must be refused, if they must.
    pub(crate) fn closed_until(&self) -> Option<Instant> {
        self.closed_until.filter(|until| *until > Instant::now())
    }
}

impl AcceptGate {
    /// Closes the gate for this long, unless it already stays closed for longer. Returns once connections are refused,
    /// or the mock shuts down.
    pub(crate) async fn close_for(&self, time: Duration) {
        let until = Instant::now() + time;
        self.0.send_modify(|state| state.closed_until = state.closed_until.max(Some(until)));
        let mut state = self.watch();
        let is_done = state.wait_for(|state| state.is_refusing || state.is_shutting_down);
        // After that time there is nothing left to wait for.
        let _ = timeout_at(until, is_done).await;
    }

    /// Opens the gate early.
    pub(crate) fn open(&self) {
        self.0.send_modify(|state| state.closed_until = None);
    }

    /// Called by the accept loop once it refuses connections.
    pub(crate) fn set_refusing(&self) {
        self.0.send_modify(|state| state.is_refusing = true);
    }

    /// Called by the accept loop before it listens again. Returns false if the gate was closed in the meantime: the
    /// loop must not listen then.
    pub(crate) fn stop_refusing(&self) -> bool {
        let mut is_open = false;
        self.0.send_modify(|state| {
            is_open = state.closed_until().is_none();
            state.is_refusing = !is_open;
        });
        is_open
    }

    /// Shuts the mock down, regardless of faults.
    pub(crate) fn shut_down(&self) {
        self.0.send_modify(|state| state.is_shutting_down = true);
    }

    pub(crate) fn watch(&self) -> watch::Receiver<State> {
        self.0.subscribe()
    }

    pub(crate) fn is_shutting_down(&self) -> bool {
        self.0.borrow().is_shutting_down
    }

    /// Waits until the mock shuts down.
    pub(crate) async fn shutdown(&self) {
        // This can't fail: the gate owns the sender.
        let _ = self.watch().wait_for(|state| state.is_shutting_down).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(600);
    const SHORT: Duration = Duration::from_secs(1);

    fn closed_until(gate: &AcceptGate) -> Option<Instant> {
        gate.watch().borrow().closed_until()
    }

    #[tokio::test(start_paused = true)]
    async fn closing_waits_until_connections_are_refused() {
        let gate = AcceptGate::default();
        let begun = Instant::now();
        let refuse = async {
            let mut state = gate.watch();
            state.wait_for(|state| state.closed_until().is_some()).await.unwrap();
            gate.set_refusing();
        };
        tokio::join!(gate.close_for(LONG), refuse);
        assert_eq!((begun.elapsed(), closed_until(&gate)), (Duration::ZERO, Some(begun + LONG)));
    }

    #[tokio::test(start_paused = true)]
    async fn closing_stops_waiting_when_the_gate_opens() {
        let gate = AcceptGate::default();
        let begun = Instant::now();
        gate.close_for(SHORT).await;
        assert_eq!((begun.elapsed(), closed_until(&gate)), (SHORT, None));
    }

    #[tokio::test(start_paused = true)]
    async fn the_gate_stays_closed_for_the_longest_time_requested_or_until_it_is_opened() {
        let gate = AcceptGate::default();
        gate.set_refusing();
        let begun = Instant::now();
        gate.close_for(LONG).await;
        gate.close_for(SHORT).await;
        assert_eq!(closed_until(&gate), Some(begun + LONG));
        assert!(!gate.stop_refusing());
        gate.open();
        assert_eq!(closed_until(&gate), None);
        assert!(gate.stop_refusing());
    }

    #[tokio::test]
    async fn a_shutdown_is_final() {
        let gate = AcceptGate::default();
        gate.shut_down();
        gate.close_for(LONG).await;
        gate.open();
        assert!(gate.is_shutting_down());
    }
}
