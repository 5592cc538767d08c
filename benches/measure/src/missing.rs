//! What could not be measured, so that the rest is measured all the same.

use std::{cell::RefCell, error::Error, iter};

use serde::{Deserialize, Serialize};

use crate::{failure::Failure, progress::tell};

/// What could not be measured, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Missing {
    pub(crate) what: String,
    pub(crate) why: String,
}

/// All that could not be measured so far.
#[derive(Default)]
pub(crate) struct Notes(RefCell<Vec<Missing>>);

impl Notes {
    /// Notes it, in a line.
    pub(crate) fn add(&self, what: &str, why: &str) {
        let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
        tell(&format!("{what}: not measured: {why}"));
        self.0.borrow_mut().push(Missing { what: what.into(), why });
    }

    /// What was measured; `None` if it could not be, which is noted.
    pub(crate) fn measured<T>(&self, what: &str, measured: Result<T, Failure>) -> Option<T> {
        measured.map_err(|failure| self.add(what, &described(&failure))).ok()
    }

    pub(crate) fn into_missing(self) -> Vec<Missing> {
        self.0.into_inner()
    }
}

/// As a list in Markdown; of nothing, nothing.
pub(crate) fn list(missing: &[Missing]) -> String {
    missing.iter().map(|Missing { what, why }| format!("- {what} was not measured: {why}\n")).collect()
}

/// An error and its causes, in a line.
fn described(failure: &Failure) -> String {
    let causes = iter::successors(failure.source(), |&cause| cause.source());
    causes.fold(failure.to_string(), |described, cause| format!("{described}: {cause}"))
}
