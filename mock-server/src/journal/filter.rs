//! Which exchanges somebody wants to see.

use http::StatusCode;
use wechatpay_protocol::Timestamp;

use crate::journal::Exchange;

/// What exchanges must have in common; the default is nothing, so that all are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this merchant, by mchid: those whose `Authorization` names it.
    pub merchant: Option<String>,
    /// Of this operation, by `operationId`.
    pub operation: Option<String>,
    /// Answered with this status.
    pub status: Option<StatusCode>,
    /// With this code in the answer.
    pub code: Option<String>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// With a higher number than this.
    pub after: u64,
}

impl Filter {
    /// Whether this exchange is meant.
    pub fn matches(&self, exchange: &Exchange) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        exchange.number > self.after
            && is(&self.merchant, exchange.mchid.as_ref().map(wechatpay_protocol::Mchid::as_str))
            && is(&self.operation, exchange.operation)
            && self.status.is_none_or(|status| exchange.status == Some(status))
            && is(&self.code, exchange.code())
            && self.since.is_none_or(|since| exchange.at >= since)
    }
}
