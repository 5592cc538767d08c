//! Long polls: new exchanges in the journal, as soon as there are any.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    faults::accept_gate::AcceptGate,
    journal::{Filter, Journal, Order, Page},
};

/// The matching exchanges at one point in time.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) page: Page,
    /// The number to continue after: no matching exchange up to this number was missed.
    pub(super) last: u64,
}

/// How long to collect exchanges after the first one, so that a follower does not poll once for each. (own choice)
const GATHERING: Duration = Duration::from_millis(20);

/// The matching exchanges at this moment.
pub(super) fn look(journal: &Journal, filter: &Filter, order: Order, most: usize) -> Seen {
    // Read before the page: every exchange up to this number is in it.
    let newest = journal.recorded().recorded;
    if filter.after > newest {
        // The number comes from an earlier mock. Its follower continues with this mock's first exchange.
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

/// The matching exchanges at this moment. If there are none, waits for the next ones within this time, or until the
/// mock shuts down.
pub(super) async fn next(
    journal: &Journal,
    gate: &AcceptGate,
    mut filter: Filter,
    order: Order,
    most: usize,
    wait: Duration,
) -> Seen {
    let until = Instant::now() + wait;
    let mut newest = journal.follow();
    let mut is_gathered = false;
    loop {
        newest.mark_unchanged();
        let seen = look(journal, &filter, order, most);
        let is_empty = seen.page.exchanges.is_empty();
        if seen.page.has_more || (!is_empty && is_gathered) {
            return seen;
        }
        if is_empty {
            // Exchanges that did not match need not be compared again.
            filter.after = seen.last;
            tokio::select! {
                () = gate.shutdown() => return seen,
                changed = timeout_at(until, newest.changed()) => if changed.is_err() { return seen },
            }
        }
        let _ = timeout(GATHERING, gate.shutdown()).await;
        is_gathered = true;
    }
}
