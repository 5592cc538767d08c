//! The results of the probes.

use std::time::Duration;

use serde::Serialize;
use wechatpay_texts::{phrase, text};

use super::{About, Finding, Severity};
use crate::report::Counts;

/// The results of all probes.
#[derive(Debug)]
pub struct Results {
    /// What was tested.
    pub tested: Tested,
    /// Each probe, in order.
    pub probes: Vec<ProbeResult>,
    /// How long all probes took.
    pub took: Duration,
}

/// What was tested: a command, or the URL of an application.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Tested {
    Client(String),
    Receiver(String),
}

/// The result of one probe.
#[derive(Debug)]
pub struct ProbeResult {
    /// The probe.
    pub probe: &'static About,
    /// Its outcome.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

/// The outcome of a probe.
#[derive(Debug)]
pub enum Outcome {
    /// The tested program did what it must.
    Passed {
        /// What it did.
        did: String,
    },
    /// It did something else.
    Failed {
        /// The findings, never empty.
        findings: Vec<Finding>,
        /// What it did.
        did: String,
        /// The last line of its output, if its output is known and not empty.
        said: Option<String>,
    },
    /// The probe did not run.
    Skipped {
        /// Why not.
        reason: &'static str,
    },
}

impl Results {
    /// How many probes passed, failed and were skipped.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for result in &self.probes {
            match result.outcome {
                Outcome::Passed { .. } => counts.passed += 1,
                Outcome::Failed { .. } => counts.failed += 1,
                Outcome::Skipped { .. } => counts.skipped += 1,
            }
        }
        counts
    }

    /// All findings.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.probes.iter().flat_map(ProbeResult::findings)
    }

    /// The results by group.
    pub(super) fn by_group(&self) -> impl Iterator<Item = (&str, &[ProbeResult])> {
        let groups = self.probes.chunk_by(|one, next| one.probe.group == next.probe.group);
        groups.map(|results| (results[0].probe.group.as_str(), results))
    }

    /// A line for a badge: `prove-client: 45 of 45 passed · nothing found`.
    pub fn summary(&self) -> String {
        let Counts { passed, failed, skipped } = self.counts();
        let found = match self.findings().count() {
            0 => text!("nothing found"),
            1 => text!("1 finding: {severities}", severities = self.by_severity()),
            count => text!("{count} findings: {severities}", severities = self.by_severity()),
        };
        let skipped = if skipped == 0 { String::new() } else { text!(" · {skipped} skipped") };
        text!(
            "{tool}: {passed} of {all} passed · {found}{skipped}",
            tool = self.tested.tool(),
            all = passed + failed
        )
    }

    fn by_severity(&self) -> String {
        let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
        let counts = severities.map(|severity| {
            (severity, self.findings().filter(|finding| finding.severity == severity).count())
        });
        let counts = counts.iter().filter(|(_, count)| *count > 0);
        counts
            .map(|(severity, count)| text!("{count} {severity}"))
            .collect::<Vec<_>>()
            .join(phrase!(", ").text())
    }
}

impl Tested {
    /// The command that tests it.
    pub(super) fn tool(&self) -> &'static str {
        match self {
            Self::Client(_) => "prove-client",
            Self::Receiver(_) => "prove-receiver",
        }
    }
}

impl ProbeResult {
    /// The findings; none unless the probe failed.
    pub fn findings(&self) -> &[Finding] {
        match &self.outcome {
            Outcome::Failed { findings, .. } => findings,
            Outcome::Passed { .. } | Outcome::Skipped { .. } => &[],
        }
    }
}
