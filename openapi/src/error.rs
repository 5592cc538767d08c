//! Why a document can't be used as a contract.

use wechatpay_texts::text;

/// A part of a contract that is missing, wrong or not supported, and where it is:
/// `post /v3/security/echo: body: expected an object`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ContractError {
    problem: String,
    /// Keys and indices from the top of the document.
    place: Vec<String>,
    /// The line of a text that is not JSON.
    line: Option<usize>,
}

impl ContractError {
    /// A problem at a place that callers name with [`within`](Self::within).
    pub fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), place: Vec::new(), line: None }
    }

    /// The same problem, with the place that it is in.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        Self { problem: text!("{place}: {problem}", problem = self), ..self }
    }

    /// The same problem, in the value that has these keys and indices.
    #[must_use]
    pub fn at<const N: usize>(mut self, keys: [&str; N]) -> Self {
        self.place.splice(0..0, keys.map(String::from));
        self
    }

    /// The same problem, in this line of a text that is not JSON.
    pub(crate) fn on_line(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }

    /// The line, counted from 1, of a text that is not JSON.
    pub(crate) fn line(&self) -> Option<usize> {
        self.line
    }

    /// Where it is in the document: keys and indices from the top.
    pub fn place(&self) -> &[String] {
        &self.place
    }
}
