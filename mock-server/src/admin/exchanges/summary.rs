//! An exchange in short.

use std::borrow::Cow;

use serde::Serialize;
use wechatpay_diagnosis::Diagnosis;
use wechatpay_protocol::Mchid;

use crate::{
    faults::ActiveFault,
    journal::{Exchange, StageTimes},
};

/// The most important about an exchange, for lists. Borrowed, and small whatever was sent: a follower gets many of them.
#[derive(Debug, Serialize)]
pub(super) struct Summary<'a> {
    number: u64,
    at: u64,
    method: Cow<'a, str>,
    target: Cow<'a, str>,
    operation: Option<&'static str>,
    merchant: Option<&'a str>,
    authenticated: bool,
    status: Option<u16>,
    code: Option<&'a str>,
    fault: Option<&'static str>,
    diagnosis: Option<String>,
    warnings: usize,
    microseconds: u64,
    line: String,
}

/// The most characters of a text.
const MOST: usize = 1024;

impl<'a> Summary<'a> {
    pub(super) fn of(exchange: &'a Exchange) -> Self {
        Self {
            number: exchange.number,
            at: exchange.at.as_unix(),
            method: shortened(exchange.request.method.as_str()),
            target: shortened(&exchange.request.target),
            operation: exchange.operation,
            merchant: exchange.mchid.as_ref().map(Mchid::as_str),
            authenticated: exchange.is_authenticated,
            status: exchange.status.map(|status| status.as_u16()),
            code: exchange.code(),
            fault: exchange.fault.as_deref().map(ActiveFault::label),
            diagnosis: exchange.diagnosis.as_deref().map(Diagnosis::name),
            warnings: exchange.warnings.len(),
            microseconds: in_all(&exchange.times),
            line: exchange.to_string(),
        }
    }
}

fn in_all(times: &StageTimes) -> u64 {
    u64::try_from(times.total().as_micros()).unwrap_or(u64::MAX)
}

/// The text, or its beginning and `…`.
fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MOST) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_shortened_where_it_is_too_long() {
        let most = "会".repeat(MOST);
        assert_eq!(shortened(&most), most);
        assert_eq!(shortened(&(most.clone() + "员")), most + "…");
    }
}
