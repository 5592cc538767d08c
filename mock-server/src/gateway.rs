//! Everything that one mock is made of.

use crate::{
    clock::Clock, config::Config, contract::Contract, identity::Identity, journal::Journal, limits::Limits,
    policies::Policies, randomness::Randomness,
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
        }
    }
}
