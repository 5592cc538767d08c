//! The report as JSON, with everything there is to know.

use serde::Serialize;
use wechatpay_mock::Provenance;

use crate::{
    run::Difference,
    verify::{CaseResult, Counts, Outcome, Results},
};

/// Raised when a program that reads the report would have to change.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    tool: &'static str,
    version: &'static str,
    target: &'a str,
    seconds: f64,
    passed: usize,
    failed: usize,
    skipped: usize,
    cases: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    title: &'a str,
    why: &'a str,
    standing: Provenance,
    source: &'a str,
    outcome: &'static str,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    differences: &'a [Difference],
}

pub(super) fn render(results: &Results) -> serde_json::Result<String> {
    let Counts { passed, failed, skipped } = results.counts();
    let report = Report {
        format: FORMAT,
        tool: "wechatpay-mock verify",
        version: env!("CARGO_PKG_VERSION"),
        target: &results.target,
        seconds: results.took.as_secs_f64(),
        passed,
        failed,
        skipped,
        cases: results.cases.iter().map(row).collect(),
    };
    Ok(serde_json::to_string_pretty(&report)? + "\n")
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
        standing: result.case.standing,
        source: &result.case.source,
        outcome,
        seconds: result.took.as_secs_f64(),
        reason,
        differences,
    }
}
