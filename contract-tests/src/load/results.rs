//! What was measured.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;

use super::{Failures, Load};

/// What was measured, without the warm-up.
#[derive(Clone, Debug)]
pub struct Results {
    /// What was asked for.
    pub load: Load,
    /// How many requests were sent, or due if that is more.
    pub requests: u64,
    /// From the start to the last answer, and not less than was asked for.
    pub took: Duration,
    /// How long each answer took, in nanoseconds: from the moment it was due if requests are due at certain times, else from
    /// when it was sent.
    pub latency: Histogram<u64>,
    /// How many answers had which status.
    pub statuses: BTreeMap<u16, u64>,
    /// What went wrong: no answer, another status than 2xx, or an answer that is not to be believed.
    pub failures: Failures,
    /// How many answers were looked at more closely.
    pub sample: u64,
    /// How many of those are signed with a key that the merchant trusts.
    pub verified: u64,
    /// How many different requests were signed ahead.
    pub signed: usize,
    /// How long that took.
    pub signing_took: Duration,
    /// Whether any of them was sent more than once, the warm-up's included.
    pub is_repeated: bool,
    /// How many bytes each body has.
    pub body_bytes: usize,
}

impl Results {
    /// How many requests had an answer, good or not.
    pub fn answered(&self) -> u64 {
        self.latency.len()
    }

    /// How many answers with a 2xx there were in a second, by the mean of the whole time.
    pub fn per_second(&self) -> f64 {
        let good: u64 = self.statuses.range(200..300).map(|(_, count)| count).sum();
        good as f64 / self.took.as_secs_f64()
    }
}
