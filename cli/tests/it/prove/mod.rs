//! `prove-client`: it finds every bug in a client, reports no false ones, and says when it cannot tell.

mod careless;
mod own_client;
mod usage;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Ended, command, run_beside};

/// How a run of the command ended.
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    /// The JSON report, if it was written.
    report: Option<Value>,
    /// The JUnit report, if it was written.
    junit: Option<String>,
}

/// Runs `wechatpay-mock prove-client` with these options and variables.
async fn prove(options: &[&str], variables: &[(&str, &str)]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let report = |form: &str| folder.path().join(form).display().to_string();
    let mut command = command();
    command.arg("prove-client");
    command.args(["--report", &format!("json={}", report("json"))]);
    command.args(["--report", &format!("junit={}", report("junit"))]).args(options);
    command.envs(variables.iter().copied());
    let Ended { code, stdout, stderr } = run_beside(command).await;
    let json = std::fs::read_to_string(report("json")).ok();
    Run {
        code,
        stdout,
        stderr,
        report: json.map(|json| serde_json::from_str(&json).unwrap()),
        junit: std::fs::read_to_string(report("junit")).ok(),
    }
}

impl Run {
    /// The probes with this outcome.
    fn probes(&self, outcome: &str) -> BTreeSet<String> {
        let report = self.report.as_ref().unwrap_or_else(|| panic!("no report: {}", self.stderr));
        let probes = report["probes"].as_array().unwrap().iter();
        let there = probes.filter(|probe| probe["outcome"] == outcome);
        there.map(|probe| probe["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The last line, the summary.
    fn summary(&self) -> &str {
        self.stdout.lines().last().unwrap_or_default()
    }

    #[track_caller]
    fn assert_every_probe_passed(&self) {
        assert!(self.probes("not-held").is_empty(), "{}", self.stdout);
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        assert!(self.summary().contains("passed · nothing found"), "{}", self.summary());
    }
}
