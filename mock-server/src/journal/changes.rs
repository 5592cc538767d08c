//! The last changes of documents: what each became, and who made it so.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;
use utoipa::ToSchema;
use wechatpay_protocol::{Mchid, Timestamp};

use crate::store::{Changed, Key};

/// How many changes are kept, and about how many bytes of them. The oldest go first. (own choice)
const MOST: usize = 10_000;
const MOST_BYTES: usize = 8 << 20;

/// Who changed a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ChangedBy {
    /// A request to the gateway.
    Request,
    /// A payer, or another user.
    Payer,
    /// Nobody: it was due.
    Time,
    /// A call under `/__mock/documents`.
    Edit,
}

/// A change of a document, as the journal keeps it.
#[derive(Debug)]
pub(crate) struct Change {
    /// Counts the changes of a mock from 1.
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    pub(crate) mchid: Mchid,
    pub(crate) key: Key,
    /// The number of the exchange whose request made it.
    pub(crate) exchange: Option<u64>,
    pub(crate) by: ChangedBy,
    /// What the document became; `None` if it was removed.
    pub(crate) value: Option<Arc<Value>>,
    bytes: usize,
    version: u64,
}

/// The last changes of all merchants' documents.
#[derive(Debug)]
pub(super) struct Changes {
    kept: Mutex<Kept>,
    last: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    changes: VecDeque<Arc<Change>>,
    recorded: u64,
    bytes: usize,
}

impl Changes {
    pub(super) fn new() -> Self {
        Self { kept: Mutex::default(), last: watch::Sender::new(0) }
    }

    /// Numbers and keeps what a commit has changed.
    pub(super) fn record(
        &self,
        mchid: &Mchid,
        at: Timestamp,
        by: ChangedBy,
        exchange: Option<u64>,
        changed: Vec<Changed>,
    ) {
        if changed.is_empty() {
            return;
        }
        let mut evicted = Vec::new();
        let mut kept = self.kept.lock();
        for Changed { key, value, bytes, version } in changed {
            kept.recorded += 1;
            let number = kept.recorded;
            let change =
                Change { number, at, mchid: mchid.clone(), key, exchange, by, value, bytes, version };
            kept.bytes += change.size();
            kept.changes.push_back(Arc::new(change));
        }
        while kept.changes.len() > MOST || kept.bytes > MOST_BYTES {
            let Some(oldest) = kept.changes.pop_front() else { break };
            kept.bytes -= oldest.size();
            evicted.push(oldest);
        }
        // While the lock is held, so that numbers are announced in order. What was evicted is freed after that.
        self.last.send_replace(kept.recorded);
        drop(kept);
    }

    /// The changes of one merchant's documents or of all, after this number, oldest first; and the number of the last one
    /// of all.
    pub(super) fn after(&self, mchid: Option<&Mchid>, after: u64) -> (Vec<Arc<Change>>, u64) {
        let kept = self.kept.lock();
        // A higher number comes from an earlier mock. Its follower continues with this mock's first change.
        let after = if after > kept.recorded { 0 } else { after };
        let begin = kept.changes.partition_point(|one| one.number <= after);
        let later = kept.changes.range(begin..);
        let wanted = later.filter(|one| mchid.is_none_or(|mchid| one.mchid == *mchid)).cloned().collect();
        (wanted, kept.recorded)
    }

    /// The changes of a document, oldest first.
    pub(super) fn of(&self, mchid: &Mchid, key: &Key) -> Vec<Arc<Change>> {
        let kept = self.kept.lock();
        let is_of = |one: &&Arc<Change>| one.key == *key && one.mchid == *mchid;
        let mut found: Vec<_> = kept.changes.iter().filter(is_of).cloned().collect();
        drop(kept);
        // Of two requests at once, the first to be recorded may be the second that changed the document.
        found.sort_by_key(|one| one.version);
        found
    }

    /// Sees every new change from now on.
    pub(super) fn follow(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// Forgets the changes of one merchant's documents, or all.
    pub(super) fn clear(&self, mchid: Option<&Mchid>) {
        let mut kept = self.kept.lock();
        kept.changes.retain(|one| mchid.is_some_and(|mchid| one.mchid != *mchid));
        kept.bytes = kept.changes.iter().map(|one| one.size()).sum();
    }
}

impl Change {
    fn size(&self) -> usize {
        size_of::<Self>() + self.key.id.len() + self.bytes
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const AT: Timestamp = Timestamp::from_unix(1_756_951_532);

    fn changed(id: &str, version: u64, bytes: usize) -> Changed {
        Changed { key: Key::new("thing", id), value: Some(Arc::new(json!(version))), bytes, version }
    }

    fn numbers(changes: &[Arc<Change>]) -> Vec<u64> {
        changes.iter().map(|one| one.number).collect()
    }

    #[test]
    fn changes_are_numbered_and_those_of_a_document_are_in_the_order_in_which_it_changed() {
        let (changes, one, other) = (Changes::new(), "1".parse().unwrap(), "2".parse().unwrap());
        let mut follower = changes.follow();
        changes.record(&one, AT, ChangedBy::Request, Some(8), vec![changed("a", 3, 1), changed("b", 3, 1)]);
        changes.record(&one, AT, ChangedBy::Request, Some(7), vec![changed("a", 2, 1)]);
        changes.record(&other, AT, ChangedBy::Edit, None, vec![changed("a", 1, 1)]);
        changes.record(&one, AT, ChangedBy::Payer, None, Vec::new());
        assert_eq!(*follower.borrow_and_update(), 4);
        let (of_one, last) = changes.after(Some(&one), 1);
        assert_eq!((numbers(&of_one), last), (vec![2, 3], 4));
        assert_eq!(numbers(&changes.after(None, 99).0), [1, 2, 3, 4]);
        assert_eq!(numbers(&changes.of(&one, &Key::new("thing", "a"))), [3, 1]);
        changes.clear(Some(&one));
        assert_eq!(numbers(&changes.after(None, 0).0), [4]);
        changes.clear(None);
        assert_eq!((changes.after(None, 0).0.len(), changes.kept.lock().bytes), (0, 0));
    }

    #[test]
    fn the_oldest_changes_go_when_there_are_too_many_or_they_take_too_much() {
        let (changes, mchid) = (Changes::new(), "1".parse().unwrap());
        let record = |bytes| {
            changes.record(&mchid, AT, ChangedBy::Time, None, vec![changed("a", 1, bytes)]);
        };
        (0..=MOST).for_each(|_| record(1));
        let (kept, last) = changes.after(None, 0);
        assert_eq!((kept.len(), kept[0].number, last), (MOST, 2, MOST as u64 + 1));
        record(MOST_BYTES - 10_000);
        let kept = changes.after(None, 0).0.len();
        assert!((1..100).contains(&kept), "{kept}");
        record(MOST_BYTES);
        assert!(changes.after(None, 0).0.is_empty());
        assert_eq!(changes.kept.lock().bytes, 0);
    }
}
