//! What is wrong with a configuration, said so that it can be put right.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// One mistake: where it is, what was expected there and what was found, and what to do.
///
/// Never quotes a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    file: PathBuf,
    /// Counted from 1; `None` where the whole file is meant.
    line: Option<usize>,
    problem: String,
    advice: String,
}

/// Every mistake of a configuration that was found, in the order of files and lines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(Vec<Complaint>);

impl Complaint {
    pub(super) fn at(
        file: &Path,
        line: impl Into<Option<usize>>,
        problem: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { file: file.into(), line: line.into(), problem: problem.into(), advice: advice.into() }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The line, counted from 1; `None` where the whole file is meant.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// What was expected, and what was found.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// What to do.
    pub fn advice(&self) -> &str {
        &self.advice
    }
}

impl ConfigError {
    /// The mistakes; at least one.
    pub fn complaints(&self) -> &[Complaint] {
        &self.0
    }
}

impl From<Complaint> for ConfigError {
    fn from(complaint: Complaint) -> Self {
        Self(vec![complaint])
    }
}

/// `shop.toml:3: …`, which editors and terminals make a link of.
impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}\n    {}", self.problem, self.advice)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "the configuration has {count} mistake{}", if count == 1 { "" } else { "s" })?;
        self.0.iter().try_for_each(|complaint| write!(f, "\n{complaint}"))
    }
}

/// The mistakes that have come up so far.
#[derive(Debug, Default)]
pub(super) struct Complaints(Vec<Complaint>);

impl Complaints {
    /// Takes a complaint away, for the end.
    pub(super) fn keep<T>(&mut self, result: Result<T, Complaint>) -> Option<T> {
        result.map_err(|complaint| self.0.push(complaint)).ok()
    }

    pub(super) fn push(&mut self, complaint: Complaint) {
        self.0.push(complaint);
    }

    /// Whether nothing has come up.
    pub(super) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// `value`, if nothing was wrong with it.
    pub(super) fn none_about<T>(&mut self, value: T) -> Result<T, ConfigError> {
        let mut complaints = std::mem::take(&mut self.0);
        if complaints.is_empty() {
            return Ok(value);
        }
        complaints.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        Err(ConfigError(complaints))
    }
}
