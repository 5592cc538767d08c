//! The open group of changes: one transaction, which is committed or lost as a whole.

use std::{path::PathBuf, sync::Arc};

use rusqlite::Connection;
use wechatpay_texts::text;

use super::{
    super::{StoreResult, UnavailableError},
    Bounds, Failed, Result,
    cache::Cache,
    durability::Durability,
    one, step, unavailable,
    work::{Counts, News, Work},
};

/// What one change at a time uses.
#[derive(Debug)]
pub(super) struct Writing {
    pub(super) connection: Connection,
    /// `None` after a loss.
    pub(super) counts: Option<Counts>,
    pub(super) cache: Cache,
    /// Whether a group is open.
    is_open: bool,
    /// Whether the last group was lost, or could not begin.
    pub(super) has_failed: bool,
    /// Changes when another program has changed the file.
    data_version: i64,
    durability: Arc<Durability>,
    file: PathBuf,
}

impl Writing {
    pub(super) fn new(connection: Connection, file: PathBuf, durability: Arc<Durability>) -> Self {
        Self {
            connection,
            counts: None,
            cache: Cache::new(),
            is_open: false,
            has_failed: false,
            data_version: 0,
            durability,
            file,
        }
    }

    /// Changes all or nothing, in the open group and in the counts. Begins a group if none is open.
    pub(super) fn change<T>(
        &mut self,
        bounds: &Bounds,
        change: impl FnOnce(&mut Work<'_>) -> Result<T>,
    ) -> Result<(T, News)> {
        self.notice_loss();
        let is_first = !self.is_open;
        if is_first {
            self.begin_group()?;
        }
        let Self { connection, counts, cache, .. } = self;
        let counts = match counts {
            Some(counts) => counts,
            none => none.insert(Counts::read(connection)?),
        };
        step("before a change");
        let before = connection.total_changes();
        let mut work = Work::new(connection, counts, cache, bounds);
        let changed = change(&mut work).map(|changed| (changed, work.news));
        step("after a change");
        match changed {
            Ok(changed) => {
                self.durability.made();
                Ok(changed)
            }
            // Nothing was counted or written yet.
            Err(error @ (Failed::Conflict | Failed::Unreadable(_)))
                if connection.total_changes() == before =>
            {
                if is_first {
                    self.roll_back();
                }
                Err(error)
            }
            Err(error) => {
                let error = unavailable(&self.file, &error);
                self.lose(&error);
                Err(Failed::Unavailable(error))
            }
        }
    }

    fn begin_group(&mut self) -> Result<()> {
        step("before a group");
        let begun = run(&self.connection, "BEGIN IMMEDIATE")
            .and_then(|_| one(&self.connection, "PRAGMA data_version", [], |row| row.get(0)));
        let version = match begun {
            Ok(version) => version.unwrap_or_default(),
            Err(error) => {
                self.has_failed = true;
                self.roll_back();
                return Err(error.into());
            }
        };
        self.is_open = true;
        if self.data_version != version {
            self.data_version = version;
            self.forget();
        }
        if self.counts.is_none() {
            match Counts::read(&self.connection) {
                Ok(counts) => self.counts = Some(counts),
                Err(error) => {
                    self.roll_back();
                    return Err(error);
                }
            }
        }
        step("after a group began");
        Ok(())
    }

    /// Writes the open group to the log.
    pub(super) fn commit_group(&mut self) -> StoreResult<()> {
        self.notice_loss();
        if !self.is_open {
            return Ok(());
        }
        step("before a group's counts");
        let written = self.counts.as_mut().map_or(Ok(()), |counts| counts.write(&self.connection));
        step("before a group's commit");
        match written.and_then(|()| Ok(run(&self.connection, "COMMIT")?)) {
            Ok(_) => {
                step("after a group's commit");
                (self.is_open, self.has_failed) = (false, false);
                self.durability.committed();
                Ok(())
            }
            Err(error) => {
                let error = unavailable(&self.file, &error);
                self.lose(&error);
                Err(error)
            }
        }
    }

    /// After some errors, SQLite has rolled the group back by itself.
    pub(super) fn notice_loss(&mut self) {
        if self.is_open && self.connection.is_autocommit() {
            let file = self.file.display();
            let lost = UnavailableError::of(|| text!("{file} could not be read or written"));
            self.lose(&lost);
        }
    }

    fn lose(&mut self, why: &UnavailableError) {
        tracing::error!(
            "{}",
            text!("changes of the store are lost, and their requests are answered with 503: {why}")
        );
        self.has_failed = true;
        self.roll_back();
        self.forget();
        self.durability.lost(why.clone());
    }

    /// Ends the group without what it has changed.
    fn roll_back(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = run(&self.connection, "ROLLBACK")
        {
            tracing::error!("{}", text!("changes of the store can't be rolled back: {error}"));
        }
        self.is_open = false;
    }

    /// Forgets what is known of the file.
    fn forget(&mut self) {
        self.counts = None;
        self.cache.clear();
    }
}

/// Runs a statement that has no values.
fn run(connection: &Connection, statement: &str) -> rusqlite::Result<usize> {
    connection.prepare_cached(statement)?.execute([])
}
