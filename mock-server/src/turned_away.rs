//! What came to the mock and never became an exchange: handshakes that failed, and what a proxy does not do.

use std::{
    fmt::Display,
    sync::{Mutex, PoisonError},
};

/// How many are remembered, each kind of them once. (own choice)
const MOST: usize = 20;

/// Whom the mock has turned away, and why.
#[derive(Debug, Default)]
pub(crate) struct TurnedAway(Mutex<Vec<String>>);

impl TurnedAway {
    /// Remembers it, and warns.
    pub(crate) fn add(&self, who: impl Display, why: impl Display) {
        tracing::warn!("{who}: {why}");
        let mut reasons = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let why = why.to_string();
        if reasons.len() < MOST && !reasons.contains(&why) {
            reasons.push(why);
        }
    }

    /// Why, in the order in which it came up.
    pub(crate) fn reasons(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
