//! Reports for programs, each written to a file, and the tree for people.

mod json;
mod junit;
mod tap;
pub mod tree;

use std::{error::Error, fs, io, path::PathBuf, str::FromStr};

use super::Results;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFile {
    /// Its form.
    pub format: Format,
    /// Its file.
    pub path: PathBuf,
}

/// Text is not a [`ReportFile`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected junit=FILE, json=FILE or tap=FILE, found {found:?}")]
pub struct ReportFileError {
    found: String,
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the report {}", .path.display())]
pub struct ReportError {
    path: PathBuf,
    source: io::Error,
}

impl FromStr for ReportFile {
    type Err = ReportFileError;

    fn from_str(text: &str) -> Result<Self, ReportFileError> {
        let wrong = || ReportFileError { found: text.into() };
        let (format, path) = text.split_once('=').filter(|(_, path)| !path.is_empty()).ok_or_else(wrong)?;
        let format = match format {
            "junit" => Format::Junit,
            "json" => Format::Json,
            "tap" => Format::Tap,
            _ => return Err(wrong()),
        };
        Ok(Self { format, path: path.into() })
    }
}

impl Format {
    /// The whole report.
    ///
    /// # Errors
    /// None that is known: the writers of XML and JSON could fail, but write to memory.
    pub fn render(self, results: &Results) -> Result<String, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Junit => Ok(junit::render(results)?),
            Self::Json => Ok(json::render(results)?),
            Self::Tap => Ok(tap::render(results)?),
        }
    }
}

impl ReportFile {
    /// Writes the report, over whatever the file held.
    ///
    /// # Errors
    /// [`ReportError`] if the file can't be written.
    pub fn write(&self, results: &Results) -> Result<(), ReportError> {
        let text = self.format.render(results).map_err(io::Error::other);
        let written = text.and_then(|text| fs::write(&self.path, text));
        written.map_err(|source| ReportError { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_form_and_a_file() {
        let report: ReportFile = "junit=target/a=b.xml".parse().unwrap();
        assert_eq!(report, ReportFile { format: Format::Junit, path: "target/a=b.xml".into() });
        for text in ["", "junit", "junit=", "html=a", "=a", "JUnit=a"] {
            assert!(text.parse::<ReportFile>().is_err(), "{text}");
        }
    }
}
