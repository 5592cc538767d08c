//! Changes to a running mock, for `/__mock/` and for the library alike.
//!
//! Each change happens between two exchanges: no request sees half of it, and no request that it undid is recorded.

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

/// A merchant to create. The default has an unused mchid, the development key, and the documentation's sample card.
#[derive(Clone, Debug, Default)]
pub struct NewMerchant {
    /// Its mchid. Default: one that no other merchant has.
    pub mchid: Option<Mchid>,
    /// Which of the gateway's keys it trusts.
    pub trust: TrustMode,
    /// Whether to generate a private key, which takes up to a second. Otherwise it has the development merchant's key,
    /// with a certificate of its own.
    pub new_key: bool,
    /// Its initial state. Default: the documentation's sample card.
    pub seed: Option<SeedMerchant>,
}

/// A running mock, with everything needed to change it.
pub(crate) struct Control {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) rejected_connections: Arc<RejectedConnections>,
    provisioner: Provisioner,
    configured_faults: Vec<FaultRule>,
    /// One permit: one new key is generated at a time.
    pub(super) new_keys: Semaphore,
    /// One permit for each thread of [`Control::on_thread`].
    threads: Semaphore,
}

/// The most threads that work for `/__mock/` at once. (own choice)
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

    /// Does longer work on a blocking thread, so that no exchange waits for it.
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

    /// Adds a fault rule, for the merchant that it names or for all merchants.
    pub(crate) fn add_fault(&self, rule: FaultRule) -> Result<RuleState, RuleError> {
        let _between = self.gateway.between_exchanges();
        self.add_checked_fault(rule)
    }

    /// Removes a fault rule. Returns whether it existed.
    pub(crate) fn remove_fault(&self, id: FaultId) -> bool {
        let _between = self.gateway.between_exchanges();
        self.gateway.faults.remove(id)
    }

    /// Removes every fault rule, or those of one merchant, and ends the waits of their requests. Without a merchant,
    /// accepts connections again. Returns how many rules there were.
    pub(crate) fn clear_faults(&self, mchid: Option<&Mchid>) -> usize {
        let _between = self.gateway.between_exchanges();
        if mchid.is_none() {
            self.gateway.gate.open();
        }
        self.gateway.faults.clear(mchid)
    }

    /// Creates a merchant, and returns its credentials. Without a new key this takes a millisecond.
    pub(crate) fn make_merchant(&self, new: NewMerchant) -> Result<Credentials, ProvisionError> {
        let (gateway, most) = (&self.gateway, self.gateway.limits.merchants);
        let merchants = &gateway.merchants;
        let is_free = |mchid: &Mchid| merchants.merchant(mchid.as_str()).is_none();
        let free = || self.provisioner.mchids().find(is_free).expect("the numbers never run out");
        let mchid = new.mchid.unwrap_or_else(free);
        // Before a key is generated, which may take a second. Checked again when the merchant is added.
        merchants.check_room(&mchid, most)?;
        let config = self.provisioner.provision(mchid.clone(), new.trust, new.new_key)?;

        let _between = gateway.between_exchanges();
        let merchant = merchants.add(config, most)?;
        gateway.store.seed(&mchid, new.seed.unwrap_or_else(SeedMerchant::sample).documents());
        let credentials = merchants.credentials(&merchant, gateway.clock.now());
        Ok(credentials.expect("it was created with its private key"))
    }

    /// Removes a merchant that was created at run time, with all its data. Returns whether it existed.
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

    /// Restores the initial state: documents, journal, metrics, fault rules, clock. Removes merchants that were created
    /// at run time.
    pub(crate) fn reset(&self) {
        let gateway = &self.gateway;
        let _between = gateway.between_exchanges();
        gateway.clock.resume();
        gateway.gate.open();
        gateway.faults.reset(None);
        for mchid in gateway.merchants.remove_created() {
            gateway.store.remove(&mchid);
        }
        gateway.merchants.reset(None);
        gateway.store.reset(None);
        gateway.journal.reset();
        self.rejected_connections.clear();
        self.restore_configured_faults(None);
    }

    /// Restores the initial state of one merchant: its documents, its part of the journal, its fault rules. Returns
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

    /// Adds the configured fault rules: all of them, or those that name this merchant.
    fn add_configured_faults(&self, mchid: Option<&Mchid>) -> Result<(), RuleError> {
        let is_selected = |rule: &&FaultRule| {
            mchid.is_none_or(|mchid| rule.when.merchant.as_deref() == Some(mchid.as_str()))
        };
        let mut selected = self.configured_faults.iter().filter(is_selected);
        selected.try_for_each(|rule| self.add_checked_fault(rule.clone()).map(drop))
    }

    fn restore_configured_faults(&self, mchid: Option<&Mchid>) {
        if let Err(error) = self.add_configured_faults(mchid) {
            tracing::error!("a configured fault rule can't be added again: {error}");
        }
    }
}
