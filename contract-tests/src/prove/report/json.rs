//! The report as JSON, with everything there is to know.

use serde::Serialize;

use crate::prove::{Finding, ProbeResult, Proof, Severity, Verdict};

/// Raised when a program that reads the report would have to change.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    tool: &'static str,
    version: &'static str,
    client: &'a str,
    seconds: f64,
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
    title: &'a str,
    must: String,
    outcome: &'static str,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    did: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Found>,
}

#[derive(Serialize)]
struct Found {
    kind: &'static str,
    severity: Severity,
    what: String,
    why: &'static str,
    mend: &'static str,
}

pub(super) fn render(proof: &Proof) -> serde_json::Result<String> {
    let report = Report {
        format: FORMAT,
        tool: "wechatpay-mock prove-client",
        version: env!("CARGO_PKG_VERSION"),
        client: &proof.subject,
        seconds: proof.took.as_secs_f64(),
        summary: proof.summary(),
        held: proof.held(),
        not_held: proof.not_held(),
        skipped: proof.skipped(),
        probes: proof.results.iter().map(row).collect(),
    };
    Ok(serde_json::to_string_pretty(&report)? + "\n")
}

fn row(result: &ProbeResult) -> Row<'_> {
    let (outcome, did, said, reason) = match &result.verdict {
        Verdict::Held { did } => ("held", Some(did.as_str()), None, None),
        Verdict::NotHeld { did, said, .. } => ("not-held", Some(did.as_str()), said.as_deref(), None),
        Verdict::Skipped { reason } => ("skipped", None, None, Some(*reason)),
    };
    Row {
        id: result.probe.id,
        group: result.probe.group,
        title: result.probe.title,
        must: result.probe.must.to_string(),
        outcome,
        seconds: result.took.as_secs_f64(),
        did,
        said,
        reason,
        findings: result.findings().iter().map(found).collect(),
    }
}

fn found(finding: &Finding) -> Found {
    Found {
        kind: finding.kind.name(),
        severity: finding.severity,
        what: finding.kind.to_string(),
        why: finding.why,
        mend: finding.mend,
    }
}
