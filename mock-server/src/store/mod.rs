//! The mock's state: documents by merchant, kind and ID, the used request numbers, the callbacks, and when documents
//! change by themselves.
//!
//! The store knows no products. An operation reads documents and puts changed ones into a [`Documents`], which belongs
//! to one request. [`Store::commit`] keeps all changes at once, or none if another request changed one of the documents
//! in the meantime.
//!
//! A [`Backend`] keeps it all. It may be on a disk or on another machine, so that each of its methods can fail: a request then
//! ends with 503, and nothing of it is kept.

mod documents;
mod json;
mod memory;
#[cfg(test)]
pub(crate) mod noting;
mod outbox;
mod place;
mod record;
#[cfg(feature = "redis")]
mod redis;
mod redis_url;
mod reminders;
mod space;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
pub(crate) mod suite;

use std::{fmt::Debug, pin::Pin, sync::Arc, time::Duration};

use parking_lot::MutexGuard;
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};
use wechatpay_protocol::{Mchid, Timestamp};
use wechatpay_texts::{Both, Text, text};

pub(crate) use documents::{Ahead, Documents, NumberUse};
pub(crate) use json::JsonText;
pub(crate) use outbox::Outgoing;
pub use outbox::{Attempt, Delivery, DeliveryState, Outcome, SentCallback};
pub use place::{StoreError, StorePlace, StorePlaceError};
pub(crate) use record::DeliveryRecord;
pub use redis_url::{RedisLogin, RedisUrl, RedisUrlError};
pub(crate) use reminders::{Due, Reminder};

use crate::limits::Limits;
use documents::Changes;
use memory::Memory;

/// The documents, request numbers and callbacks of every merchant.
#[derive(Debug)]
pub(crate) struct Store(Box<dyn Backend>);

/// Where documents, request numbers and callbacks are kept.
///
/// The methods may wait for a disk or a network. Each fails with [`UnavailableError`] if the backend can't be reached or can't keep
/// the change; what has failed has changed nothing, or is not answered as done.
trait Backend: Debug + Send + Sync {
    /// Sets the merchant's initial documents, which a reset restores. A merchant that the backend does not know yet begins
    /// with them.
    fn seed(&self, mchid: &Mchid, documents: Vec<(Key, JsonText)>) -> StoreResult<()>;

    /// The document with this key.
    fn read(&self, mchid: &Mchid, key: &Key) -> StoreResult<Option<Document>>;

    /// The documents of a kind in the order in which they were created, from after this place on, and at most this many.
    /// A document's place stays the same while it exists.
    fn list(&self, mchid: &Mchid, kind: &str, after: u64, most: usize) -> StoreResult<Vec<Listed>>;

    /// The same from before this place on, newest first.
    fn list_newest(&self, mchid: &Mchid, kind: &str, before: u64, most: usize) -> StoreResult<Vec<Listed>>;

    /// Each kind that has documents, and how many.
    fn kinds(&self, mchid: &Mchid) -> StoreResult<Vec<(Arc<str>, usize)>>;

    /// The content that the request number was used for.
    fn number(&self, mchid: &Mchid, number: Fingerprint) -> StoreResult<Option<Fingerprint>>;

    /// These documents, all as they were at one time, and then the contents that these request numbers were used for.
    fn read_many(&self, mchid: &Mchid, keys: &[Key], numbers: &[Fingerprint]) -> StoreResult<Found> {
        let documents = keys.iter().map(|key| self.read(mchid, key)).collect::<Result<_, _>>()?;
        let contents = numbers.iter().map(|number| self.number(mchid, *number)).collect::<Result<_, _>>()?;
        Ok(Found { documents, contents })
    }

    /// Waits until no other request is about to change the document, or for a while: then they conflict.
    fn turn(&self, _mchid: &Mchid, _key: &Key) -> Option<Turn<'_>> {
        None
    }

    /// Keeps all changes or none. Returns a version that no earlier change of these documents had.
    fn commit(&self, mchid: &Mchid, changes: Changes) -> Result<u64, CommitError>;

    /// Restores the initial documents of one merchant, or of all merchants.
    fn reset(&self, mchid: Option<&Mchid>) -> StoreResult<()>;

    /// Forgets the merchant.
    fn remove(&self, mchid: &Mchid) -> StoreResult<()>;

    /// Keeps a callback that no change belongs to. Returns its number.
    fn send(&self, mchid: &Mchid, outgoing: Outgoing) -> StoreResult<u64>;

    /// Takes the callbacks of known merchants that are due, at most `most` and of each merchant at most `most_of_one` at once.
    fn lease(
        &self,
        now: Timestamp,
        most: usize,
        most_of_one: usize,
        is_known: IsKnown<'_>,
    ) -> StoreResult<Lease>;

    /// Keeps a callback after an attempt, unless it was removed meanwhile. Returns whether it is still there.
    fn update(&self, delivery: Delivery) -> StoreResult<bool>;

    /// Makes a callback due now, unless it is being sent. Returns how many attempts it has had.
    fn send_again(&self, number: u64, now: Timestamp) -> StoreResult<Option<usize>>;

    /// The callback with this number.
    fn delivery(&self, number: u64) -> StoreResult<Option<Arc<Delivery>>>;

    /// The callbacks of one merchant or of all, from after this number on, oldest first, and at most this many.
    fn deliveries(&self, mchid: Option<&Mchid>, after: u64, most: usize) -> StoreResult<Vec<Arc<Delivery>>>;

    /// The number of the last callback; 0 if there was none.
    fn last_delivery(&self) -> StoreResult<u64>;

    /// Resolves when there may be something new to deliver.
    fn outbox_changed(&self) -> Wait<'_>;

    /// The documents of known merchants that are due, at most `most`. Each stays due until it is [`done`](Self::done), but no other
    /// mock takes it for a while.
    fn due(&self, now: Timestamp, most: usize, is_known: IsKnown<'_>) -> StoreResult<Due>;

    /// Forgets that these documents were due. If that fails, they are due again.
    fn done(&self, done: &[Reminder]) -> StoreResult<()>;

    /// Resolves when there may be a new document that becomes due.
    fn reminded(&self) -> Wait<'_>;

    /// Keeps or removes a note of the mock's own, such as its clock's offset. Only a backend that lasts keeps notes.
    fn note(&self, _name: &str, _text: Option<&str>) -> StoreResult<()> {
        Ok(())
    }

    /// The notes whose names begin so, by name.
    fn notes(&self, _prefix: &str) -> StoreResult<Vec<(String, String)>> {
        Ok(Vec::new())
    }

    /// The note with exactly this name.
    fn noted(&self, name: &str) -> StoreResult<Option<String>> {
        let found = self.notes(name)?.into_iter().find(|(found, _)| found == name);
        Ok(found.map(|(_, text)| text))
    }

    /// Adds to a note that is a number, 0 if there is none, and returns the sum. Nobody else's addition is lost. Only a backend that
    /// mocks share counts.
    fn count(&self, _name: &str, _add: i64) -> StoreResult<i64> {
        Ok(0)
    }

    /// Resolves once all changes that were made before this call outlast a crash; `None` if they do, as far as the backend can
    /// keep them.
    fn lasting(&self) -> Option<Wait<'_, StoreResult<()>>> {
        None
    }

    /// How often changes were lost that did not outlast a crash yet.
    fn losses(&self) -> u64 {
        0
    }

    /// Whether the backend can be reached and can keep changes.
    fn check(&self) -> StoreResult<()> {
        Ok(())
    }

    /// Everything of a merchant.
    fn export(&self, mchid: &Mchid) -> StoreResult<MerchantState>;

    /// Replaces everything of a merchant. Callbacks and documents get new numbers and versions.
    fn import(&self, mchid: &Mchid, state: MerchantState) -> StoreResult<()>;

    /// Whether methods wait for another machine.
    fn is_remote(&self) -> bool {
        false
    }
}

/// Makes other requests wait that are about to change the same document.
type Turn<'a> = MutexGuard<'a, ()>;

/// What a backend lets others wait for.
type Wait<'a, T = ()> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Everything that is remembered of a merchant, to be kept elsewhere.
#[derive(Debug, Default)]
pub(crate) struct MerchantState {
    /// In the order in which they were created.
    pub(crate) documents: Vec<(Key, JsonText)>,
    /// The used request numbers with their contents, the oldest first.
    pub(crate) numbers: Vec<(Fingerprint, Fingerprint)>,
    /// The oldest first.
    pub(crate) deliveries: Vec<Delivery>,
    /// When documents change by themselves.
    pub(crate) reminders: Vec<(Timestamp, Key)>,
}

/// Whether this mock knows a merchant: others on the same store may have merchants of their own.
pub(crate) type IsKnown<'a> = &'a dyn Fn(&Mchid) -> bool;

/// Callbacks to deliver now.
#[derive(Debug, Default)]
pub(crate) struct Lease {
    pub(crate) taken: Vec<Delivery>,
    /// When the next one is due.
    pub(crate) next: Option<Timestamp>,
}

/// What was read at once, in the order in which it was asked for.
#[derive(Debug)]
struct Found {
    documents: Vec<Option<Document>>,
    contents: Vec<Option<Fingerprint>>,
}

/// Identifies a document of a merchant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// The kind of the document, such as `member_card`.
    pub(crate) kind: Arc<str>,
    /// The document's ID, unique within its kind.
    pub(crate) id: Arc<str>,
}

/// A stored document with its version, which is compared at the next change.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) version: u64,
    pub(crate) value: JsonText,
}

/// A document that a commit has changed.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub(crate) key: Key,
    /// `None` if it was removed.
    pub(crate) value: Option<JsonText>,
    /// Orders the changes of a document.
    pub(crate) version: u64,
}

/// A document in a list of its kind.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) place: u64,
    pub(crate) id: String,
    pub(crate) document: Document,
}

/// How long a task waits before it asks a store again that it could not reach.
pub(crate) const STORE_RETRY: Duration = Duration::from_secs(1);

/// How often a change begins again that conflicts with others on another machine, and the longest that it waits before: about a
/// second in all. (own choice)
const MOST_CONFLICTS: u32 = 40;
const LONGEST_BACK_OFF: Duration = Duration::from_millis(64);

/// The version of a document that does not exist.
const ABSENT: u64 = 0;

/// The content of a request as 16 bytes of SHA-256: enough to tell whether a request number is used again for the same
/// content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 16]);

/// Why a commit has kept nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CommitError {
    /// Another request changed one of the documents after it was read and before the commit.
    Conflict,
    /// The store can't be reached, or can't keep it.
    Unavailable(UnavailableError),
}

/// What the store answers, or why it is not available.
pub(crate) type StoreResult<T> = Result<T, UnavailableError>;

/// The store can't be reached, or can't keep a change.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("the store is not available: {reason}")]
pub(crate) struct UnavailableError {
    pub(crate) reason: Both,
}

impl UnavailableError {
    /// The store is not available for this reason, which the code makes in each language.
    fn of(reason: impl Fn() -> String) -> Self {
        Self { reason: Both::of(reason) }
    }
}

impl Store {
    /// The store at this place, within these limits.
    ///
    /// # Errors
    /// If it can't be opened or reached.
    pub(crate) fn open(place: &StorePlace, limits: &Limits) -> Result<Self, StoreError> {
        match place {
            StorePlace::Memory => Ok(Self::memory(limits)),
            #[cfg(feature = "sqlite")]
            StorePlace::Sqlite(file) => match sqlite::Sqlite::open(file, limits) {
                Ok(sqlite) => Ok(Self(Box::new(sqlite))),
                Err(error) => Err(place.error(error.to_string())),
            },
            #[cfg(not(feature = "sqlite"))]
            StorePlace::Sqlite(_) => {
                Err(place.error(text!("this build has no SQLite; build with --features sqlite")))
            }
            #[cfg(feature = "redis")]
            StorePlace::Redis(url) => match redis::Redis::connect(url.clone(), limits) {
                Ok(redis) => Ok(Self(Box::new(redis))),
                Err(error) => Err(place.error(error.reason.to_string())),
            },
            #[cfg(not(feature = "redis"))]
            StorePlace::Redis(_) => {
                Err(place.error(text!("this build has no Redis; build with --features redis")))
            }
        }
    }

    /// An empty store in memory within these limits.
    pub(crate) fn memory(limits: &Limits) -> Self {
        Self(Box::new(Memory::new(limits)))
    }

    /// Whether others may change what is kept.
    pub(crate) fn is_remote(&self) -> bool {
        self.0.is_remote()
    }

    /// Does what may wait for the backend. A worker of the runtime that waits for another machine is replaced meanwhile.
    pub(crate) fn waiting<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.0.is_remote() { replaced(work) } else { work() }
    }

    /// Waits before a change begins again that conflicted with another for the `nth` time. In memory, the other is done by now.
    /// Elsewhere, each mock waits for another random time, so that they do not meet again.
    ///
    /// # Errors
    /// If it has conflicted too often.
    pub(crate) fn after_conflict(&self, nth: u32) -> StoreResult<()> {
        if !self.0.is_remote() {
            return Ok(());
        }
        if nth > MOST_CONFLICTS {
            return Err(UnavailableError::of(|| {
                text!("a change conflicted with others {nth} times; its document is too busy")
            }));
        }
        let longest = LONGEST_BACK_OFF.min(Duration::from_millis(1 << nth.min(10)));
        std::thread::sleep(rand::random_range(Duration::ZERO..longest));
        Ok(())
    }

    fn with<T>(&self, work: impl FnOnce(&dyn Backend) -> T) -> T {
        self.waiting(|| work(&*self.0))
    }

    /// Sets the merchant's initial documents, as [`Backend::seed`] has it.
    pub(crate) fn seed(&self, mchid: &Mchid, documents: Vec<(Key, JsonText)>) -> StoreResult<()> {
        self.with(|backend| backend.seed(mchid, documents))
    }

    /// The merchant's documents, for one request.
    pub(crate) fn documents<'a>(&'a self, mchid: &'a Mchid) -> Documents<'a> {
        Documents::new(&*self.0, mchid)
    }

    /// The merchant's document with this key.
    pub(crate) fn read(&self, mchid: &Mchid, key: &Key) -> StoreResult<Option<Document>> {
        self.with(|backend| backend.read(mchid, key))
    }

    /// The merchant's documents of a kind, as [`Backend::list`] has them.
    pub(crate) fn list(
        &self,
        mchid: &Mchid,
        kind: &str,
        after: u64,
        most: usize,
    ) -> StoreResult<Vec<Listed>> {
        self.with(|backend| backend.list(mchid, kind, after, most))
    }

    /// Each kind that has documents of the merchant, and how many, by name.
    pub(crate) fn kinds(&self, mchid: &Mchid) -> StoreResult<Vec<(Arc<str>, usize)>> {
        let mut kinds = self.with(|backend| backend.kinds(mchid))?;
        kinds.sort_unstable();
        Ok(kinds)
    }

    /// Keeps all changes or none. Returns the documents that it has changed.
    pub(crate) fn commit(&self, mut documents: Documents<'_>) -> Result<Vec<Changed>, CommitError> {
        let _turn = documents.take_turn();
        let mchid = documents.mchid();
        let changes = documents.into_changes().map_err(CommitError::Unavailable)?;
        let changed = changes.changed.iter().map(|(key, value)| Changed {
            key: key.clone(),
            value: value.clone(),
            version: ABSENT,
        });
        let mut changed: Vec<_> = changed.collect();
        let version = self.with(|backend| backend.commit(mchid, changes))?;
        changed.iter_mut().for_each(|one| one.version = version);
        Ok(changed)
    }

    /// Restores the initial documents of one merchant, or of all merchants.
    pub(crate) fn reset(&self, mchid: Option<&Mchid>) -> StoreResult<()> {
        self.with(|backend| backend.reset(mchid))
    }

    /// Forgets the merchant.
    pub(crate) fn remove(&self, mchid: &Mchid) -> StoreResult<()> {
        self.with(|backend| backend.remove(mchid))
    }

    /// Keeps a callback that no change belongs to. Returns its number.
    pub(crate) fn send(&self, mchid: &Mchid, outgoing: Outgoing) -> StoreResult<u64> {
        self.with(|backend| backend.send(mchid, outgoing))
    }

    /// Takes the callbacks of known merchants that are due, at most `most` and of each merchant at most `most_of_one` at once.
    pub(crate) fn lease(
        &self,
        now: Timestamp,
        most: usize,
        most_of_one: usize,
        is_known: IsKnown<'_>,
    ) -> StoreResult<Lease> {
        self.with(|backend| backend.lease(now, most, most_of_one, is_known))
    }

    /// Keeps a callback after an attempt, unless it was removed meanwhile. Returns whether it is still there.
    pub(crate) fn update(&self, delivery: Delivery) -> StoreResult<bool> {
        self.with(|backend| backend.update(delivery))
    }

    /// Makes a callback due now, unless it is being sent. Returns how many attempts it has had.
    pub(crate) fn send_again(&self, number: u64, now: Timestamp) -> StoreResult<Option<usize>> {
        self.with(|backend| backend.send_again(number, now))
    }

    /// The callback with this number.
    pub(crate) fn delivery(&self, number: u64) -> StoreResult<Option<Arc<Delivery>>> {
        self.with(|backend| backend.delivery(number))
    }

    /// The callbacks of one merchant or of all, from after this number on, oldest first, and at most this many.
    pub(crate) fn deliveries(
        &self,
        mchid: Option<&Mchid>,
        after: u64,
        most: usize,
    ) -> StoreResult<Vec<Arc<Delivery>>> {
        self.with(|backend| backend.deliveries(mchid, after, most))
    }

    /// The number of the last callback; 0 if there was none.
    pub(crate) fn last_delivery(&self) -> StoreResult<u64> {
        self.with(|backend| backend.last_delivery())
    }

    /// Resolves when there may be something new to deliver.
    pub(crate) async fn outbox_changed(&self) {
        self.0.outbox_changed().await;
    }

    /// The documents that are due, as [`Backend::due`] has them.
    pub(crate) fn due(&self, now: Timestamp, most: usize, is_known: IsKnown<'_>) -> StoreResult<Due> {
        self.with(|backend| backend.due(now, most, is_known))
    }

    /// Forgets that these documents were due.
    pub(crate) fn done(&self, done: &[Reminder]) -> StoreResult<()> {
        self.with(|backend| backend.done(done))
    }

    /// Resolves when there may be a new document that becomes due.
    pub(crate) async fn reminded(&self) {
        self.0.reminded().await;
    }

    /// Keeps or removes a note of the mock's own.
    pub(crate) fn note(&self, name: &str, text: Option<&str>) -> StoreResult<()> {
        self.with(|backend| backend.note(name, text))
    }

    /// The notes whose names begin so, by name.
    pub(crate) fn notes(&self, prefix: &str) -> StoreResult<Vec<(String, String)>> {
        self.with(|backend| backend.notes(prefix))
    }

    /// The note with exactly this name.
    pub(crate) fn noted(&self, name: &str) -> StoreResult<Option<String>> {
        self.with(|backend| backend.noted(name))
    }

    /// Adds to a note that is a number, 0 if there is none, and returns the sum, as [`Backend::count`] has it.
    pub(crate) fn count(&self, name: &str, add: i64) -> StoreResult<i64> {
        self.with(|backend| backend.count(name, add))
    }

    /// Resolves once all changes that were made before this call outlast a crash.
    pub(crate) async fn lasting(&self) -> StoreResult<()> {
        match self.0.lasting() {
            None => Ok(()),
            Some(lasting) => lasting.await,
        }
    }

    /// How often changes were lost that did not outlast a crash yet: for [`lasting_since`](Self::lasting_since).
    pub(crate) fn losses(&self) -> u64 {
        self.0.losses()
    }

    /// Resolves once what was read and changed since there were so many losses outlasts a crash.
    ///
    /// # Errors
    /// If it may be lost.
    pub(crate) async fn lasting_since(&self, losses: u64) -> StoreResult<()> {
        self.lasting().await?;
        if self.losses() == losses {
            return Ok(());
        }
        Err(UnavailableError::of(|| text!("the change could not be saved and was undone")))
    }

    /// Whether the store can be reached and can keep changes.
    pub(crate) fn check(&self) -> StoreResult<()> {
        self.with(|backend| backend.check())
    }

    /// Everything of a merchant.
    pub(crate) fn export(&self, mchid: &Mchid) -> StoreResult<MerchantState> {
        self.with(|backend| backend.export(mchid))
    }

    /// Replaces everything of a merchant. Callbacks and documents get new numbers and versions.
    pub(crate) fn import(&self, mchid: &Mchid, state: MerchantState) -> StoreResult<()> {
        self.with(|backend| backend.import(mchid, state))
    }
}

/// Does what waits. A worker of the runtime is replaced meanwhile.
fn replaced<T>(work: impl FnOnce() -> T) -> T {
    let runtime = Handle::try_current();
    let is_worker = runtime.is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    if is_worker { block_in_place(work) } else { work() }
}

impl Key {
    pub(crate) fn new(kind: &str, id: &str) -> Self {
        Self { kind: kind.into(), id: id.into() }
    }
}

impl Fingerprint {
    /// The fingerprint of the JSON of `content`.
    pub(crate) fn of(content: &impl serde::Serialize) -> Self {
        use sha2::{Digest, Sha256};
        let json =
            serde_json::to_vec(content).expect("contents are structs and values, which always serialize");
        let mut first = [0; 16];
        first.copy_from_slice(&Sha256::digest(json)[..16]);
        Self(first)
    }

    /// The fingerprint with these 32 hexadecimal digits; `None` if they are none.
    pub(crate) fn from_hex(digits: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let decoded = base16ct::mixed::decode(digits, &mut bytes).ok()?;
        (decoded.len() == 16).then_some(Self(bytes))
    }

    /// Its 32 hexadecimal digits.
    pub(crate) fn to_hex(self) -> String {
        base16ct::lower::encode_string(&self.0)
    }
}
