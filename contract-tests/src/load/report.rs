//! The report for programs, and that for people.

mod json;
pub mod text;

use std::error::Error;

use super::Results;
use crate::report_file::{self, Form};

/// A form of report that programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON, with all figures.
    Json,
}

/// A report to be written, said as `json=FILE`.
pub type ReportFile = report_file::ReportFile<Format>;

impl Form for Format {
    type Results = Results;

    const NAMES: &'static [(&'static str, Self)] = &[("json", Self::Json)];

    fn render(self, results: &Results) -> Result<String, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Json => Ok(json::render(results)?),
        }
    }
}
