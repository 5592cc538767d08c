//! Reports for programs, and the table for people.

mod json;
mod junit;
pub mod table;

use std::error::Error;

use super::Proof;
use crate::report_file::{self, Form};

/// A form of report that programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JUnit's XML, as most CI systems read it.
    Junit,
    /// JSON, with everything there is to know.
    Json,
}

/// A report to be written, said as `junit=FILE` or `json=FILE`.
pub type ReportFile = report_file::ReportFile<Format>;

impl Form for Format {
    type Results = Proof;

    const NAMES: &'static [(&'static str, Self)] = &[("junit", Self::Junit), ("json", Self::Json)];

    fn render(self, proof: &Proof) -> Result<String, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Junit => Ok(junit::render(proof)?),
            Self::Json => Ok(json::render(proof)?),
        }
    }
}
