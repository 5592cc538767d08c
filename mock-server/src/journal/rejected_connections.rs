//! Why connections were rejected before there was an exchange: failed TLS handshakes, requests that the proxy refuses.

use std::{fmt::Display, time::Duration};

use tokio::{sync::watch, time::timeout};

/// Reasons that are kept, each once. (own choice)
const MOST: usize = 20;

/// The reasons, oldest first.
#[derive(Debug, Default)]
pub(crate) struct RejectedConnections(watch::Sender<Vec<String>>);

impl RejectedConnections {
    /// Keeps a reason, and logs a warning.
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

    /// The reasons, oldest first.
    pub(crate) fn reasons(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// The same, but waits for the first one until the time is up.
    pub(crate) async fn reasons_within(&self, time: Duration) -> Vec<String> {
        let mut reasons = self.0.subscribe();
        let _ = timeout(time, reasons.wait_for(|reasons| !reasons.is_empty())).await;
        self.reasons()
    }
}
