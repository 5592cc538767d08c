//! What came of the requests, counted by whoever sent them.

use std::{collections::BTreeMap, num::NonZero, time::Duration};

use hdrhistogram::Histogram;
use wechatpay_protocol::Timestamp;

use super::{connection::Failure, sample};
use crate::run::now;

/// How many reasons are told apart.
const REASONS: usize = 5;

/// The most answers that a thread keeps to be verified, and the most bytes of them.
const MOST_KEPT: usize = 10_000;
const MOST_BYTES_KEPT: usize = 32 << 20;

/// What can be told apart in latencies: a thousandth, from a nanosecond to an hour.
const LONGEST: Duration = Duration::from_secs(3600);
const DIGITS: u8 = 3;

/// What came of the requests that one thread sent.
pub(super) struct Tally {
    /// How long each answer took, in nanoseconds.
    pub(super) latency: Histogram<u64>,
    /// How many answers had which status.
    pub(super) statuses: BTreeMap<u16, u64>,
    /// What went wrong.
    pub(super) failures: Failures,
    /// Answers to be verified.
    pub(super) kept: Vec<Kept>,
    kept_bytes: usize,
    /// How many requests have no answer, and will have none.
    lost: u64,
}

/// An answer as it came, and when.
pub(super) struct Kept {
    pub(super) received: Vec<u8>,
    pub(super) at: Timestamp,
}

/// What went wrong: how often, and why, as far as there are few reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    count: u64,
    reasons: Vec<(String, u64)>,
}

impl Failures {
    /// How many requests failed.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first few reasons, and how often each was met.
    pub fn reasons(&self) -> &[(String, u64)] {
        &self.reasons
    }

    /// How many failed for other reasons.
    pub fn others(&self) -> u64 {
        self.count - self.reasons.iter().map(|(_, count)| count).sum::<u64>()
    }

    pub(super) fn add(&mut self, reason: String, count: u64) {
        if count == 0 {
            return;
        }
        self.count += count;
        if let Some((_, known)) = self.reasons.iter_mut().find(|(known, _)| *known == reason) {
            *known += count;
        } else if self.reasons.len() < REASONS {
            self.reasons.push((reason, count));
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.others();
        for (reason, count) in other.reasons {
            self.add(reason, count);
        }
    }
}

impl Tally {
    pub(super) fn new() -> Self {
        let longest = u64::try_from(LONGEST.as_nanos()).unwrap_or(u64::MAX);
        Self {
            latency: Histogram::new_with_bounds(1, longest, DIGITS).expect("an hour is longer than nothing"),
            statuses: BTreeMap::new(),
            failures: Failures::default(),
            kept: Vec::new(),
            kept_bytes: 0,
            lost: 0,
        }
    }

    /// How many answers there were.
    pub(super) fn answered(&self) -> u64 {
        self.latency.len()
    }

    /// How many requests have an answer, or will have none.
    pub(super) fn settled(&self) -> u64 {
        self.answered() + self.lost
    }

    /// Counts what came of a request, and keeps one of so many good answers.
    pub(super) fn count(
        &mut self,
        took: Duration,
        outcome: &Result<(u16, &[u8]), Failure>,
        verify_every: Option<NonZero<u64>>,
    ) {
        let (status, received) = match outcome {
            Ok(answer) => *answer,
            Err(failure) => {
                self.lost += 1;
                return self.failures.add(failure.to_string(), 1);
            }
        };
        let number = self.answered();
        self.latency.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        *self.statuses.entry(status).or_default() += 1;
        if !(200..300).contains(&status) {
            self.failures.add(sample::refusal(received), 1);
        } else if verify_every.is_some_and(|every| number % every == 0) {
            self.keep(received);
        }
    }

    fn keep(&mut self, received: &[u8]) {
        if self.kept.len() < MOST_KEPT && self.kept_bytes + received.len() <= MOST_BYTES_KEPT {
            self.kept_bytes += received.len();
            self.kept.push(Kept { received: received.into(), at: now() });
        }
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        self.latency.add(&other.latency).expect("all have the same bounds");
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.failures.merge(other.failures);
        self.kept.extend(other.kept);
        self.lost += other.lost;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_reasons_are_told_apart_and_all_failures_are_counted() {
        let mut failures = Failures::default();
        for number in 0..8 {
            failures.add(format!("reason {}", number % 7), 1);
        }
        assert_eq!((failures.count(), failures.reasons().len(), failures.others()), (8, REASONS, 2));
        assert_eq!(failures.reasons()[0], ("reason 0".into(), 2));

        let mut both = failures.clone();
        both.merge(failures);
        assert_eq!((both.count(), both.others()), (16, 4));
    }
}
