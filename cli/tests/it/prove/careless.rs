//! Every planted bug of the careless client is found, and no others.

use std::{collections::BTreeMap, fs, process::Stdio};

use tokio::process::Command;

use super::{Run, prove};
use crate::support::repository;

const CLIENT: &str = "examples/careless-client/careless.py";

/// The probes that find each bug.
fn holes() -> BTreeMap<String, Vec<String>> {
    let json = fs::read_to_string(repository("examples/careless-client/holes.json")).unwrap();
    let holes: BTreeMap<String, Vec<String>> = serde_json::from_str(&json).unwrap();
    assert!(!holes.is_empty() && holes.values().all(|probes| !probes.is_empty()));
    holes
}

/// A run of the client with these bugs; `None` if its tools are not installed.
async fn run(holes: &str) -> Option<Run> {
    for (tool, version) in [("python3", "--version"), ("openssl", "version")] {
        let tried = Command::new(tool).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !tried.await.is_ok_and(|status| status.success()) {
            assert!(std::env::var_os("CI").is_none(), "expected {tool} on a machine of CI, found none");
            eprintln!("skipped: {tool} is not installed");
            return None;
        }
    }
    let client = repository(CLIENT).display().to_string();
    Some(prove(&["--timeout", "15", "--", "python3", &client], &[("CARELESS", holes)]).await)
}

#[tokio::test]
async fn every_planted_bug_is_found_and_no_others() {
    let holes = holes();
    let all = holes.keys().map(String::as_str).collect::<Vec<_>>().join(",");
    let Some(run) = run(&all).await else { return };
    let expected = holes.into_values().flatten().collect();
    assert_eq!(run.probes("not-held"), expected, "{}", run.stdout);
    assert_eq!(run.code, Some(1));
}

#[tokio::test]
async fn without_its_bugs_the_same_client_passes_every_probe() {
    let Some(run) = run("none").await else { return };
    run.assert_every_probe_passed();
}

#[test]
fn each_bug_is_marked_where_it_is_planted() {
    let client = fs::read_to_string(repository(CLIENT)).unwrap();
    for hole in holes().keys() {
        assert_eq!(client.matches(&format!("# HOLE {hole}: ")).count(), 1, "{hole}");
        assert_eq!(client.matches(&format!("careless(\"{hole}\")")).count(), 1, "{hole}");
    }
    assert_eq!(client.matches("# HOLE ").count(), holes().len());
}
