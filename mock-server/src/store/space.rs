//! What is remembered of one merchant, in memory.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use lru::LruCache;
use serde_json::Value;

use super::{ABSENT, Document, Fingerprint, Key, Listed};
use crate::limits::memory_of;

/// About how much memory a document or a request number takes, in bytes, apart from its content and its key.
const ENTRY: usize = 256;

/// In how many places the key of a document is kept.
const KEYS: usize = 2;

/// The documents and request numbers of one merchant.
#[derive(Debug)]
pub(super) struct Space {
    /// The initial documents, in their order.
    seed: Vec<(Key, Arc<Value>)>,
    seeded: HashMap<Key, Document>,
    created: LruCache<Key, Created>,
    /// The documents of each kind, by their places.
    lists: HashMap<Arc<str>, BTreeMap<u64, Key>>,
    /// The content that each request number was used for.
    numbers: LruCache<Fingerprint, Fingerprint>,
    /// About how much memory requests have added; less than 0 if they have shortened the seed.
    pub(super) bytes: isize,
    /// The version of the last change. It never decreases, so a change that began before a reset conflicts with the
    /// reset.
    version: u64,
}

/// A document that a request created, and its place in the list of its kind.
#[derive(Debug)]
struct Created {
    document: Document,
    place: u64,
}

impl Space {
    pub(super) fn new(seed: Vec<(Key, Arc<Value>)>) -> Self {
        let mut space = Self {
            seed,
            seeded: HashMap::new(),
            created: LruCache::unbounded(),
            lists: HashMap::new(),
            numbers: LruCache::unbounded(),
            bytes: 0,
            version: ABSENT,
        };
        space.reset();
        space
    }

    pub(super) fn reset(&mut self) {
        self.version += 1;
        self.seeded = HashMap::new();
        self.created = LruCache::unbounded();
        self.lists = HashMap::new();
        for (key, value) in self.seed.clone() {
            self.version += 1;
            let document = Document { version: self.version, value };
            if self.seeded.insert(key.clone(), document).is_none() {
                self.enlist(&key);
            }
        }
        self.numbers = LruCache::unbounded();
        self.bytes = 0;
    }

    /// Gives a new document a place after all others, and returns it.
    fn enlist(&mut self, key: &Key) -> u64 {
        let place = self.version;
        self.lists.entry(Arc::clone(&key.kind)).or_default().insert(place, key.clone());
        place
    }

    fn delist(&mut self, key: &Key, place: u64) {
        if let Some(list) = self.lists.get_mut(&key.kind) {
            list.remove(&place);
            if list.is_empty() {
                self.lists.remove(&key.kind);
            }
        }
    }

    pub(super) fn list(&self, kind: &str, after: u64, most: usize) -> Vec<Listed> {
        let list = self.lists.get(kind).into_iter().flat_map(|list| list.range(after + 1..));
        let listed = list.filter_map(|(place, key)| {
            let value = Arc::clone(&self.get(key)?.value);
            Some(Listed { place: *place, id: key.id.clone(), value })
        });
        listed.take(most).collect()
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Document> {
        self.seeded.get(key).or_else(|| self.created.peek(key).map(|created| &created.document))
    }

    pub(super) fn version_of(&self, key: &Key) -> u64 {
        self.get(key).map_or(ABSENT, |document| document.version)
    }

    pub(super) fn put(&mut self, key: Key, value: Arc<Value>, most: usize) {
        self.version += 1;
        let document = Document { version: self.version, value };
        let known = self.seeded.get_mut(&key);
        if let Some(known) = known.or_else(|| Some(&mut self.created.get_mut(&key)?.document)) {
            self.bytes += signed(memory_of(&document.value)) - signed(memory_of(&known.value));
            *known = document;
            return;
        }
        self.bytes += size(&key, &document);
        let place = self.enlist(&key);
        self.created.put(key, Created { document, place });
        if self.created.len() > most {
            self.evict_document();
        }
    }

    /// Evicts the document that was changed longest ago or, without one, the oldest request number. Returns whether
    /// there was one.
    pub(super) fn evict(&mut self) -> bool {
        self.evict_document() || self.evict_number()
    }

    fn evict_document(&mut self) -> bool {
        let Some((key, Created { document, place })) = self.created.pop_lru() else { return false };
        self.bytes -= size(&key, &document);
        self.delist(&key, place);
        true
    }

    fn evict_number(&mut self) -> bool {
        let evicted = self.numbers.pop_lru().is_some();
        self.bytes -= if evicted { signed(ENTRY) } else { 0 };
        evicted
    }

    /// The content that a number was used for.
    pub(super) fn number(&self, number: Fingerprint) -> Option<Fingerprint> {
        self.numbers.peek(&number).copied()
    }

    /// The number that was first used longest ago is evicted first, even if it was used again.
    pub(super) fn use_number(&mut self, number: Fingerprint, content: Fingerprint, most: usize) {
        if let Some(known) = self.numbers.peek_mut(&number) {
            *known = content;
            return;
        }
        self.numbers.put(number, content);
        self.bytes += signed(ENTRY);
        if self.numbers.len() > most {
            self.evict_number();
        }
    }
}

/// About how much memory a document takes, in bytes.
fn size(key: &Key, document: &Document) -> isize {
    let of_key = key.kind.len() + KEYS * (size_of::<Key>() + key.id.len());
    signed(ENTRY + of_key + memory_of(&document.value))
}

fn signed(size: usize) -> isize {
    isize::try_from(size).unwrap_or(isize::MAX)
}
