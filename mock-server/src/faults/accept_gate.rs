//! The accept gate: open, closed by a fault, or shutting down.
//!
//! The `refuse` fault closes it, the accept loop ([`crate::net::accept`]) obeys it. Closing returns only once connections
//! are refused, so that the client that sees its own connection end can't connect again.

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
    /// Until when a fault keeps the gate closed.
    closed_until: Option<Instant>,
    /// Whether the accept loop refuses connections, as it was asked to.
    is_refusing: bool,
    pub(crate) is_shutting_down: bool,
}

impl State {
    /// Until when connections are to be refused, if they are.
    pub(crate) fn closed_until(&self) -> Option<Instant> {
        self.closed_until.filter(|until| *until > Instant::now())
    }
}

impl AcceptGate {
    /// Closes the gate for that time; a longer time that already runs stays. Returns once connections are refused, or
    /// the mock shuts down.
    pub(crate) async fn close_for(&self, time: Duration) {
        let until = Instant::now() + time;
        self.0.send_modify(|state| state.closed_until = state.closed_until.max(Some(until)));
        let mut state = self.watch();
        let is_done = state.wait_for(|state| state.is_refusing || state.is_shutting_down);
        // After that time there is nothing left to wait for.
        let _ = timeout_at(until, is_done).await;
    }

    /// Opens the gate before its time.
    pub(crate) fn open(&self) {
        self.0.send_modify(|state| state.closed_until = None);
    }

    /// Called by the accept loop, once it refuses connections.
    pub(crate) fn set_refusing(&self) {
        self.0.send_modify(|state| state.is_refusing = true);
    }

    /// Called by the accept loop, before it listens again. False if the gate was closed anew, in which case it must not.
    pub(crate) fn stop_refusing(&self) -> bool {
        let mut is_open = false;
        self.0.send_modify(|state| {
            is_open = state.closed_until().is_none();
            state.is_refusing = !is_open;
        });
        is_open
    }

    /// The mock shuts down, whatever the faults say.
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
        // The sender is the gate's own, so this can't fail.
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
    async fn closing_waits_no_longer_than_the_gate_is_closed() {
        let gate = AcceptGate::default();
        let begun = Instant::now();
        gate.close_for(SHORT).await;
        assert_eq!((begun.elapsed(), closed_until(&gate)), (SHORT, None));
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_time_holds_until_the_gate_is_opened() {
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
