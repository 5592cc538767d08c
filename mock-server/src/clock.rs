//! The mock's clock: the only source of time for its behaviour.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use wechatpay_protocol::Timestamp;
use wechatpay_texts::text;

/// The mock's time, from 1970 to the end of the year 9999. Clones share one clock: a change to one changes all.
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
    /// Returns the time since 1970: the machine's, or a test's.
    base: Arc<dyn Fn() -> Duration + Send + Sync>,
    setting: Arc<watch::Sender<Setting>>,
}

/// The times of an exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// When the request was received completely, since 1970.
    pub(crate) received: Duration,
    /// The time of the response's signature.
    pub(crate) signs_at: Timestamp,
    /// The times that the request is checked by: others only if it is replayed.
    pub(crate) checked_at: CheckTimes,
}

/// The times that a request is checked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CheckTimes {
    /// Whether certificates and keys are valid.
    pub(crate) clock: Timestamp,
    /// Whether the timestamp of the signature is recent.
    pub(crate) signing: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Setting {
    time: Time,
    /// Whether signatures have the base's time instead.
    signs_in_real_time: bool,
}

/// A setting as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frozen_at: Option<u64>,
    #[serde(default)]
    signs_in_real_time: bool,
}

/// How the clock's time follows from its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    /// This many seconds ahead of the base, or behind it if negative.
    Runs(i64),
    /// Frozen at this time.
    Stands(Timestamp),
}

impl Clock {
    /// The last second that it shows: the end of the year 9999. RFC 3339 cannot express later dates.
    pub(crate) const LATEST: u64 = 253_402_300_799;

    /// The machine's own clock.
    pub fn system() -> Self {
        let base = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::of(base)
    }

    /// A frozen clock.
    pub fn fixed(at: Timestamp) -> Self {
        Self::from_fn(move || at)
    }

    /// A clock that calls `now` each time.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self::of(move || Duration::from_secs(now().as_unix()))
    }

    fn of(base: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { base: Arc::new(base), setting: Arc::new(watch::Sender::new(Setting::REAL)) }
    }

    /// The time in seconds, with this clock's offset.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.moment().as_secs())
    }

    /// The time since 1970, with fractions of a second if it follows the machine's clock.
    pub(crate) fn moment(&self) -> Duration {
        self.setting.borrow().time.show((self.base)())
    }

    /// The time by which the timestamps of requests are checked and those of responses and callbacks are made, when this
    /// clock shows `now`.
    pub(crate) fn signing(&self, now: Timestamp) -> Timestamp {
        let is_real = self.setting.borrow().signs_in_real_time;
        if is_real { Timestamp::from_unix((self.base)().as_secs()) } else { now }
    }

    /// The times of an exchange whose request is complete now.
    pub(crate) fn times(&self) -> Times {
        let received = self.moment();
        let now = Timestamp::from_unix(received.as_secs());
        let signs_at = self.signing(now);
        Times { received, signs_at, checked_at: CheckTimes { clock: now, signing: signs_at } }
    }

    /// Keeps the real time for timestamps in signatures, however the clock is moved, until [`resume`](Self::resume). Clients
    /// whose own clock is right then still talk to the mock: for what becomes due the next day, such as bills.
    pub fn sign_in_real_time(&self, is_real: bool) {
        self.setting.send_modify(|setting| setting.signs_in_real_time = is_real);
    }

    /// Freezes the clock at `at`, by default now. Returns the frozen time.
    pub fn freeze(&self, at: Option<Timestamp>) -> Timestamp {
        let mut stands = Timestamp::from_unix(0);
        self.setting.send_modify(|setting| {
            let at = at.map_or_else(|| setting.time.show((self.base)()).as_secs(), Timestamp::as_unix);
            stands = Timestamp::from_unix(at.min(Self::LATEST));
            setting.time = Time::Stands(stands);
        });
        stands
    }

    /// Moves the clock forward by this many seconds, or back if negative. A frozen clock stays frozen.
    pub fn advance(&self, seconds: i64) {
        self.setting.send_modify(|setting| {
            setting.time = match setting.time {
                Time::Runs(offset) => Time::Runs(offset.saturating_add(seconds)),
                Time::Stands(at) => Time::Stands(Timestamp::from_unix(moved(at.as_unix(), seconds))),
            };
        });
    }

    /// Runs this many seconds ahead of the machine's clock, or behind it if negative.
    pub fn skew(&self, seconds: i64) {
        self.setting.send_modify(|setting| setting.time = Time::Runs(seconds));
    }

    /// Follows the machine's clock again, without an offset.
    pub fn resume(&self) {
        self.setting.send_replace(Setting::REAL);
    }

    /// Whether timestamps in signatures have the real time.
    pub(crate) fn signs_in_real_time(&self) -> bool {
        self.setting.borrow().signs_in_real_time
    }

    /// Whether it is frozen.
    pub fn is_frozen(&self) -> bool {
        matches!(self.setting.borrow().time, Time::Stands(_))
    }

    /// The setting as JSON: `{"offset":-300}` or `{"frozen_at":1756951532}`, with `"signs_in_real_time":true` if they do. `None` if it
    /// follows the machine's clock in all.
    pub(crate) fn setting(&self) -> Option<String> {
        let setting = *self.setting.borrow();
        let (offset, frozen_at) = match setting.time {
            Time::Runs(offset) => (Some(offset), None),
            Time::Stands(at) => (None, Some(at.as_unix())),
        };
        let kept = Kept { offset, frozen_at, signs_in_real_time: setting.signs_in_real_time };
        (setting != Setting::REAL).then(|| serde_json::to_string(&kept).expect("numbers always serialize"))
    }

    /// Sets what [`setting`](Self::setting) has returned, perhaps in another mock.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(crate) fn set(&self, setting: Option<&str>) -> Result<(), String> {
        let setting = match setting {
            None => Setting::REAL,
            Some(text) => {
                let kept: Kept = serde_json::from_str(text).map_err(|error| error.to_string())?;
                let time = match (kept.offset, kept.frozen_at) {
                    (Some(offset), None) => Time::Runs(offset),
                    (None, Some(at)) if at <= Self::LATEST => Time::Stands(Timestamp::from_unix(at)),
                    _ => return Err(text!("expected an offset or frozen_at, found {text}")),
                };
                Setting { time, signs_in_real_time: kept.signs_in_real_time }
            }
        };
        self.setting.send_if_modified(|before| std::mem::replace(before, setting) != setting);
        Ok(())
    }

    /// Sees every change of the clock's setting from now on.
    pub(crate) fn changes(&self) -> ClockChanges {
        ClockChanges(self.setting.subscribe())
    }

    /// How many seconds it is ahead of the machine's clock; negative if it is behind.
    pub fn offset(&self) -> i64 {
        let base = (self.base)();
        let (shown, right) = (self.setting.borrow().time.show(base).as_secs(), base.as_secs());
        i64::try_from(i128::from(shown) - i128::from(right)).unwrap_or(i64::MAX)
    }
}

impl Times {
    /// When the request was received completely, in seconds.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.received.as_secs())
    }
}

/// The changes of a clock's setting.
pub(crate) struct ClockChanges(watch::Receiver<Setting>);

impl ClockChanges {
    /// Resolves when the clock was changed since the last call.
    pub(crate) async fn next(&mut self) {
        // An error means that the clock is gone: it never changes again.
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Setting {
    const REAL: Self = Self { time: Time::Runs(0), signs_in_real_time: false };
}

impl Time {
    /// The clock's time when its base is at this time.
    fn show(self, base: Duration) -> Duration {
        match self {
            Self::Runs(offset) => Duration::new(moved(base.as_secs(), offset), base.subsec_nanos()),
            Self::Stands(at) => Duration::from_secs(at.as_unix()),
        }
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
    fn the_offset_reads_the_base_clock_once() {
        let readings = std::sync::atomic::AtomicU64::new(0);
        let next = move || Timestamp::from_unix(readings.fetch_add(60, std::sync::atomic::Ordering::Relaxed));
        let clock = Clock::from_fn(next);
        clock.skew(5);
        assert_eq!([clock.offset(), clock.offset()], [5, 5]);
    }

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
    fn signatures_keep_the_real_time_until_the_clock_resumes() {
        let clock = Clock::fixed(Timestamp::from_unix(1_000));
        let shown = || [clock.now(), clock.signing(clock.now())].map(Timestamp::as_unix);
        clock.advance(86_400);
        assert_eq!(shown(), [87_400, 87_400]);
        clock.sign_in_real_time(true);
        assert_eq!(shown(), [87_400, 1_000]);
        clock.freeze(None);
        assert_eq!(shown(), [87_400, 1_000]);
        clock.resume();
        clock.advance(1);
        assert_eq!(shown(), [1_001, 1_001]);
    }

    #[test]
    fn a_setting_is_read_as_it_was_kept() {
        fn of<T>(change: &dyn Fn(&Clock) -> T) -> Option<String> {
            let clock = Clock::fixed(Timestamp::from_unix(1_000));
            change(&clock);
            let (kept, other) = (clock.setting(), Clock::fixed(Timestamp::from_unix(1_000)));
            other.set(kept.as_deref()).unwrap();
            assert_eq!((other.now(), other.setting()), (clock.now(), kept.clone()));
            kept
        }
        assert_eq!(of(&|_| {}), None);
        assert!(of(&|clock| clock.skew(-300)).unwrap().contains(r#""offset":-300"#));
        assert!(of(&|clock| clock.freeze(None)).unwrap().contains(r#""frozen_at":1000"#));
        assert!(of(&|clock| clock.sign_in_real_time(true)).unwrap().contains("true"));
        let clock = Clock::fixed(Timestamp::from_unix(1_000));
        for other in
            ["", "{}", r#"{"offset":1,"frozen_at":1}"#, r#"{"frozen_at":253402300800}"#, r#"{"a":1}"#]
        {
            assert!(clock.set(Some(other)).is_err(), "{other}");
        }
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
