//! The threads that sync the log, and take it over into the file.

use std::{
    fs::OpenOptions,
    io,
    sync::{Arc, atomic::Ordering::SeqCst},
    thread::{self, JoinHandle},
};

use parking_lot::Mutex;
use wechatpay_texts::text;

use super::{
    durability::{Durability, LONG_LOG},
    group::Writing,
    opening,
};

/// The threads that sync the log and take it over into the file.
#[derive(Debug)]
pub(super) struct Threads {
    syncing: JoinHandle<()>,
    taking_over: JoinHandle<()>,
}

impl Threads {
    /// Starts the threads. They end with [`end`](Self::end).
    pub(super) fn start(durability: &Arc<Durability>, writing: &Arc<Mutex<Writing>>) -> io::Result<Self> {
        let log = OpenOptions::new().write(true).open(&durability.log)?;
        let (own, its) = (Arc::clone(durability), Arc::clone(writing));
        let taking_over = thread::Builder::new().name("store-checkpoint".into());
        let taking_over = taking_over.spawn(move || take_over(&own, &its))?;
        let (own, its, full) = (Arc::clone(durability), Arc::clone(writing), taking_over.thread().clone());
        // Those whose changes were lost are told so.
        let commit = move || its.lock().commit_group().unwrap_or_default();
        let syncing = thread::Builder::new().name("store-sync".into());
        let syncing = syncing.spawn(move || own.sync(commit, || log.sync_data(), &full))?;
        let _ = durability.syncing.set(syncing.thread().clone());
        Ok(Self { syncing, taking_over })
    }

    /// Ends the threads once all that was written is durable.
    pub(super) fn end(self, durability: &Durability) {
        durability.is_ending.store(true, SeqCst);
        for thread in [self.syncing, self.taking_over] {
            thread.thread().unpark();
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// Takes the log over into the file whenever it is long. Most of it while others write; the rest while they wait, since SQLite
/// begins a new log only when nothing is left of the old one.
fn take_over(durability: &Durability, writing: &Mutex<Writing>) {
    loop {
        thread::park();
        if durability.is_ending.load(SeqCst) {
            return;
        }
        if durability.pages.load(SeqCst) < LONG_LOG {
            continue;
        }
        let taken = opening::connect(&durability.file).and_then(|connection| {
            check_point(&connection)?;
            // An open group would go on with the old log.
            let mut others_wait = writing.lock();
            others_wait.commit_group().unwrap_or_default();
            durability.pages.store(0, SeqCst);
            check_point(&connection)
        });
        if let Err(error) = taken {
            // The log stays, and grows until a later time succeeds.
            let file = durability.file.display();
            tracing::warn!("{}", text!("{file}: the log can't be taken over into the file: {error}"));
        }
    }
}

fn check_point(connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}
