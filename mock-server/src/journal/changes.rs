//! The last changes of documents: what each became, and who made it so.

use std::sync::Arc;

use wechatpay_protocol::{Mchid, Timestamp};

use super::ring::{Entry, Ring};
use crate::store::{Changed, JsonText, Key};

/// How many changes are kept, and about how many bytes of them. The oldest go first. (own choice)
const MOST: usize = 10_000;
const MOST_BYTES: usize = 8 << 20;

/// Who changed a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangedBy {
    /// The request of the exchange with this number.
    Request(u64),
    /// A payer, or another user.
    Payer,
    /// Nobody: it was due.
    Time,
    /// A call under `/__mock/documents`.
    Edit,
}

impl ChangedBy {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Request(_) => "request",
            Self::Payer => "payer",
            Self::Time => "time",
            Self::Edit => "edit",
        }
    }

    /// The number of the exchange whose request made the change.
    pub(crate) fn exchange(self) -> Option<u64> {
        if let Self::Request(number) = self { Some(number) } else { None }
    }
}

/// A change of a document, as the journal keeps it.
#[derive(Debug)]
pub(crate) struct Change {
    /// Counts the changes of a mock from 1.
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    pub(crate) mchid: Mchid,
    pub(crate) key: Key,
    pub(crate) by: ChangedBy,
    /// What the document became; `None` if it was removed.
    pub(crate) value: Option<JsonText>,
    version: u64,
}

/// The last changes of all merchants' documents.
pub(crate) type Changes = Ring<Change>;

impl Changes {
    pub(super) fn empty() -> Self {
        Self::new(MOST, MOST_BYTES)
    }

    /// Numbers and keeps what a commit has changed.
    pub(crate) fn keep(&self, mchid: &Mchid, at: Timestamp, by: ChangedBy, changed: Vec<Changed>) {
        for Changed { key, value, version } in changed {
            self.record(|number| Change { number, at, mchid: mchid.clone(), key, by, value, version });
        }
    }

    /// The changes of a document, oldest first.
    pub(crate) fn of(&self, mchid: &Mchid, key: &Key) -> Vec<Arc<Change>> {
        let (mut found, _) = self.after(Some(mchid), 0);
        found.retain(|one| one.key == *key);
        // Of two requests at once, the first to be recorded may be the second that changed the document.
        found.sort_by_key(|one| one.version);
        found
    }
}

impl Entry for Change {
    fn number(&self) -> u64 {
        self.number
    }

    fn merchant(&self) -> Option<&str> {
        Some(self.mchid.as_str())
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.key.id.len() + self.value.as_ref().map_or(0, JsonText::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_unix(1_756_951_532);

    fn changed(id: &str, version: u64, bytes: usize) -> Changed {
        let value = Some(JsonText::of(&"x".repeat(bytes)));
        Changed { key: Key::new("thing", id), value, version }
    }

    fn numbers(changes: &[Arc<Change>]) -> Vec<u64> {
        changes.iter().map(|one| one.number).collect()
    }

    #[test]
    fn the_changes_of_a_document_are_in_the_order_in_which_it_changed() {
        let (changes, one, other) = (Changes::empty(), "1".parse().unwrap(), "2".parse().unwrap());
        changes.keep(&one, AT, ChangedBy::Request(8), vec![changed("a", 3, 1), changed("b", 3, 1)]);
        changes.keep(&one, AT, ChangedBy::Request(7), vec![changed("a", 2, 1)]);
        changes.keep(&other, AT, ChangedBy::Edit, vec![changed("a", 1, 1)]);
        changes.keep(&one, AT, ChangedBy::Payer, Vec::new());
        assert_eq!(changes.after(None, 0).1, 4);
        assert_eq!(numbers(&changes.of(&one, &Key::new("thing", "a"))), [3, 1]);
    }

    #[test]
    fn changes_take_no_more_room_than_their_documents_may() {
        let (changes, mchid) = (Changes::empty(), "1".parse().unwrap());
        let keep = |bytes| changes.keep(&mchid, AT, ChangedBy::Time, vec![changed("a", 1, bytes)]);
        (0..=MOST).for_each(|_| keep(1));
        assert_eq!(changes.after(None, 0).0.len(), MOST);
        keep(MOST_BYTES - 10_000);
        assert!((1..100).contains(&changes.after(None, 0).0.len()));
        keep(MOST_BYTES);
        assert!(changes.after(None, 0).0.is_empty());
    }
}
