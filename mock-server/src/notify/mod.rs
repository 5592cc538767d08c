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

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use tokio::{
    sync::{Semaphore, watch},
    task::{JoinSet, yield_now},
    time::{sleep, timeout},
};
use wechatpay_protocol::Timestamp;

use self::{attempt::Signed, hosts::Target, sender::Sender};
use crate::{
    faults::{ActiveFault, CallbackFault},
    gateway::Gateway,
    merchants::{Merchant, PlatformKey},
    policies::CallbackKey,
    store::{Attempt, Delivery, DeliveryState, Outcome, SentCallback},
};

pub use hosts::{NotifyHosts, NotifyMap, NotifyMapError};

/// How many attempts are in progress at once, and how many of one merchant. (own choice)
const AT_ONCE: usize = 256;
const AT_ONCE_FOR_ONE: usize = 64;

/// The longest sleep before the clock is read again: a test's clock may move without saying so.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);

/// How long a callback waits that the next one overtakes, in seconds of the mock's clock.
const OVERTAKEN: u64 = 1;

/// Delivers callbacks.
pub(crate) struct Notifier {
    gateway: Arc<Gateway>,
    hosts: NotifyHosts,
    /// Made for the first callback: most mocks in tests never send one.
    sender: OnceLock<Sender>,
    /// One permit: while one callback is signed, requests to the gateway get the other cores, and their turn on this one.
    signing: Semaphore,
    /// How many attempts have ended.
    ended: watch::Sender<u64>,
}

impl Notifier {
    pub(crate) fn new(gateway: Arc<Gateway>, hosts: NotifyHosts) -> Self {
        Self {
            gateway,
            hosts,
            sender: OnceLock::new(),
            signing: Semaphore::new(1),
            ended: watch::Sender::new(0),
        }
    }

    /// Delivers callbacks until the mock shuts down. Then finishes the attempts in progress, as long as the limits allow.
    pub(crate) async fn deliver(self: Arc<Self>) {
        let gateway = &self.gateway;
        let mut clock = gateway.clock.changes();
        let mut attempts = JoinSet::new();
        while !gateway.gate.is_shutting_down() {
            let now = gateway.clock.now();
            let lease = gateway.store.lease(now, AT_ONCE.saturating_sub(attempts.len()), AT_ONCE_FOR_ONE);
            for delivery in lease.taken {
                let notifier = Arc::clone(&self);
                attempts.spawn(async move { notifier.attempt(delivery).await });
            }
            let until_next = lease.next.map(|next| self.until(next));
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

    /// Encrypts and signs a callback without sending it.
    pub(crate) fn sign(&self, merchant: &Merchant, delivery: &Delivery) -> SentCallback {
        let now = self.gateway.clock.now();
        let key = self.key(merchant, delivery, None, now);
        Signed::new(&self.gateway, merchant, delivery, key, None, now).sent(delivery.notify_url.clone())
    }

    /// The callback once it has had this many attempts, or as it is after the time in which one must have ended.
    pub(crate) async fn attempted(&self, number: u64, attempts: usize) -> Option<Arc<Delivery>> {
        let mut ended = self.ended.subscribe();
        let is_attempted = |delivery: &Delivery| delivery.attempts.len() >= attempts;
        let first = async {
            loop {
                ended.borrow_and_update();
                match self.gateway.store.delivery(number) {
                    Some(delivery) if !is_attempted(&delivery) => {}
                    found => return found,
                }
                if ended.changed().await.is_err() {
                    return self.gateway.store.delivery(number);
                }
            }
        };
        timeout(2 * sender::TIMEOUT, first).await.unwrap_or_else(|_| self.gateway.store.delivery(number))
    }

    /// The real time until the mock's clock shows this, as long as nobody moves it.
    fn until(&self, next: Timestamp) -> Duration {
        let clock = &self.gateway.clock;
        let left = Duration::from_secs(next.as_unix()).saturating_sub(clock.moment());
        left.clamp(Duration::from_millis(1), LONGEST_SLEEP)
    }

    /// Attempts to deliver a callback, and keeps the outcome.
    async fn attempt(&self, mut delivery: Delivery) {
        let gateway = &self.gateway;
        let Some(merchant) = gateway.merchants.merchant(delivery.mchid.as_str()) else { return };
        let begun = Instant::now();
        let now = gateway.clock.now();
        let fault = gateway.faults.of_callback(&delivery.mchid, &delivery.event_type, now);
        let key = self.key(&merchant, &delivery, fault.as_ref(), now);
        let mut attempt = Attempt {
            at: now,
            serial: key.id.clone(),
            fault: fault.as_ref().map(ActiveFault::label),
            took: Duration::ZERO,
            sent: None,
            outcome: Outcome::NotSent { reason: String::new() },
        };
        let state = match self.hosts.target(&delivery.notify_url) {
            Err(held) => {
                attempt.outcome = Outcome::NotSent { reason: held.to_string() };
                DeliveryState::Held
            }
            Ok(target) => {
                self.send(&merchant, &delivery, &target, fault.as_ref(), &mut attempt).await;
                self.next(&delivery, &attempt, fault.as_ref())
            }
        };
        attempt.took = begun.elapsed();
        gateway.journal.record_attempt(&delivery, &attempt, state);
        // The journal keeps every attempt. Here the last one is enough.
        if let Some(before) = delivery.attempts.last_mut() {
            before.sent = None;
        }
        delivery.attempts.push(attempt);
        delivery.state = state;
        gateway.store.update(delivery);
        self.ended.send_modify(|ended| *ended += 1);
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
        &self,
        merchant: &Merchant,
        delivery: &Delivery,
        target: &Target,
        fault: Option<&ActiveFault>,
        attempt: &mut Attempt,
    ) {
        let of_callback = fault.and_then(ActiveFault::of_callback);
        if let Some(reason) = unsent(of_callback, delivery) {
            attempt.outcome = Outcome::NotSent { reason: reason.into() };
            return;
        }
        if let Some(latency) = fault.and_then(|fault| fault.latency) {
            sleep(latency).await;
        }
        let gateway = &self.gateway;
        // It waits for its turn, so that its timestamp is new when it is sent.
        let Ok(turn) = self.signing.acquire().await else { return };
        attempt.at = gateway.clock.now();
        let key = self.key(merchant, delivery, fault, attempt.at);
        attempt.serial = key.id.clone();
        let sign = || Signed::new(gateway, merchant, delivery, key, fault, attempt.at);
        let signed = sign();
        let again = (of_callback == Some(CallbackFault::Twice)).then(sign);
        drop(turn);
        yield_now().await;
        if gateway.store.delivery(delivery.number).is_none() {
            attempt.outcome = Outcome::NotSent { reason: "the callback was removed".into() };
            return;
        }
        attempt.sent = Some(signed.sent(target.uri.to_string()).into());
        let sender = self.sender.get_or_init(|| Sender::new(self.hosts.authorities.clone()));
        let first = sender.send(target, signed.request(), signed.is_lower_case());
        let second = async {
            match &again {
                Some(signed) => Some(sender.send(target, signed.request(), signed.is_lower_case()).await),
                None => None,
            }
        };
        let (first, _) = tokio::join!(first, second);
        attempt.outcome = match first {
            Ok((status, body)) => Outcome::Answered { status, body },
            Err(reason) => Outcome::NoAnswer { reason },
        };
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
        let was_overtaken = |before: &&Attempt| before.fault == Some(crate::faults::Fault::OutOfOrder.name());
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
fn unsent(fault: Option<CallbackFault>, delivery: &Delivery) -> Option<&'static str> {
    match fault {
        Some(CallbackFault::Lost) => Some("lost by a fault rule"),
        Some(CallbackFault::OutOfOrder) if delivery.attempts.is_empty() => {
            Some("held back by a fault rule, so that the next one overtakes it")
        }
        _ => None,
    }
}
