//! Points in time, to the second, as both sides sign them.

use std::{fmt, str::FromStr, time::Duration};

use jiff::{
    SignedDuration,
    civil::{DateTime, date},
    fmt::temporal::Pieces,
};

use wechatpay_texts::{Phrase, phrase, text};

use crate::ParseError;

/// The beginning of 1970. jiff's dates reach to the end of the year 9999, its instants only to the day before.
const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

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
    /// In the last eight hours of the year 9999, Beijing has a year that RFC 3339 cannot express: they are printed in
    /// UTC, with `+00:00`. Any later time is printed as the last second.
    pub fn to_rfc3339(self) -> String {
        let at_offset = |hours: i64| {
            let seconds = i64::try_from(self.0).ok()?.checked_add(hours * 60 * 60)?;
            EPOCH.checked_add(SignedDuration::from_secs(seconds)).ok()
        };
        let (shown, offset) = match at_offset(8) {
            Some(beijing) => (beijing, "+08:00"),
            None => (at_offset(0).unwrap_or(DateTime::MAX), "+00:00"),
        };
        format!("{shown:.0}{offset}")
    }

    /// Reads RFC 3339 with any offset.
    ///
    /// # Errors
    /// [`ParseError`] if it is not RFC 3339, or before 1970.
    pub fn from_rfc3339(text: &str) -> Result<Self, ParseError> {
        let seconds = || {
            let pieces = Pieces::parse(text).ok()?;
            let local = pieces.date().to_datetime(pieces.time()?);
            let offset = SignedDuration::from_secs(pieces.to_numeric_offset()?.seconds().into());
            u64::try_from((local.duration_since(EPOCH) - offset).as_secs()).ok()
        };
        seconds().map(Self).ok_or_else(|| {
            ParseError::new(phrase!("time"), || text!("RFC 3339, since 1970"), text.as_bytes(), 0)
        })
    }
}

/// 1 to 19 decimal digits, the first not 0, so that a parsed timestamp prints as the very bytes that were signed.
impl FromStr for Timestamp {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let is_canonical = (1..=19).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !text.starts_with('0');
        is_canonical.then(|| text.parse().ok().map(Self)).flatten().ok_or_else(|| {
            ParseError::new(
                Phrase::name("timestamp"),
                || text!("seconds since 1970 in digits"),
                text.as_bytes(),
                0,
            )
        })
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
    }

    #[test]
    fn the_end_of_the_year_9999_is_printed_to_the_second_and_read_back() {
        for (seconds, printed) in [
            (253_402_207_200, "9999-12-31T06:00:00+08:00"),
            (253_402_271_999, "9999-12-31T23:59:59+08:00"),
            (253_402_272_000, "9999-12-31T16:00:00+00:00"),
            (253_402_300_799, "9999-12-31T23:59:59+00:00"),
        ] {
            assert_eq!(Timestamp::from_unix(seconds).to_rfc3339(), printed);
            assert_eq!(Timestamp::from_rfc3339(printed), Ok(Timestamp::from_unix(seconds)));
        }
        assert_eq!(Timestamp::from_unix(u64::MAX).to_rfc3339(), "9999-12-31T23:59:59+00:00");
    }

    #[test]
    fn a_time_is_read_with_any_offset_and_not_without_one() {
        for text in ["1970-01-01T00:00:01Z", "1970-01-01T08:00:01+08:00", "1969-12-31T23:00:01.9-01:00"] {
            assert_eq!(Timestamp::from_rfc3339(text), Ok(Timestamp::from_unix(1)), "{text}");
        }
        for text in ["", "2026-01-01", "2026-01-01T00:00:00", "1969-12-31T23:59:58Z", "2026-13-01T00:00:00Z"]
        {
            assert!(Timestamp::from_rfc3339(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_text_that_prints_back_unchanged_is_a_timestamp() {
        assert_eq!("1756951532".parse(), Ok(Timestamp::from_unix(1_756_951_532)));
        for text in ["", "0", "-1", "+1", "01", "1.0", " 1", "99999999999999999999"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text:?}");
        }
    }
}
