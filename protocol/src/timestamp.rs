//! Points in time, to the second, as both sides sign them.

use std::{fmt, str::FromStr, time::Duration};

use crate::ParseError;

/// Seconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// How far a timestamp may be from the verifier's clock, either way: five minutes for requests (documented) and
    /// for responses (SDK).
    pub const MAX_SKEW: Duration = Duration::from_secs(300);

    /// The time `seconds` after 1970-01-01 UTC.
    pub const fn from_unix(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970-01-01 UTC.
    pub const fn as_unix(self) -> u64 {
        self.0
    }

    /// The absolute difference.
    pub const fn skew(self, other: Self) -> Duration {
        Duration::from_secs(self.0.abs_diff(other.0))
    }

    /// RFC 3339 in Beijing time, which is how the gateway prints times: `2018-06-08T10:34:56+08:00`.
    ///
    /// Any time after the year 9999 is printed as its last second.
    pub fn to_rfc3339(self) -> String {
        let latest = jiff::Timestamp::MAX;
        let instant =
            i64::try_from(self.0).ok().and_then(|s| jiff::Timestamp::from_second(s).ok()).unwrap_or(latest);
        let beijing = jiff::tz::offset(8).to_datetime(instant);
        format!("{}+08:00", beijing.strftime("%Y-%m-%dT%H:%M:%S"))
    }

    /// Reads RFC 3339 with any offset.
    ///
    /// # Errors
    /// [`ParseError`] if it is not RFC 3339, or before 1970.
    pub fn from_rfc3339(text: &str) -> Result<Self, ParseError> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .and_then(|instant| u64::try_from(instant.as_second()).ok())
            .map(Self)
            .ok_or_else(|| ParseError::new("time", "RFC 3339, since 1970", text.as_bytes(), 0))
    }
}

/// 1 to 19 decimal digits, the first not 0, so that a parsed timestamp prints as the very bytes that were signed.
impl FromStr for Timestamp {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let is_canonical = (1..=19).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !text.starts_with('0');
        is_canonical
            .then(|| text.parse().ok().map(Self))
            .flatten()
            .ok_or_else(|| ParseError::new("timestamp", "seconds since 1970 in digits", text.as_bytes(), 0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentations_time_is_printed_in_beijing_time() {
        let documented = "2018-06-08T10:34:56+08:00";
        assert_eq!(Timestamp::from_rfc3339(documented).unwrap().to_rfc3339(), documented);
        assert_eq!(Timestamp::from_unix(0).to_rfc3339(), "1970-01-01T08:00:00+08:00");
        assert!(Timestamp::from_unix(u64::MAX).to_rfc3339().starts_with("9999-12-"));
    }

    #[test]
    fn only_text_that_prints_back_unchanged_is_a_timestamp() {
        assert_eq!("1756951532".parse(), Ok(Timestamp::from_unix(1_756_951_532)));
        for text in ["", "0", "-1", "+1", "01", "1.0", " 1", "99999999999999999999"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text:?}");
        }
    }
}
