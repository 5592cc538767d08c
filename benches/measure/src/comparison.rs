//! The mock beside its peers: all figures of one run.

mod measure;
mod rows;
mod scenarios;
mod text;

use serde::{Deserialize, Serialize};

pub(crate) use measure::measure;
pub(crate) use rows::{Row, rows};
pub(crate) use text::{sections, terminal};

use crate::{keys::Keys, machine::Machine, missing::Missing, process::Memory, programs::Peer};

/// What can be measured on its own: a row or two of the table of ratios each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    /// Full service, against the time of its cryptography
    Full,
    /// --signature-reuse 1s, against the time of a verification
    Reuse,
    /// --no-signatures, against nginx and mock servers in Rust
    Unsigned,
    /// From exec to the first 204
    Start,
    /// Memory: idle, and after many requests
    Memory,
    /// The 99th percentile of latency at half load
    Latency,
    /// Start of the library within a test
    Library,
}

impl Part {
    pub(crate) const ALL: [Self; 7] =
        [Self::Full, Self::Reuse, Self::Unsigned, Self::Start, Self::Memory, Self::Latency, Self::Library];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Reuse => "reuse",
            Self::Unsigned => "unsigned",
            Self::Start => "start",
            Self::Memory => "memory",
            Self::Latency => "latency",
            Self::Library => "library",
        }
    }
}

/// How it is measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) parts: Vec<Part>,
    pub(crate) seconds: u64,
    pub(crate) repeats: u32,
    pub(crate) starts: u32,
    /// After so many requests memory is looked at.
    pub(crate) requests: u64,
}

/// All figures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Comparison {
    pub(crate) machine: Machine,
    pub(crate) settings: Settings,
    pub(crate) keys: Keys,
    pub(crate) peers: Vec<Version>,
    pub(crate) runs: Vec<Run>,
    pub(crate) starts: Vec<Start>,
    pub(crate) memory: Vec<Grown>,
    pub(crate) library: Option<Library>,
    pub(crate) missing: Vec<Missing>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) peer: Peer,
    pub(crate) version: String,
}

/// A server under load: the medians of its repeats.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) scenario: String,
    /// The rate that was asked for; `None` for as fast as it goes.
    pub(crate) rate: Option<f64>,
    pub(crate) requests_per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) server_cores: f64,
    pub(crate) generator_cores: f64,
    /// Whether there were fewer different requests than were sent.
    pub(crate) is_repeated: bool,
    /// Requests a second of each repeat.
    pub(crate) each: Vec<f64>,
}

/// From exec to the first 204.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) server: String,
    pub(crate) median_ms: f64,
    pub(crate) least_ms: f64,
    pub(crate) most_ms: f64,
}

/// Memory at rest, before the first request, and after many.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grown {
    pub(crate) server: String,
    pub(crate) requests: u64,
    pub(crate) idle: Memory,
    pub(crate) after: Memory,
}

/// Start of a server within a test, as the program `library-start` prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Library {
    pub(crate) starts: u64,
    pub(crate) mock_us: f64,
    pub(crate) wiremock_us: f64,
    pub(crate) mock_first_us: f64,
    pub(crate) wiremock_first_us: f64,
}
