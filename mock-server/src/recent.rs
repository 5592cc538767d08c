//! How often something was used lately.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{BuildHasher, RandomState},
};

/// Counts the uses of the last so many texts; the oldest is forgotten first.
///
/// Keeps a hash of each, with a key that nobody knows: two texts are taken for one with a chance of 1 in 2⁶⁴.
#[derive(Debug)]
pub(crate) struct Recent {
    bound: usize,
    hasher: RandomState,
    // A hash map would double its room for good once entries have come and gone often enough.
    uses: BTreeMap<u64, u64>,
    oldest_first: VecDeque<u64>,
}

impl Recent {
    pub(crate) fn new(bound: usize) -> Self {
        Self { bound, hasher: RandomState::new(), uses: BTreeMap::new(), oldest_first: VecDeque::new() }
    }

    /// How often this text was used, this time included.
    pub(crate) fn count(&mut self, text: &str) -> u64 {
        let hash = self.hasher.hash_one(text);
        let uses = self.uses.entry(hash).or_default();
        *uses += 1;
        let uses = *uses;
        if uses == 1 {
            self.oldest_first.push_back(hash);
        }
        if self.oldest_first.len() > self.bound
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.uses.remove(&oldest);
        }
        uses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_are_counted_and_the_oldest_text_is_forgotten() {
        let mut recent = Recent::new(2);
        let counts: Vec<_> = ["1", "1", "2", "1", "3", "2", "1"].map(|text| recent.count(text)).into();
        assert_eq!(counts, [1, 2, 1, 3, 1, 2, 1]);
    }
}
