//! The reports of `verify` for programs: JSON, JUnit's XML, and TAP.

use std::error::Error;

use quick_junit::{TestCase, TestCaseStatus};
use serde::Serialize;
use wechatpay_mock::Provenance;
use wechatpay_texts::text;

use super::{CaseResult, Outcome, Results, tap};
use crate::{
    DataText,
    report::{self, Counts},
    report_file::{self, ReportFormat},
    run::Difference,
};

const TOOL: &str = "wechatpay-mock verify";

/// The format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JUnit's XML, which most CI systems read.
    Junit,
    /// JSON with all results.
    Json,
    /// The Test Anything Protocol, version 14.
    Tap,
}

/// A report and its file, from `junit=FILE`, `json=FILE` or `tap=FILE`.
pub type ReportFile = report_file::ReportFile<Format>;

impl ReportFormat for Format {
    type Results = Results;

    const NAMES: &'static [(&'static str, Self)] =
        &[("junit", Self::Junit), ("json", Self::Json), ("tap", Self::Tap)];

    fn render(self, results: &Results) -> Result<String, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Junit => Ok(report::junit(TOOL, results.took, results.by_folder(), junit_case)?),
            Self::Json => Ok(report::json(TOOL, results.took, body(results))?),
            Self::Tap => Ok(tap::render(results)?),
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    target: &'a str,
    passed: usize,
    failed: usize,
    skipped: usize,
    cases: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    title: &'a DataText,
    why: &'a DataText,
    standing: Provenance,
    source: &'a DataText,
    outcome: &'static str,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    differences: &'a [Difference],
}

fn body(results: &Results) -> Body<'_> {
    let Counts { passed, failed, skipped } = results.counts();
    Body { target: &results.target, passed, failed, skipped, cases: results.cases.iter().map(row).collect() }
}

fn row(result: &CaseResult) -> Row<'_> {
    let (outcome, reason, differences): (_, _, &[Difference]) = match &result.outcome {
        Outcome::Passed => ("passed", None, &[]),
        Outcome::Failed(differences) => ("failed", None, differences),
        Outcome::Skipped(reason) => ("skipped", Some(reason.to_string()), &[]),
    };
    Row {
        id: &result.case.id,
        title: &result.case.title,
        why: &result.case.why,
        standing: result.case.provenance,
        source: &result.case.source,
        outcome,
        seconds: result.took.as_secs_f64(),
        reason,
        differences,
    }
}

fn junit_case(result: &CaseResult) -> TestCase {
    let case = &result.case;
    let status = match &result.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Skipped(reason) => report::junit_skipped(&reason.to_string()),
        Outcome::Failed(differences) => {
            let text: Vec<_> = differences.iter().map(ToString::to_string).collect();
            let description =
                format!("{}\n{}", text.join("\n"), text!("why it matters: {why}", why = case.why));
            report::junit_failure(case.title.text(), description)
        }
    };
    let class = format!("wechatpay-contract.{}", case.id.replace('/', "."));
    report::junit_case(&case.id, class, result.took, status)
}
