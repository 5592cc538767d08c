//! The storage of exchanges: a partition for each merchant, with one limit for all.

use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};
use serde_json::json;
use tokio::sync::watch;
use wechatpay_openapi::Contract;
use wechatpay_protocol::Mchid;
use wechatpay_texts::Both;

use super::{
    ChangedBy, Exchange, Filter,
    attempts::Attempts,
    changes::Changes,
    checked::CheckedExpectations,
    expectation::{Expectation, Verification},
    log,
    metrics::{Metrics, Recorded},
    payment_requests::PaymentRequests,
};
use crate::{api::language::Language, limits::Limits, store::Changed};

/// The last exchanges, limited in number and size.
///
/// Each merchant has a partition, and requests that name no merchant share one. When the journal is full, it evicts the
/// oldest exchange of the largest partition, so a busy merchant does not evict a quiet merchant's exchanges.
#[derive(Debug)]
pub(crate) struct Journal {
    most_exchanges: usize,
    most_bytes: usize,
    partitions: Mutex<Partitions>,
    /// The number of the last exchange, for calls that wait for the next one.
    last: watch::Sender<u64>,
    metrics: RwLock<Metrics>,
    logged: log::LoggedNotes,
    pub(crate) attempts: Attempts,
    pub(crate) payment_requests: PaymentRequests,
    pub(crate) checked: CheckedExpectations,
    pub(crate) changes: Changes,
}

/// How many clears are remembered. (own choice)
const CLEARS: usize = 16;

#[derive(Debug, Default)]
struct Partitions {
    by_merchant: HashMap<Option<Mchid>, Partition>,
    recorded: u64,
    /// The number of exchanges of each operation since the mock started.
    recorded_of: HashMap<Cow<'static, str>, u64>,
    exchanges: usize,
    bytes: usize,
    /// How often exchanges were cleared.
    clears: u64,
    /// Whose exchanges were cleared the last times: a merchant's, or all.
    cleared: VecDeque<Option<Mchid>>,
}

/// The exchanges of one merchant, or those without a merchant, oldest first.
#[derive(Debug, Default)]
struct Partition {
    exchanges: VecDeque<Arc<Exchange>>,
    bytes: usize,
    /// The number of evicted exchanges.
    evicted: u64,
    /// The number of the last evicted exchange.
    last_evicted: u64,
}

/// A page of exchanges.
#[derive(Debug)]
pub(crate) struct Page {
    /// In the requested order.
    pub(crate) exchanges: Vec<Arc<Exchange>>,
    /// Whether more follow the last one.
    pub(crate) has_more: bool,
}

/// The order of exchanges. It decides which are left out if there are too many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
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
            partitions: Mutex::default(),
            last: watch::Sender::new(0),
            metrics: RwLock::new(Metrics::new()),
            logged: log::LoggedNotes::default(),
            attempts: Attempts::empty(),
            payment_requests: PaymentRequests::empty(),
            checked: CheckedExpectations::empty(),
            changes: Changes::empty(),
        }
    }

    /// Numbers, keeps, counts and logs the exchange, and keeps what it has changed.
    pub(crate) fn record(&self, mut exchange: Exchange, changed: Vec<Changed>) -> Arc<Exchange> {
        let mut partitions = self.partitions.lock();
        partitions.recorded += 1;
        exchange.number = partitions.recorded;
        if let Some(operation) = &exchange.operation {
            *partitions.recorded_of.entry(operation.clone()).or_default() += 1;
        }
        let exchange = Arc::new(exchange);
        partitions.put(Arc::clone(&exchange));
        let mut evicted = Vec::new();
        while partitions.exchanges > self.most_exchanges || partitions.bytes > self.most_bytes {
            let Some(oldest) = partitions.take_oldest(&exchange.mchid) else { break };
            evicted.push(oldest);
        }
        // While the lock is held, so that numbers are announced in order. Evicted exchanges are freed after that.
        self.last.send_replace(exchange.number);
        drop(partitions);
        if let Some(mchid) = &exchange.mchid {
            let by = ChangedBy::Request(exchange.number);
            self.changes.keep(mchid, exchange.received_at, by, changed);
        }
        self.metrics.read().record(&exchange);
        log::exchange(&exchange, &self.logged);
        exchange
    }

    /// The matching exchanges in this order, at most `most`.
    pub(crate) fn page(&self, filter: &Filter, order: Order, most: usize) -> Page {
        let partitions = self.partitions.lock();
        let selected = partitions.by_merchant.iter().filter(|(mchid, _)| filter.selects(mchid.as_ref()));
        let mut exchanges = Vec::new();
        for (_, partition) in selected {
            let begin = partition.exchanges.partition_point(|exchange| exchange.number <= filter.after);
            let matching = partition.exchanges.range(begin..).filter(|exchange| filter.matches(exchange));
            // One more than requested tells whether there are more.
            let most = most.saturating_add(1);
            match order {
                Order::Oldest => exchanges.extend(matching.take(most).cloned()),
                Order::Newest => exchanges.extend(matching.rev().take(most).cloned()),
            }
        }
        drop(partitions);
        exchanges.sort_by_key(|exchange: &Arc<Exchange>| exchange.number);
        if order == Order::Newest {
            exchanges.reverse();
        }
        let has_more = exchanges.len() > most;
        exchanges.truncate(most);
        Page { exchanges, has_more }
    }

    /// The newest exchanges of one merchant or of all after this number, at most `most`, oldest first; an upper bound on how
    /// many before them are left out; and the number of the last one of all.
    pub(crate) fn newest(
        &self,
        merchant: Option<&Mchid>,
        after: u64,
        most: usize,
    ) -> (Vec<Arc<Exchange>>, u64, u64) {
        let partitions = self.partitions.lock();
        let (mut newest, mut all) = (Vec::new(), 0);
        for (mchid, partition) in &partitions.by_merchant {
            if is_selected(merchant.map(Mchid::as_str), mchid.as_ref()) {
                let begin = partition.exchanges.partition_point(|exchange| exchange.number <= after);
                let later = partition.exchanges.range(begin..);
                all += later.len() as u64 + partition.evicted_after(after);
                newest.extend(later.rev().take(most).cloned());
            }
        }
        let last = partitions.recorded;
        drop(partitions);
        newest.sort_by_key(|exchange: &Arc<Exchange>| exchange.number);
        let newest = newest.split_off(newest.len().saturating_sub(most));
        let left_out = all - newest.len() as u64;
        (newest, left_out, last)
    }

    /// Checks an expectation against the exchanges so far. Returns `None` if `is_stopped` says so meanwhile.
    pub(crate) fn verify(
        &self,
        expectation: &Expectation,
        contract: &Contract,
        is_stopped: impl Fn() -> bool,
    ) -> Option<Verification> {
        let (merchant, after) = (expectation.merchant.clone(), expectation.after);
        let filter = Filter { merchant, after, ..Filter::default() };
        let exchanges = self.page(&filter, Order::Oldest, usize::MAX).exchanges;
        let forgotten = self.evicted(expectation.merchant.as_deref(), after);
        expectation.verify(&exchanges, forgotten, contract, is_stopped)
    }

    /// How often exchanges were cleared.
    pub(crate) fn clear_count(&self) -> u64 {
        self.partitions.lock().clears
    }

    /// Whose exchanges were cleared since there were so many clears: a merchant's, or all. `None` if it is not known any more.
    pub(crate) fn cleared(&self, since: u64) -> Option<Vec<Option<Mchid>>> {
        let partitions = self.partitions.lock();
        let missed = usize::try_from(partitions.clears.checked_sub(since)?).ok()?;
        let known = partitions.cleared.len().checked_sub(missed)?;
        Some(partitions.cleared.range(known..).cloned().collect())
    }

    /// The metrics of all exchanges since the start or the last reset, in the text format of Prometheus.
    pub(crate) fn render_metrics(&self) -> String {
        let recorded = self.recorded();
        self.metrics.read().render(recorded)
    }

    /// Clears everything except the count of exchanges, which numbers the next one.
    pub(crate) fn reset(&self) {
        self.clear(None);
        *self.metrics.write() = Metrics::new();
    }

    /// The exchange with this number, if it is still kept.
    pub(crate) fn exchange(&self, number: u64) -> Option<Arc<Exchange>> {
        let partitions = self.partitions.lock();
        partitions.by_merchant.values().find_map(|partition| {
            let at = partition.exchanges.partition_point(|exchange| exchange.number < number);
            partition.exchanges.get(at).filter(|exchange| exchange.number == number).cloned()
        })
    }

    /// An upper bound on the number of this merchant's evicted exchanges, or of all evicted exchanges, with a number above `after`.
    /// The exact number is unknown, because the numbers of evicted exchanges are not kept.
    pub(crate) fn evicted(&self, merchant: Option<&str>, after: u64) -> u64 {
        let partitions = self.partitions.lock();
        let selected =
            partitions.by_merchant.iter().filter(|(mchid, _)| is_selected(merchant, mchid.as_ref()));
        selected.map(|(_, partition)| partition.evicted_after(after)).sum()
    }

    /// Removes the exchanges of one merchant, or all. Returns how many there were.
    pub(crate) fn clear(&self, merchant: Option<&Mchid>) -> usize {
        self.logged.clear(merchant);
        // While the lock is held, so that all of it is cleared at once.
        let mut partitions = self.partitions.lock();
        self.attempts.clear(merchant);
        self.payment_requests.clear(merchant);
        self.checked.clear(merchant);
        self.changes.clear(merchant);
        let before = partitions.exchanges;
        let cleared: Vec<Partition> = match merchant {
            None => partitions.by_merchant.drain().map(|(_, partition)| partition).collect(),
            Some(mchid) => partitions.by_merchant.remove(&Some(mchid.clone())).into_iter().collect(),
        };
        for partition in &cleared {
            partitions.exchanges -= partition.exchanges.len();
            partitions.bytes -= partition.bytes;
        }
        partitions.clears += 1;
        partitions.cleared.push_back(merchant.cloned());
        if partitions.cleared.len() > CLEARS {
            partitions.cleared.pop_front();
        }
        // Wakes those who follow.
        self.last.send_modify(|_| {});
        before - partitions.exchanges
    }

    /// The size of the journal.
    pub(crate) fn recorded(&self) -> Recorded {
        let partitions = self.partitions.lock();
        Recorded { recorded: partitions.recorded, exchanges: partitions.exchanges, bytes: partitions.bytes }
    }

    /// The number of exchanges of an operation since the mock started.
    pub(crate) fn recorded_of(&self, operation: &str) -> u64 {
        self.partitions.lock().recorded_of.get(operation).copied().unwrap_or_default()
    }

    /// Subscribes to the number of the last exchange. Clears are changes, too.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }
}

/// Whether this merchant is the `wanted` one, or every merchant is.
fn is_selected(wanted: Option<&str>, mchid: Option<&Mchid>) -> bool {
    wanted.is_none_or(|wanted| mchid.is_some_and(|mchid| mchid.as_str() == wanted))
}

impl Partition {
    /// An upper bound on the number of evicted exchanges with a number above `after`.
    fn evicted_after(&self, after: u64) -> u64 {
        self.evicted.min(self.last_evicted.saturating_sub(after))
    }
}

impl Partitions {
    fn put(&mut self, exchange: Arc<Exchange>) {
        let size = size(&exchange);
        self.exchanges += 1;
        self.bytes += size;
        let partition = match self.by_merchant.get_mut(&exchange.mchid) {
            Some(partition) => partition,
            None => self.by_merchant.entry(exchange.mchid.clone()).or_default(),
        };
        partition.bytes += size;
        partition.exchanges.push_back(exchange);
    }

    /// Takes the oldest exchange of the largest partition, or of the `likely` one if that has its share or more, which
    /// is faster.
    fn take_oldest(&mut self, likely: &Option<Mchid>) -> Option<Arc<Exchange>> {
        let share = self.bytes / self.by_merchant.len().max(1);
        let has_its_share = self.by_merchant.get(likely).is_some_and(|partition| partition.bytes >= share);
        let partition = if has_its_share {
            self.by_merchant.get_mut(likely)
        } else {
            self.by_merchant.values_mut().max_by_key(|partition| partition.bytes)
        }?;
        let oldest = partition.exchanges.pop_front()?;
        let size = size(&oldest);
        partition.evicted += 1;
        partition.last_evicted = oldest.number;
        partition.bytes -= size;
        self.bytes -= size;
        self.exchanges -= 1;
        Some(oldest)
    }
}

/// The approximate size of an exchange in memory: the peer's data, the quotes of it in errors and warnings, and a
/// constant for the rest.
fn size(exchange: &Exchange) -> usize {
    let quoted = exchange.error.as_deref().map_or(0, |error| {
        let body = error.body(Language::ZhCn).map_or(0, |body| json!(body).to_string().len());
        // A number takes two bytes in JSON, but 32 in memory.
        16 * body + Both::of(|| error.reason()).size()
    });
    OVERHEAD
        + exchange.operation.as_ref().map_or(0, |operation| operation.len())
        + exchange.request.method.as_str().len()
        + exchange.request.target.len()
        + exchange.request.headers.size()
        + exchange.request.body.len()
        + exchange.response_headers.size()
        + exchange.response_body.len()
        + exchange.warnings.iter().map(|warning| 3 * warning.to_string().len()).sum::<usize>()
        + quoted
}

/// The constant part of an exchange's size, in bytes.
const OVERHEAD: usize = size_of::<Exchange>() + 512;
