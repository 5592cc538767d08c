//! Where each case is run, or why it is not.

use std::fmt;

use super::Ground;
use crate::case::Case;

/// A case and what is done with it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The case.
    pub case: Case,
    /// What is done with it.
    pub course: Course,
}

/// What is done with a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// It is run against the server, beside others.
    OnServer,
    /// It is run against a mock that is started for it and told what the case gives.
    OnOwnMock,
    /// It is not run.
    Skip(SkipReason),
}

/// Why a case is not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// It needs a mock that is told its state.
    NeedsMock,
    /// The target may be a real gateway, where it might change something.
    NotHarmless,
    /// It needs a key of the gateway's that the credentials do not have.
    Lacks(&'static str),
}

/// Says for each case where it is run.
pub fn plan(cases: Vec<Case>, ground: &Ground) -> Vec<Step> {
    let course = |case: &Case| {
        if case.given.is_some() {
            return if ground.has_mocks() { Course::OnOwnMock } else { Course::Skip(SkipReason::NeedsMock) };
        }
        if ground.may_be_real() && !case.harmless {
            return Course::Skip(SkipReason::NotHarmless);
        }
        case.lacking(ground.credentials())
            .map_or(Course::OnServer, |key| Course::Skip(SkipReason::Lacks(key)))
    };
    cases.into_iter().map(|case| Step { course: course(&case), case }).collect()
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedsMock => f.write_str("needs a mock that is told its state, policies or time"),
            Self::NotHarmless => f.write_str("is not harmless, and the target may be a real gateway"),
            Self::Lacks(key) => write!(f, "the credentials have no {key}"),
        }
    }
}
