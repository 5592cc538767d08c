//! Who is put under which load.

use super::Part;
use crate::{cores::Cores, programs::Peer, server::Kind};

/// A server under a load.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// What it is needed for.
    pub(super) part: Part,
    pub(super) kind: Kind,
    pub(super) cores: Cores,
    pub(super) pace: Pace,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As fast as it answers.
    Closed,
    /// Half as many requests a second as the cryptography leaves time for.
    Half,
}

pub(super) const FULL: &str = "mock";
pub(super) const FULL_SHARED: &str = "mock, all cores";
pub(super) const HALF_LOAD: &str = "mock, half load";
pub(super) const REUSE: &str = "mock --signature-reuse 1s";
pub(super) const UNSIGNED: &str = "mock --no-signatures";

pub(super) const SCENARIOS: [Scenario; 9] = [
    scenario(FULL, Part::Full, Kind::Mock(&[])),
    Scenario { cores: Cores::Shared, ..scenario(FULL_SHARED, Part::Full, Kind::Mock(&[])) },
    Scenario { pace: Pace::Half, ..scenario(HALF_LOAD, Part::Latency, Kind::Mock(&[])) },
    scenario(REUSE, Part::Reuse, Kind::Mock(&["--signature-reuse", "1s"])),
    scenario(UNSIGNED, Part::Unsigned, Kind::Mock(&["--no-signatures"])),
    peer(Peer::Nginx),
    peer(Peer::Wiremock),
    peer(Peer::Httpmock),
    peer(Peer::Apimock),
];

const fn scenario(name: &'static str, part: Part, kind: Kind) -> Scenario {
    Scenario { name, part, kind, cores: Cores::Apart, pace: Pace::Closed }
}

const fn peer(peer: Peer) -> Scenario {
    scenario(peer.name(), Part::Unsigned, Kind::Peer(peer))
}
