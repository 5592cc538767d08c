//! Decides where each case runs, or why it is skipped.

use std::fmt;
use wechatpay_texts::{Phrase, phrase, text};

use super::TestEnvironment;
use crate::case::Case;

/// A case and where it runs.
#[derive(Clone, Debug)]
pub struct PlannedCase {
    /// The case.
    pub case: Case,
    /// Where it runs.
    pub placement: Placement,
}

/// Where a case runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Against the server, at the same time as other cases.
    Server,
    /// Against its own mock, which starts in the state that the case gives.
    OwnMock,
    /// Nowhere.
    Skipped(SkipReason),
}

/// Why a case is skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// It gives a state, and only a mock can be started in that.
    NeedsMock,
    /// It might change something, and the target may be a real gateway.
    NotHarmless,
    /// It needs a gateway key that the credentials do not have.
    MissingKey(Phrase),
}

/// Decides where each case runs.
pub fn plan(cases: Vec<Case>, environment: &TestEnvironment) -> Vec<PlannedCase> {
    let placement = |case: &Case| {
        if case.given.is_some() && environment.has_mocks() {
            Placement::OwnMock
        } else if case.given.is_some() {
            Placement::Skipped(SkipReason::NeedsMock)
        } else if environment.may_be_real() && !case.harmless {
            Placement::Skipped(SkipReason::NotHarmless)
        } else if let Some(key) = case.missing_key(environment.credentials()) {
            Placement::Skipped(SkipReason::MissingKey(key))
        } else {
            Placement::Server
        }
    };
    cases.into_iter().map(|case| PlannedCase { placement: placement(&case), case }).collect()
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedsMock => phrase!("needs a mock with its own state, policies or time").fmt(f),
            Self::NotHarmless => phrase!("is not harmless, and the target may be a real gateway").fmt(f),
            Self::MissingKey(key) => f.write_str(&text!("the credentials have no {key}")),
        }
    }
}
