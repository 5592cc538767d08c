//! Why nothing can be made of a contract.

/// Why no requests can be made from a contract: what is in it that strategies cannot be made of, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ContractError {
    place: String,
    problem: String,
}

impl ContractError {
    /// A problem of the innermost place, which [`within`](Self::within) then tells.
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self { place: String::new(), problem: problem.into() }
    }

    /// The same, seen from further out.
    pub(super) fn within(self, place: &str) -> Self {
        let place = if self.place.is_empty() { place.into() } else { format!("{place}/{}", self.place) };
        Self { place, ..self }
    }
}
