//! Callbacks to send, and those that were sent. A callback is kept in the same commit as the change that it tells of.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    ops::Bound::{Excluded, Unbounded},
    sync::Arc,
    time::Duration,
};

use http::StatusCode;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use wechatpay_protocol::{KeyId, Mchid, Timestamp};
use wechatpay_texts::Both;

use super::{IsKnown, Lease};

/// A callback that an operation sends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outgoing {
    /// A UUID, the same on every attempt.
    pub(crate) id: String,
    /// `TRANSACTION.SUCCESS`.
    pub(crate) event_type: String,
    /// Where the merchant wants to receive it.
    pub(crate) notify_url: String,
    /// The JSON to encrypt.
    pub(crate) resource: String,
    /// The nonce to encrypt it with.
    pub(crate) nonce: String,
    pub(crate) created: Timestamp,
}

/// A callback with every attempt to deliver it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The callback's number: the first one of a mock is 1.
    pub number: u64,
    /// The merchant that receives it.
    pub mchid: Mchid,
    /// Identifies the event: a UUID, the same on every attempt.
    pub id: String,
    /// What happened: `TRANSACTION.SUCCESS`.
    pub event_type: String,
    /// Where the merchant wants to receive it.
    pub notify_url: String,
    /// The JSON that is encrypted.
    pub resource: String,
    /// When the event happened, by the mock's clock.
    pub created: Timestamp,
    /// Every attempt, oldest first.
    pub attempts: Vec<Attempt>,
    /// Whether it was received, or what comes next.
    pub state: DeliveryState,
    /// The nonce that the resource is encrypted with.
    pub(crate) nonce: String,
}

/// Whether a callback was received, or what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// The next attempt is due then, by the mock's clock.
    Waiting(Timestamp),
    /// An attempt is in progress.
    Sending,
    /// The receiver took it.
    Received,
    /// The receiver did not take the last of all attempts.
    GivenUp,
    /// It was not sent: its host is not allowed.
    Held,
}

/// One attempt to deliver a callback.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When it was signed, by the mock's clock.
    pub at: Timestamp,
    /// The key that signed it.
    pub serial: KeyId,
    /// The fault that applied to it, by name.
    pub fault: Option<Cow<'static, str>>,
    /// How long it took.
    pub took: Duration,
    /// The request as sent; `None` if nothing was sent, or if it is no longer kept.
    pub sent: Option<Arc<SentCallback>>,
    /// How it ended.
    pub outcome: Outcome,
}

/// A callback's request as it was sent.
#[derive(Clone, Debug)]
pub struct SentCallback {
    /// The URL it was sent to.
    pub url: String,
    /// Its headers, in the order in which they were sent.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: bytes::Bytes,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver responded.
    Answered {
        /// 200 and 204 take the callback; everything else refuses it. (documented)
        status: StatusCode,
        /// The beginning of the response's body.
        body: bytes::Bytes,
    },
    /// There was no complete response.
    NoAnswer {
        /// Why.
        reason: Both,
    },
    /// Nothing was sent.
    NotSent {
        /// Why.
        reason: Both,
    },
}

impl Outcome {
    /// Whether the receiver took the callback.
    pub fn is_received(&self) -> bool {
        matches!(self, Self::Answered { status: StatusCode::OK | StatusCode::NO_CONTENT, .. })
    }
}

impl Delivery {
    pub(crate) fn new(number: u64, mchid: &Mchid, outgoing: Outgoing) -> Self {
        let Outgoing { id, event_type, notify_url, resource, nonce, created } = outgoing;
        Self {
            number,
            mchid: mchid.clone(),
            id,
            event_type,
            notify_url,
            resource,
            created,
            attempts: Vec::new(),
            state: DeliveryState::Waiting(created),
            nonce,
        }
    }

    /// About how much memory it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        let texts = [&self.id, &self.event_type, &self.notify_url, &self.resource, &self.nonce];
        let attempts = self.attempts.iter().map(Attempt::size);
        2 * size_of::<Self>() + texts.iter().map(|text| text.len()).sum::<usize>() + attempts.sum::<usize>()
    }
}

impl Attempt {
    /// About how much memory it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        let sent = self.sent.as_ref().map_or(0, |sent| {
            let headers = sent.headers.iter().map(|(name, value)| 64 + name.len() + value.len());
            sent.url.len() + sent.body.len() + headers.sum::<usize>()
        });
        let outcome = match &self.outcome {
            Outcome::Answered { body, .. } => body.len(),
            Outcome::NoAnswer { reason } | Outcome::NotSent { reason } => reason.size(),
        };
        size_of::<Self>() + sent + outcome
    }
}

/// How many of the settled callbacks keep their last request. Without it, a callback takes a quarter of the memory. (own choice)
const WITH_REQUEST: usize = 1_000;

/// The callbacks of every merchant, in memory.
///
/// Beyond its bounds, it forgets the oldest callback that nobody waits for, or without one the oldest of all.
#[derive(Debug)]
pub(super) struct Outbox {
    kept: Mutex<Kept>,
    most: usize,
    most_bytes: usize,
    /// Wakes the delivery when there is something new.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Kept {
    deliveries: BTreeMap<u64, Arc<Delivery>>,
    queues: HashMap<Mchid, Queue>,
    /// Those that were received or given up.
    settled: BTreeSet<u64>,
    /// Those of them whose last request is kept, oldest first.
    with_request: VecDeque<u64>,
    last: u64,
    bytes: usize,
}

/// The callbacks of a merchant that are not settled.
#[derive(Debug, Default)]
struct Queue {
    waiting: BTreeSet<(Timestamp, u64)>,
    sending: BTreeSet<u64>,
}

impl Outbox {
    pub(super) fn new(most: usize, most_bytes: usize) -> Self {
        Self { kept: Mutex::default(), most, most_bytes, changed: Notify::new() }
    }

    pub(super) fn add(&self, mchid: &Mchid, outgoing: Vec<Outgoing>) -> Vec<u64> {
        let mut numbers = Vec::new();
        if outgoing.is_empty() {
            return numbers;
        }
        let mut kept = self.kept.lock();
        for one in outgoing {
            kept.last += 1;
            numbers.push(kept.last);
            let delivery = Delivery::new(kept.last, mchid, one);
            kept.put(delivery);
        }
        self.make_room(kept);
        numbers
    }

    /// Keeps these callbacks of the merchant under new numbers. An attempt that was in progress begins again.
    pub(super) fn import(&self, mchid: &Mchid, deliveries: Vec<Delivery>) {
        let mut kept = self.kept.lock();
        for mut delivery in deliveries {
            kept.last += 1;
            (delivery.number, delivery.mchid) = (kept.last, mchid.clone());
            if delivery.state == DeliveryState::Sending {
                delivery.state = DeliveryState::Waiting(delivery.created);
            }
            kept.put(delivery);
        }
        self.make_room(kept);
    }

    fn make_room(&self, mut kept: MutexGuard<'_, Kept>) {
        while kept.deliveries.len() > self.most || kept.bytes > self.most_bytes {
            let oldest = kept.settled.first().or_else(|| kept.deliveries.keys().next()).copied();
            let Some(oldest) = oldest else { break };
            kept.take(oldest);
        }
        drop(kept);
        self.changed.notify_one();
    }

    /// Takes the callbacks of known merchants that are due, at most `most` and of each merchant at most `most_of_one` at once.
    pub(super) fn lease(
        &self,
        now: Timestamp,
        most: usize,
        most_of_one: usize,
        is_known: IsKnown<'_>,
    ) -> Lease {
        let mut kept = self.kept.lock();
        let mut due = Vec::new();
        for queue in kept.queues_of(is_known) {
            let free = most_of_one.saturating_sub(queue.sending.len());
            due.extend(queue.waiting.iter().take_while(|(at, _)| *at <= now).take(free).copied());
        }
        due.sort_unstable();
        due.truncate(most);
        let mut taken = Vec::new();
        for (_, number) in due {
            if let Some(delivery) = kept.take(number) {
                let mut delivery = Arc::unwrap_or_clone(delivery);
                delivery.state = DeliveryState::Sending;
                taken.push(delivery.clone());
                kept.put(delivery);
            }
        }
        // Not the first that waits: it may be due and have no place.
        let later = (Excluded((now, u64::MAX)), Unbounded);
        let waiting = kept.queues_of(is_known).filter_map(|queue| queue.waiting.range(later).next());
        let next = waiting.map(|(at, _)| *at).min();
        Lease { taken, next }
    }

    /// Keeps a callback after an attempt, unless it was removed meanwhile. Returns whether it is still there.
    pub(super) fn update(&self, delivery: Delivery) -> bool {
        let mut kept = self.kept.lock();
        let is_there = kept.take(delivery.number).is_some();
        if is_there {
            kept.put(delivery);
        }
        drop(kept);
        self.changed.notify_one();
        is_there
    }

    /// Makes a callback due now, unless it is being sent. Returns how many attempts it has had.
    pub(super) fn send_again(&self, number: u64, now: Timestamp) -> Option<usize> {
        let mut kept = self.kept.lock();
        let delivery = kept.deliveries.get(&number)?;
        let attempts = delivery.attempts.len();
        if delivery.state != DeliveryState::Sending {
            let mut delivery = Arc::unwrap_or_clone(kept.take(number)?);
            delivery.state = DeliveryState::Waiting(now);
            kept.put(delivery);
        }
        drop(kept);
        self.changed.notify_one();
        Some(attempts)
    }

    pub(super) fn delivery(&self, number: u64) -> Option<Arc<Delivery>> {
        self.kept.lock().deliveries.get(&number).cloned()
    }

    pub(super) fn list(&self, mchid: Option<&Mchid>, after: u64, most: usize) -> Vec<Arc<Delivery>> {
        let kept = self.kept.lock();
        let later = kept.deliveries.range(after.saturating_add(1)..).map(|(_, delivery)| delivery);
        later.filter(|one| mchid.is_none_or(|mchid| one.mchid == *mchid)).take(most).cloned().collect()
    }

    /// The number of the last callback.
    pub(super) fn last(&self) -> u64 {
        self.kept.lock().last
    }

    /// Forgets the callbacks of one merchant, or of all.
    pub(super) fn remove(&self, mchid: Option<&Mchid>) {
        let mut kept = self.kept.lock();
        let removed = kept.deliveries.values().filter(|one| mchid.is_none_or(|mchid| one.mchid == *mchid));
        let removed: Vec<_> = removed.map(|one| one.number).collect();
        for number in removed {
            kept.take(number);
        }
    }

    /// Resolves when there may be something new to deliver.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}

impl Kept {
    fn queues_of(&self, is_known: IsKnown<'_>) -> impl Iterator<Item = &Queue> {
        self.queues.iter().filter(move |(mchid, _)| is_known(mchid)).map(|(_, queue)| queue)
    }

    fn put(&mut self, delivery: Delivery) {
        let number = delivery.number;
        match delivery.state {
            DeliveryState::Waiting(at) => {
                self.queue(&delivery.mchid).waiting.insert((at, number));
            }
            DeliveryState::Sending => {
                self.queue(&delivery.mchid).sending.insert(number);
            }
            DeliveryState::Received | DeliveryState::GivenUp | DeliveryState::Held => {
                self.settled.insert(number);
                self.with_request.push_back(number);
            }
        }
        self.bytes += delivery.size();
        self.deliveries.insert(number, Arc::new(delivery));
        if self.with_request.len() > WITH_REQUEST {
            self.forget_a_request();
        }
    }

    /// Forgets the last request of the callback that was settled first.
    fn forget_a_request(&mut self) {
        let oldest = self.with_request.pop_front();
        if let Some(delivery) = oldest.and_then(|number| self.deliveries.get_mut(&number)) {
            self.bytes -= delivery.size();
            let delivery = Arc::make_mut(delivery);
            delivery.attempts.iter_mut().for_each(|attempt| attempt.sent = None);
            self.bytes += delivery.size();
        }
    }

    fn take(&mut self, number: u64) -> Option<Arc<Delivery>> {
        let delivery = self.deliveries.remove(&number)?;
        self.bytes -= delivery.size();
        self.settled.remove(&number);
        if let Some(queue) = self.queues.get_mut(&delivery.mchid) {
            queue.sending.remove(&number);
            if let DeliveryState::Waiting(at) = delivery.state {
                queue.waiting.remove(&(at, number));
            }
            if queue.waiting.is_empty() && queue.sending.is_empty() {
                self.queues.remove(&delivery.mchid);
            }
        }
        Some(delivery)
    }

    fn queue(&mut self, mchid: &Mchid) -> &mut Queue {
        self.queues.entry(mchid.clone()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mchid(text: &str) -> Mchid {
        text.parse().unwrap()
    }

    fn outgoing(created: u64) -> Outgoing {
        Outgoing {
            id: "id".into(),
            event_type: "A.B".into(),
            notify_url: "http://127.0.0.1/".into(),
            resource: "{}".into(),
            nonce: "abcdefghijkl".into(),
            created: Timestamp::from_unix(created),
        }
    }

    #[test]
    fn only_the_last_settled_callbacks_keep_their_request() {
        let (outbox, one) = (Outbox::new(WITH_REQUEST + 2, usize::MAX), mchid("1"));
        let sent =
            Arc::new(SentCallback { url: "http://127.0.0.1/".into(), headers: vec![], body: "{}".into() });
        for number in outbox.add(&one, vec![outgoing(1); WITH_REQUEST + 1]) {
            let mut done = (*outbox.delivery(number).unwrap()).clone();
            done.state = DeliveryState::Received;
            done.attempts.push(Attempt {
                at: Timestamp::from_unix(1),
                serial: KeyId::Certificate("6B02BF8E93D977998EC83F5E1A7E346B7265A191".parse().unwrap()),
                fault: None,
                took: Duration::ZERO,
                sent: Some(Arc::clone(&sent)),
                outcome: Outcome::Answered { status: StatusCode::OK, body: "".into() },
            });
            outbox.update(done);
        }
        let has_request = |number| outbox.delivery(number).unwrap().attempts[0].sent.is_some();
        assert!(!has_request(1) && has_request(2) && has_request(WITH_REQUEST as u64 + 1));
        outbox.remove(None);
        assert_eq!(outbox.kept.lock().bytes, 0);
    }

    #[test]
    fn a_removed_merchants_callbacks_are_gone_and_an_attempt_in_progress_does_not_bring_one_back() {
        let (outbox, one, other) = (Outbox::new(9, usize::MAX), mchid("1"), mchid("2"));
        outbox.add(&one, vec![outgoing(1)]);
        outbox.add(&other, vec![outgoing(1)]);
        let lease = outbox.lease(Timestamp::from_unix(1), 9, 9, &|_| true);
        outbox.remove(Some(&one));
        assert!(!outbox.update(lease.taken[0].clone()));
        assert_eq!(outbox.list(Some(&one), 0, 9).len(), 0);
        assert_eq!(outbox.list(None, 0, 9).len(), 1);
        outbox.remove(None);
        let kept = outbox.kept.lock();
        assert_eq!((kept.bytes, kept.queues.len(), kept.settled.len()), (0, 0, 0));
    }
}
