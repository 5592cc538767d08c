//! The documents that one request reads and changes.

use std::{
    collections::{BTreeMap, HashMap},
    ops::ControlFlow::{self, Break},
    sync::Arc,
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use wechatpay_protocol::{Mchid, Timestamp};

use super::{ABSENT, Backend, Content, Document, Fingerprint, Key, Listed, Outgoing};

/// How many documents of a list are read at once.
const READ_AT_ONCE: usize = 1000;

/// The same of the newest, of which mostly few are wanted.
const NEWEST_AT_ONCE: usize = 200;

/// One merchant's documents as one request sees them. Only [`Store::commit`](super::Store::commit) keeps the changes.
pub(crate) struct Documents<'a> {
    store: &'a dyn Backend,
    mchid: &'a Mchid,
    changes: Changes,
}

/// What one request read and changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// The versions of the documents that were read.
    pub(super) read: HashMap<Key, u64>,
    /// The documents that were put, and `None` for those that were removed.
    pub(super) changed: BTreeMap<Key, Option<Content>>,
    /// The used request numbers, each with its content.
    pub(super) numbers: Vec<(Fingerprint, Fingerprint)>,
    /// The callbacks to send, each with the merchant that receives it.
    pub(super) outgoing: Vec<(Mchid, Outgoing)>,
    /// When documents change by themselves.
    pub(super) reminders: Vec<(Timestamp, Key)>,
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
    pub(super) fn new(store: &'a dyn Backend, mchid: &'a Mchid) -> Self {
        Self { store, mchid, changes: Changes::default() }
    }

    pub(crate) fn mchid(&self) -> &'a Mchid {
        self.mchid
    }

    pub(super) fn into_changes(self) -> Changes {
        self.changes
    }

    /// The same without the changes.
    pub(crate) fn only_read(mut self) -> Self {
        self.changes = Changes { read: self.changes.read, ..Changes::default() };
        self
    }

    /// The document with this ID, if there is one.
    ///
    /// # Panics
    /// If it is not a `T`. A kind of document is always read and written as the same type.
    pub(crate) fn get<T: DeserializeOwned>(&mut self, kind: &str, id: &str) -> Option<T> {
        let key = Key::new(kind, id);
        if let Some(changed) = self.changes.changed.get(&key) {
            return changed.as_ref().map(|content| typed(&content.value));
        }
        let found = self.store.read(self.mchid, &key);
        // If it is read again, the change is still based on what was read first.
        let version = found.as_ref().map_or(ABSENT, |document| document.version);
        self.changes.read.entry(key).or_insert(version);
        found.map(|Document { value, .. }| typed(&value))
    }

    /// Creates or replaces the document.
    pub(crate) fn put(&mut self, kind: &str, id: &str, document: &impl Serialize) {
        let value =
            serde_json::to_value(document).expect("documents are structs and values, which always serialize");
        self.changes.changed.insert(Key::new(kind, id), Some(Content::new(Arc::new(value))));
    }

    /// Removes the document.
    pub(crate) fn remove(&mut self, kind: &str, id: &str) {
        self.changes.changed.insert(Key::new(kind, id), None);
    }

    /// Shows the documents of a kind, with their IDs, in the order in which they were created, as they are in the store.
    pub(crate) fn list(&self, kind: &str, mut show: impl FnMut(&str, &Value) -> ControlFlow<()>) {
        let mut after = 0;
        loop {
            let documents = self.store.list(self.mchid, kind, after, READ_AT_ONCE);
            for Listed { place, id, document: Document { value, .. } } in &documents {
                after = *place;
                if show(id, value) == Break(()) {
                    return;
                }
            }
            if documents.len() < READ_AT_ONCE {
                return;
            }
        }
    }

    /// The same in the opposite order, and at most this many.
    pub(crate) fn list_newest(
        &self,
        kind: &str,
        most: usize,
        mut show: impl FnMut(&str, &Value) -> ControlFlow<()>,
    ) {
        let (mut before, mut left) = (u64::MAX, most);
        loop {
            let wanted = left.min(NEWEST_AT_ONCE);
            let documents = self.store.list_newest(self.mchid, kind, before, wanted);
            for Listed { place, id, document } in &documents {
                before = *place;
                if show(id, &document.value) == Break(()) {
                    return;
                }
            }
            left -= documents.len();
            if documents.len() < wanted || left == 0 {
                return;
            }
        }
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
        self.changes.numbers.push((Fingerprint::of(&number), content));
    }

    /// Sends a callback once the changes are kept.
    pub(crate) fn send(&mut self, outgoing: Outgoing) {
        self.send_to(self.mchid, outgoing);
    }

    /// Sends a callback to another merchant once the changes are kept.
    pub(crate) fn send_to(&mut self, mchid: &Mchid, outgoing: Outgoing) {
        self.changes.outgoing.push((mchid.clone(), outgoing));
    }

    /// Remembers that a document changes by itself at this time.
    pub(crate) fn remind(&mut self, at: Timestamp, kind: &str, id: &str) {
        self.changes.reminders.push((at, Key::new(kind, id)));
    }
}

fn typed<T: DeserializeOwned>(value: &Value) -> T {
    T::deserialize(value).expect("a kind of document is read as the type that it is written as")
}
