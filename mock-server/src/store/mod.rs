//! The mock's state: documents by merchant, kind and ID, the used request numbers, the callbacks, and when documents
//! change by themselves.
//!
//! The store knows no products. An operation reads documents and puts changed ones into a [`Documents`], which belongs
//! to one request. [`Store::commit`] keeps all changes at once, or none if another request changed one of the documents
//! in the meantime.
//!
//! A [`Backend`] keeps it all; [`Memory`] is the only one so far.

mod documents;
mod memory;
mod outbox;
mod reminders;
mod space;

use std::{fmt::Debug, pin::Pin, sync::Arc};

use serde_json::Value;
use wechatpay_protocol::{Mchid, Timestamp};

pub(crate) use documents::{Documents, NumberUse};
pub(crate) use outbox::Outgoing;
pub use outbox::{Attempt, Delivery, DeliveryState, Outcome, SentCallback};
pub(crate) use reminders::{Due, Reminder};

use crate::limits::{Limits, memory_of};
use documents::Changes;
use memory::Memory;

/// The documents, request numbers and callbacks of every merchant.
#[derive(Debug)]
pub(crate) struct Store(Box<dyn Backend>);

/// Where documents, request numbers and callbacks are kept.
trait Backend: Debug + Send + Sync {
    /// Sets the merchant's initial documents, and forgets all others.
    fn seed(&self, mchid: &Mchid, documents: Vec<(Key, Value)>);

    /// The document with this key.
    fn read(&self, mchid: &Mchid, key: &Key) -> Option<Document>;

    /// The documents of a kind in the order in which they were created, from after this place on, and at most this many.
    /// A document's place stays the same while it exists.
    fn list(&self, mchid: &Mchid, kind: &str, after: u64, most: usize) -> Vec<Listed>;

    /// The same from before this place on, newest first.
    fn list_newest(&self, mchid: &Mchid, kind: &str, before: u64, most: usize) -> Vec<Listed>;
    /// Each kind that has documents, and how many.
    fn kinds(&self, mchid: &Mchid) -> Vec<(Arc<str>, usize)>;

    /// The content that the request number was used for.
    fn number(&self, mchid: &Mchid, number: Fingerprint) -> Option<Fingerprint>;

    /// Keeps all changes or none. Returns a version that no earlier change of these documents had.
    ///
    /// # Errors
    /// [`Conflict`] if a document that was read has changed since.
    fn commit(&self, mchid: &Mchid, changes: Changes) -> Result<u64, Conflict>;

    /// Restores the initial documents of one merchant, or of all merchants.
    fn reset(&self, mchid: Option<&Mchid>);

    /// Forgets the merchant.
    fn remove(&self, mchid: &Mchid);

    /// Keeps a callback that no change belongs to. Returns its number.
    fn send(&self, mchid: &Mchid, outgoing: Outgoing) -> u64;

    /// Takes the callbacks that are due, at most `most` and of each merchant at most `most_of_one` at once.
    fn lease(&self, now: Timestamp, most: usize, most_of_one: usize) -> Lease;

    /// Keeps a callback after an attempt, unless it was removed meanwhile. Returns whether it is still there.
    fn update(&self, delivery: Delivery) -> bool;

    /// Makes a callback due now, unless it is being sent. Returns how many attempts it has had.
    fn send_again(&self, number: u64, now: Timestamp) -> Option<usize>;

    /// The callback with this number.
    fn delivery(&self, number: u64) -> Option<Arc<Delivery>>;

    /// The callbacks of one merchant or of all, from after this number on, oldest first, and at most this many.
    fn deliveries(&self, mchid: Option<&Mchid>, after: u64, most: usize) -> Vec<Arc<Delivery>>;

    /// The number of the last callback; 0 if there was none.
    fn last_delivery(&self) -> u64;

    /// Resolves when there may be something new to deliver.
    fn outbox_changed(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// Takes the documents that are due, at most `most`.
    fn due(&self, now: Timestamp, most: usize) -> Due;

    /// Resolves when there may be a new document that becomes due.
    fn reminded(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Callbacks to deliver now.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) taken: Vec<Delivery>,
    /// When the next one is due.
    pub(crate) next: Option<Timestamp>,
}

/// Identifies a document of a merchant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// The kind of the document, such as `member_card`.
    pub(crate) kind: Arc<str>,
    /// The document's ID, unique within its kind.
    pub(crate) id: String,
}

/// A stored document with its version, which is compared at the next change.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) version: u64,
    pub(crate) value: Arc<Value>,
}

/// What is put into a document, and about how much memory it takes, in bytes.
#[derive(Clone, Debug)]
struct Content {
    value: Arc<Value>,
    bytes: usize,
}

/// A document that a commit has changed.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub(crate) key: Key,
    /// `None` if it was removed.
    pub(crate) value: Option<Arc<Value>>,
    /// About how much memory the value takes, in bytes.
    pub(crate) bytes: usize,
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

/// The version of a document that does not exist.
const ABSENT: u64 = 0;

/// The content of a request as 16 bytes of SHA-256: enough to tell whether a request number is used again for the same
/// content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 16]);

/// Another request changed one of the documents after it was read and before the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conflict;

impl Store {
    /// An empty store in memory within these limits.
    pub(crate) fn memory(limits: &Limits) -> Self {
        Self(Box::new(Memory::new(limits)))
    }

    /// Sets the merchant's initial documents.
    pub(crate) fn seed(&self, mchid: &Mchid, documents: Vec<(Key, Value)>) {
        self.0.seed(mchid, documents);
    }

    /// The merchant's documents, for one request.
    pub(crate) fn documents<'a>(&'a self, mchid: &'a Mchid) -> Documents<'a> {
        Documents::new(&*self.0, mchid)
    }

    /// The merchant's document with this key.
    pub(crate) fn read(&self, mchid: &Mchid, key: &Key) -> Option<Document> {
        self.0.read(mchid, key)
    }

    /// The merchant's documents of a kind, as [`Backend::list`] has them.
    pub(crate) fn list(&self, mchid: &Mchid, kind: &str, after: u64, most: usize) -> Vec<Listed> {
        self.0.list(mchid, kind, after, most)
    }

    /// Each kind that has documents of the merchant, and how many, by name.
    pub(crate) fn kinds(&self, mchid: &Mchid) -> Vec<(Arc<str>, usize)> {
        let mut kinds = self.0.kinds(mchid);
        kinds.sort_unstable();
        kinds
    }

    /// Keeps all changes or none. Returns the documents that it has changed.
    ///
    /// # Errors
    /// [`Conflict`] if a document that was read has changed since.
    pub(crate) fn commit(&self, documents: Documents<'_>) -> Result<Vec<Changed>, Conflict> {
        let mchid = documents.mchid();
        let changes = documents.into_changes();
        let changed = changes.changed.iter().map(|(key, content)| Changed {
            key: key.clone(),
            value: content.as_ref().map(|content| Arc::clone(&content.value)),
            bytes: content.as_ref().map_or(0, |content| content.bytes),
            version: ABSENT,
        });
        let mut changed: Vec<_> = changed.collect();
        let version = self.0.commit(mchid, changes)?;
        changed.iter_mut().for_each(|one| one.version = version);
        Ok(changed)
    }

    /// Restores the initial documents of one merchant, or of all merchants.
    pub(crate) fn reset(&self, mchid: Option<&Mchid>) {
        self.0.reset(mchid);
    }

    /// Forgets the merchant.
    pub(crate) fn remove(&self, mchid: &Mchid) {
        self.0.remove(mchid);
    }

    /// Keeps a callback that no change belongs to. Returns its number.
    pub(crate) fn send(&self, mchid: &Mchid, outgoing: Outgoing) -> u64 {
        self.0.send(mchid, outgoing)
    }

    /// Takes the callbacks that are due, at most `most` and of each merchant at most `most_of_one` at once.
    pub(crate) fn lease(&self, now: Timestamp, most: usize, most_of_one: usize) -> Lease {
        self.0.lease(now, most, most_of_one)
    }

    /// Keeps a callback after an attempt, unless it was removed meanwhile. Returns whether it is still there.
    pub(crate) fn update(&self, delivery: Delivery) -> bool {
        self.0.update(delivery)
    }

    /// Makes a callback due now, unless it is being sent. Returns how many attempts it has had.
    pub(crate) fn send_again(&self, number: u64, now: Timestamp) -> Option<usize> {
        self.0.send_again(number, now)
    }

    /// The callback with this number.
    pub(crate) fn delivery(&self, number: u64) -> Option<Arc<Delivery>> {
        self.0.delivery(number)
    }

    /// The callbacks of one merchant or of all, from after this number on, oldest first, and at most this many.
    pub(crate) fn deliveries(&self, mchid: Option<&Mchid>, after: u64, most: usize) -> Vec<Arc<Delivery>> {
        self.0.deliveries(mchid, after, most)
    }

    /// The number of the last callback; 0 if there was none.
    pub(crate) fn last_delivery(&self) -> u64 {
        self.0.last_delivery()
    }

    /// Resolves when there may be something new to deliver.
    pub(crate) async fn outbox_changed(&self) {
        self.0.outbox_changed().await;
    }

    /// Takes the documents that are due, at most `most`.
    pub(crate) fn due(&self, now: Timestamp, most: usize) -> Due {
        self.0.due(now, most)
    }

    /// Resolves when there may be a new document that becomes due.
    pub(crate) async fn reminded(&self) {
        self.0.reminded().await;
    }
}

impl Content {
    fn new(value: Arc<Value>) -> Self {
        Self { bytes: memory_of(&value), value }
    }
}

impl Key {
    pub(crate) fn new(kind: &str, id: &str) -> Self {
        Self { kind: kind.into(), id: id.to_owned() }
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

    /// Its 32 hexadecimal digits.
    pub(crate) fn to_hex(self) -> String {
        base16ct::lower::encode_string(&self.0)
    }
}
