//! The last entries of a kind, numbered: limited in number and in size, and followed by those who wait for the next.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::watch;
use wechatpay_protocol::Mchid;

/// What a ring keeps.
pub(crate) trait Entry {
    fn number(&self) -> u64;

    /// The merchant that it is about, by mchid.
    fn merchant(&self) -> Option<&str>;

    /// About how much memory its texts take, in bytes.
    fn size(&self) -> usize;
}

/// The last entries of all merchants. The oldest go first.
#[derive(Debug)]
pub(crate) struct Ring<E> {
    most: usize,
    most_bytes: usize,
    kept: Mutex<Kept<E>>,
    last: watch::Sender<u64>,
}

#[derive(Debug)]
struct Kept<E> {
    entries: VecDeque<Arc<E>>,
    recorded: u64,
    /// The number of the last one that is no longer kept for want of room.
    last_evicted: u64,
    bytes: usize,
}

impl<E: Entry> Ring<E> {
    pub(super) fn new(most: usize, most_bytes: usize) -> Self {
        let kept = Kept { entries: VecDeque::new(), recorded: 0, last_evicted: 0, bytes: 0 };
        Self { most, most_bytes, kept: Mutex::new(kept), last: watch::Sender::new(0) }
    }

    /// Keeps the entry that gets the next number, from 1.
    pub(super) fn record(&self, entry: impl FnOnce(u64) -> E) -> Arc<E> {
        let mut evicted = Vec::new();
        let mut kept = self.kept.lock();
        kept.recorded += 1;
        let entry = Arc::new(entry(kept.recorded));
        kept.bytes += entry.size();
        kept.entries.push_back(Arc::clone(&entry));
        while kept.entries.len() > self.most || kept.bytes > self.most_bytes {
            let Some(oldest) = kept.entries.pop_front() else { break };
            kept.bytes -= oldest.size();
            kept.last_evicted = oldest.number();
            evicted.push(oldest);
        }
        // While the lock is held, so that numbers are announced in order. Evicted entries are freed after that.
        self.last.send_replace(kept.recorded);
        drop(kept);
        entry
    }

    /// The entries of one merchant or of all, after this number, oldest first; and the number of the last one of all.
    pub(crate) fn after(&self, mchid: Option<&Mchid>, after: u64) -> (Vec<Arc<E>>, u64) {
        let kept = self.kept.lock();
        // A higher number comes from an earlier mock. Its follower continues with this mock's first entry.
        let after = if after > kept.recorded { 0 } else { after };
        let begin = kept.entries.partition_point(|one| one.number() <= after);
        let wanted = kept
            .entries
            .range(begin..)
            .filter(|one| mchid.is_none_or(|mchid| one.merchant() == Some(mchid.as_str())));
        (wanted.cloned().collect(), kept.recorded)
    }

    /// At most how many with a number above `after` are no longer kept for want of room.
    pub(crate) fn evicted(&self, after: u64) -> u64 {
        self.kept.lock().last_evicted.saturating_sub(after)
    }

    /// Sees the number of every new entry from now on.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// Forgets the entries of one merchant, or all.
    pub(super) fn clear(&self, mchid: Option<&Mchid>) {
        let mut kept = self.kept.lock();
        kept.entries.retain(|one| mchid.is_some_and(|mchid| one.merchant() != Some(mchid.as_str())));
        kept.bytes = kept.entries.iter().map(|one| one.size()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Text(u64, Option<&'static str>, &'static str);

    impl Entry for Text {
        fn number(&self) -> u64 {
            self.0
        }

        fn merchant(&self) -> Option<&str> {
            self.1
        }

        fn size(&self) -> usize {
            self.2.len()
        }
    }

    fn texts(ring: &Ring<Text>, mchid: Option<&str>, after: u64) -> (Vec<&'static str>, u64) {
        let (entries, last) = ring.after(mchid.map(|mchid| mchid.parse().unwrap()).as_ref(), after);
        (entries.iter().map(|one| one.2).collect(), last)
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_or_they_are_too_large() {
        let ring = Ring::new(3, 10);
        for text in ["a", "b", "c", "d"] {
            ring.record(|number| Text(number, None, text));
        }
        assert_eq!(texts(&ring, None, 0), (vec!["b", "c", "d"], 4));
        assert_eq!([0, 1, 4].map(|after| ring.evicted(after)), [1, 0, 0]);
        ring.record(|number| Text(number, None, "123456789"));
        assert_eq!(texts(&ring, None, 0), (vec!["d", "123456789"], 5));
        ring.record(|number| Text(number, None, "larger than all"));
        assert_eq!(texts(&ring, None, 0), (vec![], 6));
    }

    #[test]
    fn a_merchant_sees_and_clears_its_own_and_numbers_go_on() {
        let ring = Ring::new(9, 99);
        let mut seen = ring.follow();
        for (mchid, text) in [(Some("1"), "a"), (Some("2"), "b"), (None, "c")] {
            ring.record(|number| Text(number, mchid, text));
        }
        assert_eq!(*seen.borrow_and_update(), 3);
        assert_eq!(texts(&ring, Some("2"), 0), (vec!["b"], 3));
        assert_eq!(texts(&ring, None, 2), (vec!["c"], 3));
        assert_eq!(texts(&ring, None, 4), (vec!["a", "b", "c"], 3), "a number of an earlier mock");
        ring.clear(Some(&"1".parse().unwrap()));
        assert_eq!(texts(&ring, None, 0), (vec!["b", "c"], 3));
        ring.clear(None);
        assert_eq!(ring.record(|number| Text(number, None, "d")).0, 4);
        assert_eq!(texts(&ring, None, 0), (vec!["d"], 4));
    }
}
