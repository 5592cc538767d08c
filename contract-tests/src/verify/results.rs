//! How the cases came out.

use std::time::Duration;

use super::SkipReason;
use crate::{case::Case, run::Difference};

/// How all cases came out.
#[derive(Clone, Debug)]
pub struct Results {
    /// What was held to them, in words.
    pub target: String,
    /// Each case, in their order.
    pub cases: Vec<CaseResult>,
    /// How long it took in all.
    pub took: Duration,
}

/// How a case came out.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// The case.
    pub case: Case,
    /// How it came out.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

/// How a case came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server does what the case says.
    Passed,
    /// It does something else: at least one difference.
    Failed(Vec<Difference>),
    /// It was not run.
    Skipped(SkipReason),
}

/// How many cases came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the outcomes")]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Results {
    /// How many cases came out how.
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

    /// The cases by the folder they are in, in their order.
    pub(super) fn by_folder(&self) -> impl Iterator<Item = (&str, &[CaseResult])> {
        self.cases
            .chunk_by(|one, next| folder(&one.case) == folder(&next.case))
            .filter_map(|cases| Some((folder(&cases.first()?.case), cases)))
    }
}

impl CaseResult {
    /// The case's id without its folder.
    pub(super) fn name(&self) -> &str {
        self.case.id.split_once('/').map_or(&self.case.id, |(_, name)| name)
    }
}

fn folder(case: &Case) -> &str {
    case.id.split_once('/').map_or("", |(folder, _)| folder)
}
