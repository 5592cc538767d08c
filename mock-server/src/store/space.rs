//! What is remembered of one merchant, in memory.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
    sync::Arc,
};

use lru::LruCache;

use super::{ABSENT, Document, Fingerprint, JsonText, Key, Listed};

/// About how much memory a document or a request number takes, in bytes, apart from its content and its key.
pub(super) const ENTRY: usize = 256;

/// In how many places the key of a document is kept.
const KEYS: usize = 2;

/// The documents and request numbers of one merchant.
#[derive(Debug)]
pub(super) struct Space {
    /// The initial documents, in their order.
    seed: Vec<(Key, JsonText)>,
    seeded: BTreeMap<Key, Kept>,
    created: LruCache<Key, Kept>,
    /// The documents of each kind, by their places.
    lists: BTreeMap<Arc<str>, BTreeMap<u64, Key>>,
    /// The content that each request number was used for.
    numbers: LruCache<Fingerprint, Fingerprint>,
    /// About how much memory requests have added; less than 0 if they have shortened the seed.
    pub(super) bytes: isize,
    /// The version of the last change. It never decreases, so a change that began before a reset conflicts with the
    /// reset.
    version: u64,
    /// Whether it was seeded or has had documents.
    is_known: bool,
    /// Whether the merchant was removed: then nothing is kept here any more.
    pub(super) is_removed: bool,
}

/// A document.
#[derive(Debug)]
struct Kept {
    document: Document,
    /// Its place in the list of its kind.
    place: u64,
}

impl Space {
    /// An empty space whose versions begin after this one.
    pub(super) fn after(version: u64) -> Self {
        Self {
            seed: Vec::new(),
            seeded: BTreeMap::new(),
            created: LruCache::unbounded(),
            lists: BTreeMap::new(),
            numbers: LruCache::unbounded(),
            bytes: 0,
            version,
            is_known: false,
            is_removed: false,
        }
    }

    /// Sets what a reset restores. Begins with it if there was nothing before.
    pub(super) fn seed(&mut self, seed: Vec<(Key, JsonText)>) {
        self.seed = seed;
        if !self.is_known {
            self.is_known = true;
            self.reset();
        }
    }

    pub(super) fn reset(&mut self) {
        self.version += 1;
        self.seeded = BTreeMap::new();
        self.created = LruCache::unbounded();
        self.lists = BTreeMap::new();
        for (key, value) in self.seed.clone() {
            self.version += 1;
            let known = self.seeded.get(&key).map(|known| known.place);
            let kept = self.kept(&key, value, known);
            self.seeded.insert(key, kept);
        }
        self.numbers = LruCache::unbounded();
        self.bytes = 0;
    }

    /// Replaces all documents and request numbers. A reset still restores the seed.
    pub(super) fn import(
        &mut self,
        documents: Vec<(Key, JsonText)>,
        numbers: Vec<(Fingerprint, Fingerprint)>,
        most: [usize; 2],
    ) {
        let seed = std::mem::take(&mut self.seed);
        self.reset();
        (self.seed, self.is_known) = (seed, true);
        documents.into_iter().for_each(|(key, value)| self.put(key, value, most[0]));
        numbers.into_iter().for_each(|(number, content)| self.use_number(number, content, most[1]));
    }

    /// All request numbers, the oldest first.
    pub(super) fn numbers(&self) -> Vec<(Fingerprint, Fingerprint)> {
        self.numbers.iter().rev().map(|(number, content)| (*number, *content)).collect()
    }

    /// All documents, in the order in which they were created.
    pub(super) fn documents(&self) -> Vec<(Key, JsonText)> {
        let mut all: Vec<_> = self.lists.values().flatten().collect();
        all.sort_unstable_by_key(|(place, _)| **place);
        let all = all.into_iter().filter_map(|(_, key)| Some((key.clone(), self.get(key)?.value.clone())));
        all.collect()
    }

    /// A document of this version. A new one gets a place after all others.
    fn kept(&mut self, key: &Key, value: JsonText, place: Option<u64>) -> Kept {
        let version = self.version;
        let place = place.unwrap_or_else(|| {
            self.lists.entry(Arc::clone(&key.kind)).or_default().insert(version, key.clone());
            version
        });
        Kept { document: Document { version, value }, place }
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
        let list = self.lists.get(kind).into_iter().flat_map(|list| list.range((Excluded(after), Unbounded)));
        list.filter_map(|one| self.listed(one)).take(most).collect()
    }

    pub(super) fn list_newest(&self, kind: &str, before: u64, most: usize) -> Vec<Listed> {
        let list = self.lists.get(kind).into_iter().flat_map(|list| list.range(..before).rev());
        list.filter_map(|one| self.listed(one)).take(most).collect()
    }

    fn listed(&self, (place, key): (&u64, &Key)) -> Option<Listed> {
        let document = self.get(key)?.clone();
        Some(Listed { place: *place, id: key.id.as_ref().into(), document })
    }

    /// Each kind, and how many documents it has.
    pub(super) fn kinds(&self) -> Vec<(Arc<str>, usize)> {
        self.lists.iter().map(|(kind, list)| (Arc::clone(kind), list.len())).collect()
    }

    /// The version of the last change.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Document> {
        let kept = self.seeded.get(key).or_else(|| self.created.peek(key));
        kept.map(|kept| &kept.document)
    }

    pub(super) fn version_of(&self, key: &Key) -> u64 {
        self.get(key).map_or(ABSENT, |document| document.version)
    }

    pub(super) fn put(&mut self, key: Key, value: JsonText, most: usize) {
        self.version += 1;
        self.is_known = true;
        let version = self.version;
        let known = self.seeded.get_mut(&key);
        if let Some(known) = known.or_else(|| self.created.get_mut(&key)) {
            self.bytes += signed(value.len()) - signed(known.document.value.len());
            known.document = Document { version, value };
            return;
        }
        let kept = self.kept(&key, value, None);
        self.bytes += size(&key, &kept);
        self.created.put(key, kept);
        if self.created.len() > most {
            self.evict_document();
        }
    }

    /// Removes a document, also one of the seed, which a reset restores.
    pub(super) fn remove(&mut self, key: &Key) {
        self.version += 1;
        if let Some(seeded) = self.seeded.remove(key) {
            self.bytes -= signed(seeded.document.value.len());
            self.delist(key, seeded.place);
        } else if let Some(created) = self.created.pop(key) {
            self.bytes -= size(key, &created);
            self.delist(key, created.place);
        }
    }

    /// Evicts the document that was changed longest ago or, without one, the oldest request number. Returns whether
    /// there was one.
    pub(super) fn evict(&mut self) -> bool {
        self.evict_document() || self.evict_number()
    }

    fn evict_document(&mut self) -> bool {
        let Some((key, kept)) = self.created.pop_lru() else { return false };
        self.bytes -= size(&key, &kept);
        self.delist(&key, kept.place);
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

/// About how much memory a document takes with its key, in bytes.
fn size(key: &Key, kept: &Kept) -> isize {
    signed(size_of_document([key.kind.len(), key.id.len()], kept.document.value.len()))
}

/// The same by the lengths of its kind and ID, and of its text.
pub(super) fn size_of_document([kind, id]: [usize; 2], value: usize) -> usize {
    ENTRY + kind + KEYS * (size_of::<Key>() + id) + value
}

fn signed(size: usize) -> isize {
    isize::try_from(size).unwrap_or(isize::MAX)
}
