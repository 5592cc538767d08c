//! Changes to a running mock, for `/__mock/` and for the library alike.
//!
//! Each change happens between two exchanges: no request sees half of it, and none is recorded that it undid.

use std::{future::pending, panic::resume_unwind, sync::Arc};

use tokio::{sync::Semaphore, task::spawn_blocking};
use wechatpay_protocol::{Credentials, Mchid};

use crate::{
    faults::{FaultId, FaultRule, RuleError, RuleState},
    gateway::Gateway,
    journal::RejectedConnections,
    merchants::{ProvisionError, TrustMode, provision::Provisioner},
    operations::seed::SeedMerchant,
};

/// A merchant to be made. The default has a number that no other merchant has, the development key, and the documentation's
/// sample card.
#[derive(Clone, Debug, Default)]
pub struct NewMerchant {
    /// Its number. Default: one that no other merchant has.
    pub mchid: Option<Mchid>,
    /// Which of the gateway's keys it trusts.
    pub trust: TrustMode,
    /// Whether it gets a private key of its own, which takes up to a second. Otherwise it has the development
    /// merchant's, with a certificate of its own.
    pub new_key: bool,
    /// What it starts with.
    pub seed: Option<SeedMerchant>,
}

/// A running mock, with what is needed to change it.
pub(crate) struct Control {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) rejected_connections: Arc<RejectedConnections>,
    provisioner: Provisioner,
    configured_faults: Vec<FaultRule>,
    /// Room for one new key at a time.
    pub(super) new_keys: Semaphore,
    /// Room for what [`Control::on_thread`] does.
    threads: Semaphore,
}

/// Threads that work for `/__mock/` at once. (own choice)
const THREADS: usize = 4;

impl Control {
    /// Fails if one of the configured rules can't be added.
    pub(crate) fn new(
        gateway: Arc<Gateway>,
        rejected_connections: Arc<RejectedConnections>,
        configured_faults: Vec<FaultRule>,
    ) -> Result<Self, RuleError> {
        let provisioner = Provisioner::new(gateway.randomness.clone());
        let control = Self {
            gateway,
            rejected_connections,
            provisioner,
            configured_faults,
            new_keys: Semaphore::new(1),
            threads: Semaphore::new(THREADS),
        };
        control.add_configured_faults(None)?;
        Ok(control)
    }

    /// Does what takes longer on a blocking thread, so that no exchange waits for it.
    pub(super) async fn on_thread<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> T {
        let _room = self.threads.acquire().await;
        let control = Arc::clone(self);
        match spawn_blocking(move || work(&control)).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is shutting down, and nobody waits for a response any more.
                Err(_) => pending().await,
            },
        }
    }

    /// Adds a fault rule, for the merchant that it names or for all.
    pub(crate) fn add_fault(&self, rule: FaultRule) -> Result<RuleState, RuleError> {
        let _between = self.gateway.between_exchanges();
        self.add_checked_fault(rule)
    }

    /// Removes a fault rule. Returns whether it existed.
    pub(crate) fn remove_fault(&self, id: FaultId) -> bool {
        self.gateway.faults.remove(id)
    }

    /// Removes every fault rule, or those of one merchant, and ends the waits of its requests. Accepts connections again,
    /// unless only one merchant is meant. Returns how many rules there were.
    pub(crate) fn clear_faults(&self, mchid: Option<&Mchid>) -> usize {
        if mchid.is_none() {
            self.gateway.gate.open();
        }
        self.gateway.faults.clear(mchid)
    }

    /// Makes a merchant, and returns what it needs to call the mock. Without a new key this takes a millisecond.
    pub(crate) fn make_merchant(&self, new: NewMerchant) -> Result<Credentials, ProvisionError> {
        let (gateway, most) = (&self.gateway, self.gateway.limits.merchants);
        let merchants = &gateway.merchants;
        let is_free = |mchid: &Mchid| merchants.merchant(mchid.as_str()).is_none();
        let free = || self.provisioner.mchids().find(is_free).expect("there is no end of numbers");
        let mchid = new.mchid.unwrap_or_else(free);
        // Before a key is made, which may take a second. Checked again when the merchant is added.
        merchants.check_room(&mchid, most)?;
        let config = self.provisioner.provision(mchid.clone(), new.trust, new.new_key)?;

        let _between = gateway.between_exchanges();
        let merchant = merchants.add(config, most)?;
        gateway.store.seed(&mchid, new.seed.unwrap_or_else(SeedMerchant::sample).documents());
        let credentials = merchants.credentials(&merchant, gateway.clock.now());
        Ok(credentials.expect("it was made with its private key"))
    }

    /// Removes a merchant that was made at run time, with everything that is kept for it. Returns whether it existed.
    pub(crate) fn remove_merchant(&self, mchid: &Mchid) -> bool {
        let _between = self.gateway.between_exchanges();
        let is_removed = self.gateway.merchants.remove(mchid);
        if is_removed {
            self.gateway.faults.reset(Some(mchid));
            self.gateway.store.remove(mchid);
            self.gateway.journal.clear(Some(mchid));
        }
        is_removed
    }

    /// Restores the state at the start: documents, journal, metrics, fault rules, clock. Merchants that were made at run
    /// time are removed.
    pub(crate) fn reset(&self) {
        let gateway = &self.gateway;
        let _between = gateway.between_exchanges();
        gateway.clock.resume();
        gateway.gate.open();
        gateway.faults.reset(None);
        for mchid in gateway.merchants.remove_made() {
            gateway.store.remove(&mchid);
        }
        gateway.merchants.reset(None);
        gateway.store.reset(None);
        gateway.journal.reset();
        self.rejected_connections.clear();
        self.restore_configured_faults(None);
    }

    /// Restores what one merchant had at the start: its documents, its part of the journal, its fault rules. Returns
    /// whether it exists.
    pub(crate) fn reset_merchant(&self, mchid: &str) -> bool {
        let gateway = &self.gateway;
        let _between = gateway.between_exchanges();
        let Some(merchant) = gateway.merchants.merchant(mchid) else { return false };
        let mchid = Some(&merchant.mchid);
        gateway.faults.reset(mchid);
        gateway.merchants.reset(mchid);
        gateway.store.reset(mchid);
        gateway.journal.clear(mchid);
        self.restore_configured_faults(mchid);
        true
    }

    fn add_checked_fault(&self, rule: FaultRule) -> Result<RuleState, RuleError> {
        let gateway = &self.gateway;
        rule.check_against(gateway.contract, |mchid| gateway.merchants.merchant(mchid).is_some())?;
        gateway.faults.add(rule, gateway.clock.now())
    }

    /// Adds the configuration's fault rules: all of them, or those that name this merchant.
    fn add_configured_faults(&self, mchid: Option<&Mchid>) -> Result<(), RuleError> {
        let is_meant = |rule: &&FaultRule| {
            mchid.is_none_or(|mchid| rule.when.merchant.as_deref() == Some(mchid.as_str()))
        };
        let mut meant = self.configured_faults.iter().filter(is_meant);
        meant.try_for_each(|rule| self.add_checked_fault(rule.clone()).map(drop))
    }

    fn restore_configured_faults(&self, mchid: Option<&Mchid>) {
        if let Err(error) = self.add_configured_faults(mchid) {
            tracing::error!("a fault rule of the configuration can't be added again: {error}");
        }
    }
}
