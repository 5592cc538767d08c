//! Why a document can't be used as a contract.

/// A part of a contract that is missing, wrong or not supported, and where it is:
/// `post /v3/security/echo: body: expected an object`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ContractError(String);

impl ContractError {
    /// A problem at a place that callers name with [`within`](Self::within).
    pub fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }

    /// The same problem, with the place that it is in.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        Self(format!("{place}: {self}"))
    }
}
