//! A difference between a response and what a case expects.

use std::{fmt, io};

use serde::Serialize;
use similar::{ChangeTag, TextDiff};
use wechatpay_protocol::display::printable;
use wechatpay_texts::{phrase, text};

/// One part of a response that differs from the expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The exchange, or the place in the state afterwards.
    #[serde(rename = "at")]
    pub place: String,
    /// The part that was checked.
    #[serde(rename = "subject")]
    pub part: Part,
    /// What is expected; several lines for a body.
    pub expected: String,
    /// What was found.
    pub actual: String,
    /// Other information that helps to find the cause, such as the signed message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A part of a response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The response itself, if there is none.
    #[serde(rename = "answer")]
    Response,
    /// Its status.
    Status,
    /// A header.
    Header(String),
    /// Its body.
    Body,
    /// The `Wechatpay-*` headers.
    Signature,
}

/// The kind of a line in [`Difference::lines`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Expected and found.
    Same,
    /// Expected, but not found.
    Expected,
    /// Found, but not expected.
    Actual,
}

impl Difference {
    pub(crate) fn new(part: Part, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        let (expected, actual) = (expected.into(), actual.into());
        Self { place: String::new(), part, expected, actual, hint: None }
    }

    /// The case's own mock did not start.
    pub(crate) fn of_start(error: &io::Error) -> Self {
        Self::new(Part::Response, phrase!("a mock of its own"), error.to_string())
            .within(phrase!("before the first exchange").text())
    }

    pub(super) fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    pub(crate) fn within(self, place: &str) -> Self {
        Self { place: place.into(), ..self }
    }

    /// The lines of both texts, safe for a terminal; common lines occur once.
    pub fn lines(&self) -> Vec<(LineKind, String)> {
        let diff = TextDiff::from_lines(&self.expected, &self.actual);
        let lines = diff.iter_all_changes().map(|change| {
            let kind = match change.tag() {
                ChangeTag::Equal => LineKind::Same,
                ChangeTag::Delete => LineKind::Expected,
                ChangeTag::Insert => LineKind::Actual,
            };
            (kind, printable(change.value().trim_end_matches('\n'), usize::MAX).into_owned())
        });
        lines.collect()
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response => phrase!("response").fmt(f),
            Self::Status => phrase!("status").fmt(f),
            Self::Header(name) => f.write_str(&text!("header {name}")),
            Self::Body => phrase!("body").fmt(f),
            Self::Signature => phrase!("signature").fmt(f),
        }
    }
}

/// Plain text of several lines.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}{}{}", self.place, phrase!(": "), self.part)?;
        for (kind, line) in self.lines() {
            let mark = match kind {
                LineKind::Same => ' ',
                LineKind::Expected => '-',
                LineKind::Actual => '+',
            };
            writeln!(f, "  {mark} {line}")?;
        }
        self.hint.iter().flat_map(|hint| hint.lines()).try_for_each(|line| writeln!(f, "  {line}"))
    }
}
