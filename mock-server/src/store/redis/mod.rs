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
mod masters;
mod node;
mod opening;
mod reminders;
mod scripts;
mod state;
#[cfg(test)]
mod tests;
mod values;
mod waiting;

use std::{
    collections::HashMap,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use ::redis::{Cmd, Value};
use parking_lot::{Mutex, RwLock};
use tokio::{sync::Notify, time::sleep};
use wechatpay_protocol::{Mchid, Timestamp};

use self::{
    link::Link,
    node::Request,
    reminders::{REMINDED_EVERY, REMINDERS},
    scripts::SCRIPTS,
    values::{document, items, kept_content, kept_document, number, text, unreadable},
    waiting::Waiting,
};
use super::{
    ABSENT, Backend, CommitError, Delivery, Document, Due, Fingerprint, Found, IsKnown, JsonText, Key, Lease,
    Listed, MerchantState, Outgoing, RedisUrl, Reminder, StoreResult, Turn, UnavailableError, Wait,
    documents::Changes,
};
use crate::limits::Limits;

/// How often the store is asked what other mocks have left to do. (own choice)
const LOOKS_EVERY: Duration = Duration::from_millis(500);

/// How many documents, request numbers or callbacks are read or written at once where there may be many. (own choice)
const AT_ONCE: usize = 500;

/// How many documents can be changed at once for certain, and how long a request waits for another that changes the same one.
/// (own choice)
const TURNS: usize = 256;
const TURN_WITHIN: Duration = Duration::from_millis(250);

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
    pub(crate) fn connect(url: RedisUrl, limits: &Limits) -> StoreResult<Self> {
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

    fn with_bounds(url: RedisUrl, bounds: Bounds) -> StoreResult<Self> {
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
    /// Asks the server of a merchant.
    fn ask(&self, mchid: &Mchid, command: &Cmd) -> StoreResult<Value> {
        self.link.ask(keys::slot_of(mchid), &Request::of(command))
    }

    /// Changes something of a merchant, and waits for the replicas that are asked for.
    fn change(&self, mchid: &Mchid, command: &Cmd) -> StoreResult<Value> {
        self.link.ask(keys::slot_of(mchid), &Request::of(command).durable())
    }

    /// Keeps that there is such a merchant.
    fn know(&self, mchid: &Mchid) -> StoreResult<()> {
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
    fn merchants(&self) -> StoreResult<Vec<Mchid>> {
        let found = self
            .link
            .ask(keys::common_slot(), &Request::of(::redis::cmd("SMEMBERS").arg(keys::MERCHANTS)))?;
        let mut merchants: Vec<Mchid> =
            items(found)?.iter().filter_map(|one| text(one)?.parse().ok()).collect();
        merchants.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        *self.known.write() = merchants.iter().map(|mchid| (mchid.clone(), ())).collect();
        Ok(merchants)
    }

    fn reset(&self, mchid: &Mchid, how: &str) -> StoreResult<()> {
        self.change(mchid, SCRIPTS.reset.call(mchid).arg(how)).map(drop)
    }

    /// Keeps all changes or none. Returns the version and the numbers of the callbacks.
    fn commit(&self, mchid: &Mchid, changes: Changes) -> Result<(u64, Vec<u64>), CommitError> {
        let id = format!("{}-{}", self.owner, self.commits.fetch_add(1, Relaxed));
        self.commit_as(&id, mchid, changes)
    }

    fn commit_as(&self, id: &str, mchid: &Mchid, changes: Changes) -> Result<(u64, Vec<u64>), CommitError> {
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
            return Err(CommitError::Conflict);
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

    fn next_numbers(&self, count: usize) -> StoreResult<u64> {
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
    ) -> StoreResult<Vec<Listed>> {
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
    fn seed(&self, mchid: &Mchid, documents: Vec<(Key, JsonText)>) -> StoreResult<()> {
        self.inner.know(mchid)?;
        let mut command = SCRIPTS.seed.call(mchid);
        for (key, value) in &documents {
            command.arg(keys::field(key)).arg(value.as_str());
        }
        self.inner.change(mchid, &command).map(drop)
    }

    fn read(&self, mchid: &Mchid, key: &Key) -> StoreResult<Option<Document>> {
        let kept =
            self.inner.ask(mchid, ::redis::cmd("HGET").arg(keys::documents(mchid)).arg(keys::field(key)))?;
        kept_document(&kept)
    }

    /// The documents first: a change that is made in between counts as one that was not seen.
    fn read_many(&self, mchid: &Mchid, keys: &[Key], numbers: &[Fingerprint]) -> StoreResult<Found> {
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

    fn list(&self, mchid: &Mchid, kind: &str, after: u64, most: usize) -> StoreResult<Vec<Listed>> {
        self.inner.listed(mchid, kind, "after", after, most)
    }

    fn list_newest(&self, mchid: &Mchid, kind: &str, before: u64, most: usize) -> StoreResult<Vec<Listed>> {
        self.inner.listed(mchid, kind, "before", before, most)
    }

    fn kinds(&self, mchid: &Mchid) -> StoreResult<Vec<(Arc<str>, usize)>> {
        let found = items(self.inner.ask(mchid, &SCRIPTS.kinds.call(mchid))?)?;
        let mut kinds = Vec::new();
        for two in found.chunks_exact(2) {
            let kind = text(&two[0]).ok_or_else(unreadable)?;
            kinds.push((kind.into(), usize::try_from(number(&two[1])?).unwrap_or(usize::MAX)));
        }
        Ok(kinds)
    }

    fn number(&self, mchid: &Mchid, number: Fingerprint) -> StoreResult<Option<Fingerprint>> {
        let kept =
            self.inner.ask(mchid, ::redis::cmd("HGET").arg(keys::numbers(mchid)).arg(&number.0[..]))?;
        kept_content(&kept)
    }

    fn turn(&self, mchid: &Mchid, key: &Key) -> Option<Turn<'_>> {
        let mut hasher = DefaultHasher::new();
        (mchid, key).hash(&mut hasher);
        self.inner.turns[hasher.finish() as usize % TURNS].try_lock_for(TURN_WITHIN)
    }

    fn commit(&self, mchid: &Mchid, changes: Changes) -> Result<u64, CommitError> {
        self.inner.commit(mchid, changes).map(|(version, _)| version)
    }

    fn reset(&self, mchid: Option<&Mchid>) -> StoreResult<()> {
        let merchants = match mchid {
            Some(mchid) => vec![mchid.clone()],
            None => self.inner.merchants()?,
        };
        merchants.iter().try_for_each(|mchid| self.inner.reset(mchid, "seed"))
    }

    fn remove(&self, mchid: &Mchid) -> StoreResult<()> {
        self.inner.reset(mchid, "all")?;
        let command = ::redis::cmd("SREM").arg(keys::MERCHANTS).arg(mchid.as_str()).clone();
        self.inner.link.ask(keys::common_slot(), &Request::of(&command).durable())?;
        self.inner.known.write().remove(mchid);
        Ok(())
    }

    fn send(&self, mchid: &Mchid, outgoing: Outgoing) -> StoreResult<u64> {
        let changes = Changes { outgoing: vec![(mchid.clone(), outgoing)], ..Changes::default() };
        match self.inner.commit(mchid, changes) {
            Ok((_, numbers)) => numbers.first().copied().ok_or_else(unreadable),
            Err(CommitError::Unavailable(error)) => Err(error),
            // It has read nothing.
            Err(CommitError::Conflict) => Err(unreadable()),
        }
    }

    fn lease(
        &self,
        now: Timestamp,
        most: usize,
        most_of_one: usize,
        is_known: IsKnown<'_>,
    ) -> StoreResult<Lease> {
        self.inner.lease(now, most, most_of_one, is_known)
    }

    fn update(&self, delivery: Delivery) -> StoreResult<bool> {
        self.inner.update(&delivery)
    }

    fn send_again(&self, number: u64, now: Timestamp) -> StoreResult<Option<usize>> {
        self.inner.send_again(number, now)
    }

    fn delivery(&self, number: u64) -> StoreResult<Option<Arc<Delivery>>> {
        Ok(self.inner.delivery(number)?.map(Arc::new))
    }

    fn deliveries(&self, mchid: Option<&Mchid>, after: u64, most: usize) -> StoreResult<Vec<Arc<Delivery>>> {
        let merchants = match mchid {
            Some(mchid) => vec![mchid.clone()],
            None => self.inner.merchants()?,
        };
        let mut found = self.inner.deliveries(&merchants, after, most)?;
        found.truncate(most);
        Ok(found.into_iter().map(Arc::new).collect())
    }

    fn last_delivery(&self) -> StoreResult<u64> {
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

    fn due(&self, now: Timestamp, most: usize, is_known: IsKnown<'_>) -> StoreResult<Due> {
        self.inner.due(now, most, is_known)
    }

    fn done(&self, done: &[Reminder]) -> StoreResult<()> {
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

    fn note(&self, name: &str, text: Option<&str>) -> StoreResult<()> {
        let command = match text {
            Some(text) => ::redis::cmd("HSET").arg(keys::NOTES).arg(name).arg(text).clone(),
            None => ::redis::cmd("HDEL").arg(keys::NOTES).arg(name).clone(),
        };
        self.inner.link.ask(keys::common_slot(), &Request::of(&command).durable()).map(drop)
    }

    fn notes(&self, prefix: &str) -> StoreResult<Vec<(String, String)>> {
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

    fn noted(&self, name: &str) -> StoreResult<Option<String>> {
        let command = ::redis::cmd("HGET").arg(keys::NOTES).arg(name).clone();
        match self.inner.link.ask(keys::common_slot(), &Request::of(&command))? {
            Value::Nil => Ok(None),
            note => text(&note).map(|text| Some(text.to_owned())).ok_or_else(unreadable),
        }
    }

    fn count(&self, name: &str, add: i64) -> StoreResult<i64> {
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

    fn export(&self, mchid: &Mchid) -> StoreResult<MerchantState> {
        state::export(self, mchid)
    }

    fn import(&self, mchid: &Mchid, state: MerchantState) -> StoreResult<()> {
        state::import(&self.inner, mchid, state)
    }

    fn check(&self) -> StoreResult<()> {
        let link = &self.inner.link;
        let can_keep =
            |tag: String| link.ask(keys::slot(&tag), &Request::of(&touch(&tag)).durable()).map(drop);
        link.masters.tag_of_each().into_iter().try_for_each(can_keep)
    }

    fn is_remote(&self) -> bool {
        true
    }
}

/// A write that leaves nothing: replicas that have it have everything that was written before it to the same server.
fn touch(tag: &str) -> Cmd {
    let mut touch = ::redis::cmd("SET");
    touch.arg(keys::touched(tag)).arg("").arg("PX").arg(1000);
    touch
}

impl From<UnavailableError> for CommitError {
    fn from(error: UnavailableError) -> Self {
        Self::Unavailable(error)
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(&self.inner.link).finish()
    }
}
