//! `logs`: shows or follows the requests of a running mock, in the format of its log.

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
  wechatpay-mock logs                     the last 100 requests
  wechatpay-mock logs -f                  follow the requests as they arrive
  wechatpay-mock logs -f --status 401     follow only requests with this status

Exit codes: 0 success, 1 the mock cannot be reached or rejects the call, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Logs {
    #[command(flatten)]
    mock: MockOptions,
    /// Keep printing requests as they arrive
    #[arg(long, short)]
    follow: bool,
    /// How many of the last requests to show
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

pub(crate) async fn run(options: &Logs) -> Result<(), Failure> {
    let mock = options.mock.client()?;
    let filter = options.filter();
    let newest = format!("exchanges?order=newest&limit={}{filter}", options.lines.max(1));
    let page = get(&mock, &newest, Duration::ZERO).await?;
    let mut lines = lines_of(&page);
    lines.truncate(options.lines.into());
    lines.reverse();
    let mut is_read = show(&lines)?;
    let mut last = page["last"].as_u64();
    while options.follow && is_read {
        let after = last.unwrap_or_default();
        let next = format!("exchanges?after={after}&limit=1000&wait={}{filter}", WAIT.as_secs());
        let page = get(&mock, &next, WAIT).await?;
        is_read = show(&lines_of(&page))?;
        last = page["last"].as_u64();
    }
    Ok(())
}

impl Logs {
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

/// A line for each exchange, with the time in this machine's time zone.
fn lines_of(page: &Value) -> Vec<String> {
    let exchanges = page["exchanges"].as_array().into_iter().flatten();
    exchanges.map(line_of).collect()
}

fn line_of(exchange: &Value) -> String {
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
