//! Makes changes outlast a crash of the machine: one for many.
//!
//! Changes gather in one transaction, a group. A thread commits it, which writes it to the end of SQLite's log, the `-wal` file, and
//! then outlasts the death of the process. It then syncs the log, so that the group outlasts a power failure. Meanwhile the next group
//! gathers.
//!
//! A group is committed as soon as somebody waits for it and the other requests that are ready have joined it, or after a moment if
//! nobody does. If it can't be committed, all of it is lost, and nobody of it was answered yet.
//!
//! SQLite itself syncs what has to be in order: the log before its content goes to the file, the file before the log begins anew, and the
//! beginning of a new log.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use tokio::sync::watch;
use wechatpay_texts::text;

use super::{
    super::{StoreResult, UnavailableError},
    opening,
};

/// When the log is taken over into the file, in pages: 8 MiB. A longer one is slower to read, a shorter one writes the same pages more
/// often.
pub(super) const LONG_LOG: u32 = 2048;

/// How long a group gathers for which nobody waits. (own choice)
const GATHERING: Duration = Duration::from_millis(2);

/// How far changes are written, and how far they are durable.
#[derive(Debug)]
pub(super) struct Durability {
    /// SQLite's log.
    pub(super) log: PathBuf,
    pub(super) file: PathBuf,
    /// How many changes were made, how many of them are in the log, and how many somebody waits for.
    made: AtomicU64,
    committed: AtomicU64,
    wanted: AtomicU64,
    /// How long the log is, in pages. Its file stays as long as it once was.
    pub(super) pages: AtomicU32,
    synced: watch::Sender<Synced>,
    /// The thread that syncs.
    pub(super) syncing: OnceLock<Thread>,
    pub(super) is_ending: AtomicBool,
}

#[derive(Clone, Debug, Default)]
struct Synced {
    /// How many of the changes are durable.
    changes: u64,
    /// How many groups were lost, and why the last one was.
    losses: u64,
    lost: Option<UnavailableError>,
    /// Why no more will be durable.
    failed: Option<UnavailableError>,
}

impl Durability {
    pub(super) fn new(file: &Path) -> Self {
        Self {
            log: opening::beside(file, "-wal"),
            file: file.to_owned(),
            made: AtomicU64::new(0),
            committed: AtomicU64::new(0),
            wanted: AtomicU64::new(0),
            pages: AtomicU32::new(0),
            synced: watch::Sender::default(),
            syncing: OnceLock::new(),
            is_ending: AtomicBool::new(false),
        }
    }

    /// # Errors
    /// If changes can't be made durable any more.
    pub(super) fn check(&self) -> StoreResult<()> {
        self.synced.borrow().failed.clone().map_or(Ok(()), Err)
    }

    /// The log now has so many pages.
    pub(super) fn has_pages(&self, pages: i32) {
        self.pages.store(pages.try_into().unwrap_or_default(), SeqCst);
    }

    /// A change was made in the open group.
    pub(super) fn made(&self) {
        let is_first = self.made.fetch_add(1, SeqCst) == self.committed.load(SeqCst);
        if is_first {
            self.wake();
        }
    }

    /// All changes that were made are in the log. To be called before another is made.
    pub(super) fn committed(&self) {
        self.committed.store(self.made.load(SeqCst), SeqCst);
    }

    /// The open group is lost. To be called before another begins.
    pub(super) fn lost(&self, why: UnavailableError) {
        self.synced.send_modify(|synced| (synced.losses, synced.lost) = (synced.losses + 1, Some(why)));
        self.committed();
    }

    /// How many groups were lost.
    pub(super) fn losses(&self) -> u64 {
        self.synced.borrow().losses
    }

    fn wake(&self) {
        if let Some(syncing) = self.syncing.get() {
            syncing.unpark();
        }
    }

    /// Resolves once all changes that were made before are durable; `None` if they are.
    pub(super) fn lasting(self: &Arc<Self>) -> Option<impl Future<Output = StoreResult<()>> + Send + use<>> {
        let (made, losses) = (self.made.load(SeqCst), self.losses());
        let is_over = move |synced: &Synced| {
            synced.changes >= made || synced.losses != losses || synced.failed.is_some()
        };
        if self.synced.borrow().changes >= made && self.check().is_ok() {
            return None;
        }
        let own = Arc::clone(self);
        Some(async move {
            // Other requests that are ready join the group first.
            tokio::task::yield_now().await;
            if own.wanted.fetch_max(made, SeqCst) < made {
                own.wake();
            }
            let mut synced = own.synced.subscribe();
            let Ok(synced) = synced.wait_for(is_over).await else {
                return Err(UnavailableError::of(|| text!("its file was closed")));
            };
            let lost = if synced.losses == losses { &None } else { &synced.lost };
            synced.failed.as_ref().or(lost.as_ref()).map_or(Ok(()), |why| Err(why.clone()))
        })
    }

    /// Commits each group and syncs the log.
    pub(super) fn sync(&self, commit: impl Fn(), sync: impl Fn() -> io::Result<()>, full: &Thread) {
        let mut synced = 0;
        loop {
            if self.made.load(SeqCst) > synced {
                self.gather(synced);
                commit();
                let committed = self.committed.load(SeqCst);
                super::step("before a sync");
                if let Err(error) = sync() {
                    let file = self.file.display();
                    let failed = UnavailableError::of(|| {
                        text!(
                            "{file} can't be synced to its disk: {error}. What is on the disk is known only after a restart"
                        )
                    });
                    tracing::error!("{failed}");
                    self.synced.send_modify(|synced| synced.failed = Some(failed));
                    return;
                }
                super::step("after a sync");
                synced = committed;
                self.synced.send_modify(|synced| synced.changes = committed);
                if self.pages.load(SeqCst) >= LONG_LOG {
                    full.unpark();
                }
            } else if self.is_ending.load(SeqCst) {
                return;
            } else {
                thread::park();
            }
        }
    }

    /// Waits until somebody waits for what is not synced, but only for a moment.
    fn gather(&self, synced: u64) {
        let begun = Instant::now();
        while self.wanted.load(SeqCst) <= synced && !self.is_ending.load(SeqCst) {
            match GATHERING.checked_sub(begun.elapsed()) {
                Some(left) if !left.is_zero() => thread::park_timeout(left),
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sync_that_fails_is_never_followed_by_one_that_seems_to_succeed() {
        let durability = Arc::new(Durability::new(Path::new("state.db")));
        assert!(durability.lasting().is_none());
        durability.made();
        let lasting = durability.lasting().unwrap();
        durability.sync(|| durability.committed(), || Err(io::Error::other("broken")), &thread::current());
        let error = lasting.await.unwrap_err();
        assert!(error.reason.english.contains("state.db can't be synced to its disk: broken"), "{error}");
        assert_eq!(durability.check(), Err(error.clone()));
        assert_eq!(durability.lasting().unwrap().await, Err(error));
    }

    #[tokio::test]
    async fn one_sync_is_for_all_changes_that_were_written_before() {
        let durability = Arc::new(Durability::new(Path::new("state.db")));
        let syncs = AtomicU32::new(0);
        (0..3).for_each(|_| durability.made());
        let lasting = durability.lasting().unwrap();
        durability.is_ending.store(true, SeqCst);
        durability.sync(
            || durability.committed(),
            || {
                syncs.fetch_add(1, SeqCst);
                Ok(())
            },
            &thread::current(),
        );
        assert_eq!((lasting.await, durability.lasting().is_none(), syncs.into_inner()), (Ok(()), true, 1));
    }
}
