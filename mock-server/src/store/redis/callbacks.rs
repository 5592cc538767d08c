//! Callbacks that several mocks send: each is leased to one of them, and taken over if that one dies.

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

use ::redis::Value;
use wechatpay_protocol::{Mchid, Timestamp};
use wechatpay_texts::text;

use super::{
    super::{Delivery, DeliveryState, IsKnown, Lease, StoreResult, UnavailableError},
    Inner, LOOKS_EVERY,
    keys::{self, SEPARATOR},
    scripts::SCRIPTS,
    values::{items, number, text, time, unreadable},
};

/// How long a callback stays with the mock that sends it, and how often that one says that it is alive: so that others take it
/// over within 10 seconds. (own choice)
const LEASE: Duration = Duration::from_secs(6);
const RENEW_EVERY: Duration = Duration::from_millis(1500);

/// How many settled callbacks of each merchant keep their last request, as in memory. (own choice)
const WITH_REQUEST: usize = 1_000;

/// Of how many callbacks a mock remembers the merchant. (own choice)
pub(super) const RECEIVERS: NonZeroUsize = NonZeroUsize::new(20_000).expect("it is more than 0");

/// What a merchant's server has answered.
struct Leased {
    next: Option<Timestamp>,
    /// How many could be taken.
    due: usize,
    in_transit: u64,
    taken: Vec<Delivery>,
}

impl Inner {
    /// New callbacks were kept with a change of this merchant.
    pub(super) fn were_added(&self, sender: &Mchid, numbers: &[u64], receivers: &[Mchid]) {
        if numbers.is_empty() {
            return;
        }
        let mut known = self.receivers.lock();
        let mut waiting = self.callbacks.lock();
        for (number, receiver) in numbers.iter().zip(receivers) {
            known.put(*number, receiver.clone());
            waiting.touch(receiver);
        }
        drop((known, waiting));
        if receivers.iter().any(|receiver| receiver != sender) && self.pass_on(sender).is_err() {
            // The next look passes them on.
            self.callbacks.lock().touch(sender);
        }
        self.changed.notify_one();
    }

    /// Moves callbacks to the merchants that receive them. What was moved and not removed is not moved twice: it has its number.
    fn pass_on(&self, sender: &Mchid) -> StoreResult<()> {
        let transit = keys::transit(sender);
        // Not all of them, if there are many: the rest is moved with the next look.
        let scanned = items(
            self.ask(sender, ::redis::cmd("HSCAN").arg(&transit).arg("0").arg("COUNT").arg(super::AT_ONCE))?,
        )?;
        let found = items(scanned.into_iter().nth(1).ok_or_else(unreadable)?)?;
        for two in found.chunks_exact(2) {
            let kept = text(&two[1]).ok_or_else(unreadable)?;
            let mut parts = kept.splitn(3, SEPARATOR);
            let (Some(receiver), Some(due), Some(json)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(unreadable());
            };
            let receiver: Mchid = receiver.parse().map_err(|_| unreadable())?;
            let mut command = self.adding(&receiver);
            command.arg(number(&two[0])?).arg(due).arg(json).arg("");
            self.change(&receiver, &command)?;
            self.change(sender, ::redis::cmd("HDEL").arg(&transit).arg(text(&two[0]).unwrap_or_default()))?;
            self.callbacks.lock().touch(&receiver);
        }
        Ok(())
    }

    fn adding(&self, receiver: &Mchid) -> redis::Cmd {
        let mut command = SCRIPTS.add.call(receiver);
        command.arg(WITH_REQUEST).arg(self.bounds.callbacks).arg(self.bounds.callback_bytes);
        command
    }

    /// Keeps callbacks under new numbers.
    pub(super) fn import(&self, mchid: &Mchid, deliveries: &[Delivery]) -> StoreResult<()> {
        for page in deliveries.chunks(super::AT_ONCE) {
            let first = self.next_numbers(page.len())?;
            let mut command = self.adding(mchid);
            for (number, delivery) in (first..).zip(page) {
                let mut delivery = Delivery { number: 0, mchid: mchid.clone(), ..delivery.clone() };
                if delivery.state == DeliveryState::Sending {
                    delivery.state = DeliveryState::Waiting(delivery.created);
                }
                let [json, full] = texts(&delivery);
                command.arg(number).arg(due(&delivery)).arg(json).arg(full);
            }
            self.change(mchid, &command)?;
        }
        self.callbacks.lock().touch(mchid);
        self.changed.notify_one();
        Ok(())
    }

    pub(super) fn lease(
        &self,
        now: Timestamp,
        most: usize,
        most_of_one: usize,
        is_known: IsKnown<'_>,
    ) -> StoreResult<Lease> {
        let mut merchants = self.to_look_at(&self.callbacks, now, LOOKS_EVERY)?;
        // Those that only other mocks have are theirs to send, unless this one comes to know them.
        merchants.retain(|mchid| {
            let is_known = is_known(mchid);
            if !is_known {
                self.callbacks.lock().touch(mchid);
            }
            is_known
        });
        if !merchants.is_empty() {
            let first = self.callbacks.lock().turn % merchants.len();
            merchants.rotate_left(first);
        }
        let mut wanted: Vec<(Mchid, usize)> = Vec::new();
        if merchants.len().saturating_mul(most_of_one) <= most {
            wanted = merchants.into_iter().map(|mchid| (mchid, most_of_one)).collect();
        } else {
            // First how many each has.
            let (mut left, all) = (most, merchants.into_iter().map(|mchid| (mchid, 0)).collect::<Vec<_>>());
            for (mchid, found) in self.lease_each(&all, now, most_of_one)? {
                let each = found.due.min(left);
                left -= each;
                if each < found.due {
                    self.callbacks.lock().touch(&mchid);
                }
                if each > 0 {
                    wanted.push((mchid, each));
                }
            }
        }
        let mut taken = Vec::new();
        for (_, found) in self.lease_each(&wanted, now, most_of_one)? {
            taken.extend(found.taken);
        }
        taken.sort_by_key(|delivery| delivery.number);
        let mut leased = self.leased.lock();
        let mut known = self.receivers.lock();
        for delivery in &taken {
            leased.insert(delivery.number, delivery.mchid.clone());
            known.put(delivery.number, delivery.mchid.clone());
        }
        drop((leased, known));
        Ok(Lease { taken, next: self.callbacks.lock().next() })
    }

    /// Takes at most so many of each merchant.
    fn lease_each(
        &self,
        merchants: &[(Mchid, usize)],
        now: Timestamp,
        most_of_one: usize,
    ) -> StoreResult<Vec<(Mchid, Leased)>> {
        let commands = merchants.iter().map(|(mchid, most)| {
            let mut command = SCRIPTS.lease.call(mchid);
            command
                .arg(now.as_unix())
                .arg(*most)
                .arg(most_of_one)
                .arg(&self.owner)
                .arg(LEASE.as_millis() as u64);
            (keys::slot_of(mchid), command)
        });
        let answers = self.link.call_each(commands)?;
        let mut found = Vec::new();
        for ((mchid, most), answer) in merchants.iter().zip(answers) {
            let Some(answer) = answer else {
                self.callbacks.lock().touch(mchid);
                continue;
            };
            let leased = Leased::read(answer, mchid)?;
            let mut waiting = self.callbacks.lock();
            waiting.set_next(mchid, leased.next);
            if leased.due > leased.taken.len() && *most > 0 || leased.in_transit > 0 {
                waiting.touch(mchid);
            }
            drop(waiting);
            // Not what others pass on just now.
            if leased.in_transit > 0 && *most > 0 {
                let _ = self.pass_on(mchid);
            }
            found.push((mchid.clone(), leased));
        }
        Ok(found)
    }

    pub(super) fn update(&self, delivery: &Delivery) -> StoreResult<bool> {
        let Delivery { number, mchid, .. } = delivery;
        let [json, full] = texts(delivery);
        let mut command = SCRIPTS.update.call(mchid);
        command.arg(padded(*number)).arg(&self.owner).arg(due(delivery));
        command.arg(if delivery.state == DeliveryState::Received { "received" } else { "" });
        command.arg(json).arg(full).arg(WITH_REQUEST);
        command.arg(self.bounds.callbacks).arg(self.bounds.callback_bytes);
        // Without an answer it stays with this mock, which goes on to keep it.
        let is_there = self.ask(mchid, &command)?;
        self.leased.lock().remove(number);
        self.callbacks.lock().touch(mchid);
        self.changed.notify_one();
        Ok(is_there == Value::Int(1))
    }

    pub(super) fn send_again(&self, number: u64, now: Timestamp) -> StoreResult<Option<usize>> {
        let Some(delivery) = self.delivery(number)? else { return Ok(None) };
        let mut command = SCRIPTS.again.call(&delivery.mchid);
        let json = self.change(&delivery.mchid, command.arg(padded(number)).arg(now.as_unix()))?;
        if json == Value::Nil {
            return Ok(None);
        }
        self.callbacks.lock().touch(&delivery.mchid);
        self.changed.notify_one();
        Ok(Some(callback(number, "", text(&json))?.attempts.len()))
    }

    pub(super) fn delivery(&self, number: u64) -> StoreResult<Option<Delivery>> {
        let Some(before) = number.checked_sub(1) else { return Ok(None) };
        let receiver = self.receivers.lock().get(&number).cloned();
        let merchants = match receiver {
            Some(receiver) => vec![receiver],
            None => self.merchants()?,
        };
        let found = self.deliveries(&merchants, before, 1)?;
        Ok(found.into_iter().find(|one| one.number == number))
    }

    /// The callbacks after this number, and of each merchant at most so many, by number.
    pub(super) fn deliveries(
        &self,
        merchants: &[Mchid],
        after: u64,
        most: usize,
    ) -> StoreResult<Vec<Delivery>> {
        let commands = merchants.iter().map(|mchid| {
            let mut command = SCRIPTS.callbacks.call(mchid);
            command.arg(after).arg(i64::try_from(most).unwrap_or(i64::MAX));
            (keys::slot_of(mchid), command)
        });
        let mut found = Vec::new();
        for answer in self.link.call_each(commands)? {
            let unreached =
                || UnavailableError::of(|| text!("Redis can't be reached for some of the merchants"));
            let answer = items(answer.ok_or_else(unreached)?)?;
            for three in answer.chunks_exact(3) {
                let state = text(&three[1]).unwrap_or_default();
                found.push(callback(number(&three[0])?, state, text(&three[2]))?);
            }
        }
        found.sort_by_key(|delivery| delivery.number);
        Ok(found)
    }

    fn renew(&self) -> StoreResult<()> {
        let mut own: HashMap<Mchid, Vec<u64>> = HashMap::new();
        for (number, mchid) in &*self.leased.lock() {
            own.entry(mchid.clone()).or_default().push(*number);
        }
        if own.is_empty() {
            return Ok(());
        }
        let commands = own.into_iter().map(|(mchid, numbers)| {
            let mut command = SCRIPTS.renew.call(&mchid);
            command.arg(&self.owner).arg(LEASE.as_millis() as u64);
            for number in numbers {
                command.arg(padded(number));
            }
            (keys::slot_of(&mchid), command)
        });
        self.link.call_each(commands).map(drop)
    }
}

impl Leased {
    fn read(answer: Value, mchid: &Mchid) -> StoreResult<Self> {
        let answer = items(answer)?;
        let [next, due, in_transit, found @ ..] = answer.as_slice() else { return Err(unreadable()) };
        let mut taken = Vec::new();
        for two in found.chunks_exact(2) {
            // One that can't be read holds up no other.
            match callback(number(&two[0])?, "sending", text(&two[1])) {
                Ok(delivery) => taken.push(Delivery { mchid: mchid.clone(), ..delivery }),
                Err(error) => {
                    tracing::error!("{}", text!("a callback of merchant {mchid} can't be sent: {error}"));
                }
            }
        }
        let due = usize::try_from(number(due)?).unwrap_or(usize::MAX);
        Ok(Self { next: time(next), due, in_transit: number(in_transit)?, taken })
    }
}

/// Says from time to time that this mock is alive, as long as there is one.
pub(super) fn keep_renewing(inner: &Arc<Inner>) -> StoreResult<()> {
    let inner: Weak<Inner> = Arc::downgrade(inner);
    let renew = move || {
        loop {
            thread::sleep(RENEW_EVERY);
            let Some(inner) = inner.upgrade() else { return };
            // The mock that sends says what is wrong.
            let _ = inner.renew();
        }
    };
    let begun = thread::Builder::new().name("redis-leases".into()).spawn(renew);
    begun.map(drop).map_err(|error| UnavailableError::of(|| text!("no thread for leases: {error}")))
}

/// When it is due, or nothing if it is settled.
fn due(delivery: &Delivery) -> String {
    match delivery.state {
        DeliveryState::Waiting(at) => at.as_unix().to_string(),
        DeliveryState::Sending => delivery.created.as_unix().to_string(),
        DeliveryState::Received | DeliveryState::GivenUp | DeliveryState::Held => String::new(),
    }
}

/// A callback as JSON without requests as sent, and with them if there are any.
fn texts(delivery: &Delivery) -> [String; 2] {
    let json = |delivery: &Delivery| delivery.to_json().as_str().to_owned();
    if delivery.attempts.iter().all(|attempt| attempt.sent.is_none()) {
        return [json(delivery), String::new()];
    }
    let full = json(delivery);
    let mut without = delivery.clone();
    without.attempts.iter_mut().for_each(|attempt| attempt.sent = None);
    [json(&without), full]
}

/// Numbers of callbacks are kept so that the order of texts is that of numbers.
fn padded(number: u64) -> String {
    format!("{number:016}")
}

/// A callback as it is kept: its state and its number are kept beside it.
fn callback(number: u64, state: &str, json: Option<&str>) -> StoreResult<Delivery> {
    let read = json.ok_or_else(unreadable).and_then(|json| {
        Delivery::from_json(json).map_err(|error| {
            UnavailableError::of(|| text!("its callback {number} is not as the mock writes it: {error}"))
        })
    });
    let mut delivery = read?;
    delivery.number = number;
    match state {
        "" => {}
        "sending" => delivery.state = DeliveryState::Sending,
        at => {
            let at = at.parse::<f64>().map_err(|_| unreadable())?;
            delivery.state = DeliveryState::Waiting(Timestamp::from_unix(at as u64));
        }
    }
    Ok(delivery)
}
