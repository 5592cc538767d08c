//! What was seen last, up to a bound.

use std::{
    hash::{BuildHasher, Hash},
    mem,
};

use hashbrown::HashTable;

use crate::own_hash::ByOwnHash;

/// The last so many keys that were seen, each with a value. The key that was seen first is forgotten first. A key is a hash
/// itself, with a secret key: see [`crate::own_hash::OwnHash`].
///
/// In the end there is room for that many entries and no more. A map would double its room for good once entries have come
/// and gone often enough; here only that of the places does, five bytes each.
#[derive(Debug)]
pub(crate) struct Latest<K, V> {
    bound: usize,
    /// In the order in which they came; once there are as many as may be, a ring.
    entries: Vec<(K, V)>,
    /// Which of the ring is to be forgotten next.
    oldest: usize,
    /// Where in it each key is.
    places: HashTable<u32>,
}

impl<K: Eq + Hash, V> Latest<K, V> {
    pub(crate) fn new(bound: usize) -> Self {
        Self { bound, entries: Vec::new(), oldest: 0, places: HashTable::new() }
    }

    /// How many keys are remembered.
    pub(crate) fn bound(&self) -> usize {
        self.bound
    }

    /// The key's value, if the key was seen lately.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.place(key).map(|place| &self.entries[place].1)
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.place(key).map(|place| &mut self.entries[place].1)
    }

    /// Gives the key that value. Returns the key that made room for it, if it is a new one and there was none left.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<(K, V)> {
        if let Some(known) = self.get_mut(&key) {
            *known = value;
            return None;
        }
        if self.bound == 0 {
            return Some((key, value));
        }
        let hash = hash(&key);
        let (place, forgotten) = self.put((key, value));
        let Self { entries, places, .. } = self;
        // Less than the bound, which a u32 holds.
        places.insert_unique(hash, place as u32, |place| self::hash(&entries[*place as usize].0));
        forgotten
    }

    /// Puts a new entry into the ring. Says where, and what was there before.
    fn put(&mut self, entry: (K, V)) -> (usize, Option<(K, V)>) {
        if self.entries.len() < self.bound {
            if self.entries.len() == self.entries.capacity() {
                let room = self.entries.len().max(16).min(self.bound - self.entries.len());
                self.entries.reserve_exact(room);
            }
            self.entries.push(entry);
            return (self.entries.len() - 1, None);
        }
        let place = self.oldest;
        let hash = hash(&self.entries[place].0);
        if let Ok(known) = self.places.find_entry(hash, |known| *known as usize == place) {
            known.remove();
        }
        self.oldest = (place + 1) % self.bound;
        (place, Some(mem::replace(&mut self.entries[place], entry)))
    }

    fn place(&self, key: &K) -> Option<usize> {
        let place = self.places.find(hash(key), |place| self.entries[*place as usize].0 == *key);
        place.map(|place| *place as usize)
    }
}

fn hash(key: &impl Hash) -> u64 {
    ByOwnHash::default().hash_one(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_key_seen_first_is_forgotten_first_even_if_it_was_seen_again() {
        let mut latest = Latest::new(2);
        assert_eq!(latest.insert("1", 'a'), None);
        assert_eq!(latest.insert("2", 'b'), None);
        assert_eq!(latest.insert("1", 'c'), None);
        assert_eq!(latest.insert("3", 'd'), Some(("1", 'c')));
        assert_eq!([latest.get(&"1"), latest.get(&"2"), latest.get(&"3")], [None, Some(&'b'), Some(&'d')]);
    }

    #[test]
    fn nothing_is_remembered_where_there_is_no_room() {
        let mut latest = Latest::new(0);
        assert_eq!((latest.insert(1, ()), latest.get(&1)), (Some((1, ())), None));
    }

    proptest! {
        #[test]
        fn it_is_a_list_of_which_the_beginning_is_cut_off(bound in 0..8_usize, keys in proptest::collection::vec(0..12_u8, 0..60)) {
            let mut latest = Latest::new(bound);
            let mut list: Vec<(u8, usize)> = Vec::new();
            for (value, key) in keys.into_iter().enumerate() {
                latest.insert(key, value);
                match list.iter_mut().find(|(known, _)| *known == key) {
                    Some(entry) => entry.1 = value,
                    None => list.push((key, value)),
                }
                if list.len() > bound {
                    list.remove(0);
                }
                for key in 0..12 {
                    let listed = list.iter().find(|(known, _)| *known == key).map(|(_, value)| value);
                    prop_assert_eq!(latest.get(&key), listed);
                }
            }
            prop_assert!(latest.entries.capacity() <= bound);
        }
    }
}
