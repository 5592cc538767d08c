//! What it was measured on, and when.

use std::{fs, num::NonZero, process::Command, thread};

use serde::{Deserialize, Serialize};

use crate::programs::HERE;

/// A machine, as far as figures depend on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// The processor's name, as it says itself.
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) rustc: String,
    /// Of the sources, with `-dirty` if they were changed since.
    pub(crate) commit: String,
    /// The day, by UTC.
    pub(crate) date: String,
    /// How many wanted a core in the minute before: 0 on a machine that does nothing else.
    pub(crate) load_before: String,
}

impl Machine {
    /// As it is now: to be asked before anything is built, which takes all cores.
    pub(crate) fn here() -> Self {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            cpu: cpu.map_or_else(unknown, |(_, name)| name.trim().to_owned()),
            cores: thread::available_parallelism().map_or(1, NonZero::get),
            kernel: output("uname", &["-sr"]),
            rustc: output("rustc", &["--version"]),
            commit: output("git", &["describe", "--always", "--dirty"]),
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            load_before: load.split(' ').next().unwrap_or_default().to_owned(),
        }
    }

    /// As a line of the documentation.
    pub(crate) fn line(&self) -> String {
        let Self { cpu, cores, kernel, rustc, commit, date, load_before } = self;
        format!(
            "Measured on {date} at {commit}: {cpu}, {cores} cores, {kernel}, {rustc}; load average before the run {load_before}."
        )
    }
}

fn output(command: &str, arguments: &[&str]) -> String {
    let ran = Command::new(command)
        .args(arguments)
        .current_dir(HERE)
        .output()
        .ok()
        .filter(|ran| ran.status.success());
    ran.map_or_else(unknown, |ran| String::from_utf8_lossy(&ran.stdout).trim().to_owned())
}

fn unknown() -> String {
    "unknown".to_owned()
}
