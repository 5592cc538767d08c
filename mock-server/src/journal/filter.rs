//! Selects exchanges.

use http::StatusCode;
use wechatpay_protocol::{Mchid, Timestamp};

use crate::journal::Exchange;

/// Selects the exchanges that match all fields that are set. The default selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The merchant that `Authorization` names, by mchid.
    pub merchant: Option<String>,
    /// Exchanges that name no merchant of the mock; together with `merchant`, also that merchant's.
    pub unknown: bool,
    /// The operation, by `operationId`.
    pub operation: Option<String>,
    /// The status of the response.
    pub status: Option<StatusCode>,
    /// The error code in the response.
    pub code: Option<String>,
    /// Received at this time or later.
    pub since: Option<Timestamp>,
    /// Only exchanges with a number above this one.
    pub after: u64,
}

impl Filter {
    /// Whether it selects exchanges that name this merchant, or none.
    pub(crate) fn selects(&self, mchid: Option<&Mchid>) -> bool {
        match (mchid, &self.merchant) {
            (None, Some(_)) => self.unknown,
            (None, None) => true,
            (Some(mchid), Some(wanted)) => mchid.as_str() == wanted,
            (Some(_), None) => !self.unknown,
        }
    }

    /// Whether it selects this exchange.
    pub fn matches(&self, exchange: &Exchange) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        exchange.number > self.after
            && self.selects(exchange.mchid.as_ref())
            && is(&self.operation, exchange.operation.as_deref())
            && self.status.is_none_or(|status| exchange.status == Some(status))
            && is(&self.code, exchange.code())
            && self.since.is_none_or(|since| exchange.received_at >= since)
    }
}
