//! The last expectations that were checked by a call.

use wechatpay_protocol::{Timestamp, display::truncate};

use super::{
    expectation::{Expectation, Verification},
    ring::{Entry, Ring},
};

/// How many are kept, and how many bytes of them. (own choice)
const MOST: usize = 100;
const MOST_BYTES: usize = 1 << 20;

/// The longest expectation that is kept, as JSON, in bytes, and the most characters of a report. (own choice)
const LONGEST: usize = 16 << 10;
const LONGEST_REPORT: usize = 4096;

/// An expectation that was checked.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// Counts those of a mock from 1.
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    /// Whose exchanges were looked at; `None` for all.
    merchant: Option<String>,
    /// The expectation as JSON, if it is not too long.
    pub(crate) expectation: Option<String>,
    pub(crate) met: bool,
    pub(crate) report: String,
}

/// The last ones of all merchants.
pub(crate) type CheckedExpectations = Ring<Checked>;

impl CheckedExpectations {
    pub(super) fn empty() -> Self {
        Self::new(MOST, MOST_BYTES)
    }

    /// Numbers and keeps it.
    pub(crate) fn keep(&self, at: Timestamp, expectation: &Expectation, verification: &Verification) {
        let json = serde_json::to_string(expectation).ok().filter(|json| json.len() <= LONGEST);
        self.record(|number| Checked {
            number,
            at,
            merchant: expectation.merchant.clone(),
            expectation: json,
            met: verification.met,
            report: truncate(&verification.report, LONGEST_REPORT).into_owned(),
        });
    }
}

impl Entry for Checked {
    fn number(&self) -> u64 {
        self.number
    }

    fn merchant(&self) -> Option<&str> {
        self.merchant.as_deref()
    }

    fn size(&self) -> usize {
        self.expectation.as_ref().map_or(0, String::len) + self.report.len()
    }
}
