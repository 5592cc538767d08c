//! `logs`: shows or follows the requests and callbacks of a running mock, in the format of its log.

use std::{io, time::Duration};

use clap::Args;
use http::Method;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use crate::{
    mock_client::{MockClient, MockOptions, TIMEOUT, call_failed},
    output::{DIM, Failure, highlight_status, print, printable_lines},
};

/// How long the mock holds a request open while there is nothing new.
const WAIT: Duration = Duration::from_secs(30);

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock logs                     the last 100 requests and callbacks
  wechatpay-mock logs -f                  follow them as they arrive
  wechatpay-mock logs -f --status 401     follow only requests with this status

Exit codes: 0 success, 1 the mock cannot be reached or rejects the call, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Logs {
    #[command(flatten)]
    mock: MockOptions,
    /// Keep printing requests and callbacks as they arrive
    #[arg(long, short)]
    follow: bool,
    /// How many of the last requests and callbacks to show
    #[arg(long, short = 'n', value_name = "N", default_value = "100")]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=1000))]
    lines: u16,
    /// Only requests of this merchant
    #[arg(long, value_name = "MCHID")]
    merchant: Option<String>,
    /// Only requests for this operation, by its operationId
    #[arg(long, value_name = "ID")]
    operation: Option<String>,
    /// Only requests with this response status
    #[arg(long, value_name = "STATUS")]
    status: Option<u16>,
}

/// The lists that are shown: the way in and the way out.
const EXCHANGES: &str = "exchanges";
const ATTEMPTS: &str = "attempts";

pub(crate) async fn run(options: &Logs) -> Result<(), Failure> {
    let mock = options.mock.client()?;
    let filter = options.filter();
    let newest = format!("exchanges?order=newest&limit={}{filter}", options.lines.max(1));
    let page = get(&mock, &newest, Duration::ZERO).await?;
    let mut entries = entries_of(&page, EXCHANGES);
    entries.reverse();
    let merchant = options.merchant.as_deref().map(|mchid| format!("merchant={}&", encoded(mchid)));
    let attempts = format!("callback-attempts?{}", merchant.unwrap_or_default());
    let mut last_attempt = None;
    if options.has_callbacks() {
        let page = get(&mock, &format!("{attempts}after=0"), Duration::ZERO).await?;
        entries.extend(entries_of(&page, ATTEMPTS));
        entries.sort_by_key(|entry| entry["at"].as_u64());
        last_attempt = page["last"].as_u64();
    }
    let skipped = entries.len().saturating_sub(options.lines.into());
    let is_read = show(&lines_of(&entries[skipped..]))?;
    if !options.follow || !is_read {
        return Ok(());
    }
    let exchanges = format!("exchanges?limit=1000{filter}&");
    let exchanges = follow(&mock, &exchanges, EXCHANGES, page["last"].as_u64());
    if options.has_callbacks() {
        // Either ends if nobody reads the output any more.
        tokio::select! {
            ended = exchanges => ended,
            ended = follow(&mock, &attempts, ATTEMPTS, last_attempt) => ended,
        }
    } else {
        exchanges.await
    }
}

/// Shows what is new in this list until nobody reads it any more.
async fn follow(mock: &MockClient, path: &str, list: &str, mut last: Option<u64>) -> Result<(), Failure> {
    loop {
        let next = format!("{path}after={}&wait={}", last.unwrap_or_default(), WAIT.as_secs());
        let page = get(mock, &next, WAIT).await?;
        if !show(&lines_of(&entries_of(&page, list)))? {
            return Ok(());
        }
        last = page["last"].as_u64();
    }
}

impl Logs {
    /// Whether callbacks are shown: not if only some requests are wanted.
    fn has_callbacks(&self) -> bool {
        self.operation.is_none() && self.status.is_none()
    }

    /// The filters of `GET /__mock/exchanges`, each after `&`.
    fn filter(&self) -> String {
        let status = self.status.map(|status| status.to_string());
        let filters = [("merchant", &self.merchant), ("operation", &self.operation), ("status", &status)];
        let set = filters.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        set.map(|(name, value)| format!("&{name}={}", encoded(value))).collect()
    }
}

fn encoded(value: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(byte).collect()
}

async fn get(mock: &MockClient, path: &str, wait: Duration) -> Result<Value, Failure> {
    mock.call(Method::GET, path, None, TIMEOUT + wait).await.map_err(call_failed)
}

fn entries_of(page: &Value, list: &str) -> Vec<Value> {
    page[list].as_array().cloned().unwrap_or_default()
}

/// A line for each entry, with the time in this machine's time zone.
fn lines_of(entries: &[Value]) -> Vec<String> {
    entries.iter().map(line_of).collect()
}

pub(super) fn line_of(exchange: &Value) -> String {
    let at = exchange["at"].as_i64().and_then(|at| Timestamp::from_second(at).ok()).unwrap_or_default();
    let time = at.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let line = printable_lines(exchange["line"].as_str().unwrap_or_default());
    let status = exchange["status"].as_u64().and_then(|status| status.try_into().ok());
    let line = status.map_or_else(|| line.clone(), |status| highlight_status(&line, status));
    format!("{DIM}{time}{DIM:#} {line}")
}

/// Prints the lines. Returns whether stdout is still open.
fn show(lines: &[String]) -> Result<bool, Failure> {
    let mut is_read = true;
    print(|out| {
        let written = lines.iter().try_for_each(|line| writeln!(out, "{line}")).and_then(|()| out.flush());
        is_read = !written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        written
    })?;
    Ok(is_read)
}
