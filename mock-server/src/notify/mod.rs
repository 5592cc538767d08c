//! Callbacks: what the outbox holds is encrypted, signed and sent, and sent again by the plan of its event.
//!
//! ```text
//! outbox ─▶ due ─▶ allowed? ─▶ encrypt ─▶ sign ─▶ send ─▶ received, or due again
//! ```
//!
//! The plan runs on the mock's clock, so that a test which moves the clock sees the next attempt at once.

mod attempt;
mod hosts;
mod sender;
mod trigger;

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    sync::{Semaphore, watch},
    task::{JoinSet, spawn_blocking},
    time::{sleep, timeout},
};
use wechatpay_protocol::{Mchid, Timestamp};
use wechatpay_texts::{Both, Phrase, phrase, text};

use self::{attempt::Signed, hosts::Target, sender::Sender};
use crate::{
    faults::{ActiveFault, CallbackFault, Fault},
    gateway::Gateway,
    merchants::{Merchant, PlatformKey},
    policies::CallbackKey,
    store::{Attempt, Delivery, DeliveryState, Outcome, STORE_RETRY, SentCallback, StoreResult},
};

pub use hosts::{NotifyHosts, NotifyMap, NotifyMapError};
pub use trigger::{Trigger, TriggerError};

/// How many attempts are in progress at once, and how many of one merchant. (own choice)
const AT_ONCE: usize = 256;
const AT_ONCE_FOR_ONE: usize = 64;

/// The longest sleep before the clock is read again: a test's clock may move without saying so.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);

/// How long the next signature waits if the gateway has answered a request since the last one. (own choice)
const REST: Duration = Duration::from_millis(4);

/// How often a caller who waits for an attempt looks whether another mock has made it. (own choice)
const LOOKS_EVERY: Duration = Duration::from_millis(100);

/// How long a callback waits that the next one overtakes, in seconds of the mock's clock.
const OVERTAKEN: u64 = 1;

/// Delivers callbacks.
pub(crate) struct Notifier {
    gateway: Arc<Gateway>,
    hosts: NotifyHosts,
    /// Made for the first callback: most mocks in tests never send one.
    sender: OnceLock<Sender>,
    /// One permit: callbacks are signed one after another.
    signing: Semaphore,
    /// How many requests the gateway had answered when the last callback was signed.
    answered: AtomicU64,
    /// How many attempts have ended.
    ended: watch::Sender<u64>,
    /// The faults of the next attempts that a call asked for, by the callback's number.
    spoiled: Mutex<HashMap<u64, Fault>>,
}

/// A fault of a callback's next attempt. If this is dropped before that attempt, it has no fault.
pub(crate) struct Spoiled<'n> {
    notifier: &'n Notifier,
    number: u64,
}

impl Drop for Spoiled<'_> {
    fn drop(&mut self) {
        self.notifier.spoiled.lock().remove(&self.number);
    }
}

impl Notifier {
    pub(crate) fn new(gateway: Arc<Gateway>, hosts: NotifyHosts) -> Self {
        Self {
            gateway,
            hosts,
            sender: OnceLock::new(),
            signing: Semaphore::new(1),
            answered: AtomicU64::new(0),
            ended: watch::Sender::new(0),
            spoiled: Mutex::default(),
        }
    }

    /// Delivers callbacks until the mock shuts down. Then finishes the attempts in progress, as long as the limits allow.
    pub(crate) async fn deliver(self: Arc<Self>) {
        let gateway = &self.gateway;
        let mut clock = gateway.clock.changes();
        let is_known = |mchid: &Mchid| gateway.merchants.merchant(mchid.as_str()).is_some();
        let (mut attempts, mut is_lost) = (JoinSet::new(), false);
        while !gateway.gate.is_shutting_down() {
            let now = gateway.clock.now();
            let most = AT_ONCE.saturating_sub(attempts.len());
            let losses = gateway.store.losses();
            let leased = gateway.store.lease(now, most, AT_ONCE_FOR_ONE, &is_known);
            // What a callback tells of must outlast a crash.
            let lasts = gateway.store.lasting_since(losses).await;
            let problem = leased.as_ref().err().or(lasts.as_ref().err());
            match problem {
                Some(error) if !is_lost => {
                    tracing::error!("{}", text!("callbacks are not sent for now: {error}"));
                }
                None if is_lost => tracing::info!("{}", text!("callbacks are sent again")),
                _ => {}
            }
            is_lost = problem.is_some();
            let mut lease = leased.unwrap_or_default();
            if lasts.is_err() {
                for mut delivery in lease.taken.drain(..) {
                    delivery.state = DeliveryState::Waiting(now);
                    // Before the next lease, which could take it again.
                    self.keep(delivery).await;
                }
            }
            for delivery in lease.taken {
                let notifier = Arc::clone(&self);
                attempts.spawn(async move { notifier.attempt(delivery).await });
            }
            let until_next = lease.next.map(|next| self.until(next)).or(is_lost.then_some(STORE_RETRY));
            tokio::select! {
                () = gateway.store.outbox_changed() => {}
                () = clock.next() => {}
                () = gateway.gate.shutdown() => {}
                Some(_) = attempts.join_next() => {}
                () = sleep(until_next.unwrap_or_default()), if until_next.is_some() => {}
            }
        }
        // Those that are not finished in time are cut off with the set.
        let _ =
            timeout(gateway.limits.shutdown, async { while attempts.join_next().await.is_some() {} }).await;
    }

    /// Sends a callback, and waits for its first attempt.
    pub(crate) async fn trigger(&self, trigger: &Trigger) -> Result<Arc<Delivery>, TriggerError> {
        let (merchant, outgoing) = trigger.outgoing(&self.gateway)?;
        let number = self.gateway.store.send(&merchant.mchid, outgoing.clone())?;
        let attempted = self.attempted(number, 1).await?;
        Ok(attempted.unwrap_or_else(|| Arc::new(Delivery::new(number, &merchant.mchid, outgoing))))
    }

    /// Encrypts and signs a callback without sending it. Also returns its resource.
    pub(crate) fn signed(&self, trigger: &Trigger) -> Result<(SentCallback, Value), TriggerError> {
        let (merchant, outgoing) = trigger.outgoing(&self.gateway)?;
        let delivery = Delivery::new(0, &merchant.mchid, outgoing);
        let resource = serde_json::from_str(&delivery.resource).unwrap_or_default();
        let now = self.gateway.clock.now();
        let key = self.key(&merchant, &delivery, None, now);
        let signs_at = self.gateway.clock.signing(now);
        let signed = Signed::new(&self.gateway, &merchant, &delivery, key, None, signs_at);
        Ok((signed.sent(delivery.notify_url.clone()), resource))
    }

    /// Gives the callback's next attempt this fault, in place of a rule's. `None` if it has one already.
    pub(crate) fn spoil(&self, number: u64, fault: Fault) -> Option<Spoiled<'_>> {
        match self.spoiled.lock().entry(number) {
            Entry::Occupied(_) => None,
            Entry::Vacant(place) => {
                place.insert(fault);
                Some(Spoiled { notifier: self, number })
            }
        }
    }

    /// Sends a callback again now, unless it is being sent, and waits for that attempt; `None` if it is forgotten.
    pub(crate) async fn resend(&self, number: u64) -> StoreResult<Option<Arc<Delivery>>> {
        let Some(attempts) = self.gateway.store.send_again(number, self.gateway.clock.now())? else {
            return Ok(None);
        };
        self.attempted(number, attempts + 1).await
    }

    /// The callback once it has had this many attempts, or as it is after the time in which one must have ended.
    pub(crate) async fn attempted(&self, number: u64, attempts: usize) -> StoreResult<Option<Arc<Delivery>>> {
        let store = &self.gateway.store;
        let mut ended = self.ended.subscribe();
        let is_attempted = |delivery: &Delivery| delivery.attempts.len() >= attempts;
        let first = async {
            loop {
                ended.borrow_and_update();
                match store.delivery(number)? {
                    Some(delivery) if !is_attempted(&delivery) => {}
                    found => return Ok(found),
                }
                tokio::select! {
                    _ = ended.changed() => {}
                    // Another mock may have made the attempt.
                    () = sleep(LOOKS_EVERY), if store.is_remote() => {}
                }
            }
        };
        timeout(2 * sender::TIMEOUT, first).await.unwrap_or_else(|_| store.delivery(number))
    }

    /// The real time until the mock's clock shows this, as long as nobody moves it.
    fn until(&self, next: Timestamp) -> Duration {
        let clock = &self.gateway.clock;
        let left = Duration::from_secs(next.as_unix()).saturating_sub(clock.moment());
        left.clamp(Duration::from_millis(1), LONGEST_SLEEP)
    }

    /// Attempts to deliver a callback, and keeps the outcome.
    async fn attempt(self: &Arc<Self>, mut delivery: Delivery) {
        let gateway = &self.gateway;
        let Some(merchant) = gateway.merchants.merchant(delivery.mchid.as_str()) else { return };
        let begun = Instant::now();
        let now = gateway.clock.now();
        let spoiled = self.spoiled.lock().remove(&delivery.number).map(ActiveFault::of_resend);
        let fault =
            spoiled.or_else(|| gateway.faults.of_callback(&delivery.mchid, &delivery.event_type, now));
        let key = self.key(&merchant, &delivery, fault.as_ref(), now);
        let mut attempt = Attempt {
            at: now,
            serial: key.id.clone(),
            fault: fault.as_ref().map(|fault| fault.label().into()),
            took: Duration::ZERO,
            sent: None,
            outcome: Outcome::NotSent { reason: Both::default() },
        };
        let state = match self.hosts.target(&delivery.notify_url) {
            Err(held) => {
                attempt.outcome = Outcome::NotSent { reason: Both::of(|| held.to_string()) };
                DeliveryState::Held
            }
            Ok(target) => {
                self.send(merchant, &delivery, &target, fault.as_ref(), &mut attempt).await;
                self.next(&delivery, &attempt, fault.as_ref())
            }
        };
        attempt.took = begun.elapsed();
        gateway.journal.attempts.keep(&delivery, &attempt, state);
        // The journal keeps every attempt. Here the last one is enough.
        if let Some(before) = delivery.attempts.last_mut() {
            before.sent = None;
        }
        // Most callbacks are taken at once.
        delivery.attempts.reserve_exact(1);
        delivery.attempts.push(attempt);
        delivery.state = state;
        self.keep(delivery).await;
        self.ended.send_modify(|ended| *ended += 1);
    }

    /// Keeps a callback after an attempt, as soon as the store can: until then, nobody sends it again. If the mock ends before, the
    /// attempt is made again.
    async fn keep(&self, delivery: Delivery) {
        let gateway = &self.gateway;
        loop {
            let losses = gateway.store.losses();
            let kept = match gateway.store.update(delivery.clone()) {
                Ok(_) => gateway.store.lasting_since(losses).await,
                Err(error) => Err(error),
            };
            let Err(error) = kept else { return };
            let number = delivery.number;
            let warning = text!("an attempt to deliver callback {number} is not kept yet: {error}");
            tracing::warn!("{warning}");
            tokio::select! {
                () = gateway.gate.shutdown() => return,
                () = sleep(STORE_RETRY) => {}
            }
        }
    }

    fn key(
        &self,
        merchant: &Merchant,
        delivery: &Delivery,
        fault: Option<&ActiveFault>,
        now: Timestamp,
    ) -> &PlatformKey {
        let merchants = &self.gateway.merchants;
        let is_pair = match self.gateway.policies.callback_key {
            CallbackKey::Certificate => false,
            CallbackKey::Pair => true,
            CallbackKey::Turns => delivery.number.is_multiple_of(2),
        };
        let key = merchants.callback_key(merchant, is_pair, now);
        match fault.and_then(ActiveFault::of_callback) {
            Some(CallbackFault::OtherKindOfKey) => merchants.other_kind_of(key, now),
            _ => key,
        }
    }

    /// Signs and sends the callback, as the fault has it.
    async fn send(
        self: &Arc<Self>,
        merchant: Arc<Merchant>,
        delivery: &Delivery,
        target: &Target,
        fault: Option<&ActiveFault>,
        attempt: &mut Attempt,
    ) {
        let of_callback = fault.and_then(ActiveFault::of_callback);
        if let Some(reason) = unsent(of_callback, delivery) {
            attempt.outcome = Outcome::NotSent { reason: Both::of(|| reason.to_string()) };
            return;
        }
        if let Some(latency) = fault.and_then(|fault| fault.latency) {
            sleep(latency).await;
        }
        let is_twice = of_callback == Some(CallbackFault::Twice);
        let Some(signed) =
            self.signed_now(merchant, delivery, fault, attempt, 1 + usize::from(is_twice)).await
        else {
            attempt.outcome = Outcome::NotSent { reason: Both::of(|| text!("the mock is shutting down")) };
            return;
        };
        if self.gateway.store.delivery(delivery.number).is_ok_and(|found| found.is_none()) {
            attempt.outcome = Outcome::NotSent { reason: Both::of(|| text!("the callback was removed")) };
            return;
        }
        attempt.sent = signed.first().map(|one| one.sent(target.uri.to_string()).into());
        let sender = self.sender.get_or_init(|| Sender::new(self.hosts.authorities.clone()));
        let sent = signed.iter().map(|one| sender.send(target, one.request(), one.is_lower_case()));
        let mut answers = join_all(sent).await.into_iter();
        let Some(first) = answers.next() else { return };
        attempt.outcome = match first {
            Ok((status, body)) => Outcome::Answered { status, body },
            Err(reason) => Outcome::NoAnswer { reason },
        };
    }

    /// The callback, signed this often on a thread of its own, so that requests to the gateway don't wait for it. While there
    /// are requests, callbacks leave them most of the time. `None` if the runtime is shutting down.
    async fn signed_now(
        self: &Arc<Self>,
        merchant: Arc<Merchant>,
        delivery: &Delivery,
        fault: Option<&ActiveFault>,
        attempt: &mut Attempt,
        times: usize,
    ) -> Option<Vec<Signed>> {
        let turn = self.signing.acquire().await.ok()?;
        let answered = self.gateway.journal.recorded().recorded;
        if self.answered.swap(answered, Ordering::Relaxed) != answered {
            sleep(REST).await;
        }
        // Only now, so that the timestamp is new when it is sent.
        let now = self.gateway.clock.now();
        let signs_at = self.gateway.clock.signing(now);
        let (notifier, delivery, fault) = (Arc::clone(self), delivery.clone(), fault.cloned());
        let signed = spawn_blocking(move || {
            let fault = fault.as_ref();
            let key = notifier.key(&merchant, &delivery, fault, now);
            let sign = || Signed::new(&notifier.gateway, &merchant, &delivery, key, fault, signs_at);
            (key.id.clone(), (0..times).map(|_| sign()).collect())
        });
        let (serial, signed) = signed.await.ok()?;
        drop(turn);
        (attempt.at, attempt.serial) = (now, serial);
        Some(signed)
    }

    /// What comes after an attempt.
    fn next(&self, delivery: &Delivery, attempt: &Attempt, fault: Option<&ActiveFault>) -> DeliveryState {
        let at = |seconds: u64| {
            DeliveryState::Waiting(Timestamp::from_unix(attempt.at.as_unix().saturating_add(seconds)))
        };
        if attempt.outcome.is_received() {
            return DeliveryState::Received;
        }
        if fault.and_then(ActiveFault::of_callback) == Some(CallbackFault::OutOfOrder)
            && delivery.attempts.is_empty()
        {
            return at(OVERTAKEN);
        }
        let was_overtaken = |before: &&Attempt| before.fault.as_deref() == Some(Fault::OutOfOrder.name());
        let made = delivery.attempts.iter().filter(|before| !was_overtaken(before)).count();
        let event = self.gateway.contract.event(&delivery.event_type);
        let usual = || self.gateway.contract.event(USUAL);
        let plan = event.or_else(usual).map_or(&[][..], |event| &event.retry);
        plan.get(made).map_or(DeliveryState::GivenUp, |seconds| at(u64::from(*seconds)))
    }
}

/// The event whose plan those have that the contract does not know.
const USUAL: &str = "TRANSACTION.SUCCESS";

/// Why nothing is sent, if the fault says so.
fn unsent(fault: Option<CallbackFault>, delivery: &Delivery) -> Option<Phrase> {
    match fault {
        Some(CallbackFault::Lost) => Some(phrase!("lost by a fault")),
        Some(CallbackFault::OutOfOrder) if delivery.attempts.is_empty() => {
            Some(phrase!("held back by a fault rule, so that the next one overtakes it"))
        }
        _ => None,
    }
}
