//! Everything that one mock is made of.

use std::time::Duration;

use crate::{
    clock::Clock, contract::Contract, identity::Identity, journal::Journal, policies::Policies,
    randomness::Randomness,
};

/// One mock gateway, without its socket.
pub(crate) struct Gateway {
    pub(crate) contract: &'static Contract,
    pub(crate) identity: Identity,
    pub(crate) clock: Clock,
    pub(crate) randomness: Randomness,
    pub(crate) journal: Journal,
    pub(crate) policies: Policies,
    pub(crate) limits: Limits,
}

/// How much, and how long, the mock puts up with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The largest body, in bytes.
    pub(crate) body: usize,
    /// The largest head of a request (request line and headers), in bytes.
    pub(crate) head: usize,
    /// How long a head may take to arrive; also, how long a connection may be idle.
    pub(crate) head_timeout: Duration,
    /// How long a body may take to arrive.
    pub(crate) body_timeout: Duration,
}

impl Limits {
    pub(crate) const DEFAULT: Self = Self {
        body: 1024 * 1024,
        head: 64 * 1024,
        head_timeout: Duration::from_secs(15),
        body_timeout: Duration::from_secs(30),
    };
}
