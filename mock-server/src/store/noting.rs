//! For tests: a store in memory that keeps notes, and that several mocks of one process share.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;
use wechatpay_protocol::{Mchid, Timestamp};

use super::{
    Backend, CommitError, Delivery, Document, Due, Fingerprint, IsKnown, JsonText, Key, Lease, Listed,
    Memory, MerchantState, Outgoing, Reminder, Store, StoreResult, UnavailableError, Wait,
    documents::Changes,
};
use crate::limits::Limits;

/// The state that stores have in common. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Noting(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    memory: Memory,
    notes: Mutex<BTreeMap<String, String>>,
    is_lost: AtomicBool,
}

impl Noting {
    pub(crate) fn new() -> Self {
        let memory = Memory::new(&Limits::default());
        Self(Arc::new(Inner { memory, notes: Mutex::default(), is_lost: AtomicBool::new(false) }))
    }

    /// A store with this state.
    pub(crate) fn store(&self) -> Store {
        Store(Box::new(self.clone()))
    }

    /// The names of all notes.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.notes.lock().keys().cloned().collect()
    }

    /// Puts a note, of any mock.
    pub(crate) fn put(&self, name: &str, text: &str) {
        self.0.notes.lock().insert(name.into(), text.into());
    }

    /// Whether notes can't be reached, and no change can be kept, from now on.
    pub(crate) fn lose(&self, is_lost: bool) {
        self.0.is_lost.store(is_lost, Ordering::Relaxed);
    }

    fn check_reached(&self) -> StoreResult<()> {
        if self.0.is_lost.load(Ordering::Relaxed) {
            return Err(UnavailableError::of(|| "the test lost it".into()));
        }
        Ok(())
    }
}

impl Backend for Noting {
    fn seed(&self, mchid: &Mchid, documents: Vec<(Key, JsonText)>) -> StoreResult<()> {
        self.0.memory.seed(mchid, documents)
    }

    fn read(&self, mchid: &Mchid, key: &Key) -> StoreResult<Option<Document>> {
        self.0.memory.read(mchid, key)
    }

    fn list(&self, mchid: &Mchid, kind: &str, after: u64, most: usize) -> StoreResult<Vec<Listed>> {
        self.0.memory.list(mchid, kind, after, most)
    }

    fn list_newest(&self, mchid: &Mchid, kind: &str, before: u64, most: usize) -> StoreResult<Vec<Listed>> {
        self.0.memory.list_newest(mchid, kind, before, most)
    }

    fn kinds(&self, mchid: &Mchid) -> StoreResult<Vec<(Arc<str>, usize)>> {
        self.0.memory.kinds(mchid)
    }

    fn number(&self, mchid: &Mchid, number: Fingerprint) -> StoreResult<Option<Fingerprint>> {
        self.0.memory.number(mchid, number)
    }

    fn commit(&self, mchid: &Mchid, changes: Changes) -> Result<u64, CommitError> {
        self.check_reached().map_err(CommitError::Unavailable)?;
        self.0.memory.commit(mchid, changes)
    }

    fn reset(&self, mchid: Option<&Mchid>) -> StoreResult<()> {
        self.0.memory.reset(mchid)
    }

    fn remove(&self, mchid: &Mchid) -> StoreResult<()> {
        self.0.memory.remove(mchid)
    }

    fn send(&self, mchid: &Mchid, outgoing: Outgoing) -> StoreResult<u64> {
        self.0.memory.send(mchid, outgoing)
    }

    fn lease(
        &self,
        now: Timestamp,
        most: usize,
        most_of_one: usize,
        is_known: IsKnown<'_>,
    ) -> StoreResult<Lease> {
        self.0.memory.lease(now, most, most_of_one, is_known)
    }

    fn update(&self, delivery: Delivery) -> StoreResult<bool> {
        self.0.memory.update(delivery)
    }

    fn send_again(&self, number: u64, now: Timestamp) -> StoreResult<Option<usize>> {
        self.0.memory.send_again(number, now)
    }

    fn delivery(&self, number: u64) -> StoreResult<Option<Arc<Delivery>>> {
        self.0.memory.delivery(number)
    }

    fn deliveries(&self, mchid: Option<&Mchid>, after: u64, most: usize) -> StoreResult<Vec<Arc<Delivery>>> {
        self.0.memory.deliveries(mchid, after, most)
    }

    fn last_delivery(&self) -> StoreResult<u64> {
        self.0.memory.last_delivery()
    }

    fn outbox_changed(&self) -> Wait<'_> {
        self.0.memory.outbox_changed()
    }

    fn due(&self, now: Timestamp, most: usize, is_known: IsKnown<'_>) -> StoreResult<Due> {
        self.0.memory.due(now, most, is_known)
    }

    fn done(&self, done: &[Reminder]) -> StoreResult<()> {
        self.0.memory.done(done)
    }

    fn reminded(&self) -> Wait<'_> {
        self.0.memory.reminded()
    }

    fn note(&self, name: &str, text: Option<&str>) -> StoreResult<()> {
        self.check_reached()?;
        match text {
            Some(text) => drop(self.0.notes.lock().insert(name.into(), text.into())),
            None => drop(self.0.notes.lock().remove(name)),
        }
        Ok(())
    }

    fn notes(&self, prefix: &str) -> StoreResult<Vec<(String, String)>> {
        self.check_reached()?;
        let notes = self.0.notes.lock();
        let found = notes.iter().filter(|(name, _)| name.starts_with(prefix));
        Ok(found.map(|(name, text)| (name.clone(), text.clone())).collect())
    }

    fn count(&self, name: &str, add: i64) -> StoreResult<i64> {
        self.check_reached()?;
        let mut notes = self.0.notes.lock();
        let sum = notes.get(name).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0) + add;
        if add != 0 {
            notes.insert(name.into(), sum.to_string());
        }
        Ok(sum)
    }

    fn export(&self, mchid: &Mchid) -> StoreResult<MerchantState> {
        self.0.memory.export(mchid)
    }

    fn import(&self, mchid: &Mchid, state: MerchantState) -> StoreResult<()> {
        self.0.memory.import(mchid, state)
    }

    /// As with Redis.
    fn is_remote(&self) -> bool {
        true
    }
}
