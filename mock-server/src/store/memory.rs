//! The store in memory: bounded, and lost when the process ends.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicIsize, Ordering::Relaxed},
    },
};

use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use wechatpay_protocol::{Mchid, Timestamp};

use super::{
    Backend, Conflict, Content, Delivery, Document, Due, Fingerprint, Key, Lease, Listed, Outgoing,
    documents::Changes, outbox::Outbox, reminders::Reminders, space::Space,
};
use crate::limits::Limits;

/// The most documents created by requests that are kept for each merchant. The least recently changed one is evicted
/// first; documents of the seed stay. (own choice)
const CREATED: usize = 100_000;

/// The documents and request numbers of every merchant.
#[derive(Debug)]
pub(super) struct Memory {
    spaces: RwLock<HashMap<Mchid, Arc<Mutex<Space>>>>,
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
            request_numbers: limits.request_numbers,
            created: CREATED,
            most_bytes: limits.store_bytes,
            bytes: AtomicIsize::new(0),
            outbox: Outbox::new(limits.callbacks, limits.callback_bytes),
            reminders: Reminders::default(),
        }
    }

    /// Changes a space and the memory of all.
    fn change<T>(&self, space: &Mutex<Space>, change: impl FnOnce(&mut Space) -> T) -> T {
        let mut space = space.lock();
        let before = space.bytes;
        let changed = change(&mut space);
        self.bytes.fetch_add(space.bytes - before, Relaxed);
        changed
    }

    /// Evicts from the largest space until all of them take no more memory than allowed, so that a busy merchant does
    /// not evict a quiet merchant's documents.
    fn make_room(&self) {
        while usize::try_from(self.bytes.load(Relaxed)).is_ok_and(|bytes| bytes > self.most_bytes) {
            let spaces = self.spaces.read();
            let largest = spaces.values().max_by_key(|space| space.lock().bytes);
            if !largest.is_some_and(|space| self.change(space, Space::evict)) {
                return;
            }
        }
    }

    fn space(&self, mchid: &Mchid) -> Arc<Mutex<Space>> {
        if let Some(space) = self.spaces.read().get(mchid) {
            return Arc::clone(space);
        }
        let empty = || Arc::new(Mutex::new(Space::new(Vec::new())));
        Arc::clone(self.spaces.write().entry(mchid.clone()).or_insert_with(empty))
    }
}

impl Backend for Memory {
    fn seed(&self, mchid: &Mchid, documents: Vec<(Key, Value)>) {
        let seed = documents.into_iter().map(|(key, value)| (key, Content::new(Arc::new(value)))).collect();
        self.spaces.write().insert(mchid.clone(), Arc::new(Mutex::new(Space::new(seed))));
    }

    fn read(&self, mchid: &Mchid, key: &Key) -> Option<Document> {
        self.space(mchid).lock().get(key).cloned()
    }

    fn list(&self, mchid: &Mchid, kind: &str, after: u64, most: usize) -> Vec<Listed> {
        self.space(mchid).lock().list(kind, after, most)
    }

    fn list_newest(&self, mchid: &Mchid, kind: &str, before: u64, most: usize) -> Vec<Listed> {
        self.space(mchid).lock().list_newest(kind, before, most)
    }

    fn kinds(&self, mchid: &Mchid) -> Vec<(Arc<str>, usize)> {
        self.space(mchid).lock().kinds()
    }

    fn number(&self, mchid: &Mchid, number: Fingerprint) -> Option<Fingerprint> {
        self.space(mchid).lock().number(number)
    }

    fn commit(&self, mchid: &Mchid, changes: Changes) -> Result<u64, Conflict> {
        let space = self.space(mchid);
        let version = self.change(&space, |space| {
            if changes.read.iter().any(|(key, version)| space.version_of(key) != *version) {
                return Err(Conflict);
            }
            for (key, content) in changes.changed {
                match content {
                    Some(content) => space.put(key, content, self.created),
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

    fn reset(&self, mchid: Option<&Mchid>) {
        let spaces = self.spaces.read();
        for (_, space) in spaces.iter().filter(|(owner, _)| mchid.is_none_or(|mchid| mchid == *owner)) {
            self.change(space, Space::reset);
        }
        self.outbox.remove(mchid);
        self.reminders.remove(mchid);
    }

    fn remove(&self, mchid: &Mchid) {
        if let Some(space) = self.spaces.write().remove(mchid) {
            self.bytes.fetch_sub(space.lock().bytes, Relaxed);
        }
        self.outbox.remove(Some(mchid));
        self.reminders.remove(Some(mchid));
    }

    fn send(&self, mchid: &Mchid, outgoing: Outgoing) -> u64 {
        self.outbox.add(mchid, vec![outgoing]).into_iter().next().unwrap_or_default()
    }

    fn lease(&self, now: Timestamp, most: usize, most_of_one: usize) -> Lease {
        self.outbox.lease(now, most, most_of_one)
    }

    fn update(&self, delivery: Delivery) -> bool {
        self.outbox.update(delivery)
    }

    fn send_again(&self, number: u64, now: Timestamp) -> Option<usize> {
        self.outbox.send_again(number, now)
    }

    fn delivery(&self, number: u64) -> Option<Arc<Delivery>> {
        self.outbox.delivery(number)
    }

    fn deliveries(&self, mchid: Option<&Mchid>, after: u64, most: usize) -> Vec<Arc<Delivery>> {
        self.outbox.list(mchid, after, most)
    }

    fn last_delivery(&self) -> u64 {
        self.outbox.last()
    }

    fn outbox_changed(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.outbox.changed())
    }

    fn due(&self, now: Timestamp, most: usize) -> Due {
        self.reminders.take(now, most)
    }

    fn reminded(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.reminders.added())
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use serde_json::json;

    use super::*;
    use crate::store::{Documents, NumberUse, Store};

    const KIND: &str = "thing";

    fn memory(request_numbers: usize, store_bytes: usize) -> Memory {
        Memory::new(&Limits { request_numbers, store_bytes, ..Limits::default() })
    }

    fn mchid() -> Mchid {
        "1900000001".parse().unwrap()
    }

    fn key(id: &str) -> Key {
        Key::new(KIND, id)
    }

    fn documents<'a>(store: &'a Memory, mchid: &'a Mchid) -> Documents<'a> {
        Documents::new(store, mchid)
    }

    fn commit(store: &Memory, documents: Documents<'_>) -> Result<(), Conflict> {
        let mchid = documents.mchid();
        store.commit(mchid, documents.into_changes()).map(drop)
    }

    fn put(store: &Memory, id: &str, value: &Value) {
        let mchid = mchid();
        let mut changes = documents(store, &mchid);
        changes.put(KIND, id, value);
        commit(store, changes).unwrap();
    }

    fn get(store: &Memory, id: &str) -> Option<Value> {
        documents(store, &mchid()).get(KIND, id)
    }

    #[test]
    fn a_change_of_a_document_that_another_request_changed_conflicts_and_changes_nothing() {
        let (store, mchid) = (memory(10, usize::MAX), mchid());
        let mut late = documents(&store, &mchid);
        assert_eq!(late.get::<Value>(KIND, "1"), None);
        late.put(KIND, "1", &"late");
        late.put(KIND, "2", &"late");
        late.use_number("number", Fingerprint::of(&"late"));
        put(&store, "1", &json!("early"));
        assert_eq!(commit(&store, late), Err(Conflict));
        assert_eq!((get(&store, "1"), get(&store, "2")), (Some(json!("early")), None));
        let content = Fingerprint::of(&"late");
        assert_eq!(documents(&store, &mchid).number_use("number", content), NumberUse::New);
    }

    #[test]
    fn a_change_conflicts_with_one_between_two_reads_of_the_same_document() {
        let (store, mchid) = (memory(10, usize::MAX), mchid());
        let mut changes = documents(&store, &mchid);
        assert_eq!(changes.get::<Value>(KIND, "1"), None);
        put(&store, "1", &json!("between"));
        assert_eq!(changes.get(KIND, "1"), Some(json!("between")));
        changes.put(KIND, "2", &"late");
        assert_eq!(commit(&store, changes), Err(Conflict));
    }

    #[test]
    fn what_was_only_read_conflicts_too_and_changes_nothing() {
        let (store, mchid) = (memory(10, 1 << 20), mchid());
        let mut late = documents(&store, &mchid);
        assert_eq!(late.get::<Value>(KIND, "a"), None);
        late.put(KIND, "b", &json!(1));
        put(&store, "a", &json!(1));
        assert_eq!(commit(&store, late.only_read()), Err(Conflict));
        let mut again = documents(&store, &mchid);
        assert_eq!(again.get::<Value>(KIND, "a"), Some(json!(1)));
        again.put(KIND, "b", &json!(1));
        assert_eq!(commit(&store, again.only_read()), Ok(()));
        assert_eq!(get(&store, "b"), None);
    }

    #[test]
    fn a_change_that_began_before_a_reset_conflicts_with_it() {
        let (store, mchid) = (memory(10, usize::MAX), mchid());
        store.seed(&mchid, vec![(key("1"), json!("seed"))]);
        let mut changes = documents(&store, &mchid);
        assert_eq!(changes.get(KIND, "1"), Some(json!("seed")));
        changes.put(KIND, "1", &"changed");
        store.reset(None);
        assert_eq!(commit(&store, changes), Err(Conflict));
    }

    #[test]
    fn a_reset_restores_the_seed_and_forgets_the_rest() {
        let (store, mchid) = (memory(10, usize::MAX), mchid());
        store.seed(&mchid, vec![(key("1"), json!("seed"))]);
        for id in ["1", "2"] {
            put(&store, id, &json!("changed"));
        }
        store.reset(Some(&mchid));
        assert_eq!((get(&store, "1"), get(&store, "2")), (Some(json!("seed")), None));
    }

    #[test]
    fn a_removed_document_is_gone_until_it_is_put_again_or_a_reset_restores_it() {
        let (store, mchid) = (memory(10, usize::MAX), mchid());
        store.seed(&mchid, vec![(key("seeded"), json!("seed"))]);
        put(&store, "1", &json!("1"));
        let mut late = documents(&store, &mchid);
        assert_eq!(late.get(KIND, "1"), Some(json!("1")));
        for id in ["seeded", "1", "none"] {
            let mut changes = documents(&store, &mchid);
            changes.remove(KIND, id);
            assert_eq!(changes.get::<Value>(KIND, id), None);
            commit(&store, changes).unwrap();
            assert_eq!(get(&store, id), None);
        }
        assert_eq!(commit(&store, late), Err(Conflict));
        assert!(store.kinds(&mchid).is_empty() && store.list(&mchid, KIND, 0, 9).is_empty());
        put(&store, "seeded", &json!("again"));
        put(&store, "1", &json!("again"));
        assert_eq!(store.kinds(&mchid), [(KIND.into(), 2)]);
        store.reset(None);
        assert_eq!((get(&store, "seeded"), get(&store, "1")), (Some(json!("seed")), None));
        assert_eq!(store.bytes.load(Relaxed), 0);
    }

    #[test]
    fn later_changes_of_a_document_have_higher_versions_also_after_a_reset() {
        let store = Store(Box::new(memory(10, usize::MAX)));
        let mchid = mchid();
        let version = |value: Option<u64>| {
            let mut documents = store.documents(&mchid);
            match value {
                Some(value) => documents.put(KIND, "1", &value),
                None => documents.remove(KIND, "1"),
            }
            let changed = store.commit(documents).unwrap();
            let is_same = changed[0].value.as_ref().and_then(|value| value.as_u64()) == value;
            assert!(changed.len() == 1 && changed[0].key == key("1") && is_same, "{changed:?}");
            changed[0].version
        };
        let first = [version(Some(1)), version(Some(2)), version(None)];
        store.reset(None);
        assert!(first.is_sorted() && first[2] < version(Some(3)));
        assert!(store.commit(store.documents(&mchid)).unwrap().is_empty());
    }

    #[test]
    fn the_least_recently_changed_document_is_evicted_first_and_the_seed_stays() {
        let store = Memory { created: 2, ..memory(10, usize::MAX) };
        store.seed(&mchid(), vec![(key("seeded"), json!(0))]);
        for id in ["seeded", "1", "2", "1", "3"] {
            put(&store, id, &json!(id));
        }
        let found = ["seeded", "1", "2", "3"].map(|id| get(&store, id).is_some());
        assert_eq!(found, [true, true, false, true]);
    }

    #[test]
    fn the_request_number_that_was_used_first_is_evicted_first() {
        let (store, mchid) = (memory(2, usize::MAX), mchid());
        let content = Fingerprint::of(&"content");
        for number in ["1", "2", "1", "3"] {
            let mut changes = documents(&store, &mchid);
            changes.use_number(number, content);
            commit(&store, changes).unwrap();
        }
        let documents = documents(&store, &mchid);
        assert_eq!(documents.number_use("1", content), NumberUse::New);
        assert_eq!(documents.number_use("2", content), NumberUse::Repeated);
        assert_eq!(documents.number_use("3", Fingerprint::of(&"other")), NumberUse::RepeatedDifferently);
    }

    #[test]
    fn merchants_do_not_see_each_others_documents() {
        let store = memory(10, usize::MAX);
        put(&store, "1", &json!(1));
        let other: Mchid = "1900000002".parse().unwrap();
        assert_eq!(documents(&store, &other).get::<Value>(KIND, "1"), None);
    }

    #[test]
    fn a_callback_to_another_merchant_is_kept_with_the_change_and_is_the_other_merchants() {
        let (store, mchid, other) = (memory(10, usize::MAX), mchid(), "1900000002".parse().unwrap());
        let outgoing = Outgoing {
            id: "1".into(),
            event_type: "THING.CHANGED".into(),
            notify_url: "http://127.0.0.1:1/".into(),
            resource: "{}".into(),
            nonce: "n".into(),
            created: Timestamp::from_unix(1),
        };
        let mut changes = documents(&store, &mchid);
        assert_eq!(changes.get::<Value>(KIND, "1"), None);
        changes.send_to(&other, outgoing.clone());
        put(&store, "1", &json!("between"));
        assert_eq!(commit(&store, changes), Err(Conflict));
        assert_eq!(store.last_delivery(), 0);
        let mut changes = documents(&store, &mchid);
        changes.send_to(&other, outgoing);
        commit(&store, changes).unwrap();
        let of = |mchid: &Mchid| store.deliveries(Some(mchid), 0, 9).len();
        assert_eq!((of(&mchid), of(&other)), (0, 1));
    }

    #[test]
    fn beyond_the_memory_of_all_merchants_the_one_with_the_most_loses_its_oldest() {
        let (store, quiet, busy) = (memory(10, 20_000), mchid(), "1900000002".parse().unwrap());
        let put = |mchid: &Mchid, id: &str| {
            let mut changes = documents(&store, mchid);
            changes.put(KIND, id, &"x".repeat(1000));
            changes.use_number(id, Fingerprint::of(&id));
            commit(&store, changes).unwrap();
        };
        put(&quiet, "1");
        (0..100).for_each(|id| put(&busy, &id.to_string()));
        let kept =
            (0..100).filter(|id| store.read(&busy, &key(&id.to_string())).is_some()).collect::<Vec<_>>();
        assert!((10..20).contains(&kept.len()) && kept.last() == Some(&99), "{kept:?}");
        assert!(store.read(&quiet, &key("1")).is_some());
        store.reset(Some(&busy));
        store.remove(&quiet);
        assert_eq!(store.bytes.load(Relaxed), 0);
    }

    #[test]
    fn documents_are_listed_by_kind_in_the_order_in_which_they_were_created() {
        let store = Memory { created: 3, ..memory(10, usize::MAX) };
        store.seed(&mchid(), vec![(key("seeded"), json!("seeded"))]);
        let list = |after, most| {
            let found = store.list(&mchid(), KIND, after, most).into_iter();
            found.map(|it| (it.place, it.document.value.as_str().unwrap().to_owned())).collect::<Vec<_>>()
        };
        for id in ["1", "2", "1"] {
            put(&store, id, &json!(id));
        }
        assert_eq!(list(0, 9).into_iter().map(|(_, id)| id).collect::<Vec<_>>(), ["seeded", "1", "2"]);
        let first = list(0, 2);
        assert_eq!((first.len(), list(first[1].0, 9).len(), list(u64::MAX - 1, 9).len()), (2, 1, 0));
        assert!(store.list(&mchid(), "other", 0, 9).is_empty() && list(u64::MAX, 9).is_empty());
        // What is evicted is not listed, and neither is what was created before a reset.
        for id in ["3", "4"] {
            put(&store, id, &json!(id));
        }
        assert_eq!(list(0, 9).into_iter().map(|(_, id)| id).collect::<Vec<_>>(), ["seeded", "1", "3", "4"]);
        store.reset(None);
        assert_eq!(list(0, 9).len(), 1);
    }

    #[test]
    fn a_document_that_the_seed_has_twice_is_listed_once_and_as_the_last() {
        let store = memory(10, usize::MAX);
        store.seed(&mchid(), vec![(key("1"), json!("foreign")), (key("1"), json!("own"))]);
        let values: Vec<_> =
            store.list(&mchid(), KIND, 0, 9).into_iter().map(|one| one.document.value).collect();
        assert_eq!(values, [Arc::new(json!("own"))]);
    }

    #[test]
    fn a_long_list_is_read_to_its_end() {
        let (store, mchid) = (memory(10, usize::MAX), mchid());
        let mut changes = documents(&store, &mchid);
        (0..2500).for_each(|id| changes.put(KIND, &id.to_string(), &id));
        commit(&store, changes).unwrap();
        let mut seen = 0;
        documents(&store, &mchid).list(KIND, |_, _| {
            seen += 1;
            if seen < 2100 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert_eq!(seen, 2100);
        documents(&store, &mchid).list(KIND, |_, _| {
            seen += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(seen, 4600);
        // And from its end, as far as is wanted.
        let (mut oldest, mut newest) = (Vec::new(), Vec::new());
        documents(&store, &mchid).list(KIND, |id, _| {
            oldest.push(id.to_owned());
            ControlFlow::Continue(())
        });
        documents(&store, &mchid).list_newest(KIND, 2100, |id, _| {
            newest.push(id.to_owned());
            ControlFlow::Continue(())
        });
        oldest.reverse();
        assert!(newest == oldest[..2100]);
    }
}
