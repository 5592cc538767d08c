//! How cost grows: requests a second against connections, members and the size of bodies.

mod measure;
mod plot;
mod text;

use serde::{Deserialize, Serialize};

pub(crate) use measure::measure;
pub(crate) use plot::plot;
pub(crate) use text::{link, sections};

use crate::{cores::Cores, machine::Machine, missing::Missing, server::Kind};

/// What is made greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Axis {
    /// Connections at once
    Connections,
    /// Member codes that requests are for
    Members,
    /// Bytes of a request's body
    Body,
}

impl Axis {
    pub(crate) const ALL: [Self; 3] = [Self::Connections, Self::Members, Self::Body];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Members => "members",
            Self::Body => "body",
        }
    }

    /// As it stands at the axis and above the column.
    const fn label(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Members => "member codes",
            Self::Body => "bytes of body",
        }
    }

    const fn values(self) -> &'static [u64] {
        match self {
            Self::Connections => &[1, 2, 8, 64, 512],
            Self::Members => &[1, 1_000, 1_000_000],
            Self::Body => &[200, 1 << 10, 8 << 10, 64 << 10, (1 << 20) - (1 << 10)],
        }
    }
}

/// Two ways of serving: as it comes, where the cryptography takes most of the time, and without, which shows the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Service {
    Full,
    Unsigned,
}

impl Service {
    pub(crate) const ALL: [Self; 2] = [Self::Full, Self::Unsigned];

    const fn label(self) -> &'static str {
        match self {
            Self::Full => "full service",
            Self::Unsigned => "--no-signatures",
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Full => Kind::Mock(&[]),
            Self::Unsigned => Kind::Mock(&["--no-signatures"]),
        }
    }
}

/// Server and generator have a core each.
const CORES: Cores = Cores::Apart;

/// How it is measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) axes: Vec<Axis>,
    pub(crate) seconds: u64,
    pub(crate) repeats: u32,
}

/// All figures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Growth {
    pub(crate) machine: Machine,
    pub(crate) settings: Settings,
    pub(crate) points: Vec<Point>,
    pub(crate) missing: Vec<Missing>,
}

/// One load: the medians of its repeats.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) axis: Axis,
    pub(crate) value: u64,
    pub(crate) service: Service,
    pub(crate) requests_per_second: f64,
    pub(crate) p99_us: f64,
    pub(crate) server_cores: f64,
    pub(crate) generator_cores: f64,
    /// Whether there were fewer different requests than were sent.
    pub(crate) is_repeated: bool,
    /// Requests a second of each repeat.
    pub(crate) each: Vec<f64>,
}

impl Growth {
    fn point(&self, axis: Axis, value: u64, service: Service) -> Option<&Point> {
        self.points.iter().find(|point| (point.axis, point.value, point.service) == (axis, value, service))
    }
}
