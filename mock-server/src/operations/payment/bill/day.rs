//! The days that bills are of, in Beijing.

use jiff::{Span, ToSpan, civil::Date};
use wechatpay_protocol::Timestamp;

use crate::{
    api::operation_error::OperationError,
    operations::payment::order::{DAY, MINUTE},
};

/// How far Beijing is ahead of UTC, in seconds.
const OFFSET: u64 = 8 * 60 * MINUTE;

/// When on the next day a bill is ready, in seconds: at 10 o'clock. (documented)
const READY: u64 = 10 * 60 * MINUTE;

/// For how many months a bill can be downloaded. (documented)
const MONTHS: i32 = 3;

/// The beginning of 1970.
const EPOCH: Date = Date::constant(1970, 1, 1);

/// A day in Beijing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(Date);

impl Day {
    /// Reads `bill_date`: `yyyy-MM-dd`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_full = text.len() == "2019-06-11".len() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let date = Date::strptime("%Y-%m-%d", text).ok().filter(|date| is_full && *date >= EPOCH)?;
        Some(Self(date))
    }

    /// The day of `bill_date`, if its bill can be downloaded now.
    ///
    /// # Errors
    /// Why it can't. That a day that has not ended counts as a wrong date was observed. (wild)
    pub(super) fn of_bill(text: &str, now: Timestamp) -> Result<Self, OperationError> {
        let today = Self::of(now);
        let day = Self::parse(text).filter(|day| *day < today).ok_or(OperationError::BillDate)?;
        let first = today.0.checked_sub(MONTHS.months()).unwrap_or(Date::MIN);
        if day.0 < first {
            return Err(OperationError::BillTooOld);
        }
        if now.as_unix() < day.ready() {
            return Err(OperationError::StatementCreating);
        }
        Ok(day)
    }

    fn of(time: Timestamp) -> Self {
        let days = i64::try_from((time.as_unix() + OFFSET) / DAY).unwrap_or(i64::MAX);
        let date = Span::new().try_days(days).and_then(|days| EPOCH.checked_add(days));
        Self(date.unwrap_or(Date::MAX))
    }

    /// The first second of the day.
    pub(super) fn begins(self) -> u64 {
        let days = EPOCH.until(self.0).map_or(0, |span| span.get_days());
        (u64::try_from(days).unwrap_or_default() * DAY).saturating_sub(OFFSET)
    }

    /// The first second of the next day.
    pub(super) fn ends(self) -> u64 {
        self.begins() + DAY
    }

    pub(super) fn contains(self, time: u64) -> bool {
        (self.begins()..self.ends()).contains(&time)
    }

    /// When the day's bills are ready.
    pub(super) fn ready(self) -> u64 {
        self.ends() + READY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_rfc3339(text).unwrap()
    }

    #[test]
    fn a_day_begins_and_ends_at_midnight_in_beijing() {
        let day = Day::parse("2025-09-04").unwrap();
        assert_eq!(day.begins(), at("2025-09-04T00:00:00+08:00").as_unix());
        for (time, expected) in [
            ("2025-09-03T23:59:59+08:00", false),
            ("2025-09-04T00:00:00+08:00", true),
            ("2025-09-04T23:59:59+08:00", true),
            ("2025-09-05T00:00:00+08:00", false),
        ] {
            assert_eq!(day.contains(at(time).as_unix()), expected, "{time}");
            assert_eq!(Day::of(at(time)) == day, expected, "{time}");
        }
    }

    #[test]
    fn a_date_has_four_two_and_two_digits() {
        for text in
            ["", "20250904", "2025-9-4", "2025-09-31", "2025/09/04", " 2025-9-04", "1969-12-31", "2025-09-0x"]
        {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_bill_is_ready_from_10_oclock_of_the_next_day_on_and_for_three_months() {
        use OperationError::{BillDate, BillTooOld, StatementCreating};
        let now = "2025-09-05T10:00:00+08:00";
        for (text, now, expected) in [
            ("2025-09-04", "2025-09-04T23:59:59+08:00", Some(BillDate)),
            ("2025-09-04", "2025-09-05T00:00:00+08:00", Some(StatementCreating)),
            ("2025-09-04", "2025-09-05T09:59:59+08:00", Some(StatementCreating)),
            ("2025-09-04", now, None),
            ("2025-09-05", now, Some(BillDate)),
            ("2025-09-06", now, Some(BillDate)),
            ("20250904", now, Some(BillDate)),
            ("2025-06-05", now, None),
            ("2025-06-04", now, Some(BillTooOld)),
            ("2025-02-28", "2025-05-31T12:00:00+08:00", None),
            ("2025-02-27", "2025-05-31T12:00:00+08:00", Some(BillTooOld)),
        ] {
            assert_eq!(Day::of_bill(text, at(now)).err(), expected, "{text} at {now}");
        }
    }
}
