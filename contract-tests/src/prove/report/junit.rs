//! The report as JUnit's XML: a suite for each group of probes.

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::prove::{Finding, Probe, ProbeResult, Proof, Verdict};

pub(super) fn render(proof: &Proof) -> Result<String, SerializeError> {
    let mut report = Report::new("wechatpay-mock prove-client");
    report.set_time(proof.took);
    for (group, results) in proof.by_group() {
        let mut suite = TestSuite::new(group);
        suite.set_time(results.iter().map(|result| result.took).sum());
        suite.add_test_cases(results.iter().map(case));
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn case(result: &ProbeResult) -> TestCase {
    let probe = result.probe;
    let status = match &result.verdict {
        Verdict::Held { .. } => TestCaseStatus::success(),
        Verdict::Skipped { reason } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(*reason);
            status
        }
        Verdict::NotHeld { findings, did, .. } => failure(probe, findings, did),
    };
    let mut case = TestCase::new(probe.id, status);
    case.set_classname(format!("prove-client.{}", probe.group));
    case.set_time(result.took);
    case
}

fn failure(probe: &Probe, findings: &[Finding], did: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(probe.title);
    if let Some(worst) = findings.iter().map(|finding| finding.severity).max() {
        status.set_type(worst.to_string());
    }
    let texts: Vec<_> = findings
        .iter()
        .map(|Finding { kind, severity, why, mend }| {
            format!("{severity}: {kind}\nwhy it matters: {why}\nhow to mend it: {mend}")
        })
        .collect();
    status.set_description(format!("must {}; {did}\n{}", probe.must, texts.join("\n")));
    status
}
