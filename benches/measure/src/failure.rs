//! Why something could not be measured.

use std::{io, process::ExitStatus};

/// Why something could not be measured. Says what was being done; the cause is its source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{what}")]
    Io { what: String, source: io::Error },
    #[error("{what}: {status}{}", said(.output))]
    Ended { what: String, status: ExitStatus, output: String },
    #[error("{what}: expected {expected}, found {found}")]
    Unexpected { what: String, expected: String, found: String },
    #[error("{what}")]
    Json { what: String, source: serde_json::Error },
    #[error("the development merchant's key can't be used")]
    Key(#[from] wechatpay_protocol::KeyError),
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    pub(crate) fn unexpected(what: &str, expected: &str, found: impl Into<String>) -> Self {
        Self::Unexpected { what: what.into(), expected: expected.into(), found: found.into() }
    }
}

fn said(output: &str) -> String {
    match output.trim() {
        "" => String::new(),
        output => format!("\n{output}"),
    }
}

/// Adds what was being done to an error of the system.
pub(crate) trait During<T> {
    fn during(self, what: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, what: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|source| Failure::Io { what: what(), source })
    }
}

impl<T> During<T> for serde_json::Result<T> {
    fn during(self, what: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|source| Failure::Json { what: what(), source })
    }
}
