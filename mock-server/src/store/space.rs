//! What is remembered of one merchant, in memory.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use lru::LruCache;

use super::{ABSENT, Content, Document, Fingerprint, Key, Listed};

/// About how much memory a document or a request number takes, in bytes, apart from its content and its key.
const ENTRY: usize = 256;

/// In how many places the key of a document is kept.
const KEYS: usize = 3;

/// The documents and request numbers of one merchant.
#[derive(Debug)]
pub(super) struct Space {
    /// The initial documents, in their order.
    seed: Vec<(Key, Content)>,
    seeded: HashMap<Key, Kept>,
    created: LruCache<Key, Kept>,
    /// The place of each document in the lists of its kind, and the lists.
    places: HashMap<Key, u64>,
    lists: HashMap<Arc<str>, BTreeMap<u64, Key>>,
    /// The content that each request number was used for.
    numbers: LruCache<Fingerprint, Fingerprint>,
    /// About how much memory requests have added; less than 0 if they have shortened the seed.
    pub(super) bytes: isize,
    /// The version of the last change. It never decreases, so a change that began before a reset conflicts with the
    /// reset.
    version: u64,
}

/// A document, and about how much memory its value takes, in bytes.
#[derive(Debug)]
struct Kept {
    document: Document,
    bytes: usize,
}

impl Kept {
    fn new(Content { value, bytes }: Content, version: u64) -> Self {
        Self { document: Document { version, value }, bytes }
    }
}

impl Space {
    pub(super) fn new(seed: Vec<(Key, Content)>) -> Self {
        let mut space = Self {
            seed,
            seeded: HashMap::new(),
            created: LruCache::unbounded(),
            places: HashMap::new(),
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
        let version = self.version;
        let kept = |content: &Content| Kept::new(content.clone(), version);
        self.seeded = self.seed.iter().map(|(key, content)| (key.clone(), kept(content))).collect();
        self.created = LruCache::unbounded();
        self.places = HashMap::new();
        self.lists = HashMap::new();
        for (key, _) in self.seed.clone() {
            self.version += 1;
            self.enlist(&key);
        }
        self.numbers = LruCache::unbounded();
        self.bytes = 0;
    }

    /// Gives a new document a place after all others.
    fn enlist(&mut self, key: &Key) {
        let place = self.version;
        if !self.places.contains_key(key) {
            self.lists.entry(Arc::clone(&key.kind)).or_default().insert(place, key.clone());
            self.places.insert(key.clone(), place);
        }
    }

    fn delist(&mut self, key: &Key) {
        if let (Some(place), Some(list)) = (self.places.remove(key), self.lists.get_mut(&key.kind)) {
            list.remove(&place);
            if list.is_empty() {
                self.lists.remove(&key.kind);
            }
        }
    }

    pub(super) fn list(&self, kind: &str, after: u64, most: usize) -> Vec<Listed> {
        let list = self.lists.get(kind).into_iter().flat_map(|list| list.range(after + 1..));
        list.filter_map(|one| self.listed(one)).take(most).collect()
    }

    pub(super) fn list_newest(&self, kind: &str, before: u64, most: usize) -> Vec<Listed> {
        let list = self.lists.get(kind).into_iter().flat_map(|list| list.range(..before).rev());
        list.filter_map(|one| self.listed(one)).take(most).collect()
    }

    fn listed(&self, (place, key): (&u64, &Key)) -> Option<Listed> {
        let document = self.get(key)?.clone();
        Some(Listed { place: *place, id: key.id.clone(), document })
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

    pub(super) fn put(&mut self, key: Key, content: Content, most: usize) {
        self.version += 1;
        let kept = Kept::new(content, self.version);
        if let Some(seeded) = self.seeded.get_mut(&key) {
            self.bytes += signed(kept.bytes) - signed(seeded.bytes);
            *seeded = kept;
            return;
        }
        self.bytes += size(&key, &kept);
        self.enlist(&key);
        if let Some((key, old)) = self.created.push(key, kept) {
            self.bytes -= size(&key, &old);
        }
        if self.created.len() > most {
            self.evict_document();
        }
    }

    /// Removes a document, also one of the seed, which a reset restores.
    pub(super) fn remove(&mut self, key: &Key) {
        self.version += 1;
        if let Some(seeded) = self.seeded.remove(key) {
            self.bytes -= signed(seeded.bytes);
        } else if let Some(created) = self.created.pop(key) {
            self.bytes -= size(key, &created);
        }
        self.delist(key);
    }

    /// Evicts the document that was changed longest ago or, without one, the oldest request number. Returns whether
    /// there was one.
    pub(super) fn evict(&mut self) -> bool {
        self.evict_document() || self.evict_number()
    }

    fn evict_document(&mut self) -> bool {
        let Some((key, kept)) = self.created.pop_lru() else { return false };
        self.bytes -= size(&key, &kept);
        self.delist(&key);
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
    let of_key = key.kind.len() + KEYS * (size_of::<Key>() + key.id.len());
    signed(ENTRY + of_key + kept.bytes)
}

fn signed(size: usize) -> isize {
    isize::try_from(size).unwrap_or(isize::MAX)
}
