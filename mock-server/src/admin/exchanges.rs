//! The journal: in short, one after another, whole, and as an archive.

mod detail;
mod follow;
mod summary;

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use wechatpay_protocol::{Mchid, Timestamp};

use crate::{
    admin::{
        answer::{Answer, Deleted},
        call::Call,
        control::Control,
        exchanges::{
            detail::Detail,
            follow::{look, next},
            summary::Summary,
        },
        refusal::Refusal,
    },
    journal::{Filter, Order, har::Archive},
};

/// The most exchanges in one answer.
const MOST: usize = 1000;
/// So many, unless it is said.
const USUAL: usize = 100;
/// The longest wait for the next, in seconds.
const LONGEST_WAIT: u64 = 60;

#[derive(Debug, Serialize)]
struct ExchangePage<'a> {
    exchanges: Vec<Summary<'a>>,
    has_more: bool,
    last: u64,
}

/// `GET /__mock/exchanges`
pub(super) async fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let (filter, limit) = (filter(call)?, limit(call)?.unwrap_or(USUAL));
    let order = call.query.read("order", "oldest or newest", order)?.unwrap_or_default();
    let is_wait = |wait: &u64| (0..=LONGEST_WAIT).contains(wait);
    let wait = call.query.read("wait", "0 to 60 seconds", |value| value.parse().ok().filter(is_wait))?;
    let seen = match wait {
        None | Some(0) => look(&call.control.gateway.journal, &filter, order, limit),
        Some(seconds) => {
            next(&call.control.gateway, filter, order, limit, Duration::from_secs(seconds)).await
        }
    };
    let exchanges = seen.page.exchanges.iter().map(|exchange| Summary::of(exchange)).collect();
    Ok(Answer::ok(&ExchangePage { exchanges, has_more: seen.page.has_more, last: seen.last }))
}

/// `GET /__mock/exchanges.har`
pub(super) async fn export(call: &Call<'_>) -> Result<Answer, Refusal> {
    let (filter, limit) = (filter(call)?, limit(call)?.unwrap_or(MOST));
    let address = call.address;
    let archive = move |control: &Control| {
        let page = control.gateway.journal.page(&filter, Order::Oldest, limit);
        Answer::ok(&Archive::of(&page, address))
    };
    Ok(call.apart(archive).await)
}

/// `GET /__mock/exchanges/{number}`
pub(super) fn show(call: &Call<'_>) -> Result<Answer, Refusal> {
    let (number, journal) = (call.number()?, &call.control.gateway.journal);
    if let Some(exchange) = journal.exchange(number) {
        return Ok(Answer::ok(&Detail::of(&exchange)));
    }
    let last = journal.recorded().recorded;
    Err(if (1..=last).contains(&number) {
        Refusal::ExchangeForgotten { number }
    } else {
        Refusal::NoExchangeYet { number, last }
    })
}

/// `DELETE /__mock/exchanges`
pub(super) fn delete(call: &Call<'_>) -> Result<Answer, Refusal> {
    let mchid: Option<Mchid> = merchant(call)?.and_then(|mchid| mchid.parse().ok());
    Ok(Answer::ok(&Deleted { deleted: call.control.gateway.journal.clear(mchid.as_ref()) }))
}

/// The merchant that the query names. It need not exist, or exist any longer.
pub(super) fn merchant(call: &Call<'_>) -> Result<Option<String>, Refusal> {
    call.query
        .read("merchant", "an mchid, 1 to 32 digits", |value| Some(value.parse::<Mchid>().ok()?.to_string()))
}

fn filter(call: &Call<'_>) -> Result<Filter, Refusal> {
    let query = &call.query;
    let operations: Vec<_> = call.control.gateway.contract.operation_ids().collect();
    let operations = format!("one of {}", operations.join(", "));
    let operation = |id: &str| call.control.gateway.contract.operation(id).map(|_| id.to_owned());
    let code = |code: &str| (1..=64).contains(&code.len()).then(|| code.to_owned());
    Ok(Filter {
        merchant: merchant(call)?,
        operation: query.read("operation", &operations, operation)?,
        status: query.read("status", "100 to 599", status)?,
        code: query.read("code", "1 to 64 characters", code)?,
        since: query.read("since", "Unix seconds, or RFC 3339 since 1970", time)?,
        after: query.read("after", "a number from 0 on", |value| value.parse().ok())?.unwrap_or(0),
    })
}

fn limit(call: &Call<'_>) -> Result<Option<usize>, Refusal> {
    let is_limit = |limit: &usize| (1..=MOST).contains(limit);
    call.query.read("limit", "1 to 1000", |value| value.parse().ok().filter(is_limit))
}

fn order(value: &str) -> Option<Order> {
    match value {
        "oldest" => Some(Order::Oldest),
        "newest" => Some(Order::Newest),
        _ => None,
    }
}

fn status(text: &str) -> Option<StatusCode> {
    StatusCode::from_u16(text.parse().ok()?).ok().filter(|status| status.as_u16() < 600)
}

fn time(text: &str) -> Option<Timestamp> {
    let seconds = text.parse().ok().map(Timestamp::from_unix);
    seconds.or_else(|| Timestamp::from_rfc3339(text).ok())
}
