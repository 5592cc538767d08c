//! `replay`: lets a running mock process requests again.

use std::path::{Path, PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use clap::{Args, ValueEnum};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use wechatpay_protocol::display::{printable, truncate};
use wechatpay_texts::{Text, phrase, text};

use crate::{
    commands::{explain, logs::line_of},
    explain::{
        CaptureError,
        har::{self, Content, Entry},
    },
    mock_client::{MockError, MockOptions, TIMEOUT, call_failed},
    output::{Failure, print, printable_lines},
};

const EXAMPLES: &str = "\
Examples:
  wechatpay-mock replay 7                 process the request of exchange 7 again, as it was
  wechatpay-mock replay 7 --sign anew     the same with a new signature, by the key that the mock has
  wechatpay-mock replay refused.har       each request of an archive, checked by the time at which it was made

Each becomes a new exchange, of which a line is printed. The state is that of now.

Exit codes: 0 each request got an answer, 1 one did not, or the mock cannot be reached or rejects the call, 2 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Replay {
    /// The number of an exchange, or a file: an archive (HAR), - for stdin
    #[arg(value_name = "N|FILE")]
    what: PathBuf,
    /// How the requests are signed
    #[arg(long, value_name = "HOW", default_value = "as-then")]
    sign: Signing,
    #[command(flatten)]
    mock: MockOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Signing {
    /// As they were, and checked by the time of then
    AsThen,
    /// Anew, by the merchant's private key, if the mock has it
    Anew,
}

/// The file has none.
#[derive(Debug, Text, thiserror::Error)]
#[text(
    "expected an archive (HAR) with a request to WeChat Pay, found none; give the number of an exchange or a HAR file"
)]
struct NoRequest;

/// Returns whether each request got an answer.
pub(crate) async fn run(options: &Replay) -> Result<bool, Failure> {
    let mock = options.mock.client()?;
    let sign = match options.sign {
        Signing::AsThen => "as-then",
        Signing::Anew => "anew",
    };
    if let Some(number) = options.what.to_str().and_then(|what| what.parse::<u64>().ok()) {
        let (path, body) = (format!("exchanges/{number}/replay"), json!({ "sign": sign }));
        let summary = mock.call(Method::POST, &path, Some(&body), TIMEOUT).await.map_err(call_failed)?;
        return show(&summary);
    }
    let mut is_complete = true;
    let mut requests = 0;
    for (at, entry) in (1..).zip(entries(&options.what)?) {
        if let Some(why) = not_for_gateway(&entry) {
            skip(at, &entry, why)?;
            continue;
        }
        requests += 1;
        if entry.request.post_data.as_ref().is_some_and(Content::is_cut) {
            skip(
                at,
                &entry,
                phrase!("the journal cut its body; raise limits.journal_body, and send it again").text(),
            )?;
            is_complete = false;
            continue;
        }
        let mut body = json!({ "request": request_of(&entry), "sign": sign });
        if options.sign == Signing::AsThen
            && let Some(at) = made_at(&entry)
        {
            body["at"] = json!(at);
        }
        match mock.call(Method::POST, "replay", Some(&body), TIMEOUT).await {
            Ok(summary) => is_complete &= show(&summary)?,
            // The others may be fine.
            Err(MockError::Refused { status, message }) if is_about_request(status) => {
                skip(at, &entry, &message)?;
                is_complete = false;
            }
            Err(error) => return Err(call_failed(error)),
        }
    }
    if requests == 0 { Err(NoRequest.into()) } else { Ok(is_complete) }
}

/// Whether a refusal is about the request to replay, and not about the caller.
fn is_about_request(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::PAYLOAD_TOO_LARGE)
}

fn entries(path: &Path) -> Result<Vec<Entry>, Failure> {
    let bytes = explain::bytes(path)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    match har::read_entries(bytes) {
        Ok(entries) => Ok(entries.ok_or(NoRequest)?),
        Err(CaptureError::Har { .. }) if !bytes.trim_ascii_start().starts_with(b"{") => Err(NoRequest.into()),
        Err(error) => Err(error.into()),
    }
}

/// Why an entry is no request to the gateway.
fn not_for_gateway(entry: &Entry) -> Option<&'static str> {
    if entry.callback.is_some() || has_header(entry, "Wechatpay-Signature", "") {
        return Some(phrase!("a callback, which the gateway sends").text());
    }
    let is_exchange = entry.number.is_some_and(|number| number > 0);
    let is_gateways = has_header(entry, "Authorization", "WECHATPAY2-") || is_gateways(&entry.request.url);
    if is_exchange || is_gateways { None } else { Some(phrase!("no request to WeChat Pay").text()) }
}

/// The request in the form of `POST /__mock/replay`.
fn request_of(entry: &Entry) -> Value {
    let request = &entry.request;
    // HTTP/2 has names such as :path for what the first line has in HTTP/1.1.
    let headers = request.headers.iter().filter(|header| !header.name.starts_with(':'));
    let headers: Vec<_> =
        headers.map(|header| json!({ "name": header.name, "value": header.value })).collect();
    let mut made =
        json!({ "method": request.method, "target": har::target(&request.url), "headers": headers });
    if let Some(content) = &request.post_data {
        made["body"] = match String::from_utf8(har::bytes(content)) {
            Ok(text) => json!({ "text": text }),
            Err(error) => json!({ "base64": BASE64_STANDARD.encode(error.as_bytes()) }),
        };
    }
    made
}

fn has_header(entry: &Entry, name: &str, begins: &str) -> bool {
    let mut headers = entry.request.headers.iter();
    headers.any(|one| one.name.eq_ignore_ascii_case(name) && one.value.trim_start().starts_with(begins))
}

/// Whether a URL has one of the gateway's own hosts.
fn is_gateways(url: &str) -> bool {
    let host = url.split_once("://").map_or("", |(_, rest)| rest).split(['/', ':', '?', '#']).next();
    host.is_some_and(|host| host.ends_with(".mch.weixin.qq.com"))
}

/// The time of a request by the clock of who checked it.
fn made_at(entry: &Entry) -> Option<u64> {
    let started = entry.started_date_time.parse::<Timestamp>().ok();
    entry.checked_at.or_else(|| started?.as_second().try_into().ok())
}

/// Prints the line of an exchange. Returns whether it has an answer.
fn show(summary: &Value) -> Result<bool, Failure> {
    print(|out| writeln!(out, "{}", line_of(summary)))?;
    Ok(summary["status"].is_u64())
}

fn skip(at: usize, entry: &Entry, why: &str) -> Result<(), Failure> {
    let request = format!("{} {}", entry.request.method, truncate(&entry.request.url, SHOWN));
    let line = text!("entry {at} skipped: {request}: {why}", request = printable(&request, SHOWN));
    print(|out| writeln!(out, "{}", printable_lines(&line)))
}

/// The most characters of a request in a line.
const SHOWN: usize = 200;
