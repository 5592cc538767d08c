//! The documents that one request reads and changes.

use std::{collections::HashMap, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use wechatpay_protocol::Mchid;

use super::{ABSENT, Document, Fingerprint, Key, Store};

/// One merchant's documents as one request sees them. Only [`Store::commit`] keeps the changes.
pub(crate) struct Documents<'a> {
    store: &'a Store,
    mchid: &'a Mchid,
    pub(super) read: HashMap<Key, u64>,
    pub(super) changed: HashMap<Key, Arc<Value>>,
    pub(super) numbers: Vec<(Fingerprint, Fingerprint)>,
}

/// Whether a request number was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberUse {
    /// Not used before, or no longer remembered.
    New,
    /// Used before for the same content.
    Repeated,
    /// Used before for other content.
    RepeatedDifferently,
}

impl<'a> Documents<'a> {
    pub(super) fn new(store: &'a Store, mchid: &'a Mchid) -> Self {
        Self { store, mchid, read: HashMap::new(), changed: HashMap::new(), numbers: Vec::new() }
    }

    pub(crate) fn mchid(&self) -> &Mchid {
        self.mchid
    }

    /// The document with this ID, if there is one.
    ///
    /// # Panics
    /// If it is not a `T`. A kind of document is always read and written as the same type.
    pub(crate) fn get<T: DeserializeOwned>(&mut self, kind: &'static str, id: &str) -> Option<T> {
        let key = Key { kind, id: id.to_owned() };
        if let Some(value) = self.changed.get(&key) {
            return Some(typed(value));
        }
        let found = self.store.read(self.mchid, &key);
        self.read.insert(key, found.as_ref().map_or(ABSENT, |document| document.version));
        found.map(|Document { value, .. }| typed(&value))
    }

    /// Creates or replaces the document.
    pub(crate) fn put(&mut self, kind: &'static str, id: &str, document: &impl Serialize) {
        let value =
            serde_json::to_value(document).expect("documents are structs and values, which always serialize");
        self.changed.insert(Key { kind, id: id.to_owned() }, Arc::new(value));
    }

    /// Whether the request number was used before, and whether for the same content.
    pub(crate) fn number_use(&self, number: &str, content: Fingerprint) -> NumberUse {
        match self.store.number(self.mchid, Fingerprint::of(&number)) {
            None => NumberUse::New,
            Some(known) if known == content => NumberUse::Repeated,
            Some(_) => NumberUse::RepeatedDifferently,
        }
    }

    /// Remembers that the request number was used for this content.
    pub(crate) fn use_number(&mut self, number: &str, content: Fingerprint) {
        self.numbers.push((Fingerprint::of(&number), content));
    }
}

fn typed<T: DeserializeOwned>(value: &Value) -> T {
    T::deserialize(value).expect("a kind of document is read as the type that it is written as")
}
