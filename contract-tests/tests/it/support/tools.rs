//! Tools that a test needs and a machine may lack.

use std::process::{Command, Stdio};

/// Whether one of these tools is missing, which is printed. In CI all must be installed.
pub(crate) fn are_missing(tools: &[&str]) -> bool {
    let is_missing = |tool: &&&str| {
        let mut command = Command::new(tool);
        command
            .arg("--help")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_err()
    };
    let Some(tool) = tools.iter().find(is_missing) else { return false };
    assert!(std::env::var_os("CI").is_none(), "expected {tool} in CI, found none");
    eprintln!("skipped: {tool} is not installed");
    true
}
