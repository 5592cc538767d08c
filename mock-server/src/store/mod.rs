//! The mock's state: documents by merchant, kind and ID, and the used request numbers.
//!
//! The store knows no products. An operation reads documents and puts changed ones into a [`Documents`], which belongs
//! to one request. [`Store::commit`] keeps all changes at once, or none if another request changed one of the documents
//! in the meantime.
//!
//! A [`Backend`] keeps it all; [`Memory`] is the only one so far.

mod documents;
mod memory;

use std::{fmt::Debug, sync::Arc};

use serde_json::Value;
use wechatpay_protocol::Mchid;

pub(crate) use documents::{Documents, NumberUse};

use documents::Changes;
use memory::Memory;

/// The documents and request numbers of every merchant.
#[derive(Debug)]
pub(crate) struct Store(Box<dyn Backend>);

/// Where documents and request numbers are kept.
trait Backend: Debug + Send + Sync {
    /// Sets the merchant's initial documents, and forgets all others.
    fn seed(&self, mchid: &Mchid, documents: Vec<(Key, Value)>);

    /// The document with this key.
    fn read(&self, mchid: &Mchid, key: &Key) -> Option<Document>;

    /// The documents of a kind in the order in which they were created, from after this place on, and at most this many.
    /// A document's place stays the same while it exists.
    fn list(&self, mchid: &Mchid, kind: &str, after: u64, most: usize) -> Vec<Listed>;

    /// The content that the request number was used for.
    fn number(&self, mchid: &Mchid, number: Fingerprint) -> Option<Fingerprint>;

    /// Keeps all changes or none.
    ///
    /// # Errors
    /// [`Conflict`] if a document that was read has changed since.
    fn commit(&self, mchid: &Mchid, changes: Changes) -> Result<(), Conflict>;

    /// Restores the initial documents of one merchant, or of all merchants.
    fn reset(&self, mchid: Option<&Mchid>);

    /// Forgets the merchant.
    fn remove(&self, mchid: &Mchid);
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
struct Document {
    version: u64,
    value: Arc<Value>,
}

/// A document in a list of its kind.
#[derive(Clone, Debug)]
struct Listed {
    place: u64,
    id: String,
    value: Arc<Value>,
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
    /// An empty store in memory that keeps this many request numbers for each merchant, and this many bytes for all.
    pub(crate) fn memory(request_numbers: usize, most_bytes: usize) -> Self {
        Self(Box::new(Memory::new(request_numbers, most_bytes)))
    }

    /// Sets the merchant's initial documents.
    pub(crate) fn seed(&self, mchid: &Mchid, documents: Vec<(Key, Value)>) {
        self.0.seed(mchid, documents);
    }

    /// The merchant's documents, for one request.
    pub(crate) fn documents<'a>(&'a self, mchid: &'a Mchid) -> Documents<'a> {
        Documents::new(&*self.0, mchid)
    }

    /// Keeps all changes or none.
    ///
    /// # Errors
    /// [`Conflict`] if a document that was read has changed since.
    pub(crate) fn commit(&self, documents: Documents<'_>) -> Result<(), Conflict> {
        let mchid = documents.mchid();
        self.0.commit(mchid, documents.into_changes())
    }

    /// Restores the initial documents of one merchant, or of all merchants.
    pub(crate) fn reset(&self, mchid: Option<&Mchid>) {
        self.0.reset(mchid);
    }

    /// Forgets the merchant.
    pub(crate) fn remove(&self, mchid: &Mchid) {
        self.0.remove(mchid);
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
