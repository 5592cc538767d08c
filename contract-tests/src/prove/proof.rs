//! How it went.

use std::time::Duration;

use super::{Finding, Probe, Severity};

/// How all probes went, in their order.
#[derive(Debug)]
pub struct Proof {
    /// What was held to the contract.
    pub subject: String,
    /// Each probe.
    pub results: Vec<ProbeResult>,
    /// How long all of it took.
    pub took: Duration,
}

/// How one probe went.
#[derive(Debug)]
pub struct ProbeResult {
    /// The probe.
    pub probe: &'static Probe,
    /// What came of it.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// What came of a probe.
#[derive(Debug)]
pub enum Verdict {
    /// The client did what it must.
    Held {
        /// What it did.
        did: String,
    },
    /// It did something else.
    NotHeld {
        /// What is wrong with that; never empty.
        findings: Vec<Finding>,
        /// What it did.
        did: String,
        /// The last line of its output, if it is known and there is one.
        said: Option<String>,
    },
    /// The probe was not made.
    Skipped {
        /// Why not.
        reason: &'static str,
    },
}

impl Proof {
    /// How many probes were made.
    pub fn made(&self) -> usize {
        self.results.iter().filter(|result| !matches!(result.verdict, Verdict::Skipped { .. })).count()
    }

    /// How many of them did not hold.
    pub fn not_held(&self) -> usize {
        self.results.iter().filter(|result| !result.findings().is_empty()).count()
    }

    /// How many probes were not made.
    pub fn skipped(&self) -> usize {
        self.results.len() - self.made()
    }

    /// Everything that was found.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.results.iter().flat_map(ProbeResult::findings)
    }

    /// The probes by group, in their order.
    pub fn by_group(&self) -> impl Iterator<Item = (&'static str, &[ProbeResult])> {
        let groups = self.results.chunk_by(|one, next| one.probe.group == next.probe.group);
        groups.map(|results| (results[0].probe.group, results))
    }

    /// How many of them held.
    pub fn held(&self) -> usize {
        self.made() - self.not_held()
    }

    /// The line for a badge: `prove-client: 45 of 45 held · nothing let through`.
    pub fn summary(&self) -> String {
        let (made, held) = (self.made(), self.held());
        let skipped = match self.skipped() {
            0 => String::new(),
            skipped => format!(" · {skipped} skipped"),
        };
        let found = match self.findings().count() {
            0 => "nothing let through".into(),
            1 => format!("1 finding: {}", self.by_severity()),
            count => format!("{count} findings: {}", self.by_severity()),
        };
        format!("prove-client: {held} of {made} held · {found}{skipped}")
    }

    fn by_severity(&self) -> String {
        let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
        let counted = severities.map(|severity| {
            (severity, self.findings().filter(|finding| finding.severity == severity).count())
        });
        let there = counted.iter().filter(|(_, count)| *count > 0);
        there.map(|(severity, count)| format!("{count} {severity}")).collect::<Vec<_>>().join(", ")
    }
}

impl ProbeResult {
    /// What was found; nothing if it was held, or not made.
    pub fn findings(&self) -> &[Finding] {
        match &self.verdict {
            Verdict::NotHeld { findings, .. } => findings,
            Verdict::Held { .. } | Verdict::Skipped { .. } => &[],
        }
    }
}
