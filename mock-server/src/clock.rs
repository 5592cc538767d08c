//! The only source of time in the mock.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use wechatpay_protocol::Timestamp;

/// What time the mock thinks it is: from 1970 to the end of the year 9999, however far it is moved. Clones are the same clock: what one is told, the others show.
///
/// ```
/// use wechatpay_mock::Clock;
///
/// let clock = Clock::system();
/// let begun = clock.freeze(None);
/// clock.advance(301);
/// assert_eq!(clock.now().as_unix(), begun.as_unix() + 301);
/// clock.resume();
/// ```
#[derive(Clone)]
pub struct Clock {
    /// The time since 1970.
    base: Arc<dyn Fn() -> Duration + Send + Sync>,
    setting: Arc<Mutex<Setting>>,
}

/// How a clock differs from what it is based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setting {
    /// It runs, so many seconds ahead, or behind.
    Runs(i64),
    /// It stands still.
    Stands(Timestamp),
}

impl Clock {
    /// The last second that it shows, and that dates can name: the end of the year 9999.
    pub(crate) const LATEST: u64 = 253_402_300_799;

    /// The machine's own clock.
    pub fn system() -> Self {
        let base = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::of(base)
    }

    /// A clock that stands still.
    pub fn fixed(at: Timestamp) -> Self {
        Self::from_fn(move || at)
    }

    /// A clock that asks `now` each time.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self::of(move || Duration::from_secs(now().as_unix()))
    }

    fn of(base: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { base: Arc::new(base), setting: Arc::new(Mutex::new(Setting::Runs(0))) }
    }

    /// The time, now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.moment().as_secs())
    }

    /// The same since 1970, with the fraction of the second if it runs with the machine's own.
    pub(crate) fn moment(&self) -> Duration {
        self.show(*self.setting())
    }

    /// Stands still from now on: at that time, or at the present one. Says at which.
    pub fn freeze(&self, at: Option<Timestamp>) -> Timestamp {
        let mut setting = self.setting();
        let at = at.map_or_else(|| self.show(*setting).as_secs(), Timestamp::as_unix);
        let at = Timestamp::from_unix(at.min(Self::LATEST));
        *setting = Setting::Stands(at);
        at
    }

    /// Goes so many seconds forward, or back; then it runs or stands still as before.
    pub fn advance(&self, seconds: i64) {
        let mut setting = self.setting();
        *setting = match *setting {
            Setting::Runs(offset) => Setting::Runs(offset.saturating_add(seconds)),
            Setting::Stands(at) => Setting::Stands(Timestamp::from_unix(moved(at.as_unix(), seconds))),
        };
    }

    /// Runs so many seconds ahead of the right time, or behind it.
    pub fn skew(&self, seconds: i64) {
        *self.setting() = Setting::Runs(seconds);
    }

    /// Shows the right time again.
    pub fn resume(&self) {
        self.skew(0);
    }

    /// Whether it stands still because it was told to.
    pub fn is_frozen(&self) -> bool {
        matches!(*self.setting(), Setting::Stands(_))
    }

    /// How many seconds it is ahead of the right time. Negative if it is behind.
    pub fn offset(&self) -> i64 {
        let (shown, right) = (self.now().as_unix(), (self.base)().as_secs());
        i64::try_from(i128::from(shown) - i128::from(right)).unwrap_or(i64::MAX)
    }

    fn show(&self, setting: Setting) -> Duration {
        match setting {
            Setting::Runs(offset) => {
                let right = (self.base)();
                Duration::new(moved(right.as_secs(), offset), right.subsec_nanos())
            }
            Setting::Stands(at) => Duration::from_secs(at.as_unix()),
        }
    }

    fn setting(&self) -> MutexGuard<'_, Setting> {
        self.setting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn moved(unix: u64, seconds: i64) -> u64 {
    unix.saturating_add_signed(seconds).min(Clock::LATEST)
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_frozen_advanced_skewed_and_resumed() {
        let clock = Clock::fixed(Timestamp::from_unix(1_000));
        let shown = clock.clone();
        clock.skew(-300);
        assert_eq!((shown.now().as_unix(), shown.offset()), (700, -300));
        clock.advance(10);
        assert_eq!(shown.now().as_unix(), 710);
        assert_eq!(clock.freeze(None).as_unix(), 710);
        clock.advance(5);
        assert_eq!((shown.now().as_unix(), shown.is_frozen()), (715, true));
        clock.resume();
        assert_eq!((shown.now().as_unix(), shown.is_frozen()), (1_000, false));
    }

    #[test]
    fn no_time_is_before_1970_or_beyond_the_last() {
        let clock = Clock::fixed(Timestamp::from_unix(10));
        clock.advance(-11);
        assert_eq!(clock.now().as_unix(), 0);
        assert_eq!(clock.freeze(Some(Timestamp::from_unix(u64::MAX))).as_unix(), Clock::LATEST);
        clock.advance(1);
        assert_eq!(clock.now().as_unix(), Clock::LATEST);
        clock.skew(i64::MAX);
        assert_eq!((clock.now().as_unix(), clock.offset()), (Clock::LATEST, Clock::LATEST as i64 - 10));
        clock.advance(-i64::MAX);
        assert_eq!(clock.now().as_unix(), 10);
    }
}
