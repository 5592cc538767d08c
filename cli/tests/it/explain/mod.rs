//! `explain` on captures of requests, answers and callbacks, most of them with a mistake.

mod answers;
mod callbacks;
mod capture;
mod requests;
mod usage;

use std::fs;

use serde_json::Value;

use crate::support::{Ended, command, ended, repository};

/// A file of the development credentials.
fn credentials(name: &str) -> String {
    repository("fixtures/credentials").join(name).display().to_string()
}

/// Runs `explain` on this capture.
fn explain(capture: &[u8], options: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("capture");
    fs::write(&file, capture).unwrap();
    let mut command = command();
    command.env("LC_ALL", "C").arg("explain").arg(&file).args(options);
    ended(command.output().unwrap())
}

/// Runs `explain --json` on this capture.
fn explained(capture: &[u8], options: &[&str]) -> Value {
    let ended = explain(capture, &[&["--json"], options].concat());
    let report: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stderr));
    assert_eq!(ended.code, Some(i32::from(report["holds"] == false)), "{report:#}");
    report
}
