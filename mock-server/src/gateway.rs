//! Everything that one mock is made of.

use std::{
    iter,
    sync::atomic::{AtomicU64, Ordering},
};

use tokio::sync::Semaphore;
use wechatpay_protocol::Mchid;

use crate::{
    admin::Access,
    clock::Clock,
    config::Config,
    connections::Addresses,
    contract::Contract,
    diagnosing::{self, Diagnosing},
    door::Door,
    faults::{FaultId, FaultRule, RuleError, RuleState, Rules},
    identity::Identity,
    journal::Journal,
    limits::Limits,
    metrics::Metrics,
    policies::Policies,
    proxy::Proxy,
    randomness::Randomness,
    stages::receive::LARGE_BODIES,
    tls::Tls,
    turned_away::TurnedAway,
};

/// One mock gateway, without its socket.
pub(crate) struct Gateway {
    pub(crate) contract: &'static Contract,
    pub(crate) identity: Identity,
    pub(crate) clock: Clock,
    pub(crate) randomness: Randomness,
    pub(crate) journal: Journal,
    pub(crate) metrics: Metrics,
    pub(crate) policies: Policies,
    pub(crate) limits: Limits,
    /// Rules of misbehaviour for every merchant's requests.
    pub(crate) faults: Rules,
    pub(crate) door: Door,
    /// Who may see and steer the mock.
    pub(crate) access: Access,
    /// Which hosts it stands for, and to which others there is a way.
    pub(crate) proxy: Proxy,
    pub(crate) tls: Tls,
    /// Whom it turned away before there was an exchange.
    pub(crate) turned_away: TurnedAway,
    /// Room for the large bodies that are being read.
    pub(crate) large_bodies: Semaphore,
    pub(crate) diagnosis: Diagnosing,
    /// Room for the diagnoses that are under way.
    pub(crate) diagnoses: Semaphore,
    /// Room for the key that is being made.
    pub(crate) new_keys: Semaphore,
    configured_faults: Vec<FaultRule>,
    rules_made: AtomicU64,
    merchants_made: AtomicU64,
}

impl Gateway {
    /// A gateway that listens there.
    ///
    /// # Errors
    /// If one of the configuration's fault rules makes no sense.
    pub(crate) fn new(
        config: &Config,
        addresses: Addresses,
        clock: Clock,
        randomness: Randomness,
    ) -> Result<Self, RuleError> {
        let identity = Identity::new(config);
        let gateway = Self {
            contract: Contract::current(),
            identity,
            clock,
            randomness,
            journal: Journal::new(&config.limits),
            metrics: Metrics::new(),
            policies: config.policies.clone(),
            limits: config.limits,
            faults: Rules::default(),
            door: Door::new(),
            access: Access::new(addresses.most_open(), config.admin_token.clone()),
            proxy: Proxy::new(config, iter::once(addresses.either).chain(addresses.tls_alone).collect()),
            tls: Tls::new(config),
            turned_away: TurnedAway::default(),
            large_bodies: Semaphore::new(LARGE_BODIES),
            diagnosis: config.diagnosis,
            diagnoses: Semaphore::new(diagnosing::AT_ONCE),
            new_keys: Semaphore::new(1),
            configured_faults: config.faults.clone(),
            rules_made: AtomicU64::new(0),
            merchants_made: AtomicU64::new(0),
        };
        config.faults.iter().try_for_each(|rule| gateway.add_fault(rule.clone()).map(drop))?;
        Ok(gateway)
    }

    /// Takes a fault rule in, for the merchant that it names or for all.
    pub(crate) fn add_fault(&self, rule: FaultRule) -> Result<RuleState, RuleError> {
        let merchant = rule.when.merchant.as_deref().and_then(|mchid| self.identity.merchant(mchid));
        rule.check_against(self.contract, |_| merchant.is_some())?;
        let id: FaultId = self.rules_made.fetch_add(1, Ordering::Relaxed) + 1;
        let rules = merchant.as_ref().map_or(&self.faults, |merchant| &merchant.faults);
        rules.add(id, rule, self.clock.now(), self.limits.faults)
    }

    /// A number that is given once.
    pub(crate) fn next_merchant(&self) -> u64 {
        self.merchants_made.fetch_add(1, Ordering::Relaxed)
    }

    /// Every fault rule, oldest first.
    pub(crate) fn faults(&self) -> Vec<RuleState> {
        let of_merchants = self.identity.merchants().into_iter().flat_map(|merchant| merchant.faults.list());
        let mut rules: Vec<_> = of_merchants.chain(self.faults.list()).collect();
        rules.sort_by_key(|rule| rule.id);
        rules
    }

    /// Removes a fault rule. Whether there was one with that name.
    pub(crate) fn remove_fault(&self, id: FaultId) -> bool {
        self.faults.remove(id) || self.identity.merchants().iter().any(|merchant| merchant.faults.remove(id))
    }

    /// Removes every fault rule, lets whoever comes connect, and keeps nobody waiting any longer. Says how many rules there
    /// were.
    pub(crate) fn clear_faults(&self) -> usize {
        self.door.open();
        let of_merchants: usize =
            self.identity.merchants().iter().map(|merchant| merchant.faults.clear()).sum();
        of_merchants + self.faults.clear()
    }

    /// Removes the fault rules that name this merchant, and keeps none of its requests waiting any longer. Says how many
    /// rules there were.
    pub(crate) fn clear_faults_of(&self, mchid: &str) -> usize {
        self.identity.merchant(mchid).map_or(0, |merchant| merchant.faults.clear())
    }

    /// Everything is as it was when the mock started: state, journal, fault rules, clock. Merchants made at run time are
    /// gone.
    pub(crate) fn reset(&self) {
        self.clock.resume();
        self.clear_faults();
        self.identity.remove_made();
        for merchant in self.identity.merchants() {
            merchant.reset();
        }
        self.add_configured_faults(None);
        self.turned_away.clear();
        self.journal.clear(None);
    }

    /// Everything about one merchant is as it was at first: its state, its part of the journal, its fault rules. Whether
    /// there is such a merchant.
    pub(crate) fn reset_merchant(&self, mchid: &str) -> bool {
        let Some(merchant) = self.identity.merchant(mchid) else { return false };
        merchant.reset();
        merchant.faults.clear();
        self.add_configured_faults(Some(&merchant.mchid));
        self.journal.clear(Some(&merchant.mchid));
        true
    }

    /// Takes the configuration's fault rules in again, as at the start: all of them, or those that name this merchant.
    fn add_configured_faults(&self, mchid: Option<&Mchid>) {
        let is_meant = |rule: &&FaultRule| {
            mchid.is_none_or(|mchid| rule.when.merchant.as_deref() == Some(mchid.as_str()))
        };
        for rule in self.configured_faults.iter().filter(is_meant) {
            // They were taken in when the mock started.
            if let Err(error) = self.add_fault(rule.clone()) {
                tracing::error!("a fault rule of the configuration can't be taken in again: {error}");
            }
        }
    }
}
