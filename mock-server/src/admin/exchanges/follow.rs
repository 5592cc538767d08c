//! Followers: what is new in the journal, as soon as there is something.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    gateway::Gateway,
    journal::{Filter, Journal, Order, Page},
};

/// What somebody saw of the journal.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) page: Page,
    /// Where to go on: nothing that was meant has this number or a lower one, and was not seen.
    pub(super) last: u64,
}

/// How long what comes next is gathered, so that a follower does not ask again for each exchange. (own choice)
const GATHERED: Duration = Duration::from_millis(20);

/// What there is.
pub(super) fn look(journal: &Journal, filter: &Filter, order: Order, most: usize) -> Seen {
    // Asked for before the page: whatever has this number or a lower one is there to be seen.
    let newest = journal.recorded().recorded;
    if filter.after > newest {
        // A number of an earlier mock's: from here on, its follower goes on with this one.
        return Seen { page: Page { exchanges: Vec::new(), has_more: newest > 0 }, last: 0 };
    }
    let page = journal.page(filter, order, most);
    let latest = match order {
        Order::Oldest => page.exchanges.last(),
        Order::Newest => page.exchanges.first(),
    };
    let last = match latest {
        None => newest,
        Some(latest) if order == Order::Oldest && page.has_more => latest.number,
        Some(latest) => latest.number.max(newest),
    };
    Seen { page, last }
}

/// What there is; if there is nothing, what comes next within this time, or until the mock shall end.
pub(super) async fn next(
    gateway: &Gateway,
    mut filter: Filter,
    order: Order,
    most: usize,
    wait: Duration,
) -> Seen {
    let until = Instant::now() + wait;
    let mut newest = gateway.journal.follow();
    let mut is_gathered = false;
    loop {
        newest.mark_unchanged();
        let seen = look(&gateway.journal, &filter, order, most);
        let is_empty = seen.page.exchanges.is_empty();
        if seen.page.has_more || (!is_empty && is_gathered) {
            return seen;
        }
        if is_empty {
            // What was looked at once need not be looked at again.
            filter.after = seen.last;
            tokio::select! {
                () = gateway.gate.shutdown() => return seen,
                changed = timeout_at(until, newest.changed()) => if changed.is_err() { return seen },
            }
        }
        let _ = timeout(GATHERED, gateway.gate.shutdown()).await;
        is_gathered = true;
    }
}
