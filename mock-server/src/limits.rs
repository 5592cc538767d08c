//! How much, and how long, the mock puts up with.

use std::{ops::RangeInclusive, time::Duration};

/// What the mock takes at most. (own choice)
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
    pub(crate) body_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) connections: usize,
    pub(crate) request_numbers: usize,
    pub(crate) journal_exchanges: usize,
    pub(crate) journal_bytes: usize,
    pub(crate) journal_body: usize,
    pub(crate) merchants: usize,
    pub(crate) faults: usize,
    pub(crate) shutdown: Duration,
}

/// A limit outside of what makes sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {} to {} {unit}, found {found}", .range.start(), .range.end())]
pub struct LimitError {
    range: RangeInclusive<u64>,
    unit: &'static str,
    found: u64,
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const DAY: u64 = 24 * 60 * 60;

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: MIB as usize,
            head: 64 * KIB as usize,
            head_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            connections: 4096,
            request_numbers: 100_000,
            journal_exchanges: 10_000,
            journal_bytes: 32 * MIB as usize,
            journal_body: 64 * KIB as usize,
            merchants: 1_000,
            faults: 1_000,
            shutdown: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// The largest body: 1 byte to 1 GiB. Default: 1 MiB.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range.
    pub fn with_body(self, bytes: u64) -> Result<Self, LimitError> {
        Ok(Self { body: within(1..=KIB * MIB, "bytes", bytes)? as usize, ..self })
    }

    /// The largest head of a request, which is its request line and headers: 8 KiB to 16 MiB. Default: 64 KiB.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range.
    pub fn with_head(self, bytes: u64) -> Result<Self, LimitError> {
        // Less than 8 KiB would be less than hyper's own buffer.
        Ok(Self { head: within(8 * KIB..=16 * MIB, "bytes", bytes)? as usize, ..self })
    }

    /// How long a head may take to arrive; also, how long a connection may be idle: 1 second to a day.
    /// Default: 15 seconds.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range.
    pub fn with_head_timeout(self, seconds: u64) -> Result<Self, LimitError> {
        Ok(Self { head_timeout: Duration::from_secs(within(1..=DAY, "seconds", seconds)?), ..self })
    }

    /// How long a body may take to arrive: 1 second to a day. Default: 30 seconds.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range.
    pub fn with_body_timeout(self, seconds: u64) -> Result<Self, LimitError> {
        Ok(Self { body_timeout: Duration::from_secs(within(1..=DAY, "seconds", seconds)?), ..self })
    }

    /// How long the peer may take to accept an answer, as it does by reading; after that the connection is closed:
    /// 1 second to a day. Default: 30 seconds.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range.
    pub fn with_write_timeout(self, seconds: u64) -> Result<Self, LimitError> {
        Ok(Self { write_timeout: Duration::from_secs(within(1..=DAY, "seconds", seconds)?), ..self })
    }

    /// How many connections there may be at once: 1 to a million. Others wait until one of these ends. Default: 4096.
    ///
    /// An idle connection takes about 12 KiB of memory, over TLS about 36. One whose request is on its way also takes what has arrived of
    /// that.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range.
    pub fn with_connections(self, connections: u64) -> Result<Self, LimitError> {
        Ok(Self { connections: within(1..=1_000_000, "connections", connections)? as usize, ..self })
    }

    /// About how many request numbers are remembered for each merchant: 1 to 10 million. The oldest is forgotten first; of 8,192 or
    /// more, one of the oldest. Default: 100,000.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range.
    pub fn with_request_numbers(self, numbers: u64) -> Result<Self, LimitError> {
        let numbers = within(1..=10_000_000, "request numbers", numbers)?;
        Ok(Self { request_numbers: numbers as usize, ..self })
    }

    /// How many exchanges the journal keeps, of all merchants together: 1 to 10 million. Where it has no more room, the
    /// merchant with the most gives up its oldest. Default: 10,000.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range.
    pub fn with_journal_exchanges(self, exchanges: u64) -> Result<Self, LimitError> {
        let exchanges = within(1..=10_000_000, "exchanges", exchanges)?;
        Ok(Self { journal_exchanges: exchanges as usize, ..self })
    }

    /// How much memory these exchanges take at most, roughly: 1 MiB to 64 GiB. Default: 32 MiB.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range.
    pub fn with_journal_bytes(self, bytes: u64) -> Result<Self, LimitError> {
        Ok(Self { journal_bytes: within(MIB..=64 * KIB * MIB, "bytes", bytes)? as usize, ..self })
    }

    /// How much of each body the journal keeps: 0 to 1 GiB. What is cut is marked. Default: 64 KiB.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range.
    pub fn with_journal_body(self, bytes: u64) -> Result<Self, LimitError> {
        Ok(Self { journal_body: within(0..=KIB * MIB, "bytes", bytes)? as usize, ..self })
    }

    /// How many merchants may be made at run time: 0 to 100,000. Default: 1,000.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range.
    pub fn with_merchants(self, merchants: u64) -> Result<Self, LimitError> {
        Ok(Self { merchants: within(0..=100_000, "merchants", merchants)? as usize, ..self })
    }

    /// How many fault rules there may be for each merchant, and for all of them together: 0 to 100,000. Default: 1,000.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range.
    pub fn with_faults(self, faults: u64) -> Result<Self, LimitError> {
        Ok(Self { faults: within(0..=100_000, "faults", faults)? as usize, ..self })
    }

    /// How long exchanges that are on their way may take to end when the mock shall: 0 seconds to a day. Default: 10
    /// seconds.
    ///
    /// # Errors
    /// [`LimitError`] outside of that range.
    pub fn with_shutdown(self, seconds: u64) -> Result<Self, LimitError> {
        Ok(Self { shutdown: Duration::from_secs(within(0..=DAY, "seconds", seconds)?), ..self })
    }
}

pub(crate) fn within(range: RangeInclusive<u64>, unit: &'static str, found: u64) -> Result<u64, LimitError> {
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
}
