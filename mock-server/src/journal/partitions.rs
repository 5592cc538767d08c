//! Where exchanges are kept: a partition for each merchant, all of them bounded together.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use wechatpay_protocol::Mchid;

use super::{Exchange, Filter, log, metrics::Metrics};
use crate::{
    api::{Warning, error::ApiError},
    forensics::Diagnosis,
    limits::Limits,
};

/// The last exchanges, bounded by number and by size.
///
/// Each merchant has a partition, and those that name no merchant have one. Where room is needed, the merchant with the most
/// gives up its oldest, so that a merchant with few exchanges keeps them however busy another is.
#[derive(Debug)]
pub(crate) struct Journal {
    most_exchanges: usize,
    most_bytes: usize,
    partitions: Mutex<Partitions>,
    /// The number of the last exchange, for those who wait for the next one.
    last: watch::Sender<u64>,
    metrics: RwLock<Metrics>,
}

#[derive(Debug, Default)]
struct Partitions {
    by_merchant: HashMap<Option<Mchid>, Partition>,
    recorded: u64,
    exchanges: usize,
    bytes: usize,
}

/// The exchanges of one merchant, or of nobody, oldest first.
#[derive(Debug, Default)]
struct Partition {
    exchanges: VecDeque<Arc<Exchange>>,
    bytes: usize,
    /// How many have made room for others.
    evicted: u64,
    /// The number of the last of those.
    last_evicted: u64,
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
        }
    }

    /// Numbers the exchange, keeps it, counts it and writes its line in the log.
    pub(crate) fn record(&self, mut exchange: Exchange) {
        let mut partitions = self.partitions.lock();
        partitions.recorded += 1;
        exchange.number = partitions.recorded;
        let exchange = Arc::new(exchange);
        partitions.put(Arc::clone(&exchange));
        let mut evicted = Vec::new();
        while partitions.exchanges > self.most_exchanges || partitions.bytes > self.most_bytes {
            let Some(oldest) = partitions.take_oldest(&exchange.mchid) else { break };
            evicted.push(oldest);
        }
        // While the lock is held, so that numbers are announced in order; what is evicted is freed after that.
        self.last.send_replace(exchange.number);
        drop(partitions);
        self.metrics.read().record(&exchange);
        log::exchange(&exchange);
    }

    /// The exchanges that match, in this order, at most so many.
    pub(crate) fn page(&self, filter: &Filter, order: Order, most: usize) -> Page {
        let partitions = self.partitions.lock();
        let wanted = filter.merchant.as_deref();
        let meant = partitions.by_merchant.iter().filter(|(mchid, _)| is_meant(wanted, mchid.as_ref()));
        let mut exchanges = Vec::new();
        for (_, partition) in meant {
            let begin = partition.exchanges.partition_point(|exchange| exchange.number <= filter.after);
            let matching = partition.exchanges.range(begin..).filter(|exchange| filter.matches(exchange));
            // One more than is asked for tells whether there are more.
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

    /// The figures about all exchanges since the start or the last reset, as Prometheus reads them.
    pub(crate) fn render_metrics(&self) -> String {
        let recorded = self.recorded();
        self.metrics.read().render(recorded)
    }

    /// Forgets everything but how many exchanges there were, which gives the next one its number.
    pub(crate) fn reset(&self) {
        self.clear(None);
        *self.metrics.write() = Metrics::new();
    }

    /// The exchange with that number, if it is still there.
    pub(crate) fn exchange(&self, number: u64) -> Option<Arc<Exchange>> {
        let partitions = self.partitions.lock();
        partitions.by_merchant.values().find_map(|partition| {
            let at = partition.exchanges.partition_point(|exchange| exchange.number < number);
            partition.exchanges.get(at).filter(|exchange| exchange.number == number).cloned()
        })
    }

    /// How many of this merchant's exchanges, or of all, have made room for others and had a higher number than this, at
    /// most: the number of each is not kept.
    pub(crate) fn evicted(&self, merchant: Option<&str>, after: u64) -> u64 {
        let partitions = self.partitions.lock();
        let meant = partitions.by_merchant.iter().filter(|(mchid, _)| is_meant(merchant, mchid.as_ref()));
        meant.map(|(_, partition)| partition.evicted.min(partition.last_evicted.saturating_sub(after))).sum()
    }

    /// Forgets a merchant's exchanges, or all. Says how many.
    pub(crate) fn clear(&self, merchant: Option<&Mchid>) -> usize {
        let mut partitions = self.partitions.lock();
        let before = partitions.exchanges;
        let cleared: Vec<Partition> = match merchant {
            None => partitions.by_merchant.drain().map(|(_, partition)| partition).collect(),
            Some(mchid) => partitions.by_merchant.remove(&Some(mchid.clone())).into_iter().collect(),
        };
        for partition in &cleared {
            partitions.exchanges -= partition.exchanges.len();
            partitions.bytes -= partition.bytes;
        }
        before - partitions.exchanges
    }

    /// How much there is.
    pub(crate) fn recorded(&self) -> Recorded {
        let partitions = self.partitions.lock();
        Recorded { recorded: partitions.recorded, exchanges: partitions.exchanges, bytes: partitions.bytes }
    }

    /// Tells the number of the last exchange whenever there is a new one.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }
}

/// Whether this merchant's exchanges are among those of the `wanted` one, or of all.
fn is_meant(wanted: Option<&str>, mchid: Option<&Mchid>) -> bool {
    wanted.is_none_or(|wanted| mchid.is_some_and(|mchid| mchid.as_str() == wanted))
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

    /// Takes the oldest exchange of the merchant that has the most: of the `likely` one, if it has its share or more.
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

/// About how many bytes an exchange takes in memory.
fn size(exchange: &Exchange) -> usize {
    size_of::<Exchange>()
        + exchange.request.method.as_str().len()
        + exchange.request.target.len()
        + exchange.request.headers.size()
        + exchange.request.body.len()
        + exchange.answer_headers.size()
        + exchange.answer_body.len()
        + exchange.rejection.as_deref().map_or(0, |rejection| size_of::<ApiError>() + rejection.size())
        + exchange.fault.as_deref().map_or(0, size_of_val)
        + exchange.warnings.iter().map(Warning::size).sum::<usize>()
        + exchange.diagnosis.as_deref().map_or(0, Diagnosis::size)
}
