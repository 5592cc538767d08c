//! A report for programs, given as `FORMAT=FILE`.

use std::{
    error::Error,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    str::FromStr,
};
use wechatpay_texts::{Text, phrase};

/// The formats of a report, and how results are rendered in one.
pub trait ReportFormat: Copy + 'static {
    /// The results to report.
    type Results;

    /// Every format by its name.
    const NAMES: &'static [(&'static str, Self)];

    /// Renders the report.
    ///
    /// # Errors
    /// If the XML or JSON writer fails, which it does not do in memory.
    fn render(self, results: &Self::Results) -> Result<String, Box<dyn Error + Send + Sync>>;
}

/// A report to write, such as `junit=FILE`; the file `-` is stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFile<F> {
    /// Its format.
    pub format: F,
    /// Its file.
    pub path: PathBuf,
}

/// Text is not a [`ReportFile`].
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("expected {expected}, found {found:?}")]
pub struct ReportFileError {
    expected: String,
    found: String,
}

/// Why a report could not be written.
#[derive(Debug, Text, thiserror::Error)]
#[text("cannot write the report {path}", path = path.display())]
pub struct ReportError {
    path: PathBuf,
    source: io::Error,
}

impl<F: ReportFormat> FromStr for ReportFile<F> {
    type Err = ReportFileError;

    fn from_str(text: &str) -> Result<Self, ReportFileError> {
        let parts = text.split_once('=').filter(|(_, path)| !path.is_empty());
        let known = parts.and_then(|(wanted, path)| {
            let (_, format) = F::NAMES.iter().find(|(name, _)| *name == wanted)?;
            Some(Self { format: *format, path: path.into() })
        });
        known.ok_or_else(|| ReportFileError { expected: expected::<F>(), found: text.into() })
    }
}

/// `junit=FILE, json=FILE or tap=FILE`
fn expected<F: ReportFormat>() -> String {
    let all: Vec<_> = F::NAMES.iter().map(|(name, _)| format!("{name}=FILE")).collect();
    match all.split_last() {
        Some((last, others)) if !others.is_empty() => {
            [others.join(phrase!(", ").text()), last.clone()].join(phrase!(" or ").text())
        }
        _ => all.concat(),
    }
}

impl<F: ReportFormat> ReportFile<F> {
    /// Whether the report goes to stdout.
    pub fn is_stdout(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Writes the report, and replaces the file if there is one.
    ///
    /// # Errors
    /// [`ReportError`] if the file cannot be written.
    pub fn write(&self, results: &F::Results) -> Result<(), ReportError> {
        let text = self.format.render(results).map_err(io::Error::other);
        let written = text.and_then(|text| match self.is_stdout() {
            true => io::stdout().write_all(text.as_bytes()),
            false => fs::write(&self.path, text),
        });
        written.map_err(|source| ReportError { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::Format;

    #[test]
    fn a_report_is_a_format_and_a_file() {
        let report: ReportFile<Format> = "junit=target/a=b.xml".parse().unwrap();
        assert_eq!(report, ReportFile { format: Format::Junit, path: "target/a=b.xml".into() });
        for text in ["", "junit", "junit=", "html=a", "=a", "JUnit=a"] {
            assert!(text.parse::<ReportFile<Format>>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_invalid_report_names_the_valid_formats() {
        let error = "html=a".parse::<ReportFile<Format>>().unwrap_err();
        assert_eq!(error.to_string(), "expected junit=FILE, json=FILE or tap=FILE, found \"html=a\"");
    }
}
