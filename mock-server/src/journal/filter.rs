//! Selects exchanges.

use http::StatusCode;
use wechatpay_protocol::Timestamp;

use crate::journal::Exchange;

/// Selects the exchanges that match all fields that are set. The default selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The merchant that `Authorization` names, by mchid.
    pub merchant: Option<String>,
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
    /// Whether it selects this exchange.
    pub fn matches(&self, exchange: &Exchange) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        exchange.number > self.after
            && is(&self.merchant, exchange.mchid.as_ref().map(wechatpay_protocol::Mchid::as_str))
            && is(&self.operation, exchange.operation.as_deref())
            && self.status.is_none_or(|status| exchange.status == Some(status))
            && is(&self.code, exchange.code())
            && self.since.is_none_or(|since| exchange.received_at >= since)
    }
}
