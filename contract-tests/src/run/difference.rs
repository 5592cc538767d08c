//! What differs between an answer and what a case expects.

use std::{fmt, io};

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// In which exchange, or where in the state after.
    pub at: String,
    /// What was looked at.
    pub subject: Subject,
    /// What must be there; lines of text, if it is a body.
    pub expected: String,
    /// What is there.
    pub actual: String,
    /// What else helps to find the mistake, such as the message that was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A part of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// Whether there is one.
    Answer,
    /// Its status.
    Status,
    /// A header.
    Header(String),
    /// Its body.
    Body,
    /// The `Wechatpay-*` headers.
    Signature,
}

/// A line of expected and actual text side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// Expected and there.
    Same,
    /// Expected and not there.
    Expected,
    /// There and not expected.
    Actual,
}

impl Difference {
    pub(super) fn new(subject: Subject, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        let (expected, actual) = (expected.into(), actual.into());
        Self { at: String::new(), subject, expected, actual, hint: None }
    }

    /// That no mock could be started for a case.
    pub(crate) fn of_start(error: &io::Error) -> Self {
        Self::new(Subject::Answer, "a mock of its own", error.to_string()).within("before the first exchange")
    }

    pub(super) fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    pub(super) fn within(self, at: &str) -> Self {
        Self { at: at.into(), ..self }
    }

    /// The lines of both texts, each once where they are the same.
    pub fn lines(&self) -> Vec<(Lines, String)> {
        let diff = TextDiff::from_lines(&self.expected, &self.actual);
        let lines = diff.iter_all_changes().map(|change| {
            let kind = match change.tag() {
                ChangeTag::Equal => Lines::Same,
                ChangeTag::Delete => Lines::Expected,
                ChangeTag::Insert => Lines::Actual,
            };
            (kind, change.value().trim_end_matches('\n').to_owned())
        });
        lines.collect()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer => f.write_str("answer"),
            Self::Status => f.write_str("status"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Body => f.write_str("body"),
            Self::Signature => f.write_str("signature"),
        }
    }
}

impl fmt::Display for Difference {
    /// As plain text, on several lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.at, self.subject)?;
        for (kind, line) in self.lines() {
            let mark = match kind {
                Lines::Same => ' ',
                Lines::Expected => '-',
                Lines::Actual => '+',
            };
            writeln!(f, "  {mark} {line}")?;
        }
        for line in self.hint.iter().flat_map(|hint| hint.lines()) {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}
