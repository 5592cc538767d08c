//! The documents that one request reads and changes.

use std::{
    cell::{Cell, OnceCell},
    collections::{BTreeMap, HashMap},
    ops::ControlFlow::{self, Break},
};

use serde::{Serialize, de::DeserializeOwned};
use wechatpay_protocol::{Mchid, Timestamp};
use wechatpay_texts::text;

use super::{
    ABSENT, Backend, Document, Fingerprint, Found, JsonText, Key, Listed, Outgoing, StoreResult, Turn,
    UnavailableError,
};

/// How many documents of a list are read at once.
const READ_AT_ONCE: usize = 1000;

/// The same of the newest, of which mostly few are wanted.
const NEWEST_AT_ONCE: usize = 200;

/// One merchant's documents as one request sees them. Only [`Store::commit`](super::Store::commit) keeps the changes.
pub(crate) struct Documents<'a> {
    store: &'a dyn Backend,
    mchid: &'a Mchid,
    changes: Changes,
    /// What was read, if that takes a way to another machine: it is not taken twice for the same.
    seen: Option<Box<Seen>>,
    /// Held until the changes are kept.
    turn: Option<Turn<'a>>,
    /// Why something could not be read. What was computed without it is not kept.
    unread: OnceCell<UnavailableError>,
}

/// What was read of a store on another machine.
#[derive(Default)]
struct Seen {
    documents: BTreeMap<Key, Option<Document>>,
    numbers: HashMap<Fingerprint, Option<Fingerprint>>,
    /// How often something was read. What was read at once is of one time, except for request numbers.
    times: Cell<u32>,
}

/// What a request is about to read.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    /// What is changed mostly, if anything is, as its place in the next.
    changed: Option<usize>,
    keys: Vec<Key>,
    numbers: Vec<Fingerprint>,
}

impl Ahead {
    /// Adds a document.
    pub(crate) fn document(&mut self, kind: &str, id: &str) -> &mut Self {
        self.keys.push(Key::new(kind, id));
        self
    }

    /// Adds the document that the request is about to change. Requests of this mock that change the same one do so one after
    /// another, since they would conflict.
    pub(crate) fn change_of(&mut self, kind: &str, id: &str) -> &mut Self {
        self.changed = Some(self.keys.len());
        self.document(kind, id)
    }

    /// Adds a request number.
    pub(crate) fn number(&mut self, number: &str) -> &mut Self {
        self.numbers.push(Fingerprint::of(&number));
        self
    }
}

/// What one request read and changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// The versions of the documents that were read.
    pub(super) read: BTreeMap<Key, u64>,
    /// The documents that were put, and `None` for those that were removed.
    pub(super) changed: BTreeMap<Key, Option<JsonText>>,
    /// The used request numbers, each with its content.
    pub(super) numbers: Vec<(Fingerprint, Fingerprint)>,
    /// The callbacks to send, each with the merchant that receives it.
    pub(super) outgoing: Vec<(Mchid, Outgoing)>,
    /// When documents change by themselves.
    pub(super) reminders: Vec<(Timestamp, Key)>,
}

impl Changes {
    /// Whether there is nothing to keep.
    pub(super) fn is_empty(&self) -> bool {
        let Self { read: _, changed, numbers, outgoing, reminders } = self;
        changed.is_empty() && numbers.is_empty() && outgoing.is_empty() && reminders.is_empty()
    }
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
        let seen = store.is_remote().then(Box::default);
        Self { store, mchid, changes: Changes::default(), seen, turn: None, unread: OnceCell::new() }
    }

    pub(crate) fn mchid(&self) -> &'a Mchid {
        self.mchid
    }

    /// What keeps others waiting, until it is dropped.
    pub(super) fn take_turn(&mut self) -> Option<Turn<'a>> {
        self.turn.take()
    }

    /// # Errors
    /// If something could not be read.
    pub(super) fn into_changes(mut self) -> StoreResult<Changes> {
        // What was read at one time was so at that time, without another look.
        if self.changes.is_empty() && self.seen.is_some_and(|seen| seen.times.get() < 2) {
            self.changes.read.clear();
        }
        self.unread.into_inner().map_or(Ok(self.changes), Err)
    }

    /// What was read, or nothing if it could not be read: then no change is kept.
    fn found<T: Default>(&self, read: StoreResult<T>) -> T {
        read.unwrap_or_else(|error| {
            let _ = self.unread.set(error);
            T::default()
        })
    }

    /// # Errors
    /// If something could not be read.
    pub(crate) fn check(&self) -> StoreResult<()> {
        self.unread.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// The same without the changes.
    pub(crate) fn only_read(mut self) -> Self {
        self.changes = Changes { read: self.changes.read, ..Changes::default() };
        self
    }

    /// The document with this ID, if there is one.
    ///
    /// A kind of document is read and written as the same type. If it is none, somebody else has changed the store, and nothing
    /// is kept.
    pub(crate) fn get<T: DeserializeOwned>(&mut self, kind: &str, id: &str) -> Option<T> {
        let key = Key::new(kind, id);
        if let Some(changed) = self.changes.changed.get(&key) {
            return changed.as_ref().and_then(|value| self.typed(&key, value));
        }
        let found = self.document(&key);
        // If it is read again, the change is still based on what was read first.
        let version = found.as_ref().map_or(ABSENT, |document| document.version);
        let read = found.and_then(|Document { value, .. }| self.typed(&key, &value));
        self.changes.read.entry(key).or_insert(version);
        read
    }

    fn document(&mut self, key: &Key) -> Option<Document> {
        if let Some(known) = self.seen.as_ref().and_then(|seen| seen.documents.get(key)) {
            return known.clone();
        }
        let found = self.found(self.store.read(self.mchid, key));
        self.sees_more();
        if let Some(seen) = &mut self.seen {
            seen.documents.insert(key.clone(), found.clone());
        }
        found
    }

    /// Reads at once what the request is about to read one after another, if each takes a way to another machine. What it does
    /// not read in the end does not matter to its changes.
    pub(crate) fn ahead(&mut self, names: impl FnOnce(&mut Ahead)) {
        let Some(mut seen) = self.seen.take() else { return };
        let mut ahead = Ahead::default();
        names(&mut ahead);
        let Ahead { changed, mut keys, numbers } = ahead;
        if self.turn.is_none()
            && let Some(changed) = changed.and_then(|changed| keys.get(changed))
        {
            self.turn = self.store.turn(self.mchid, changed);
        }
        keys.retain(|key| !seen.documents.contains_key(key));
        if keys.is_empty() && numbers.is_empty() {
            self.seen = Some(seen);
            return;
        }
        if let Some(Found { documents, contents }) =
            self.found(self.store.read_many(self.mchid, &keys, &numbers).map(Some))
        {
            seen.documents.extend(keys.into_iter().zip(documents));
            seen.numbers.extend(numbers.into_iter().zip(contents));
        }
        seen.times.update(|times| times + 1);
        self.seen = Some(seen);
    }

    fn typed<T: DeserializeOwned>(&self, key: &Key, value: &JsonText) -> Option<T> {
        let read = serde_json::from_str(value.as_str()).map(Some).map_err(|error| {
            UnavailableError::of(|| {
                text!("its {kind} {id} is not as the mock writes it: {error}", kind = key.kind, id = key.id)
            })
        });
        self.found(read)
    }

    /// Creates or replaces the document.
    pub(crate) fn put(&mut self, kind: &str, id: &str, document: &impl Serialize) {
        self.changes.changed.insert(Key::new(kind, id), Some(JsonText::of(document)));
    }

    /// Removes the document.
    pub(crate) fn remove(&mut self, kind: &str, id: &str) {
        self.changes.changed.insert(Key::new(kind, id), None);
    }

    /// Shows the documents of a kind, with their IDs, in the order in which they were created, as they are in the store.
    pub(crate) fn list(&self, kind: &str, mut show: impl FnMut(&str, &JsonText) -> ControlFlow<()>) {
        let mut after = 0;
        self.sees_more();
        loop {
            let documents = self.found(self.store.list(self.mchid, kind, after, READ_AT_ONCE));
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
        mut show: impl FnMut(&str, &JsonText) -> ControlFlow<()>,
    ) {
        let (mut before, mut left) = (u64::MAX, most);
        self.sees_more();
        loop {
            let wanted = left.min(NEWEST_AT_ONCE);
            let documents = self.found(self.store.list_newest(self.mchid, kind, before, wanted));
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

    /// Something is read at another time than the rest.
    fn sees_more(&self) {
        if let Some(seen) = &self.seen {
            seen.times.update(|times| times + 1);
        }
    }

    /// Whether the request number was used before, and whether for the same content.
    pub(crate) fn number_use(&self, number: &str, content: Fingerprint) -> NumberUse {
        let number = Fingerprint::of(&number);
        self.sees_more();
        let known = self.seen.as_ref().and_then(|seen| seen.numbers.get(&number)).copied();
        match known.unwrap_or_else(|| self.found(self.store.number(self.mchid, number))) {
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
