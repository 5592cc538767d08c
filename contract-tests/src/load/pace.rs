//! When requests are due.

use std::{num::NonZero, time::Duration};

/// What decides when the next request is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The answer before it: each connection sends its next request once it has one. This finds out what a server carries.
    Closed,
    /// The time alone: a request that finds all connections busy waits, and that counts. This finds out how long clients
    /// wait that know nothing of each other.
    Open(Schedule),
}

/// The moments at which requests are due, counted from the start. None of them depends on an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// One after another, so many in a second.
    Rate(NonZero<u32>),
    /// So many at once, and again each time this has passed.
    Burst {
        /// How many.
        size: NonZero<u32>,
        /// From one burst to the next.
        every: Duration,
    },
}

const NANOSECONDS: u128 = 1_000_000_000;

impl Schedule {
    /// When the request with this number is due; the first is number 0. Computed anew for each, so that no error adds up.
    pub fn due(&self, number: u64) -> Duration {
        match self {
            Self::Rate(rate) => {
                let nanoseconds = u128::from(number) * NANOSECONDS / u128::from(rate.get());
                duration(nanoseconds)
            }
            Self::Burst { size, every } => {
                duration(u128::from(number / u64::from(size.get())) * every.as_nanos())
            }
        }
    }

    /// How many are due before so much time has passed.
    pub fn due_within(&self, time: Duration) -> u64 {
        let time = time.as_nanos();
        let number = match self {
            Self::Rate(rate) => (time * u128::from(rate.get())).div_ceil(NANOSECONDS),
            Self::Burst { size, every } => u128::from(size.get()) * time.div_ceil(every.as_nanos().max(1)),
        };
        u64::try_from(number).unwrap_or(u64::MAX)
    }
}

fn duration(nanoseconds: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(rate: u32) -> Schedule {
        Schedule::Rate(rate.try_into().unwrap())
    }

    #[test]
    fn a_rate_spreads_its_requests_evenly_and_exactly() {
        assert_eq!(rate(4).due(0), Duration::ZERO);
        assert_eq!(rate(4).due(3), Duration::from_millis(750));
        // A third of a second has no end, but three thirds are one.
        assert_eq!(rate(3).due(1), Duration::from_nanos(333_333_333));
        assert_eq!(rate(3).due(3_000_000), Duration::from_secs(1_000_000));
    }

    #[test]
    fn a_rate_has_as_many_requests_due_as_it_says() {
        assert_eq!(rate(2000).due_within(Duration::from_secs(10)), 20_000);
        assert_eq!(rate(3).due_within(Duration::from_millis(400)), 2);
        assert_eq!(rate(3).due_within(Duration::ZERO), 0);
    }

    #[test]
    fn a_burst_is_due_all_at_once() {
        let schedule = Schedule::Burst { size: 100.try_into().unwrap(), every: Duration::from_millis(500) };
        assert_eq!([0, 99].map(|number| schedule.due(number)), [Duration::ZERO; 2]);
        assert_eq!([100, 199].map(|number| schedule.due(number)), [Duration::from_millis(500); 2]);
        assert_eq!(schedule.due_within(Duration::from_secs(1)), 200);
        assert_eq!(schedule.due_within(Duration::from_millis(1001)), 300);
    }

    #[test]
    fn what_is_due_within_a_time_is_what_is_due_before_its_end() {
        let burst = Schedule::Burst { size: 7.try_into().unwrap(), every: Duration::from_millis(3) };
        for schedule in [rate(1), rate(7), rate(999), burst] {
            for time in [1, 2, 3, 1000, 1001].map(Duration::from_millis) {
                let within = schedule.due_within(time);
                assert!(
                    schedule.due(within - 1) < time && schedule.due(within) >= time,
                    "{schedule:?} {time:?}"
                );
            }
        }
    }
}
