//! The store in a file, which people can open and read: see [`schema`] for its tables.
//!
//! One connection reads and writes, behind a lock: its pages stay in memory, and a change takes some microseconds. Another one reads
//! what takes longer. Changes gather in one transaction, a group, which [`durability`] commits and makes outlast a crash of the machine.
//! What has a document conflict or can't be read changes nothing; another failure, such as a full disk, loses the whole group, of which
//! nobody was answered yet.
//!
//! Bounds are those of the store in memory. Counts are kept with the changes, so that nothing is counted at the start or at a change.
//! After a loss, they are read anew.

mod cache;
mod callbacks;
mod documents;
mod durability;
mod group;
mod opening;
mod reminders;
mod schema;
#[cfg(test)]
mod tests;
mod threads;
mod work;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use parking_lot::{Mutex, MutexGuard};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, hooks::Wal};
use tokio::sync::Notify;
use wechatpay_protocol::{Mchid, Timestamp};
use wechatpay_texts::{Both, text};

pub(crate) use opening::OpenError;

use super::{
    Backend, CommitError, Delivery, Document, Due, Fingerprint, IsKnown, JsonText, Key, Lease, Listed,
    MerchantState, Outgoing, Reminder, StoreResult, UnavailableError, Wait, documents::Changes,
    reminders::MOST, replaced,
};
use crate::limits::Limits;
use cache::Cache;
use durability::Durability;
use group::Writing;
use threads::Threads;
use work::{Counts, Work};

/// How long the connection that writes is waited for before a worker of the runtime is replaced. (own choice)
const SOON: Duration = Duration::from_millis(1);

/// How often it is tried whether another program still writes. (own choice)
const TRIES_EVERY: Duration = Duration::from_millis(10);

/// The store in a file.
#[derive(Debug)]
pub(super) struct Sqlite {
    /// The last to be dropped is the lock, the connections before it.
    threads: OnceLock<StoreResult<Threads>>,
    durability: Arc<Durability>,
    reading: Mutex<Option<Connection>>,
    writing: Arc<Mutex<Writing>>,
    file: PathBuf,
    bounds: Bounds,
    /// Wakes the delivery when there is something new.
    outbox_changed: Notify,
    /// Wakes the task that waits for the next document that is due.
    reminded: Notify,
    _lock: opening::Lock,
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Request numbers of each merchant.
    numbers: u64,
    /// Documents created by requests, of each merchant.
    created: u64,
    /// Of all that requests have added, in bytes.
    bytes: i64,
    callbacks: u64,
    callback_bytes: i64,
    reminders: u64,
}

/// Why something was not done.
#[derive(Debug)]
enum Failed {
    /// A document was changed meanwhile.
    Conflict,
    Sqlite(rusqlite::Error),
    /// What was read is not as the mock writes it.
    Unreadable(Both),
    Unavailable(UnavailableError),
}

type Result<T, E = Failed> = std::result::Result<T, E>;

impl Sqlite {
    /// Opens the file, or makes it.
    pub(super) fn open(file: &Path, limits: &Limits) -> Result<Self, OpenError> {
        Self::open_with(file, limits, schema::STEPS)
    }

    fn open_with(file: &Path, limits: &Limits, steps: &[&str]) -> Result<Self, OpenError> {
        let opening::Opened { mut connection, file, lock } = opening::open(file, steps)?;
        let durability = Arc::new(Durability::new(&file));
        let own = Arc::clone(&durability);
        let hook = connection.wal_hook(Some(move |_: &mut Wal, pages: i32| {
            own.has_pages(pages);
            Ok(())
        }));
        hook.and_then(|()| connection.busy_handler(Some(wait_for_others)))
            .map_err(|error| OpenError::sqlite(&file, error))?;
        let store = Self {
            threads: OnceLock::new(),
            reading: Mutex::new(None),
            writing: Arc::new(Mutex::new(Writing::new(connection, file.clone(), Arc::clone(&durability)))),
            durability,
            file,
            bounds: Bounds {
                numbers: limits.request_numbers as u64,
                created: limits.created as u64,
                bytes: int(limits.store_bytes),
                callbacks: limits.callbacks as u64,
                callback_bytes: int(limits.callback_bytes),
                reminders: MOST as u64,
            },
            outbox_changed: Notify::new(),
            reminded: Notify::new(),
            _lock: lock,
        };
        match store.begin_again() {
            Ok(()) => Ok(store),
            Err(Failed::Sqlite(error)) => Err(OpenError::sqlite(&store.file, error)),
            Err(other) => Err(OpenError::Damaged {
                file: store.file.clone(),
                what: store.unavailable(&other).reason.to_string(),
            }),
        }
    }

    /// What a mock that died was sending is due again.
    fn begin_again(&self) -> Result<()> {
        let interrupted = self.look(|_, counts, _| Ok(counts.is_sending()))?;
        if !interrupted {
            return Ok(());
        }
        self.change(|work| {
            work.send_interrupted()?;
            Ok(())
        })
    }

    /// The connection that writes. Mostly it is free within microseconds; if not, somebody waits for another program, and a worker of
    /// the runtime is replaced meanwhile.
    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.try_lock_for(SOON).unwrap_or_else(|| replaced(|| self.writing.lock()))
    }

    /// Reads with the connection that writes, whose pages are in memory.
    fn look<T>(&self, look: impl FnOnce(&Connection, &Counts, &mut Cache) -> Result<T>) -> Result<T> {
        let mut writing = self.writing();
        let Writing { connection, counts, cache, .. } = &mut *writing;
        let counts = match counts {
            Some(counts) => counts,
            none => none.insert(Counts::read(connection)?),
        };
        let looked = look(connection, counts, cache);
        if looked.is_err() {
            writing.notice_loss();
        }
        looked
    }

    /// Changes all or nothing.
    fn change<T>(&self, change: impl FnOnce(&mut Work<'_>) -> Result<T>) -> Result<T> {
        self.durability.check().map_err(Failed::Unavailable)?;
        let mut writing = self.writing();
        let started = self.threads.get_or_init(|| {
            let file = self.file.display();
            let unavailable = |error: std::io::Error| {
                UnavailableError::of(|| {
                    text!("the thread that syncs {file} to the disk can't be started: {error}")
                })
            };
            Threads::start(&self.durability, &self.writing).map_err(unavailable)
        });
        started.as_ref().map_err(|error| Failed::Unavailable(error.clone()))?;
        let (changed, news) = writing.change(&self.bounds, change)?;
        drop(writing);
        if news.outbox {
            self.outbox_changed.notify_one();
        }
        if news.reminders {
            self.reminded.notify_one();
        }
        Ok(changed)
    }

    /// Reads what takes longer, while others change. It sees what was changed before.
    fn read_long<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> StoreResult<T> {
        self.writing().commit_group()?;
        let mut reading = self.reading.lock();
        let connection = match &mut *reading {
            Some(connection) => Ok(connection),
            none => opening::connect(&self.file).map(|connection| none.insert(connection)),
        };
        let read = connection.map_err(Failed::Sqlite).and_then(|connection| read(connection));
        read.map_err(|error| self.unavailable(&error))
    }

    fn changed<T>(&self, change: impl FnOnce(&mut Work<'_>) -> Result<T>) -> StoreResult<T> {
        self.change(change).map_err(|error| self.unavailable(&error))
    }

    fn looked<T>(&self, look: impl FnOnce(&Connection, &Counts, &mut Cache) -> Result<T>) -> StoreResult<T> {
        self.look(look).map_err(|error| self.unavailable(&error))
    }

    fn unavailable(&self, error: &Failed) -> UnavailableError {
        unavailable(&self.file, error)
    }
}

fn unavailable(file: &Path, error: &Failed) -> UnavailableError {
    let file = file.display();
    UnavailableError::of(|| match error {
        Failed::Unavailable(UnavailableError { reason }) => reason.to_string(),
        Failed::Conflict => text!("a document was changed meanwhile"),
        Failed::Unreadable(what) => format!("{file}: {what}"),
        Failed::Sqlite(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => text!("{file} can't grow: no space is left ({error})"),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                text!("another program, such as sqlite3, is writing to {file} ({error})")
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                text!("{file} is damaged ({error})")
            }
            _ => text!("{file} can't be read or written ({error})"),
        },
    })
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        if let Some(Ok(threads)) = self.threads.take() {
            threads.end(&self.durability);
        }
    }
}

impl Backend for Sqlite {
    fn seed(&self, mchid: &Mchid, documents: Vec<(Key, JsonText)>) -> StoreResult<()> {
        let is_same = self.looked(|connection, counts, _| {
            Ok(counts.knows(mchid) && documents::seed(connection, mchid)? == documents)
        })?;
        if is_same { Ok(()) } else { self.changed(|work| work.seed(mchid, &documents)) }
    }

    fn read(&self, mchid: &Mchid, key: &Key) -> StoreResult<Option<Document>> {
        let found = self.looked(|connection, _, cache| documents::read(connection, cache, mchid, key))?;
        Ok(found.map(|kept| kept.document))
    }

    fn list(&self, mchid: &Mchid, kind: &str, after: u64, most: usize) -> StoreResult<Vec<Listed>> {
        self.read_long(|connection| documents::list(connection, mchid, kind, after, most))
    }

    fn list_newest(&self, mchid: &Mchid, kind: &str, before: u64, most: usize) -> StoreResult<Vec<Listed>> {
        self.read_long(|connection| documents::list_newest(connection, mchid, kind, before, most))
    }

    fn kinds(&self, mchid: &Mchid) -> StoreResult<Vec<(Arc<str>, usize)>> {
        self.read_long(|connection| documents::kinds(connection, mchid))
    }

    fn number(&self, mchid: &Mchid, number: Fingerprint) -> StoreResult<Option<Fingerprint>> {
        self.looked(|connection, _, cache| documents::number(connection, cache, mchid, number))
    }

    fn commit(&self, mchid: &Mchid, changes: Changes) -> Result<u64, CommitError> {
        let committed = if changes.is_empty() {
            self.look(|connection, counts, cache| {
                documents::verify(connection, cache, counts, mchid, &changes)
            })
        } else {
            self.change(|work| work.commit(mchid, changes))
        };
        committed.map_err(|error| match error {
            Failed::Conflict => CommitError::Conflict,
            other => CommitError::Unavailable(self.unavailable(&other)),
        })
    }

    fn reset(&self, mchid: Option<&Mchid>) -> StoreResult<()> {
        self.changed(|work| work.reset(mchid))
    }

    fn remove(&self, mchid: &Mchid) -> StoreResult<()> {
        self.changed(|work| work.remove(mchid))
    }

    fn send(&self, mchid: &Mchid, outgoing: Outgoing) -> StoreResult<u64> {
        self.changed(|work| work.send(mchid, outgoing))
    }

    fn lease(
        &self,
        now: Timestamp,
        most: usize,
        most_of_one: usize,
        is_known: IsKnown<'_>,
    ) -> StoreResult<Lease> {
        let due = self.looked(|connection, counts, _| {
            callbacks::due(connection, counts, now, most, most_of_one, is_known)
        })?;
        let taken = if due.is_empty() { Vec::new() } else { self.changed(|work| work.lease(&due, now))? };
        let next = self.looked(|connection, counts, _| callbacks::next(connection, counts, now, is_known))?;
        Ok(Lease { taken, next })
    }

    fn update(&self, delivery: Delivery) -> StoreResult<bool> {
        self.changed(|work| work.update(&delivery))
    }

    fn send_again(&self, number: u64, now: Timestamp) -> StoreResult<Option<usize>> {
        self.changed(|work| work.send_again(number, now))
    }

    fn delivery(&self, number: u64) -> StoreResult<Option<Arc<Delivery>>> {
        let found = self.looked(|connection, _, _| callbacks::read(connection, number));
        Ok(found?.map(Arc::new))
    }

    fn deliveries(&self, mchid: Option<&Mchid>, after: u64, most: usize) -> StoreResult<Vec<Arc<Delivery>>> {
        self.read_long(|connection| callbacks::list(connection, mchid, after, most))
    }

    fn last_delivery(&self) -> StoreResult<u64> {
        self.looked(|_, counts, _| Ok(counts.last_callback()))
    }

    fn outbox_changed(&self) -> Wait<'_> {
        Box::pin(self.outbox_changed.notified())
    }

    fn due(&self, now: Timestamp, most: usize, is_known: IsKnown<'_>) -> StoreResult<Due> {
        self.looked(|connection, _, _| reminders::due(connection, now, most, is_known))
    }

    fn done(&self, done: &[Reminder]) -> StoreResult<()> {
        let places: Vec<_> = done
            .iter()
            .map(|Reminder { place: (at, number), .. }| (int(at.as_unix()), int(*number)))
            .collect();
        self.changed(|work| work.forget_reminders(&places))
    }

    fn reminded(&self) -> Wait<'_> {
        Box::pin(self.reminded.notified())
    }

    fn note(&self, name: &str, text: Option<&str>) -> StoreResult<()> {
        self.changed(|work| work.note(name, text))
    }

    fn notes(&self, prefix: &str) -> StoreResult<Vec<(String, String)>> {
        self.looked(|connection, _, _| {
            let mut select = connection.prepare_cached(
                "SELECT name, text FROM notes WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name",
            )?;
            let found = select.query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(found.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn lasting(&self) -> Option<Wait<'_, StoreResult<()>>> {
        let wait = self.durability.lasting()?;
        Some(Box::pin(wait))
    }

    fn losses(&self) -> u64 {
        self.durability.losses()
    }

    /// After a loss, tries a change that changes nothing.
    fn check(&self) -> StoreResult<()> {
        self.durability.check()?;
        let has_failed = self.writing().has_failed;
        if !has_failed {
            return Ok(());
        }
        self.changed(|work| work.touch())?;
        self.writing().commit_group()
    }

    fn export(&self, mchid: &Mchid) -> StoreResult<MerchantState> {
        self.read_long(|connection| {
            let snapshot = connection.unchecked_transaction()?;
            Ok(MerchantState {
                documents: documents::all(&snapshot, mchid)?,
                numbers: documents::numbers(&snapshot, mchid)?,
                deliveries: callbacks::list(&snapshot, Some(mchid), 0, usize::MAX)?
                    .into_iter()
                    .map(Arc::unwrap_or_clone)
                    .collect(),
                reminders: reminders::of(&snapshot, mchid)?,
            })
        })
    }

    fn import(&self, mchid: &Mchid, state: MerchantState) -> StoreResult<()> {
        self.changed(|work| work.import(mchid, state))
    }
}

/// Whether a change waits for another program that writes, which it has done so often. A worker of the runtime is replaced meanwhile.
fn wait_for_others(times: i32) -> bool {
    let waits = TRIES_EVERY * times.unsigned_abs() < opening::PATIENCE;
    if waits {
        replaced(|| thread::sleep(TRIES_EVERY));
    }
    waits
}

/// The only row of a statement.
fn one<T>(
    connection: &Connection,
    statement: &str,
    values: impl rusqlite::Params,
    read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    connection.prepare_cached(statement)?.query_row(values, read).optional()
}

/// SQLite's integers are signed.
fn int(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    number.try_into().unwrap_or_default()
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// A moment at which a test can end the process.
#[cfg(not(test))]
fn step(_moment: &'static str) {}

#[cfg(test)]
use tests::step;
