//! What was read or written last, in memory, so that most requests need not ask SQLite.
//!
//! It is right as long as nobody else writes to the file: the lock keeps other mocks away, and what a person changes is noticed when the
//! next group begins. It shows what the open group has, and is emptied if the group is lost.

use lru::LruCache;
use wechatpay_protocol::Mchid;

use crate::store::{ABSENT, Document, Fingerprint, Key};

/// How much is remembered, in bytes.
const MOST: usize = 2 << 20;

/// About how much an entry takes apart from its text.
const ENTRY: usize = 256;

#[derive(Debug)]
pub(super) struct Cache {
    /// Documents, and `None` for those that do not exist.
    documents: LruCache<(Mchid, Key), Option<Kept>>,
    /// The contents of request numbers, and `None` for those that were not used.
    numbers: LruCache<(Mchid, Fingerprint), Option<Fingerprint>>,
    bytes: usize,
}

/// A document as it is in the file.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) row: i64,
    pub(super) is_seeded: bool,
    pub(super) document: Document,
}

impl Kept {
    pub(super) fn version(kept: Option<&Self>) -> u64 {
        kept.map_or(ABSENT, |kept| kept.document.version)
    }
}

impl Cache {
    pub(super) fn new() -> Self {
        Self { documents: LruCache::unbounded(), numbers: LruCache::unbounded(), bytes: 0 }
    }

    /// What is known of a document; `None` if nothing is.
    pub(super) fn document(&mut self, mchid: &Mchid, key: &Key) -> Option<&Option<Kept>> {
        self.documents.get(&(mchid.clone(), key.clone()))
    }

    pub(super) fn keep_document(&mut self, mchid: &Mchid, key: &Key, kept: Option<Kept>) {
        self.bytes += size(key, kept.as_ref());
        let before = self.documents.push((mchid.clone(), key.clone()), kept);
        if let Some(((_, key), kept)) = before {
            self.bytes -= size(&key, kept.as_ref());
        }
        self.make_room();
    }

    pub(super) fn number(&mut self, mchid: &Mchid, number: Fingerprint) -> Option<Option<Fingerprint>> {
        self.numbers.get(&(mchid.clone(), number)).copied()
    }

    pub(super) fn keep_number(&mut self, mchid: &Mchid, number: Fingerprint, content: Option<Fingerprint>) {
        if self.numbers.push((mchid.clone(), number), content).is_none() {
            self.bytes += ENTRY;
        }
        self.make_room();
    }

    /// What was remembered longest ago goes first, numbers before documents: most are never asked for again.
    fn make_room(&mut self) {
        while self.bytes > MOST {
            let many_numbers = self.numbers.len() * ENTRY > MOST / 8;
            if many_numbers && self.numbers.pop_lru().is_some() {
                self.bytes -= ENTRY;
            } else if let Some(((_, key), kept)) = self.documents.pop_lru() {
                self.bytes -= size(&key, kept.as_ref());
            } else {
                break;
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }
}

fn size(key: &Key, kept: Option<&Kept>) -> usize {
    ENTRY + key.id.len() + kept.map_or(0, |kept| kept.document.value.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::JsonText;

    #[test]
    fn it_stays_small_and_remembers_what_was_used_last() {
        let mchid: Mchid = "1900000001".parse().unwrap();
        let mut cache = Cache::new();
        let key = |id: usize| Key::new("thing", &id.to_string());
        let keep = |cache: &mut Cache, id: usize| {
            let document = Document { version: 1, value: JsonText::of(&"x".repeat(id % 3000)) };
            cache.keep_document(&mchid, &key(id), Some(Kept { row: 1, is_seeded: false, document }));
        };
        for id in 0..20_000 {
            keep(&mut cache, id);
            keep(&mut cache, id / 2);
            cache.keep_document(&mchid, &key(id + 100_000), None);
            cache.keep_number(&mchid, Fingerprint::of(&id), None);
            assert!(cache.document(&mchid, &key(0)).is_some(), "{id}");
            let documents = cache.documents.iter().map(|((_, key), kept)| size(key, kept.as_ref()));
            if id % 1000 == 0 {
                let counted = documents.sum::<usize>() + cache.numbers.len() * ENTRY;
                assert!(counted == cache.bytes && counted <= MOST, "{id}: {counted}, {}", cache.bytes);
            }
        }
        assert!(cache.document(&mchid, &key(19_999)).unwrap().is_some());
        assert!(cache.document(&mchid, &key(119_999)).unwrap().is_none());
        assert_eq!(cache.number(&mchid, Fingerprint::of(&19_999)), Some(None));
        assert!(cache.document(&mchid, &key(500)).is_none() && cache.numbers.len() < 2000);
        cache.clear();
        assert!(cache.document(&mchid, &key(0)).is_none() && cache.bytes == 0);
    }
}
