//! Changes to a running mock, for `/__mock/` and for the library alike.
//!
//! Each change happens between two exchanges: no request sees half of it, and no request that it undid is recorded.

mod lasting;
mod others;

use std::{
    collections::HashMap,
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};
use wechatpay_protocol::{Credentials, Mchid};
use wechatpay_texts::{Language, text};

use crate::{
    admin::{error::AdminError, streams::Streams},
    faults::{Fault, FaultId, FaultRule, RuleError, RuleState},
    gateway::Gateway,
    journal::{ChangedBy, Exchange, RejectedConnections},
    merchants::{Merchant, MerchantConfig, ProvisionError, TrustMode, provision::Provisioner},
    notify::Notifier,
    operations::seed::SeedMerchant,
    payer::Payer,
    store::{CommitError, Delivery, DeliveryState, Document, Key, StoreResult, UnavailableError},
};

pub(crate) use lasting::Lasting;
pub(in crate::admin) use others::Other;
pub(crate) use others::Others;

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
    pub(crate) notifier: Arc<Notifier>,
    pub(crate) payer: Arc<Payer>,
    pub(crate) rejected_connections: Arc<RejectedConnections>,
    provisioner: Provisioner,
    configured_faults: Vec<FaultRule>,
    /// One permit: one new key is generated at a time.
    pub(super) new_keys: Semaphore,
    /// One permit for each thread of [`Control::on_thread`].
    threads: Arc<Semaphore>,
    /// One permit for each KiB of responses that nobody has read yet.
    unread: Arc<Semaphore>,
    pub(super) streams: Streams,
    /// The memory of the initial states that merchants were created with, in bytes.
    seeds: Mutex<HashMap<Mchid, usize>>,
    pub(crate) lasting: Lasting,
}

/// Tells work on a thread when to stop: it takes too long, or nobody waits for it any more.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    until: Instant,
    is_abandoned: Arc<AtomicBool>,
}

/// Stops the work when it is dropped with the call that waits for it.
struct Waiting(Stop);

impl Stop {
    pub(super) fn is_set(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed) || Instant::now() > self.until
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.is_abandoned.store(true, Ordering::Relaxed);
    }
}

/// The most threads that work for `/__mock/` at once. (own choice)
const THREADS: usize = 4;

const KIB: usize = 1024;

impl Control {
    /// Fails if one of the configured rules can't be added.
    pub(crate) fn new(
        gateway: Arc<Gateway>,
        notifier: Arc<Notifier>,
        payer: Arc<Payer>,
        rejected_connections: Arc<RejectedConnections>,
        configured_faults: Vec<FaultRule>,
        lasting: Lasting,
    ) -> Result<Self, RuleError> {
        let provisioner = Provisioner::new(gateway.randomness.clone());
        let unread = gateway.limits.admin_bytes / KIB;
        let streams = Streams::new(&gateway.randomness);
        let control = Self {
            gateway,
            notifier,
            payer,
            rejected_connections,
            provisioner,
            configured_faults,
            new_keys: Semaphore::new(1),
            threads: Arc::new(Semaphore::new(THREADS)),
            unread: Arc::new(Semaphore::new(unread.min(Semaphore::MAX_PERMITS))),
            streams,
            seeds: Mutex::default(),
            lasting,
        };
        control.add_configured_faults(None)?;
        Ok(control)
    }

    /// Does longer work on a blocking thread, so that no exchange waits for it. The work returns `None` if it was
    /// stopped.
    ///
    /// # Errors
    /// [`AdminError::TooLong`] if it is not done in time.
    pub(super) async fn on_thread<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self, &Stop) -> Option<T> + Send + 'static,
    ) -> Result<T, AdminError> {
        let limit = self.gateway.limits.admin_timeout;
        let too_long = || AdminError::TooLong { limit };
        let stop = Stop { until: Instant::now() + limit, is_abandoned: Arc::default() };
        let _waiting = Waiting(stop.clone());
        let room = timeout(limit, Arc::clone(&self.threads).acquire_owned()).await.map_err(|_| too_long())?;
        let control = Arc::clone(self);
        let language = Language::current();
        let done = spawn_blocking(move || {
            // The thread gives its permit back, even if nobody waits for it.
            let _room = room;
            if stop.is_set() { None } else { language.within(|| work(&control, &stop)) }
        });
        match done.await {
            Ok(done) => done.ok_or_else(too_long),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is shutting down, and nobody waits for a response any more.
                Err(_) => Err(too_long()),
            },
        }
    }

    /// Room for a response of this size until it is read.
    ///
    /// # Errors
    /// [`AdminError::NoRoom`] if there is none.
    pub(super) fn room_for(&self, bytes: usize) -> Result<OwnedSemaphorePermit, AdminError> {
        // Without others, every response has room.
        let most = self.gateway.limits.admin_bytes / KIB;
        let permits = bytes.div_ceil(KIB).min(most).try_into().unwrap_or(u32::MAX);
        Arc::clone(&self.unread).try_acquire_many_owned(permits).map_err(|_| AdminError::NoRoom)
    }

    /// The callback with this number.
    pub(super) fn delivery(&self, number: u64) -> Result<Arc<Delivery>, AdminError> {
        let store = &self.gateway.store;
        match store.delivery(number)? {
            Some(delivery) => Ok(delivery),
            None => Err(AdminError::NoCallback { number, last: store.last_delivery()? }),
        }
    }

    /// Sends a callback again now, and waits for that attempt, which has this fault in place of a rule's.
    ///
    /// # Errors
    /// Also [`AdminError::CallbackBusy`] if another attempt is in progress, so that none would have the fault.
    pub(super) async fn resend(
        &self,
        number: u64,
        fault: Option<Fault>,
    ) -> Result<Arc<Delivery>, AdminError> {
        let is_free = self.delivery(number)?.state != DeliveryState::Sending;
        let busy = || AdminError::CallbackBusy { number };
        let spoil = |fault| if is_free { self.notifier.spoil(number, fault) } else { None }.ok_or_else(busy);
        let _spoiled = fault.map(spoil).transpose()?;
        self.notifier.resend(number).await?.map_or_else(|| self.delivery(number), Ok)
    }

    /// The exchange with this number.
    pub(super) fn exchange(&self, number: u64) -> Result<Arc<Exchange>, AdminError> {
        let journal = &self.gateway.journal;
        journal.exchange(number).ok_or_else(|| {
            let last = journal.recorded().recorded;
            if (1..=last).contains(&number) {
                AdminError::ExchangeEvicted { number }
            } else {
                AdminError::NoExchangeYet { number, last }
            }
        })
    }

    /// Puts or removes a merchant's document. Returns the new or the removed one; `None` if there was none to remove, or the
    /// merchant was removed.
    pub(super) fn edit(
        &self,
        merchant: &Arc<Merchant>,
        key: &Key,
        value: Option<&Value>,
    ) -> StoreResult<Option<Document>> {
        let gateway = &self.gateway;
        let _between = gateway.between_exchanges();
        let mchid = &merchant.mchid;
        let before = gateway.store.read(mchid, key)?;
        let is_known = gateway.merchants.merchant(mchid.as_str()).is_some();
        if !is_known || value.is_none() && before.is_none() {
            return Ok(None);
        }
        let mut documents = gateway.store.documents(mchid);
        match value {
            Some(value) => documents.put(&key.kind, &key.id, value),
            None => documents.remove(&key.kind, &key.id),
        }
        let changed = match gateway.store.commit(documents) {
            Ok(changed) => changed,
            Err(CommitError::Unavailable(error)) => return Err(error),
            // It has read nothing.
            Err(CommitError::Conflict) => return Ok(None),
        };
        let after = gateway.store.read(mchid, key)?;
        gateway.journal.changes.keep(mchid, gateway.clock.now(), ChangedBy::Edit, changed);
        Ok(after.or(before))
    }

    /// Adds a fault rule, for the merchant that it names or for all merchants.
    pub(crate) fn add_fault(&self, rule: FaultRule) -> Result<RuleState, RuleError> {
        let _between = self.gateway.between_exchanges();
        if self.lasting.is_shared() { self.add_shared_fault(rule) } else { self.add_checked_fault(rule) }
    }

    /// Removes a fault rule. Returns whether it existed.
    pub(crate) fn remove_fault(&self, id: FaultId) -> StoreResult<bool> {
        let _between = self.gateway.between_exchanges();
        self.keep_fault_removal(id)?;
        Ok(self.gateway.faults.remove(id))
    }

    /// Removes every fault rule, or those of one merchant, and ends the waits of their requests. Without a merchant,
    /// accepts connections again. Returns how many rules there were.
    pub(crate) fn clear_faults(&self, mchid: Option<&Mchid>) -> StoreResult<usize> {
        let _between = self.gateway.between_exchanges();
        self.keep_no_faults(mchid)?;
        Ok(self.clear_own_faults(mchid))
    }

    fn clear_own_faults(&self, mchid: Option<&Mchid>) -> usize {
        if mchid.is_none() {
            self.gateway.gate.open();
        }
        self.gateway.faults.clear(mchid)
    }

    /// Creates a merchant, and returns its credentials. Without a new key this takes a millisecond.
    pub(crate) fn make_merchant(&self, new: NewMerchant) -> Result<Credentials, ProvisionError> {
        let (gateway, most) = (&self.gateway, self.gateway.limits.merchants);
        let merchants = &gateway.merchants;
        let unkept = |error: UnavailableError| ProvisionError::Store { reason: error.to_string() };
        let is_free = |mchid: &Mchid| merchants.merchant(mchid.as_str()).is_none();
        let free = || self.provisioner.mchids().find(is_free).expect("the numbers never run out");
        let mchid = loop {
            let mchid = new.mchid.clone().unwrap_or_else(free);
            // Before a key is generated, which may take a second. Checked again when the merchant is added.
            merchants.check_room(&mchid, most)?;
            if self.claim(&mchid).map_err(unkept)? {
                break mchid;
            }
            if new.mchid.is_some() {
                return Err(ProvisionError::Taken { mchid });
            }
        };
        self.make_claimed(&mchid, new).inspect_err(|_| self.give_up(&mchid))
    }

    fn make_claimed(&self, mchid: &Mchid, new: NewMerchant) -> Result<Credentials, ProvisionError> {
        let gateway = &self.gateway;
        let merchants = &gateway.merchants;
        let config = self.provisioner.provision(mchid.clone(), new.trust, new.new_key)?;

        let _between = gateway.between_exchanges();
        let merchant = self.add_merchant(config, new.seed)?;
        let credentials = merchants.credentials(&merchant, gateway.clock.now());
        Ok(credentials.expect("it was created with its private key"))
    }

    /// Adds a merchant with its initial state. No exchange may take effect meanwhile.
    pub(super) fn add_merchant(
        &self,
        config: MerchantConfig,
        seed: Option<SeedMerchant>,
    ) -> Result<Arc<Merchant>, ProvisionError> {
        let gateway = &self.gateway;
        let size = seed.as_ref().map_or(0, SeedMerchant::size);
        let (mut seeds, most_bytes) = (self.seeds.lock(), gateway.limits.admin_bytes);
        if size > 0 && seeds.values().sum::<usize>() + size > most_bytes {
            return Err(ProvisionError::TooLarge { most: most_bytes });
        }
        let merchant = gateway.merchants.add(config, gateway.limits.merchants)?;
        let mchid = &merchant.mchid;
        seeds.insert(mchid.clone(), size);
        let seed = seed.unwrap_or_else(SeedMerchant::sample).documents();
        let kept = gateway.store.seed(mchid, seed).and_then(|()| self.keep_merchant(&merchant, size));
        if let Err(error) = kept {
            gateway.merchants.remove(mchid);
            seeds.remove(mchid);
            return Err(ProvisionError::Store { reason: error.to_string() });
        }
        Ok(merchant)
    }

    /// The same, unless another mock has a merchant with this mchid.
    pub(super) fn add_claimed(
        &self,
        config: MerchantConfig,
        seed: Option<SeedMerchant>,
    ) -> Result<(), ProvisionError> {
        let mchid = config.mchid.clone();
        match self.claim(&mchid) {
            Err(error) => return Err(ProvisionError::Store { reason: error.to_string() }),
            Ok(false) => return Err(ProvisionError::Taken { mchid }),
            Ok(true) => {}
        }
        self.add_merchant(config, seed).map(drop).inspect_err(|_| self.give_up(&mchid))
    }

    /// Lets another mock create a merchant that this one could not create.
    fn give_up(&self, mchid: &Mchid) {
        if let Err(error) = self.unclaim(mchid) {
            tracing::warn!("{}", text!("merchant {mchid} can't be created before a reset: {error}"));
        }
    }

    /// Takes back [`add_claimed`](Self::add_claimed), as far as the store can.
    pub(super) fn take_back_merchant(&self, mchid: &Mchid) {
        if let Err(error) = self.keep_removal(mchid) {
            tracing::error!(
                "{}",
                text!("merchant {mchid}, which was not created, is there after the next start: {error}")
            );
        }
        self.gateway.merchants.remove(mchid);
        self.seeds.lock().remove(mchid);
        if let Err(error) = self.gateway.store.remove(mchid) {
            tracing::error!(
                "{}",
                text!("the state of merchant {mchid}, which was not created, is still there: {error}")
            );
        }
    }

    /// Removes a merchant that was created at run time, with all its data. Returns whether it existed.
    pub(crate) fn remove_merchant(&self, mchid: &Mchid) -> StoreResult<bool> {
        let _between = self.gateway.between_exchanges();
        if !self.gateway.merchants.is_created(mchid) {
            return Ok(false);
        }
        self.keep_removal(mchid)?;
        self.forget_merchant(mchid);
        self.gateway.store.remove(mchid)?;
        Ok(true)
    }

    /// Forgets a merchant that was created at run time, but not what the store has of it.
    fn forget_merchant(&self, mchid: &Mchid) {
        if self.gateway.merchants.remove(mchid) {
            self.gateway.faults.reset(Some(mchid));
            self.seeds.lock().remove(mchid);
            self.gateway.journal.clear(Some(mchid));
        }
    }

    /// Restores the initial state: documents, journal, metrics, fault rules, clock. Removes merchants that were created
    /// at run time.
    pub(crate) fn reset(&self) -> StoreResult<()> {
        let gateway = &self.gateway;
        let _between = gateway.between_exchanges();
        gateway.clock.resume();
        self.keep_reset(None)?;
        for mchid in gateway.merchants.remove_created() {
            gateway.store.remove(&mchid)?;
        }
        gateway.store.reset(None)?;
        self.seeds.lock().clear();
        self.reset_own(None);
        Ok(())
    }

    /// Resets what each mock has for itself: of one merchant, or all.
    fn reset_own(&self, mchid: Option<&Mchid>) {
        let gateway = &self.gateway;
        gateway.faults.reset(mchid);
        gateway.merchants.reset(mchid);
        match mchid {
            Some(_) => drop(gateway.journal.clear(mchid)),
            None => {
                gateway.gate.open();
                gateway.journal.reset();
                self.rejected_connections.clear();
            }
        }
        self.restore_configured_faults(mchid);
    }

    /// Restores the initial state of one merchant: its documents, its part of the journal, its fault rules. Returns
    /// whether it exists.
    pub(crate) fn reset_merchant(&self, mchid: &str) -> StoreResult<bool> {
        let gateway = &self.gateway;
        let _between = gateway.between_exchanges();
        let Some(merchant) = gateway.merchants.merchant(mchid) else { return Ok(false) };
        let mchid = Some(&merchant.mchid);
        self.keep_reset(mchid)?;
        gateway.store.reset(mchid)?;
        self.reset_own(mchid);
        Ok(true)
    }

    fn add_checked_fault(&self, rule: FaultRule) -> Result<RuleState, RuleError> {
        self.check_fault(&rule)?;
        self.gateway.faults.add(rule, self.gateway.clock.now())
    }

    fn check_fault(&self, rule: &FaultRule) -> Result<(), RuleError> {
        let gateway = &self.gateway;
        rule.check_against(&gateway.contract, |mchid| gateway.merchants.merchant(mchid).is_some())
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
            tracing::error!("{}", text!("a configured fault rule can't be added again: {error}"));
        }
    }
}
