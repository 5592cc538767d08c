//! The results of the cases.

use std::time::Duration;

use super::SkipReason;
use crate::{case::Case, report::Counts, run::Difference};

/// The results of all cases.
#[derive(Clone, Debug)]
pub struct Results {
    /// The server, in words.
    pub target: String,
    /// Each case, in order.
    pub cases: Vec<CaseResult>,
    /// How long all cases took.
    pub took: Duration,
}

/// The result of one case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// The case.
    pub case: Case,
    /// Its outcome.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

/// The outcome of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server behaves as the case expects.
    Passed,
    /// It does not; at least one difference.
    Failed(Vec<Difference>),
    /// The case did not run.
    Skipped(SkipReason),
}

impl Results {
    /// How many cases passed, failed and were skipped.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for result in &self.cases {
            match result.outcome {
                Outcome::Passed => counts.passed += 1,
                Outcome::Failed(_) => counts.failed += 1,
                Outcome::Skipped(_) => counts.skipped += 1,
            }
        }
        counts
    }

    /// The results by folder of the cases.
    pub(super) fn by_folder(&self) -> impl Iterator<Item = (&str, &[CaseResult])> {
        let folders = self.cases.chunk_by(|one, next| one.folder() == next.folder());
        folders.map(|results| (results[0].folder(), results))
    }
}

impl CaseResult {
    fn folder(&self) -> &str {
        self.case.id.split_once('/').map_or("", |(folder, _)| folder)
    }

    /// The case's id without its folder.
    pub(super) fn name(&self) -> &str {
        self.case.id.split_once('/').map_or(&self.case.id, |(_, name)| name)
    }
}
