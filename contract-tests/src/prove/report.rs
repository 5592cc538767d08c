//! The reports of `prove-client` and `prove-receiver` for programs: JSON and JUnit's XML.

use std::error::Error;

use quick_junit::{TestCase, TestCaseStatus};
use serde::Serialize;
use wechatpay_texts::{Language, text};

use super::{About, Finding, Outcome, ProbeResult, Results, Severity, Tested};
use crate::{
    DataText,
    report::{self, Counts},
    report_file::{self, ReportFormat},
};

/// The format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JUnit's XML, which most CI systems read.
    Junit,
    /// JSON with all results.
    Json,
}

/// A report and its file, from `junit=FILE` or `json=FILE`.
pub type ReportFile = report_file::ReportFile<Format>;

impl ReportFormat for Format {
    type Results = Results;

    const NAMES: &'static [(&'static str, Self)] = &[("junit", Self::Junit), ("json", Self::Json)];

    fn render(self, results: &Results) -> Result<String, Box<dyn Error + Send + Sync>> {
        let tool = format!("wechatpay-mock {}", results.tested.tool());
        match self {
            Self::Junit => {
                let case = |result: &ProbeResult| junit_case(results.tested.tool(), result);
                Ok(report::junit(&tool, results.took, results.by_group(), case)?)
            }
            Self::Json => Ok(report::json(&tool, results.took, body(results))?),
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    tested: &'a Tested,
    summary: String,
    held: usize,
    not_held: usize,
    skipped: usize,
    probes: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    group: &'a str,
    title: &'a DataText,
    must: &'a str,
    outcome: &'static str,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    did: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<FindingRow<'a>>,
}

#[derive(Serialize)]
struct FindingRow<'a> {
    kind: &'static str,
    severity: Severity,
    what: String,
    why: &'a str,
    mend: &'a str,
}

fn body(results: &Results) -> Body<'_> {
    let Counts { passed, failed, skipped } = results.counts();
    let probes = results.probes.iter().map(row).collect();
    let (tested, summary) = (&results.tested, results.summary());
    Body { tested, summary, held: passed, not_held: failed, skipped, probes }
}

fn row(result: &ProbeResult) -> Row<'_> {
    let (outcome, did, said, reason) = match &result.outcome {
        Outcome::Passed { did } => ("held", Some(did.as_str()), None, None),
        Outcome::Failed { did, said, .. } => ("not-held", Some(did.as_str()), said.as_deref(), None),
        Outcome::Skipped { reason } => ("skipped", None, None, Some(*reason)),
    };
    let findings = result.findings().iter().map(|Finding { kind, severity, why, fix }| FindingRow {
        kind: kind.name(),
        severity: *severity,
        what: kind.to_string(),
        why,
        mend: fix,
    });
    let About { id, group, title, must, .. } = result.probe;
    Row {
        id,
        group,
        title,
        must,
        outcome,
        seconds: result.took.as_secs_f64(),
        did,
        said,
        reason,
        findings: findings.collect(),
    }
}

fn junit_case(tool: &str, result: &ProbeResult) -> TestCase {
    let probe = result.probe;
    let status = match &result.outcome {
        Outcome::Passed { .. } => TestCaseStatus::success(),
        Outcome::Skipped { reason } => report::junit_skipped(reason),
        Outcome::Failed { findings, did, .. } => junit_failure(probe, findings, did),
    };
    report::junit_case(&probe.id, format!("{tool}.{}", probe.group), result.took, status)
}

fn junit_failure(probe: &About, findings: &[Finding], did: &str) -> TestCaseStatus {
    let texts = findings.iter().map(|Finding { kind, severity, why, fix }| {
        text!("\n{severity}: {kind}\nwhy it matters: {why}\nhow to fix it: {fix}")
    });
    let description = text!("must {must}; {did}", must = probe.must) + &texts.collect::<String>();
    let mut status = report::junit_failure(probe.title.text(), description);
    if let Some(worst) = findings.iter().map(|finding| finding.severity).max() {
        status.set_type(Language::English.within(|| worst.to_string()));
    }
    status
}
