//! Reports for programs, and the tree for people.

mod json;
mod junit;
mod tap;
pub mod tree;

use std::error::Error;

use super::Results;
use crate::report_file::{self, Form};

/// A form of report that programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JUnit's XML, as most CI systems read it.
    Junit,
    /// JSON, with everything there is to know.
    Json,
    /// The Test Anything Protocol, version 14.
    Tap,
}

/// A report to be written, said as `junit=FILE`, `json=FILE` or `tap=FILE`.
pub type ReportFile = report_file::ReportFile<Format>;

impl Form for Format {
    type Results = Results;

    const NAMES: &'static [(&'static str, Self)] =
        &[("junit", Self::Junit), ("json", Self::Json), ("tap", Self::Tap)];

    fn render(self, results: &Results) -> Result<String, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Junit => Ok(junit::render(results)?),
            Self::Json => Ok(json::render(results)?),
            Self::Tap => Ok(tap::render(results)?),
        }
    }
}
