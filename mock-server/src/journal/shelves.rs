//! Where exchanges are kept: a shelf for each merchant, bounded all together.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use wechatpay_protocol::Mchid;

use super::{Exchange, Filter, Warning};
use crate::{forensics::Diagnosis, limits::Limits, rejection::Rejection};

/// The last exchanges, bounded by number and by size.
///
/// Each merchant has a shelf, and those that name no merchant have one. Where room is needed, the merchant with the most
/// gives up its oldest, so that a merchant with few exchanges keeps them however busy another is.
#[derive(Debug)]
pub(crate) struct Journal {
    most_exchanges: usize,
    most_bytes: usize,
    shelves: Mutex<Shelves>,
    /// The number of the last exchange, for whoever waits for the next.
    last: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Shelves {
    by_merchant: HashMap<Option<Mchid>, Shelf>,
    recorded: u64,
    exchanges: usize,
    bytes: usize,
}

/// The exchanges of one merchant, or of nobody, oldest first.
#[derive(Debug, Default)]
struct Shelf {
    exchanges: VecDeque<Arc<Exchange>>,
    bytes: usize,
    /// How many have made room for others.
    forgotten: u64,
    /// The number of the last of those.
    last_forgotten: u64,
}

/// How much there is in a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Exchanges since the mock started.
    pub(crate) recorded: u64,
    /// Those that are kept.
    pub(crate) exchanges: usize,
    /// About how many bytes they take.
    pub(crate) bytes: usize,
}

/// Some of the exchanges that were asked for.
#[derive(Debug)]
pub(crate) struct Page {
    /// In the order that was asked for.
    pub(crate) exchanges: Vec<Arc<Exchange>>,
    /// Whether there are more behind the last of them.
    pub(crate) has_more: bool,
}

/// In which order exchanges come, and so which are left out if there are too many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// The oldest first.
    #[default]
    Oldest,
    /// The newest first.
    Newest,
}

impl Journal {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            most_exchanges: limits.journal_exchanges,
            most_bytes: limits.journal_bytes,
            shelves: Mutex::default(),
            last: watch::Sender::new(0),
        }
    }

    /// Numbers the exchange and keeps it.
    pub(crate) fn record(&self, mut exchange: Exchange) -> Arc<Exchange> {
        let mut shelves = self.shelves();
        shelves.recorded += 1;
        exchange.number = shelves.recorded;
        let exchange = Arc::new(exchange);
        shelves.put(Arc::clone(&exchange));
        let mut forgotten = Vec::new();
        while shelves.exchanges > self.most_exchanges || shelves.bytes > self.most_bytes {
            let Some(oldest) = shelves.take_oldest(&exchange.mchid) else { break };
            forgotten.push(oldest);
        }
        // In the lock, so that numbers are told in order; what is forgotten is freed outside of it.
        self.last.send_replace(exchange.number);
        drop(shelves);
        exchange
    }

    /// The exchanges that are meant, in this order, so many at most.
    pub(crate) fn page(&self, filter: &Filter, order: Order, most: usize) -> Page {
        let mut exchanges = self.after(filter);
        exchanges.retain(|exchange| filter.matches(exchange));
        if order == Order::Newest {
            exchanges.reverse();
        }
        let has_more = exchanges.len() > most;
        exchanges.truncate(most);
        Page { exchanges, has_more }
    }

    /// The exchange with that number, if it is still there.
    pub(crate) fn exchange(&self, number: u64) -> Option<Arc<Exchange>> {
        let shelves = self.shelves();
        shelves.by_merchant.values().find_map(|shelf| {
            let at = shelf.exchanges.partition_point(|exchange| exchange.number < number);
            shelf.exchanges.get(at).filter(|exchange| exchange.number == number).cloned()
        })
    }

    /// How many of this merchant's exchanges, or of all, have made room for others and had a higher number than this, at
    /// most: the number of each is not kept.
    pub(crate) fn forgotten(&self, merchant: Option<&str>, after: u64) -> u64 {
        let shelves = self.shelves();
        let meant = shelves.by_merchant.iter().filter(|(mchid, _)| is_meant(merchant, mchid.as_ref()));
        meant.map(|(_, shelf)| shelf.forgotten.min(shelf.last_forgotten.saturating_sub(after))).sum()
    }

    /// Forgets a merchant's exchanges, or all. Says how many.
    pub(crate) fn clear(&self, merchant: Option<&Mchid>) -> usize {
        let mut shelves = self.shelves();
        let before = shelves.exchanges;
        let cleared: Vec<Shelf> = match merchant {
            None => shelves.by_merchant.drain().map(|(_, shelf)| shelf).collect(),
            Some(mchid) => shelves.by_merchant.remove(&Some(mchid.clone())).into_iter().collect(),
        };
        for shelf in &cleared {
            shelves.exchanges -= shelf.exchanges.len();
            shelves.bytes -= shelf.bytes;
        }
        before - shelves.exchanges
    }

    /// How much there is.
    pub(crate) fn recorded(&self) -> Recorded {
        let shelves = self.shelves();
        Recorded { recorded: shelves.recorded, exchanges: shelves.exchanges, bytes: shelves.bytes }
    }

    /// Tells the number of the last exchange whenever there is a new one.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// Those after a number, of one merchant where the filter names one, oldest first.
    fn after(&self, filter: &Filter) -> Vec<Arc<Exchange>> {
        let shelves = self.shelves();
        let wanted = filter.merchant.as_deref();
        let mut found = Vec::new();
        for (_, shelf) in shelves.by_merchant.iter().filter(|(mchid, _)| is_meant(wanted, mchid.as_ref())) {
            let begin = shelf.exchanges.partition_point(|exchange| exchange.number <= filter.after);
            found.extend(shelf.exchanges.range(begin..).cloned());
        }
        drop(shelves);
        found.sort_by_key(|exchange| exchange.number);
        found
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether this merchant's exchanges are among those of the `wanted` one, or of all.
fn is_meant(wanted: Option<&str>, mchid: Option<&Mchid>) -> bool {
    wanted.is_none_or(|wanted| mchid.is_some_and(|mchid| mchid.as_str() == wanted))
}

impl Shelves {
    fn put(&mut self, exchange: Arc<Exchange>) {
        let size = size(&exchange);
        self.exchanges += 1;
        self.bytes += size;
        let shelf = match self.by_merchant.get_mut(&exchange.mchid) {
            Some(shelf) => shelf,
            None => self.by_merchant.entry(exchange.mchid.clone()).or_default(),
        };
        shelf.bytes += size;
        shelf.exchanges.push_back(exchange);
    }

    /// Takes the oldest exchange of the merchant that has the most: of the `likely` one, if it has its share or more.
    fn take_oldest(&mut self, likely: &Option<Mchid>) -> Option<Arc<Exchange>> {
        let share = self.bytes / self.by_merchant.len().max(1);
        let has_its_share = self.by_merchant.get(likely).is_some_and(|shelf| shelf.bytes >= share);
        let shelf = if has_its_share {
            self.by_merchant.get_mut(likely)
        } else {
            self.by_merchant.values_mut().max_by_key(|shelf| shelf.bytes)
        }?;
        let oldest = shelf.exchanges.pop_front()?;
        let size = size(&oldest);
        shelf.forgotten += 1;
        shelf.last_forgotten = oldest.number;
        shelf.bytes -= size;
        self.bytes -= size;
        self.exchanges -= 1;
        Some(oldest)
    }
}

/// About how many bytes an exchange takes in memory.
fn size(exchange: &Exchange) -> usize {
    size_of::<Exchange>()
        + exchange.request.method.as_str().len()
        + exchange.request.target.len()
        + exchange.request.headers.size()
        + exchange.request.body.len()
        + exchange.answer_headers.size()
        + exchange.answer_body.len()
        + exchange.rejection.as_deref().map_or(0, |rejection| size_of::<Rejection>() + rejection.size())
        + exchange.fault.as_deref().map_or(0, size_of_val)
        + exchange.warnings.iter().map(Warning::size).sum::<usize>()
        + exchange.diagnosis.as_deref().map_or(0, Diagnosis::size)
}
