//! What came to the mock and never became an exchange: handshakes that failed, and what a proxy does not do.

use std::{fmt::Display, time::Duration};

use tokio::{sync::watch, time::timeout};

/// How many are remembered, each kind of them once. (own choice)
const MOST: usize = 20;

/// Whom the mock has turned away, and why.
#[derive(Debug, Default)]
pub(crate) struct RejectedConnections(watch::Sender<Vec<String>>);

impl RejectedConnections {
    /// Remembers it, and warns.
    pub(crate) fn add(&self, who: impl Display, why: impl Display) {
        tracing::warn!("{who}: {why}");
        let why = why.to_string();
        self.0.send_if_modified(|reasons| {
            let is_new = reasons.len() < MOST && !reasons.contains(&why);
            if is_new {
                reasons.push(why);
            }
            is_new
        });
    }

    /// Forgets them.
    pub(crate) fn clear(&self) {
        self.0.send_modify(Vec::clear);
    }

    /// Why, in the order in which it came up.
    pub(crate) fn reasons(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// The same, after there is one, or the time is up.
    pub(crate) async fn reasons_within(&self, time: Duration) -> Vec<String> {
        let mut reasons = self.0.subscribe();
        // Without one, those that there are: none.
        let _ = timeout(time, reasons.wait_for(|reasons| !reasons.is_empty())).await;
        self.reasons()
    }
}
