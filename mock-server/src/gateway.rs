//! Everything that one mock is made of.

use tokio::sync::Semaphore;

use crate::{
    clock::Clock, config::Config, contract::Contract, identity::Identity, journal::Journal, limits::Limits,
    policies::Policies, randomness::Randomness, stages::receive::LARGE_BODIES,
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
    /// Room for the large bodies that are being read.
    pub(crate) large_bodies: Semaphore,
    /// Whether signatures that don't match are diagnosed.
    pub(crate) diagnosis: bool,
}

impl Gateway {
    pub(crate) fn new(config: &Config, clock: Clock, randomness: Randomness) -> Self {
        Self {
            contract: Contract::current(),
            identity: Identity::new(config),
            clock,
            randomness,
            journal: Journal::new(),
            policies: config.policies.clone(),
            limits: config.limits,
            large_bodies: Semaphore::new(LARGE_BODIES),
            diagnosis: true,
        }
    }
}
