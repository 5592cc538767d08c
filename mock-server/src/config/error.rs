//! The mistakes in a configuration.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use wechatpay_texts::text;

/// One mistake: where it is, what was expected and found, and what to do. It never quotes a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// The configuration file, or a file that it names.
    pub file: PathBuf,
    /// The line, counted from 1; `None` if the error concerns the whole file.
    pub line: Option<usize>,
    /// What was expected and what was found.
    pub problem: String,
    /// How to fix it.
    pub advice: String,
}

/// Every mistake in a configuration, sorted by file and line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigError {
    pub(super) fn new(
        file: &Path,
        line: impl Into<Option<usize>>,
        problem: impl fmt::Display,
        advice: impl fmt::Display,
    ) -> Self {
        Self {
            file: file.into(),
            line: line.into(),
            problem: problem.to_string(),
            advice: advice.to_string(),
        }
    }
}

impl ConfigErrors {
    /// `value` if there are no errors.
    pub(super) fn or<T>(mut errors: Vec<ConfigError>, value: T) -> Result<T, Self> {
        if errors.is_empty() {
            return Ok(value);
        }
        errors.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        Err(Self(errors))
    }

    /// The mistakes; at least one.
    pub fn errors(&self) -> &[ConfigError] {
        &self.0
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

/// `shop.toml:3: …`, which editors and terminals turn into a link.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}\n    {}", self.problem, self.advice)
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self.0.len() {
            1 => text!("the configuration has 1 mistake"),
            count => text!("the configuration has {count} mistakes"),
        })?;
        self.0.iter().try_for_each(|error| write!(f, "\n{error}"))
    }
}
