//! One change: what it does to the file, and what it does to the counts.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, Row};
use wechatpay_protocol::Mchid;
use wechatpay_texts::{Both, text};

use super::{Bounds, Failed, Result, cache::Cache, int, one, unsigned};

/// How much there is: kept with the changes, so that nothing is counted. They are written down once for a group of changes.
#[derive(Debug, Default)]
pub(super) struct Counts {
    accounts: HashMap<Mchid, Account>,
    /// The callbacks of each merchant that are not settled.
    pub(super) queues: HashMap<Mchid, Queue>,
    pub(super) totals: Totals,
    /// What requests have added to all merchants.
    bytes: i64,
    /// The merchants whose accounts have changed since they were written down, and the totals as they were.
    changed: HashSet<Mchid>,
    totals_written: Totals,
}

/// How much there is of a merchant.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Account {
    /// The version of the last change. It never decreases, so a change that began before a reset conflicts with the reset.
    pub(super) version: u64,
    /// How many documents requests have created.
    pub(super) created: u64,
    /// About how much requests have added; less than 0 if they have shortened the seed.
    pub(super) bytes: i64,
    /// The place of the oldest request number, and the one after the last. They are forgotten in the order of their places.
    pub(super) numbers: [u64; 2],
}

/// How many callbacks of a merchant are not settled.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Queue {
    pub(super) waiting: u64,
    pub(super) sending: u64,
}

/// How much there is of all merchants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) last_callback: u64,
    pub(super) callbacks: u64,
    pub(super) callback_bytes: i64,
    pub(super) last_reminder: u64,
    pub(super) reminders: u64,
    /// A merchant that is removed and comes again goes on with the versions after this one.
    pub(super) removed_version: u64,
}

/// Whom a change wakes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct News {
    pub(super) outbox: bool,
    pub(super) reminders: bool,
}

/// A change in progress.
pub(super) struct Work<'a> {
    pub(super) connection: &'a Connection,
    pub(super) counts: &'a mut Counts,
    pub(super) cache: &'a mut Cache,
    pub(super) bounds: &'a Bounds,
    pub(super) news: News,
}

impl Counts {
    pub(super) fn read(connection: &Connection) -> Result<Self> {
        let mut counts = Self::default();
        let mut select = connection.prepare_cached(
            "SELECT mchid, version, created, bytes, first_number, last_number FROM merchants",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let account = Account {
                version: unsigned(row.get(1)?),
                created: unsigned(row.get(2)?),
                bytes: row.get(3)?,
                numbers: [unsigned(row.get(4)?), unsigned(row.get(5)?)],
            };
            counts.bytes += account.bytes;
            counts.accounts.insert(mchid_of(row, 0)?, account);
        }
        let mut select = connection.prepare_cached(
            "SELECT mchid, state, count(*) FROM callbacks WHERE due IS NOT NULL GROUP BY state, mchid",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let queue = counts.queues.entry(mchid_of(row, 0)?).or_default();
            let is_waiting = row.get_ref(1)?.as_str().is_ok_and(|state| state == "waiting");
            *if is_waiting { &mut queue.waiting } else { &mut queue.sending } = unsigned(row.get(2)?);
        }
        let totals = one(
            connection,
            "SELECT last_callback, callbacks, callback_bytes, last_reminder, reminders, removed_version FROM totals",
            [],
            |row| {
                Ok(Totals {
                    last_callback: unsigned(row.get(0)?),
                    callbacks: unsigned(row.get(1)?),
                    callback_bytes: row.get(2)?,
                    last_reminder: unsigned(row.get(3)?),
                    reminders: unsigned(row.get(4)?),
                    removed_version: unsigned(row.get(5)?),
                })
            },
        )?;
        counts.totals =
            totals.ok_or_else(|| Failed::Unreadable(Both::of(|| text!("its totals are missing"))))?;
        counts.totals_written = counts.totals;
        Ok(counts)
    }

    /// Whether the merchant was seeded or has changed anything.
    pub(super) fn knows(&self, mchid: &Mchid) -> bool {
        self.accounts.contains_key(mchid)
    }

    /// The version of the merchant's last change.
    pub(super) fn version(&self, mchid: &Mchid) -> u64 {
        self.accounts.get(mchid).map_or(self.totals.removed_version, |account| account.version)
    }

    pub(super) fn is_sending(&self) -> bool {
        self.queues.values().any(|queue| queue.sending > 0)
    }

    pub(super) fn last_callback(&self) -> u64 {
        self.totals.last_callback
    }

    pub(super) fn merchants(&self) -> Vec<Mchid> {
        self.accounts.keys().cloned().collect()
    }

    /// Writes down what has changed.
    pub(super) fn write(&mut self, connection: &Connection) -> Result<()> {
        for mchid in self.changed.drain() {
            let Some(account) = self.accounts.get(&mchid) else { continue };
            let mut insert = connection.prepare_cached(
                "INSERT OR REPLACE INTO merchants (mchid, version, created, bytes, first_number, last_number) \
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            let Account { version, created, bytes, numbers: [first, last] } = *account;
            insert.execute((mchid.as_str(), int(version), int(created), bytes, int(first), int(last)))?;
        }
        let totals = self.totals;
        if totals != self.totals_written {
            let mut update = connection.prepare_cached(
                "UPDATE totals SET last_callback = ?1, callbacks = ?2, callback_bytes = ?3, last_reminder = ?4, \
                reminders = ?5, removed_version = ?6",
            )?;
            update.execute((
                int(totals.last_callback),
                int(totals.callbacks),
                totals.callback_bytes,
                int(totals.last_reminder),
                int(totals.reminders),
                int(totals.removed_version),
            ))?;
            self.totals_written = totals;
        }
        Ok(())
    }
}

impl<'a> Work<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        counts: &'a mut Counts,
        cache: &'a mut Cache,
        bounds: &'a Bounds,
    ) -> Self {
        Self { connection, counts, cache, bounds, news: News::default() }
    }

    /// Changes a merchant's account.
    pub(super) fn account<T>(&mut self, mchid: &Mchid, change: impl FnOnce(&mut Account) -> T) -> T {
        if !self.counts.changed.contains(mchid) {
            self.counts.changed.insert(mchid.clone());
        }
        let begins = Account { version: self.counts.totals.removed_version, ..Account::default() };
        let account = self.counts.accounts.entry(mchid.clone()).or_insert(begins);
        let before = account.bytes;
        let changed = change(account);
        self.counts.bytes += account.bytes - before;
        changed
    }

    pub(super) fn forget_account(&mut self, mchid: &Mchid) {
        if let Some(account) = self.counts.accounts.remove(mchid) {
            self.counts.bytes -= account.bytes;
            let removed = &mut self.counts.totals.removed_version;
            *removed = account.version.max(*removed);
        }
    }

    /// The merchant that has added most, if all have added more than is kept.
    pub(super) fn too_large(&self) -> Option<Mchid> {
        let largest = || self.counts.accounts.iter().max_by_key(|(_, account)| account.bytes);
        if self.counts.bytes > self.bounds.bytes { largest().map(|(mchid, _)| mchid.clone()) } else { None }
    }

    /// Writes without changing anything.
    pub(super) fn touch(&self) -> Result<()> {
        self.connection.prepare_cached("UPDATE totals SET one = 1")?.execute([])?;
        Ok(())
    }

    /// Keeps or removes a note.
    pub(super) fn note(&self, name: &str, text: Option<&str>) -> Result<()> {
        let connection = self.connection;
        match text {
            Some(text) => connection
                .prepare_cached("INSERT OR REPLACE INTO notes (name, text) VALUES (?1, ?2)")?
                .execute((name, text))?,
            None => connection.prepare_cached("DELETE FROM notes WHERE name = ?1")?.execute([name])?,
        };
        Ok(())
    }
}

/// The merchant in this column.
pub(super) fn mchid_of(row: &Row<'_>, column: usize) -> Result<Mchid> {
    let text =
        row.get_ref(column)?.as_str().map_err(|error| Failed::Unreadable(Both::of(|| error.to_string())))?;
    text.parse().map_err(|error| Failed::Unreadable(Both::of(|| text!("a merchant's number: {error}"))))
}
