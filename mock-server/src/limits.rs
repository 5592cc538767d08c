//! Size, count and time limits.

use std::{ops::RangeInclusive, time::Duration};

use serde_json::Value;
use wechatpay_texts::{Phrase, Text, phrase};

/// Size, count and time limits. (own choice)
///
/// Each method sets one limit and fails with a [`LimitError`] outside its range.
///
/// ```
/// use wechatpay_mock::Limits;
///
/// let limits = Limits::default().with_body(4096)?.with_body_timeout(5)?;
/// assert!(limits.with_body(0).is_err());
/// # Ok::<(), wechatpay_mock::LimitError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) body: usize,
    pub(crate) head: usize,
    pub(crate) head_timeout: Duration,
    pub(crate) keep_alive: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) connections: usize,
    pub(crate) request_numbers: usize,
    /// The most documents created by requests that are kept for each merchant. The least recently changed one is evicted first;
    /// documents of the seed stay. Nobody has needed to set it.
    pub(crate) created: usize,
    pub(crate) store_bytes: usize,
    pub(crate) callbacks: usize,
    pub(crate) callback_bytes: usize,
    pub(crate) journal_exchanges: usize,
    pub(crate) journal_bytes: usize,
    pub(crate) journal_body: usize,
    pub(crate) merchants: usize,
    pub(crate) faults: usize,
    pub(crate) admin_timeout: Duration,
    pub(crate) admin_bytes: usize,
    pub(crate) shutdown: Duration,
}

/// A limit outside its range.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("expected {first} to {last} {unit}, found {found}", first = range.start(), last = range.end())]
pub struct LimitError {
    range: RangeInclusive<u64>,
    unit: Phrase,
    found: u64,
}

/// Sets a limit.
type SetLimit = fn(Limits, u64) -> Result<Limits, LimitError>;

/// Every limit, by its name in the configuration.
pub(crate) const LIMITS: [(&str, SetLimit); 19] = [
    ("body", Limits::with_body),
    ("head", Limits::with_head),
    ("head_timeout", Limits::with_head_timeout),
    ("keep_alive", Limits::with_keep_alive),
    ("body_timeout", Limits::with_body_timeout),
    ("write_timeout", Limits::with_write_timeout),
    ("connections", Limits::with_connections),
    ("request_numbers", Limits::with_request_numbers),
    ("store_bytes", Limits::with_store_bytes),
    ("callbacks", Limits::with_callbacks),
    ("callback_bytes", Limits::with_callback_bytes),
    ("journal_exchanges", Limits::with_journal_exchanges),
    ("journal_bytes", Limits::with_journal_bytes),
    ("journal_body", Limits::with_journal_body),
    ("merchants", Limits::with_merchants),
    ("faults", Limits::with_faults),
    ("admin_timeout", Limits::with_admin_timeout),
    ("admin_bytes", Limits::with_admin_bytes),
    ("shutdown", Limits::with_shutdown),
];

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;
const DAY: u64 = 24 * 60 * 60;

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: MIB as usize,
            head: 64 * KIB as usize,
            head_timeout: Duration::from_secs(15),
            keep_alive: Duration::from_secs(8),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            connections: 4096,
            request_numbers: 100_000,
            created: 100_000,
            store_bytes: 64 * MIB as usize,
            callbacks: 12_000,
            callback_bytes: 64 * MIB as usize,
            journal_exchanges: 10_000,
            journal_bytes: 32 * MIB as usize,
            journal_body: 64 * KIB as usize,
            merchants: 1_000,
            faults: 1_000,
            admin_timeout: Duration::from_secs(5),
            admin_bytes: 32 * MIB as usize,
            shutdown: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// The largest body: 1 byte to 1 GiB. Default: 1 MiB.
    pub fn with_body(self, bytes: u64) -> Result<Self, LimitError> {
        Ok(Self { body: size(1..=GIB, phrase!("bytes"), bytes)?, ..self })
    }

    /// The largest request head, which is the request line and the headers: 8 KiB to 16 MiB. Default: 64 KiB.
    pub fn with_head(self, bytes: u64) -> Result<Self, LimitError> {
        // hyper's own buffer takes 8 KiB.
        Ok(Self { head: size(8 * KIB..=16 * MIB, phrase!("bytes"), bytes)?, ..self })
    }

    /// How long a head may take to arrive, and the first request of a connection to begin: 1 second to a day.
    /// Default: 15 seconds.
    pub fn with_head_timeout(self, seconds: u64) -> Result<Self, LimitError> {
        Ok(Self { head_timeout: time(1..=DAY, seconds)?, ..self })
    }

    /// How long a connection is kept after a response, as its `Keep-Alive` says; over HTTP/2, `head_timeout` applies:
    /// 1 second to a day. Default: 8 seconds. (wild)
    pub fn with_keep_alive(self, seconds: u64) -> Result<Self, LimitError> {
        Ok(Self { keep_alive: time(1..=DAY, seconds)?, ..self })
    }

    /// How long a body may take to arrive: 1 second to a day. Default: 30 seconds.
    pub fn with_body_timeout(self, seconds: u64) -> Result<Self, LimitError> {
        Ok(Self { body_timeout: time(1..=DAY, seconds)?, ..self })
    }

    /// How long the peer may take to accept a response before the connection is closed: 1 second to a day.
    /// Default: 30 seconds.
    pub fn with_write_timeout(self, seconds: u64) -> Result<Self, LimitError> {
        Ok(Self { write_timeout: time(1..=DAY, seconds)?, ..self })
    }

    /// How many connections are served at once: 1 to a million. For one more, the connection that has been idle longest is
    /// closed; without one, it waits until one of these ends. Default: 4096.
    ///
    /// An idle connection takes about 12 KiB of memory, or 36 KiB with TLS. A request in flight also takes the size of
    /// its received part.
    pub fn with_connections(self, connections: u64) -> Result<Self, LimitError> {
        Ok(Self { connections: size(1..=1_000_000, phrase!("connections"), connections)?, ..self })
    }

    /// How many request numbers are remembered for each merchant: 1 to 10 million. The oldest is evicted first.
    /// Default: 100,000.
    pub fn with_request_numbers(self, numbers: u64) -> Result<Self, LimitError> {
        Ok(Self { request_numbers: size(1..=10_000_000, phrase!("request numbers"), numbers)?, ..self })
    }

    /// About how much memory the documents and request numbers of all merchants take at most, apart from their initial
    /// state: 1 MiB to 64 GiB. Beyond it, the merchant with the most loses the oldest. Default: 64 MiB.
    pub fn with_store_bytes(self, bytes: u64) -> Result<Self, LimitError> {
        Ok(Self { store_bytes: size(MIB..=64 * GIB, phrase!("bytes"), bytes)?, ..self })
    }

    /// How many callbacks are kept in total, whether they wait or were received: 1 to 10 million. Beyond it, the oldest that
    /// was received or given up is forgotten; without one, the oldest that waits. Default: 12,000.
    pub fn with_callbacks(self, callbacks: u64) -> Result<Self, LimitError> {
        Ok(Self { callbacks: size(1..=10_000_000, phrase!("callbacks"), callbacks)?, ..self })
    }

    /// About how much memory these callbacks take at most: 1 MiB to 64 GiB. Default: 64 MiB.
    pub fn with_callback_bytes(self, bytes: u64) -> Result<Self, LimitError> {
        Ok(Self { callback_bytes: size(MIB..=64 * GIB, phrase!("bytes"), bytes)?, ..self })
    }

    /// How many exchanges the journal keeps in total: 1 to 10 million. When it is full, the oldest exchange of the
    /// merchant with the most is evicted. Default: 10,000.
    pub fn with_journal_exchanges(self, exchanges: u64) -> Result<Self, LimitError> {
        Ok(Self { journal_exchanges: size(1..=10_000_000, phrase!("exchanges"), exchanges)?, ..self })
    }

    /// About how much memory these exchanges take at most: 1 MiB to 64 GiB. Default: 32 MiB.
    pub fn with_journal_bytes(self, bytes: u64) -> Result<Self, LimitError> {
        Ok(Self { journal_bytes: size(MIB..=64 * GIB, phrase!("bytes"), bytes)?, ..self })
    }

    /// How much of each body the journal keeps: 0 to 1 GiB. A truncated body is marked. Default: 64 KiB.
    pub fn with_journal_body(self, bytes: u64) -> Result<Self, LimitError> {
        Ok(Self { journal_body: size(0..=GIB, phrase!("bytes"), bytes)?, ..self })
    }

    /// How many merchants can be created at run time: 0 to 100,000. Default: 1,000.
    pub fn with_merchants(self, merchants: u64) -> Result<Self, LimitError> {
        Ok(Self { merchants: size(0..=100_000, phrase!("merchants"), merchants)?, ..self })
    }

    /// How many fault rules each merchant can have, and how many can apply to all merchants: 0 to 100,000.
    /// Default: 1,000.
    pub fn with_faults(self, faults: u64) -> Result<Self, LimitError> {
        Ok(Self { faults: size(0..=100_000, phrase!("faults"), faults)?, ..self })
    }

    /// How long the mock works on a call to `/__mock/`: 1 second to a day. Default: 5 seconds.
    pub fn with_admin_timeout(self, seconds: u64) -> Result<Self, LimitError> {
        Ok(Self { admin_timeout: time(1..=DAY, seconds)?, ..self })
    }

    /// About how much memory each of these takes at most: the fault rules, the initial states of merchants that are
    /// created at run time, and the responses of `/__mock/` that nobody has read yet. 1 MiB to 64 GiB. Default: 32 MiB.
    pub fn with_admin_bytes(self, bytes: u64) -> Result<Self, LimitError> {
        Ok(Self { admin_bytes: size(MIB..=64 * GIB, phrase!("bytes"), bytes)?, ..self })
    }

    /// How long exchanges in flight may take to finish at shutdown: 0 seconds to a day. Default: 10 seconds.
    pub fn with_shutdown(self, seconds: u64) -> Result<Self, LimitError> {
        Ok(Self { shutdown: time(0..=DAY, seconds)?, ..self })
    }
}

/// About how much memory a JSON value takes, in bytes. Its text can be far shorter: `1,` is a value of its own.
pub(crate) fn memory_of(value: &Value) -> usize {
    let inner = match value {
        Value::String(text) => ALLOCATED + text.len(),
        Value::Array(items) => ALLOCATED + items.iter().map(memory_of).sum::<usize>(),
        Value::Object(fields) => {
            let each = fields.iter().map(|(name, field)| ALLOCATED + name.len() + memory_of(field));
            NODE * fields.len().div_ceil(FIELDS) + each.sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    size_of::<Value>() + inner
}

/// What an allocation takes besides its content, in bytes.
const ALLOCATED: usize = 16;

/// The size of a node of a JSON object, which has room for 11 fields, and how many are in it on average if there are several
/// nodes. The values of the fields are counted with them.
const NODE: usize = 11 * (size_of::<String>() + size_of::<Value>()) + ALLOCATED;
const FIELDS: usize = 8;

fn time(range: RangeInclusive<u64>, seconds: u64) -> Result<Duration, LimitError> {
    check(range, phrase!("seconds"), seconds).map(Duration::from_secs)
}

/// On a 32-bit machine, a size beyond 32 bits becomes the largest possible size.
fn size(range: RangeInclusive<u64>, unit: Phrase, found: u64) -> Result<usize, LimitError> {
    check(range, unit, found).map(|size| saturating(size, usize::MAX))
}

fn saturating<T: TryFrom<u64>>(size: u64, most: T) -> T {
    T::try_from(size).unwrap_or(most)
}

fn check(range: RangeInclusive<u64>, unit: Phrase, found: u64) -> Result<u64, LimitError> {
    if range.contains(&found) { Ok(found) } else { Err(LimitError { range, unit, found }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_out_of_range_is_refused_with_the_range() {
        let error = Limits::default().with_head(100).unwrap_err();
        assert_eq!(error.to_string(), "expected 8192 to 16777216 bytes, found 100");
        assert!(Limits::default().with_body_timeout(u64::MAX).is_err());
    }

    #[test]
    fn the_memory_of_a_value_counts_each_of_its_values() {
        let many: Value = vec![Value::from(1); 1000].into();
        assert!(memory_of(&many) > 1000 * size_of::<Value>());
        assert!(memory_of(&serde_json::json!({ "a": "x".repeat(1000) })) > 1000);
    }

    #[test]
    fn a_size_beyond_32_bits_is_not_truncated() {
        let limits = Limits::default().with_journal_bytes(64 * GIB).unwrap();
        assert_eq!(limits.journal_bytes, saturating(64 * GIB, usize::MAX));
        assert_eq!((saturating(64 * GIB, u32::MAX), saturating(5, u32::MAX)), (u32::MAX, 5));
    }
}
