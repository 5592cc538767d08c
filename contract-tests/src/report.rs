//! Shared by the reports of [`verify`](crate::verify) and [`prove`](crate::prove): counts, the frame of the JSON
//! report, JUnit's XML, and the colours of the report on a terminal.

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
pub(crate) const QUIET: Style = Style::new().dimmed();
pub(crate) const HEADING: Style = Style::new().bold();

/// The version of the JSON reports: a change that breaks their readers raises it.
const FORMAT: u32 = 1;

/// How many cases or probes passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the outcomes")]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

/// The JSON report of a tool.
pub(crate) fn json(tool: &str, took: Duration, body: impl Serialize) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Frame<'a, B> {
        format: u32,
        tool: &'a str,
        version: &'static str,
        seconds: f64,
        #[serde(flatten)]
        body: B,
    }
    let version = env!("CARGO_PKG_VERSION");
    let frame = Frame { format: FORMAT, tool, version, seconds: took.as_secs_f64(), body };
    Ok(serde_json::to_string_pretty(&frame)? + "\n")
}

/// The JUnit report of a tool, with a suite for each group of results.
pub(crate) fn junit<'a, R: 'a>(
    tool: &str,
    took: Duration,
    groups: impl Iterator<Item = (&'a str, &'a [R])>,
    case: impl Fn(&R) -> TestCase,
) -> Result<String, SerializeError> {
    let mut report = Report::new(tool);
    report.set_time(took);
    for (group, results) in groups {
        let mut suite = TestSuite::new(group);
        suite.add_test_cases(results.iter().map(&case));
        suite.set_time(suite.test_cases.iter().filter_map(|case| case.time).sum());
        report.add_test_suite(suite);
    }
    report.to_string()
}

/// A test case of the JUnit report.
pub(crate) fn junit_case(id: &str, class: String, took: Duration, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(id, status);
    case.set_classname(class);
    case.set_time(took);
    case
}

pub(crate) fn junit_skipped(reason: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(reason);
    status
}

pub(crate) fn junit_failure(message: &str, description: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(message);
    status.set_description(description);
    status
}
