//! The store in Redis or Valkey, which any number of mocks share.
//!
//! A merchant's documents, request numbers, callbacks and reminders are in one slot of a cluster, and a script keeps all changes
//! of a request or none. A commit has an ID: if its answer is lost, it is tried again, and nothing is applied twice. A callback
//! to another merchant is kept in the slot of the one that it comes from, and moved from there.
//!
//! The bounds are those of the store in memory, except that each merchant has the bytes for itself: in a cluster, no script
//! sees two merchants.

mod callbacks;
mod keys;
mod link;
mod scripts;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use ::redis::{Cmd, Value};
use parking_lot::{Mutex, RwLock};
use tokio::{sync::Notify, time::sleep};
use wechatpay_protocol::{Mchid, Timestamp};
use wechatpay_texts::{phrase, text};

use self::{
    callbacks::Waiting,
    keys::SEPARATOR,
    link::{Link, Request, text},
    scripts::SCRIPTS,
};
use super::{
    ABSENT, Backend, Delivery, Document, Due, Fingerprint, Found, IsKnown, JsonText, Key, Lease, Listed,
    MerchantState, Outgoing, RedisUrl, Reminder, Turn, Unavailable, Uncommitted, Wait, documents::Changes,
};
use crate::limits::Limits;

/// The most reminders that are kept for each merchant, as in memory. (own choice)
const REMINDERS: usize = 200_000;

/// How often the store is asked what other mocks have left to do. (own choice)
const LOOKS_EVERY: Duration = Duration::from_millis(500);

/// How often it is asked for what is due by itself. (own choice)
const REMINDED_EVERY: Duration = Duration::from_secs(1);

/// How long a reminder stays with the mock that has taken it. If its document has not changed by then, it is due again. (own choice)
const REMINDED_FOR: Duration = Duration::from_secs(6);

/// How many documents, request numbers or callbacks are read or written at once where there may be many. (own choice)
const AT_ONCE: usize = 500;

/// How many documents can be changed at once for certain, and how long a request waits for another that changes the same one.
/// (own choice)
const TURNS: usize = 256;
const TURN_WITHIN: Duration = Duration::from_millis(250);

/// The form in which everything is kept.
const FORMAT: &str = "1";

/// The oldest server that has every command in use.
const OLDEST: [u32; 2] = [6, 2];

/// A store that is kept in Redis.
pub(crate) struct Redis {
    inner: Arc<Inner>,
}

struct Inner {
    link: Link,
    bounds: Bounds,
    /// Who this mock is for the others.
    owner: String,
    commits: AtomicU64,
    /// The merchants that are known to be in the list of merchants.
    known: RwLock<HashMap<Mchid, ()>>,
    callbacks: Mutex<Waiting>,
    reminders: Mutex<Waiting>,
    /// Who receives the callbacks that this mock has seen, the latest ones.
    receivers: Mutex<lru::LruCache<u64, Mchid>>,
    /// For requests that change the same document; each is for many.
    turns: [Mutex<()>; TURNS],
    /// What this mock is sending.
    leased: Mutex<HashMap<u64, Mchid>>,
    changed: Notify,
    reminded: Notify,
}

/// How much is kept of each merchant.
#[derive(Clone, Copy)]
struct Bounds {
    created: usize,
    request_numbers: usize,
    bytes: usize,
    callbacks: usize,
    callback_bytes: usize,
    reminders: usize,
}

impl Redis {
    /// Connects to the store.
    ///
    /// # Errors
    /// If the server can't be reached, is too old, is no such server as the URL names, or has been written by a newer mock.
    pub(crate) fn connect(url: RedisUrl, limits: &Limits) -> Result<Self, Unavailable> {
        let bounds = Bounds {
            created: limits.created,
            request_numbers: limits.request_numbers,
            bytes: limits.store_bytes,
            callbacks: limits.callbacks,
            callback_bytes: limits.callback_bytes,
            reminders: REMINDERS,
        };
        Self::with_bounds(url, bounds)
    }

    fn with_bounds(url: RedisUrl, bounds: Bounds) -> Result<Self, Unavailable> {
        let inner = Arc::new(Inner {
            link: Link::new(url),
            bounds,
            owner: format!("{:016x}", rand::random::<u64>()),
            commits: AtomicU64::new(0),
            known: RwLock::default(),
            callbacks: Mutex::default(),
            reminders: Mutex::default(),
            receivers: Mutex::new(lru::LruCache::new(callbacks::RECEIVERS)),
            turns: [const { Mutex::new(()) }; TURNS],
            leased: Mutex::default(),
            changed: Notify::new(),
            reminded: Notify::new(),
        });
        inner.check()?;
        callbacks::keep_renewing(&inner)?;
        Ok(Self { inner })
    }
}

impl Inner {
    /// Whether the server is one that can be used.
    fn check(&self) -> Result<(), Unavailable> {
        let info = self.link.ask(keys::common_slot(), &Request::of(::redis::cmd("INFO").arg("server")))?;
        let info = text(&info).or(match &info {
            Value::VerbatimString { text, .. } => Some(text),
            _ => None,
        });
        let info = info.unwrap_or_default();
        let of = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map(str::trim).unwrap_or_default()
        };
        let version: Vec<u32> = of("redis_version").split('.').map_while(|part| part.parse().ok()).collect();
        if !version.is_empty() && version.as_slice() < OLDEST.as_slice() {
            let found = of("redis_version");
            return Err(Unavailable::of(|| {
                text!("expected Redis 6.2 or newer, or Valkey, found Redis {found}")
            }));
        }
        let reason = match (of("redis_mode"), self.link.is_cluster()) {
            ("cluster", false) => {
                Some(phrase!("the server is part of a cluster: name it with redis+cluster://"))
            }
            ("standalone", true) => Some(phrase!("the server is no cluster: name it with redis://")),
            ("sentinel", _) => {
                Some(phrase!("the server is a Sentinel: name it with redis+sentinel://HOST:PORT/MASTER"))
            }
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(Unavailable::of(|| reason.to_string()));
        }
        let mut request = Request::of(::redis::cmd("SET").arg(keys::FORMAT).arg(FORMAT).arg("NX"));
        request.add(::redis::cmd("GET").arg(keys::FORMAT));
        let answers = self.link.call(keys::common_slot(), &request)?;
        match answers.get(1).and_then(text) {
            Some(FORMAT) => Ok(()),
            found => Err(Unavailable::of(|| {
                let found = found.unwrap_or(phrase!("none").text());
                text!("its content has the format {found}, which this mock does not know: expected {FORMAT}")
            })),
        }
    }

    /// Asks the server of a merchant.
    fn ask(&self, mchid: &Mchid, command: &Cmd) -> Result<Value, Unavailable> {
        self.link.ask(keys::slot_of(mchid), &Request::of(command))
    }

    /// Changes something of a merchant, and waits for the replicas that are asked for.
    fn change(&self, mchid: &Mchid, command: &Cmd) -> Result<Value, Unavailable> {
        self.link.ask(keys::slot_of(mchid), &Request::of(command).durable())
    }

    /// Keeps that there is such a merchant.
    fn know(&self, mchid: &Mchid) -> Result<(), Unavailable> {
        if self.known.read().contains_key(mchid) {
            return Ok(());
        }
        let mut request = Request::of(::redis::cmd("SADD").arg(keys::MERCHANTS).arg(mchid.as_str()));
        // It may be there, but not yet in a replica.
        request.add(&touch(keys::COMMON));
        self.link.ask(keys::common_slot(), &request.durable())?;
        self.known.write().insert(mchid.clone(), ());
        Ok(())
    }

    /// Every merchant that a mock has made.
    fn merchants(&self) -> Result<Vec<Mchid>, Unavailable> {
        let found = self
            .link
            .ask(keys::common_slot(), &Request::of(::redis::cmd("SMEMBERS").arg(keys::MERCHANTS)))?;
        let mut merchants: Vec<Mchid> =
            items(found)?.iter().filter_map(|one| text(one)?.parse().ok()).collect();
        merchants.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        *self.known.write() = merchants.iter().map(|mchid| (mchid.clone(), ())).collect();
        Ok(merchants)
    }

    fn reset(&self, mchid: &Mchid, how: &str) -> Result<(), Unavailable> {
        self.change(mchid, SCRIPTS.reset.call(mchid).arg(how)).map(drop)
    }

    /// Keeps all changes or none. Returns the version and the numbers of the callbacks.
    fn commit(&self, mchid: &Mchid, changes: Changes) -> Result<(u64, Vec<u64>), Uncommitted> {
        let id = format!("{}-{}", self.owner, self.commits.fetch_add(1, Relaxed));
        self.commit_as(&id, mchid, changes)
    }

    fn commit_as(&self, id: &str, mchid: &Mchid, changes: Changes) -> Result<(u64, Vec<u64>), Uncommitted> {
        let Changes { read, changed, numbers, outgoing, reminders } = changes;
        let is_change =
            !(changed.is_empty() && numbers.is_empty() && outgoing.is_empty() && reminders.is_empty());
        // Nothing to keep, and nothing to look at again: the version is nobody's.
        if !is_change && read.is_empty() {
            return Ok((ABSENT, Vec::new()));
        }
        if is_change {
            self.know(mchid)?;
        }
        // In a cluster, what all mocks count is elsewhere.
        let first = if self.link.is_cluster() && !outgoing.is_empty() {
            Some(self.next_numbers(outgoing.len())?)
        } else {
            None
        };
        let common = (!self.link.is_cluster()).then_some(keys::LAST_CALLBACK);
        let mut command = SCRIPTS.commit.call_with(mchid, common);
        let Bounds { created, request_numbers, bytes, callbacks, callback_bytes, reminders: most_reminders } =
            self.bounds;
        command.arg(id).arg(created).arg(request_numbers).arg(bytes);
        command.arg(callbacks).arg(callback_bytes).arg(most_reminders);
        command.arg(read.len());
        for (key, version) in &read {
            command.arg(keys::field(key)).arg(*version);
        }
        command.arg(changed.len());
        for (key, value) in &changed {
            command.arg(keys::field(key)).arg(value.as_ref().map_or("", JsonText::as_str));
        }
        command.arg(numbers.len());
        for (number, content) in &numbers {
            command.arg(&number.0[..]).arg(&content.0[..]);
        }
        command.arg(outgoing.len());
        let mut receivers = Vec::new();
        for (place, (receiver, outgoing)) in (0..).zip(outgoing) {
            self.know(&receiver)?;
            let delivery = Delivery::new(0, &receiver, outgoing);
            let to = if receiver == *mchid { "" } else { receiver.as_str() };
            command.arg(first.map_or(0, |first| first + place)).arg(to);
            command.arg(delivery.created.as_unix()).arg(delivery.to_json().as_str());
            receivers.push(receiver);
        }
        command.arg(reminders.len());
        for (at, key) in &reminders {
            command.arg(at.as_unix()).arg(keys::field(key));
        }
        let mut request = Request::of(&command);
        if !is_change && self.link.waits() {
            // What was read may be a change that was not answered, since no replica has it yet: the answer would rest on it.
            request.add(&touch(mchid.as_str()));
        }
        let answer = self.link.ask(keys::slot_of(mchid), &request.durable())?;
        let answer = text(&answer).unwrap_or_default();
        if answer == "conflict" {
            return Err(Uncommitted::Conflict);
        }
        let mut answer = answer.split(' ').map(str::parse::<u64>);
        let version = answer.next().and_then(Result::ok).ok_or_else(unreadable)?;
        let numbers: Vec<u64> = answer.collect::<Result<_, _>>().map_err(|_| unreadable())?;
        if !reminders.is_empty() {
            self.reminders.lock().touch(mchid);
            self.reminded.notify_one();
        }
        self.were_added(mchid, &numbers, &receivers);
        Ok((version, numbers))
    }

    fn next_numbers(&self, count: usize) -> Result<u64, Unavailable> {
        let command = ::redis::cmd("INCRBY").arg(keys::LAST_CALLBACK).arg(count).clone();
        let last = self.link.ask(keys::common_slot(), &Request::of(&command).durable())?;
        Ok((number(&last)? + 1).saturating_sub(count as u64))
    }

    /// Everything of a kind, page by page.
    fn listed(
        &self,
        mchid: &Mchid,
        kind: &str,
        from: &str,
        place: u64,
        most: usize,
    ) -> Result<Vec<Listed>, Unavailable> {
        let mut command = SCRIPTS.list.call(mchid);
        command.arg(kind).arg(from).arg(place).arg(most.min(i64::MAX as usize));
        let found = items(self.ask(mchid, &command)?)?;
        let mut found = found.into_iter();
        let mut listed = Vec::new();
        while let (Some(id), Some(kept)) = (found.next(), found.next()) {
            let id = text(&id).ok_or_else(unreadable)?.to_owned();
            let (place, document) = document(&kept).ok_or_else(unreadable)?;
            listed.push(Listed { place, id, document });
        }
        Ok(listed)
    }
}

impl Backend for Redis {
    fn seed(&self, mchid: &Mchid, documents: Vec<(Key, JsonText)>) -> Result<(), Unavailable> {
        self.inner.know(mchid)?;
        let mut command = SCRIPTS.seed.call(mchid);
        for (key, value) in &documents {
            command.arg(keys::field(key)).arg(value.as_str());
        }
        self.inner.change(mchid, &command).map(drop)
    }

    fn read(&self, mchid: &Mchid, key: &Key) -> Result<Option<Document>, Unavailable> {
        let kept =
            self.inner.ask(mchid, ::redis::cmd("HGET").arg(keys::documents(mchid)).arg(keys::field(key)))?;
        kept_document(&kept)
    }

    /// The documents first: a change that is made in between counts as one that was not seen.
    fn read_many(&self, mchid: &Mchid, keys: &[Key], numbers: &[Fingerprint]) -> Result<Found, Unavailable> {
        let mut request = Request::default();
        if !keys.is_empty() {
            let mut command = ::redis::cmd("HMGET");
            command.arg(keys::documents(mchid));
            for key in keys {
                command.arg(keys::field(key));
            }
            request.add(&command);
        }
        if !numbers.is_empty() {
            let mut command = ::redis::cmd("HMGET");
            command.arg(keys::numbers(mchid));
            for number in numbers {
                command.arg(&number.0[..]);
            }
            request.add(&command);
        }
        let mut answers = self.inner.link.call(keys::slot_of(mchid), &request)?.into_iter();
        let mut next = |count: usize| {
            let found = if count == 0 { Vec::new() } else { items(answers.next().ok_or_else(unreadable)?)? };
            if found.len() == count { Ok(found) } else { Err(unreadable()) }
        };
        let documents = next(keys.len())?.iter().map(kept_document).collect::<Result<_, _>>()?;
        let contents = next(numbers.len())?.iter().map(kept_content).collect::<Result<_, _>>()?;
        Ok(Found { documents, contents })
    }

    fn list(&self, mchid: &Mchid, kind: &str, after: u64, most: usize) -> Result<Vec<Listed>, Unavailable> {
        self.inner.listed(mchid, kind, "after", after, most)
    }

    fn list_newest(
        &self,
        mchid: &Mchid,
        kind: &str,
        before: u64,
        most: usize,
    ) -> Result<Vec<Listed>, Unavailable> {
        self.inner.listed(mchid, kind, "before", before, most)
    }

    fn kinds(&self, mchid: &Mchid) -> Result<Vec<(Arc<str>, usize)>, Unavailable> {
        let found = items(self.inner.ask(mchid, &SCRIPTS.kinds.call(mchid))?)?;
        let mut kinds = Vec::new();
        for two in found.chunks_exact(2) {
            let kind = text(&two[0]).ok_or_else(unreadable)?;
            kinds.push((kind.into(), usize::try_from(number(&two[1])?).unwrap_or(usize::MAX)));
        }
        Ok(kinds)
    }

    fn number(&self, mchid: &Mchid, number: Fingerprint) -> Result<Option<Fingerprint>, Unavailable> {
        let kept =
            self.inner.ask(mchid, ::redis::cmd("HGET").arg(keys::numbers(mchid)).arg(&number.0[..]))?;
        kept_content(&kept)
    }

    fn turn(&self, mchid: &Mchid, key: &Key) -> Option<Turn<'_>> {
        let mut hasher = DefaultHasher::new();
        (mchid, key).hash(&mut hasher);
        self.inner.turns[hasher.finish() as usize % TURNS].try_lock_for(TURN_WITHIN)
    }

    fn commit(&self, mchid: &Mchid, changes: Changes) -> Result<u64, Uncommitted> {
        self.inner.commit(mchid, changes).map(|(version, _)| version)
    }

    fn reset(&self, mchid: Option<&Mchid>) -> Result<(), Unavailable> {
        let merchants = match mchid {
            Some(mchid) => vec![mchid.clone()],
            None => self.inner.merchants()?,
        };
        merchants.iter().try_for_each(|mchid| self.inner.reset(mchid, "seed"))
    }

    fn remove(&self, mchid: &Mchid) -> Result<(), Unavailable> {
        self.inner.reset(mchid, "all")?;
        let command = ::redis::cmd("SREM").arg(keys::MERCHANTS).arg(mchid.as_str()).clone();
        self.inner.link.ask(keys::common_slot(), &Request::of(&command).durable())?;
        self.inner.known.write().remove(mchid);
        Ok(())
    }

    fn send(&self, mchid: &Mchid, outgoing: Outgoing) -> Result<u64, Unavailable> {
        let changes = Changes { outgoing: vec![(mchid.clone(), outgoing)], ..Changes::default() };
        match self.inner.commit(mchid, changes) {
            Ok((_, numbers)) => numbers.first().copied().ok_or_else(unreadable),
            Err(Uncommitted::Unavailable(error)) => Err(error),
            // It has read nothing.
            Err(Uncommitted::Conflict) => Err(unreadable()),
        }
    }

    fn lease(
        &self,
        now: Timestamp,
        most: usize,
        most_of_one: usize,
        is_known: IsKnown<'_>,
    ) -> Result<Lease, Unavailable> {
        self.inner.lease(now, most, most_of_one, is_known)
    }

    fn update(&self, delivery: Delivery) -> Result<bool, Unavailable> {
        self.inner.update(&delivery)
    }

    fn send_again(&self, number: u64, now: Timestamp) -> Result<Option<usize>, Unavailable> {
        self.inner.send_again(number, now)
    }

    fn delivery(&self, number: u64) -> Result<Option<Arc<Delivery>>, Unavailable> {
        Ok(self.inner.delivery(number)?.map(Arc::new))
    }

    fn deliveries(
        &self,
        mchid: Option<&Mchid>,
        after: u64,
        most: usize,
    ) -> Result<Vec<Arc<Delivery>>, Unavailable> {
        let merchants = match mchid {
            Some(mchid) => vec![mchid.clone()],
            None => self.inner.merchants()?,
        };
        let mut found = self.inner.deliveries(&merchants, after, most)?;
        found.truncate(most);
        Ok(found.into_iter().map(Arc::new).collect())
    }

    fn last_delivery(&self) -> Result<u64, Unavailable> {
        match self
            .inner
            .link
            .ask(keys::common_slot(), &Request::of(::redis::cmd("GET").arg(keys::LAST_CALLBACK)))?
        {
            Value::Nil => Ok(0),
            last => number(&last),
        }
    }

    /// Resolves also from time to time: other mocks add callbacks, and leave some.
    fn outbox_changed(&self) -> Wait<'_> {
        Box::pin(async {
            tokio::select! {
                () = self.inner.changed.notified() => {}
                () = sleep(LOOKS_EVERY) => {}
            }
        })
    }

    fn due(&self, now: Timestamp, most: usize, is_known: IsKnown<'_>) -> Result<Due, Unavailable> {
        self.inner.due(now, most, is_known)
    }

    fn done(&self, done: &[Reminder]) -> Result<(), Unavailable> {
        self.inner.done(done)
    }

    /// Resolves also from time to time: other mocks add reminders.
    fn reminded(&self) -> Wait<'_> {
        Box::pin(async {
            tokio::select! {
                () = self.inner.reminded.notified() => {}
                () = sleep(REMINDED_EVERY) => {}
            }
        })
    }

    fn note(&self, name: &str, text: Option<&str>) -> Result<(), Unavailable> {
        let command = match text {
            Some(text) => ::redis::cmd("HSET").arg(keys::NOTES).arg(name).arg(text).clone(),
            None => ::redis::cmd("HDEL").arg(keys::NOTES).arg(name).clone(),
        };
        self.inner.link.ask(keys::common_slot(), &Request::of(&command).durable()).map(drop)
    }

    fn notes(&self, prefix: &str) -> Result<Vec<(String, String)>, Unavailable> {
        let mut pattern = String::new();
        for one in prefix.chars() {
            pattern.extend("*?[]\\^-".contains(one).then_some('\\').into_iter().chain([one]));
        }
        pattern.push('*');
        let (mut notes, mut cursor) = (Vec::new(), 0);
        loop {
            let mut command = ::redis::cmd("HSCAN");
            command.arg(keys::NOTES).arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(AT_ONCE);
            let found = items(self.inner.link.ask(keys::common_slot(), &Request::of(&command))?)?;
            let [next, found] = <[Value; 2]>::try_from(found).map_err(|_| unreadable())?;
            for two in items(found)?.chunks_exact(2) {
                let [name, text] = [&two[0], &two[1]].map(|one| text(one).map(str::to_owned));
                notes.push((name.ok_or_else(unreadable)?, text.ok_or_else(unreadable)?));
            }
            cursor = number(&next)?;
            if cursor == 0 {
                break;
            }
        }
        // A scan may return a note twice.
        notes.sort_unstable();
        notes.dedup_by(|one, other| one.0 == other.0);
        Ok(notes)
    }

    fn noted(&self, name: &str) -> Result<Option<String>, Unavailable> {
        let command = ::redis::cmd("HGET").arg(keys::NOTES).arg(name).clone();
        match self.inner.link.ask(keys::common_slot(), &Request::of(&command))? {
            Value::Nil => Ok(None),
            note => text(&note).map(|text| Some(text.to_owned())).ok_or_else(unreadable),
        }
    }

    fn count(&self, name: &str, add: i64) -> Result<i64, Unavailable> {
        if add == 0 {
            return Ok(self.noted(name)?.and_then(|text| text.parse().ok()).unwrap_or(0));
        }
        // If its answer is lost, it may be counted twice: a version that nobody has told of, or an mchid that counts as taken.
        let command = ::redis::cmd("HINCRBY").arg(keys::NOTES).arg(name).arg(add).clone();
        match self.inner.link.ask(keys::common_slot(), &Request::of(&command).durable())? {
            Value::Int(sum) => Ok(sum),
            _ => Err(unreadable()),
        }
    }

    fn export(&self, mchid: &Mchid) -> Result<MerchantState, Unavailable> {
        let inner = &self.inner;
        let mut documents = Vec::new();
        for (kind, _) in self.kinds(mchid)? {
            let mut after = 0;
            loop {
                let page = self.list(mchid, &kind, after, AT_ONCE)?;
                let is_last = page.len() < AT_ONCE;
                for Listed { place, id, document } in page {
                    after = place;
                    documents.push((place, Key { kind: Arc::clone(&kind), id: id.into() }, document.value));
                }
                if is_last {
                    break;
                }
            }
        }
        documents.sort_unstable_by_key(|(place, ..)| *place);
        let mut numbers = Vec::new();
        loop {
            let mut command = SCRIPTS.numbers.call(mchid);
            command.arg(numbers.len()).arg(numbers.len() + AT_ONCE - 1);
            let page = items(inner.ask(mchid, &command)?)?;
            for two in page.chunks_exact(2) {
                numbers.push((fingerprint(&two[0])?, fingerprint(&two[1])?));
            }
            if page.len() < 2 * AT_ONCE {
                break;
            }
        }
        let mut deliveries: Vec<Delivery> = Vec::new();
        loop {
            let after = deliveries.last().map_or(0, |last| last.number);
            let page = inner.deliveries(std::slice::from_ref(mchid), after, AT_ONCE)?;
            let is_last = page.len() < AT_ONCE;
            deliveries.extend(page);
            if is_last {
                break;
            }
        }
        let found = inner.ask(
            mchid,
            ::redis::cmd("ZRANGE").arg(keys::reminders(mchid)).arg(0).arg(-1).arg("WITHSCORES"),
        )?;
        let mut reminders = Vec::new();
        for two in items(found)?.chunks_exact(2) {
            let ((at, _), key) = reminded(&two[0], &two[1]).ok_or_else(unreadable)?;
            reminders.push((at, key));
        }
        let documents = documents.into_iter().map(|(_, key, value)| (key, value)).collect();
        Ok(MerchantState { documents, numbers, deliveries, reminders })
    }

    /// Not at once: so much would hold the server up. If it fails in between, what is there is a part.
    fn import(&self, mchid: &Mchid, state: MerchantState) -> Result<(), Unavailable> {
        let inner = &self.inner;
        let MerchantState { documents, numbers, deliveries, reminders } = state;
        inner.know(mchid)?;
        inner.reset(mchid, "empty")?;
        let commit = |changes| {
            inner.commit(mchid, changes).map(drop).map_err(|error| match error {
                Uncommitted::Unavailable(error) => error,
                // It has read nothing.
                Uncommitted::Conflict => unreadable(),
            })
        };
        // One after another: a commit keeps its documents in the order of their keys.
        for page in documents.chunks(AT_ONCE) {
            inner.put_in_order(mchid, page)?;
        }
        for page in numbers.chunks(AT_ONCE) {
            commit(Changes { numbers: page.to_vec(), ..Changes::default() })?;
        }
        for page in reminders.chunks(AT_ONCE) {
            commit(Changes { reminders: page.to_vec(), ..Changes::default() })?;
        }
        inner.import(mchid, &deliveries)
    }

    fn check(&self) -> Result<(), Unavailable> {
        let link = &self.inner.link;
        let can_keep =
            |tag: String| link.ask(keys::slot(&tag), &Request::of(&touch(&tag)).durable()).map(drop);
        link.tag_of_each().into_iter().try_for_each(can_keep)
    }

    fn is_remote(&self) -> bool {
        true
    }
}

impl Inner {
    /// Keeps documents in this order.
    fn put_in_order(&self, mchid: &Mchid, documents: &[(Key, JsonText)]) -> Result<(), Unavailable> {
        let commands = documents.iter().map(|(key, value)| {
            let mut command = SCRIPTS.commit.call(mchid);
            let Bounds { created, request_numbers, bytes, callbacks, callback_bytes, reminders } =
                self.bounds;
            let id = format!("{}-{}", self.owner, self.commits.fetch_add(1, Relaxed));
            command.arg(id).arg(created).arg(request_numbers).arg(bytes);
            command.arg(callbacks).arg(callback_bytes).arg(reminders);
            command.arg(0).arg(1).arg(keys::field(key)).arg(value.as_str()).arg(0).arg(0).arg(0);
            command
        });
        let mut request = Request::default();
        commands.for_each(|command| request.add(&command));
        self.link.call(keys::slot_of(mchid), &request.durable()).map(drop)
    }

    fn due(&self, now: Timestamp, most: usize, is_known: IsKnown<'_>) -> Result<Due, Unavailable> {
        let mut merchants = self.to_look_at(&self.reminders, now, REMINDED_EVERY)?;
        // As with callbacks.
        merchants.retain(|mchid| {
            let is_known = is_known(mchid);
            if !is_known {
                self.reminders.lock().touch(mchid);
            }
            is_known
        });
        let mut taken = Vec::new();
        let mut left = most;
        let mut rest = merchants.as_slice();
        // Each has one at least, so that no more are taken than wanted.
        while left > 0 && !rest.is_empty() {
            let (mchids, later) = rest.split_at(rest.len().min(AT_ONCE).min(left));
            rest = later;
            let each = left / mchids.len();
            let commands = mchids.iter().map(|mchid| {
                let mut command = SCRIPTS.due.call(mchid);
                command.arg(now.as_unix()).arg(each).arg(REMINDED_FOR.as_millis() as u64);
                (keys::slot_of(mchid), command)
            });
            let answers = self.link.call_each(commands)?;
            for (mchid, answer) in mchids.iter().zip(answers) {
                let Some(answer) = answer else {
                    self.reminders.lock().touch(mchid);
                    continue;
                };
                let answer = items(answer)?;
                let [next, more, found @ ..] = answer.as_slice() else { return Err(unreadable()) };
                let mut waiting = self.reminders.lock();
                waiting.set_next(mchid, time(next));
                if number(more)? > 0 {
                    waiting.touch(mchid);
                }
                for two in found.chunks_exact(2) {
                    let (place, key) = reminded(&two[0], &two[1]).ok_or_else(unreadable)?;
                    left = left.saturating_sub(1);
                    taken.push(Reminder { mchid: mchid.clone(), key, place });
                }
            }
        }
        let mut waiting = self.reminders.lock();
        rest.iter().for_each(|mchid| waiting.touch(mchid));
        Ok(Due { taken, next: waiting.next() })
    }

    fn done(&self, done: &[Reminder]) -> Result<(), Unavailable> {
        let mut names: HashMap<&Mchid, Vec<String>> = HashMap::new();
        for Reminder { mchid, key, place: (_, number) } in done {
            let name = format!("{number:016}{SEPARATOR}{}", keys::field(key));
            names.entry(mchid).or_default().push(name);
        }
        let commands = names.iter().flat_map(|(mchid, names)| {
            [keys::reminders(mchid), keys::taken(mchid)]
                .map(|key| (keys::slot_of(mchid), ::redis::cmd("ZREM").arg(key).arg(names).clone()))
        });
        self.link.call_each(commands).map(drop)
    }

    /// The merchants that may have something to do: all of them from time to time, and in between those that this mock knows about.
    fn to_look_at(
        &self,
        waiting: &Mutex<Waiting>,
        now: Timestamp,
        every: Duration,
    ) -> Result<Vec<Mchid>, Unavailable> {
        let begun = Instant::now();
        let is_time = waiting.lock().looked.is_none_or(|looked| looked.elapsed() + every / 10 >= every);
        if !is_time {
            return Ok(waiting.lock().take_known(now));
        }
        let merchants = self.merchants()?;
        let mut waiting = waiting.lock();
        waiting.looked = Some(begun);
        waiting.begin(&merchants);
        Ok(merchants)
    }
}

/// A write that leaves nothing: replicas that have it have everything that was written before it to the same server.
fn touch(tag: &str) -> Cmd {
    let mut touch = ::redis::cmd("SET");
    touch.arg(keys::touched(tag)).arg("").arg("PX").arg(1000);
    touch
}

/// A document as it is kept, with its place.
fn document(kept: &Value) -> Option<(u64, Document)> {
    let mut parts = text(kept)?.splitn(4, ' ');
    let version = parts.next()?.parse().ok()?;
    let place = parts.next()?.parse().ok()?;
    let value = JsonText::known(parts.nth(1)?);
    Some((place, Document { version, value }))
}

fn kept_document(kept: &Value) -> Result<Option<Document>, Unavailable> {
    match kept {
        Value::Nil => Ok(None),
        kept => document(kept).map(|(_, document)| Some(document)).ok_or_else(unreadable),
    }
}

/// What a request number was used for, as it is kept.
fn kept_content(kept: &Value) -> Result<Option<Fingerprint>, Unavailable> {
    match kept {
        Value::Nil => Ok(None),
        content => fingerprint(content).map(Some),
    }
}

/// A reminder as it is kept, its number, its kind and its ID: its place, and the document.
fn reminded(kept: &Value, at: &Value) -> Option<((Timestamp, u64), Key)> {
    let (number, field) = text(kept)?.split_once(SEPARATOR)?;
    Some(((time(at)?, number.parse().ok()?), keys::key(field)?))
}

fn fingerprint(value: &Value) -> Result<Fingerprint, Unavailable> {
    match value {
        Value::BulkString(bytes) => bytes.as_slice().try_into().map(Fingerprint).map_err(|_| unreadable()),
        _ => Err(unreadable()),
    }
}

fn items(value: Value) -> Result<Vec<Value>, Unavailable> {
    match value {
        Value::Array(items) | Value::Set(items) => Ok(items),
        _ => Err(unreadable()),
    }
}

fn number(value: &Value) -> Result<u64, Unavailable> {
    let number = match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        value => text(value).and_then(|text| text.parse().ok()),
    };
    number.ok_or_else(unreadable)
}

/// A time as it is kept in a sorted set, which is a floating point number.
fn time(value: &Value) -> Option<Timestamp> {
    text(value)?.parse::<f64>().ok().map(|seconds| Timestamp::from_unix(seconds as u64))
}

fn unreadable() -> Unavailable {
    Unavailable::of(|| text!("Redis has data that no mock has written"))
}

impl From<Unavailable> for Uncommitted {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error)
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(&self.inner.link).finish()
    }
}
