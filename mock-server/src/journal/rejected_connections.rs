//! Why connections were rejected before there was an exchange: a failed TLS handshake, or a request that the proxy
//! refuses.

use std::{fmt::Display, time::Duration};

use tokio::{sync::watch, time::timeout};
use wechatpay_texts::text;

/// The most reasons that are kept. (own choice)
const MOST: usize = 20;

/// The reasons, oldest first, each once.
#[derive(Debug, Default)]
pub(crate) struct RejectedConnections(watch::Sender<Vec<String>>);

impl RejectedConnections {
    /// Logs a warning, and keeps the reason if it is new.
    pub(crate) fn add(&self, source: impl Display, reason: impl Display) {
        tracing::warn!("{}", text!("{source}: {reason}"));
        let reason = reason.to_string();
        self.0.send_if_modified(|reasons| {
            let is_new = reasons.len() < MOST && !reasons.contains(&reason);
            if is_new {
                reasons.push(reason);
            }
            is_new
        });
    }

    /// Forgets the reasons.
    pub(crate) fn clear(&self) {
        self.0.send_modify(Vec::clear);
    }

    /// The reasons, oldest first.
    pub(crate) fn reasons(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// Like [`RejectedConnections::reasons`], but waits up to `time` for the first one.
    pub(crate) async fn reasons_within(&self, time: Duration) -> Vec<String> {
        let mut reasons = self.0.subscribe();
        let _ = timeout(time, reasons.wait_for(|reasons| !reasons.is_empty())).await;
        self.reasons()
    }
}
