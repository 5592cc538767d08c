//! The store in memory: bounded, and lost when the process ends.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicIsize, AtomicU64, Ordering::Relaxed},
    },
};

use parking_lot::{Mutex, RwLock};
use wechatpay_protocol::{Mchid, Timestamp};

use super::{
    ABSENT, Backend, CommitError, Delivery, Document, Due, Fingerprint, IsKnown, JsonText, Key, Lease,
    Listed, MerchantState, Outgoing, Reminder, StoreResult, Wait, documents::Changes, outbox::Outbox,
    reminders::Reminders, space::Space,
};
use crate::limits::Limits;

/// The documents and request numbers of every merchant.
#[derive(Debug)]
pub(super) struct Memory {
    spaces: RwLock<HashMap<Mchid, Arc<Mutex<Space>>>>,
    /// The last version of a merchant that was removed. One that comes again goes on from there.
    removed_version: AtomicU64,
    /// The most request numbers that are kept for each merchant.
    request_numbers: usize,
    /// The most documents created by requests that are kept for each merchant.
    created: usize,
    /// The most memory of what requests have added, in bytes.
    most_bytes: usize,
    /// The memory of what requests have added to all spaces.
    bytes: AtomicIsize,
    outbox: Outbox,
    reminders: Reminders,
}

impl Memory {
    /// An empty store.
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            spaces: RwLock::default(),
            removed_version: AtomicU64::new(ABSENT),
            request_numbers: limits.request_numbers,
            created: limits.created,
            most_bytes: limits.store_bytes,
            bytes: AtomicIsize::new(0),
            outbox: Outbox::new(limits.callbacks, limits.callback_bytes),
            reminders: Reminders::default(),
        }
    }

    /// Changes a merchant's space and the memory of all.
    fn change<T>(&self, mchid: &Mchid, change: impl FnOnce(&mut Space) -> T) -> T {
        loop {
            let space = self.space(mchid);
            let mut space = space.lock();
            // If it was removed meanwhile, the change would be lost.
            if !space.is_removed {
                return self.change_space(&mut space, change);
            }
        }
    }

    fn change_space<T>(&self, space: &mut Space, change: impl FnOnce(&mut Space) -> T) -> T {
        let before = space.bytes;
        let changed = change(space);
        self.bytes.fetch_add(space.bytes - before, Relaxed);
        changed
    }

    /// Evicts from the largest space until all of them take no more memory than allowed, so that a busy merchant does
    /// not evict a quiet merchant's documents.
    fn make_room(&self) {
        while usize::try_from(self.bytes.load(Relaxed)).is_ok_and(|bytes| bytes > self.most_bytes) {
            let spaces = self.spaces.read();
            let largest = spaces.values().max_by_key(|space| space.lock().bytes);
            if !largest.is_some_and(|space| self.change_space(&mut space.lock(), Space::evict)) {
                return;
            }
        }
    }

    fn space(&self, mchid: &Mchid) -> Arc<Mutex<Space>> {
        if let Some(space) = self.spaces.read().get(mchid) {
            return Arc::clone(space);
        }
        let empty = || Arc::new(Mutex::new(Space::after(self.removed_version.load(Relaxed))));
        Arc::clone(self.spaces.write().entry(mchid.clone()).or_insert_with(empty))
    }
}

impl Backend for Memory {
    fn seed(&self, mchid: &Mchid, documents: Vec<(Key, JsonText)>) -> StoreResult<()> {
        self.change(mchid, |space| space.seed(documents));
        Ok(())
    }

    fn read(&self, mchid: &Mchid, key: &Key) -> StoreResult<Option<Document>> {
        Ok(self.space(mchid).lock().get(key).cloned())
    }

    fn list(&self, mchid: &Mchid, kind: &str, after: u64, most: usize) -> StoreResult<Vec<Listed>> {
        Ok(self.space(mchid).lock().list(kind, after, most))
    }

    fn list_newest(&self, mchid: &Mchid, kind: &str, before: u64, most: usize) -> StoreResult<Vec<Listed>> {
        Ok(self.space(mchid).lock().list_newest(kind, before, most))
    }

    fn kinds(&self, mchid: &Mchid) -> StoreResult<Vec<(Arc<str>, usize)>> {
        Ok(self.space(mchid).lock().kinds())
    }

    fn number(&self, mchid: &Mchid, number: Fingerprint) -> StoreResult<Option<Fingerprint>> {
        Ok(self.space(mchid).lock().number(number))
    }

    fn commit(&self, mchid: &Mchid, changes: Changes) -> Result<u64, CommitError> {
        let version = self.change(mchid, |space| {
            if changes.read.iter().any(|(key, version)| space.version_of(key) != *version) {
                return Err(CommitError::Conflict);
            }
            for (key, value) in changes.changed {
                match value {
                    Some(value) => space.put(key, value, self.created),
                    None => space.remove(&key),
                }
            }
            for (number, content) in changes.numbers {
                space.use_number(number, content, self.request_numbers);
            }
            // Within the lock, so that callbacks of one document are in the order of its changes.
            for (receiver, outgoing) in changes.outgoing {
                self.outbox.add(&receiver, vec![outgoing]);
            }
            self.reminders.add(mchid, changes.reminders);
            Ok(space.version())
        })?;
        self.make_room();
        Ok(version)
    }

    fn reset(&self, mchid: Option<&Mchid>) -> StoreResult<()> {
        let spaces = self.spaces.read();
        let own = spaces.iter().filter(|(owner, _)| mchid.is_none_or(|mchid| mchid == *owner));
        // All at once, so that no commit in between keeps its documents and loses its callbacks.
        let mut own: Vec<_> = own.map(|(_, space)| space.lock()).collect();
        own.iter_mut().for_each(|space| self.change_space(space, Space::reset));
        self.outbox.remove(mchid);
        self.reminders.remove(mchid);
        Ok(())
    }

    fn remove(&self, mchid: &Mchid) -> StoreResult<()> {
        let mut spaces = self.spaces.write();
        let removed = spaces.remove(mchid);
        let mut removed = removed.as_ref().map(|space| space.lock());
        if let Some(space) = &mut removed {
            space.is_removed = true;
            self.removed_version.fetch_max(space.version(), Relaxed);
            self.bytes.fetch_sub(space.bytes, Relaxed);
        }
        self.outbox.remove(Some(mchid));
        self.reminders.remove(Some(mchid));
        Ok(())
    }

    fn send(&self, mchid: &Mchid, outgoing: Outgoing) -> StoreResult<u64> {
        Ok(self.outbox.add(mchid, vec![outgoing]).into_iter().next().unwrap_or_default())
    }

    fn lease(
        &self,
        now: Timestamp,
        most: usize,
        most_of_one: usize,
        is_known: IsKnown<'_>,
    ) -> StoreResult<Lease> {
        Ok(self.outbox.lease(now, most, most_of_one, is_known))
    }

    fn update(&self, delivery: Delivery) -> StoreResult<bool> {
        Ok(self.outbox.update(delivery))
    }

    fn send_again(&self, number: u64, now: Timestamp) -> StoreResult<Option<usize>> {
        Ok(self.outbox.send_again(number, now))
    }

    fn delivery(&self, number: u64) -> StoreResult<Option<Arc<Delivery>>> {
        Ok(self.outbox.delivery(number))
    }

    fn deliveries(&self, mchid: Option<&Mchid>, after: u64, most: usize) -> StoreResult<Vec<Arc<Delivery>>> {
        Ok(self.outbox.list(mchid, after, most))
    }

    fn last_delivery(&self) -> StoreResult<u64> {
        Ok(self.outbox.last())
    }

    fn outbox_changed(&self) -> Wait<'_> {
        Box::pin(self.outbox.changed())
    }

    fn due(&self, now: Timestamp, most: usize, is_known: IsKnown<'_>) -> StoreResult<Due> {
        Ok(self.reminders.due(now, most, is_known))
    }

    fn done(&self, done: &[Reminder]) -> StoreResult<()> {
        self.reminders.forget(done);
        Ok(())
    }

    fn reminded(&self) -> Wait<'_> {
        Box::pin(self.reminders.added())
    }

    fn export(&self, mchid: &Mchid) -> StoreResult<MerchantState> {
        let space = self.space(mchid);
        let space = space.lock();
        let deliveries = self.outbox.list(Some(mchid), 0, usize::MAX);
        Ok(MerchantState {
            documents: space.documents(),
            numbers: space.numbers(),
            deliveries: deliveries.into_iter().map(Arc::unwrap_or_clone).collect(),
            reminders: self.reminders.of(mchid),
        })
    }

    fn import(&self, mchid: &Mchid, state: MerchantState) -> StoreResult<()> {
        let MerchantState { documents, numbers, deliveries, reminders } = state;
        self.change(mchid, |space| {
            space.import(documents, numbers, [self.created, self.request_numbers]);
            self.outbox.remove(Some(mchid));
            self.outbox.import(mchid, deliveries);
            self.reminders.remove(Some(mchid));
            self.reminders.add(mchid, reminders);
        });
        self.make_room();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(store_bytes: usize) -> Memory {
        Memory::new(&Limits { request_numbers: 10, store_bytes, ..Limits::default() })
    }

    fn put(store: &Memory, mchid: &Mchid, id: &str) {
        let mut changes = Changes::default();
        changes.changed.insert(Key::new("thing", id), Some(JsonText::of(&"x".repeat(1000))));
        changes.numbers.push((Fingerprint::of(&id), Fingerprint::of(&id)));
        store.commit(mchid, changes).unwrap();
    }

    fn merchants() -> [Mchid; 2] {
        ["1900000001", "1900000002"].map(|mchid| mchid.parse().unwrap())
    }

    #[test]
    fn beyond_the_memory_of_all_merchants_the_one_with_the_most_loses_its_oldest() {
        let (store, [quiet, busy]) = (memory(20_000), merchants());
        put(&store, &quiet, "1");
        (0..100).for_each(|id| put(&store, &busy, &id.to_string()));
        let is_kept = |mchid: &Mchid, id: &str| store.read(mchid, &Key::new("thing", id)).unwrap().is_some();
        let kept = (0..100).filter(|id| is_kept(&busy, &id.to_string())).collect::<Vec<_>>();
        assert!((10..20).contains(&kept.len()) && kept.last() == Some(&99), "{kept:?}");
        assert!(is_kept(&quiet, "1"));
    }

    #[test]
    fn what_is_gone_takes_no_memory() {
        let (store, [one, other]) = (Arc::new(memory(usize::MAX)), merchants());
        let bytes = || store.bytes.load(Relaxed);
        store.seed(&one, vec![(Key::new("thing", "seeded"), JsonText::of(&"seed"))]).unwrap();
        assert_eq!(bytes(), 0);
        for mchid in [&one, &other] {
            ["seeded", "1", "2"].iter().for_each(|id| put(&store, mchid, id));
        }
        assert!(bytes() > 6_000);
        store.reset(Some(&one)).unwrap();
        store.remove(&other).unwrap();
        assert_eq!(bytes(), 0);
        put(&store, &one, "seeded");
        put(&store, &one, "1");
        store.import(&one, MerchantState::default()).unwrap();
        store.seed(&one, Vec::new()).unwrap();
        assert_eq!(bytes(), 0);
        // Nor what is removed while others change it.
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..200).for_each(|id| put(&store, &other, &id.to_string())));
            }
            (0..200).for_each(|_| store.remove(&other).unwrap());
        });
        store.remove(&other).unwrap();
        assert_eq!(bytes(), 0);
    }
}
