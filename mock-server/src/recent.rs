//! How often something was used lately.

use std::hash::{BuildHasher, RandomState};

use crate::latest::Latest;

/// Counts the uses of the last so many texts; the oldest is forgotten first.
///
/// Keeps a hash of each, with a key that nobody knows: two texts are taken for one with a chance of 1 in 2⁶⁴.
#[derive(Debug)]
pub(crate) struct Recent {
    hasher: RandomState,
    uses: Latest<u64, u64>,
}

impl Recent {
    pub(crate) fn new(bound: usize) -> Self {
        Self { hasher: RandomState::new(), uses: Latest::new(bound) }
    }

    /// How often this text was used, this time included.
    pub(crate) fn count(&mut self, text: &str) -> u64 {
        let hash = self.hasher.hash_one(text);
        if let Some(uses) = self.uses.get_mut(&hash) {
            *uses += 1;
            return *uses;
        }
        self.uses.insert(hash, 1);
        1
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
