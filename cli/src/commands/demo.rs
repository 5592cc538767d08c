//! `demo`: shows one call from both sides, step by step: the client signs, the mock checks and signs, the client verifies.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use http::{HeaderMap, Method};
use wechatpay_client::{Client, SignedRequest, VerifiedResponse};
use wechatpay_contract::case::{SAMPLE_BODY, SAMPLE_TARGET};
use wechatpay_mock::{Exchange, MockServer};
use wechatpay_protocol::ResponseSignature;
use wechatpay_texts::{Phrase, Text, phrase, text};

use crate::output::{DIM, Failure, GOOD, print};

const SIDE: Style = AnsiColor::Cyan.on_default().bold();

const MOCK: Phrase = phrase!("mock");
const CLIENT: Phrase = phrase!("client");

/// The mock's journal has no record of the call.
#[derive(Debug, Text, thiserror::Error)]
#[text("expected the call in the mock's journal, found none")]
struct NotRecorded;

/// Makes the sample call to its own mock and prints every step.
pub(crate) async fn run() -> Result<(), Failure> {
    let mock =
        MockServer::builder().start().await.map_err(Failure::context(phrase!("cannot start a mock")))?;
    let client = Client::builder().base_url(&mock.url()).credentials(&mock.credentials()).build()?;

    let request = client.sign(Method::PATCH, SAMPLE_TARGET, SAMPLE_BODY)?;
    let verified = client.execute(&request).await.map_err(Failure::check)?;
    let exchanges = mock.exchanges();
    let exchange = exchanges.last().ok_or(NotRecorded).map_err(Failure::check)?;

    print(|out| {
        say(out, MOCK, &text!("listening on {url}", url = mock.url()))?;
        show_request(out, &request)?;
        show_checks(out, exchange)?;
        show_response(out, exchange)?;
        show_verified(out, &verified)
    })
}

fn show_request(out: &mut dyn Write, request: &SignedRequest) -> io::Result<()> {
    writeln!(out)?;
    say(out, CLIENT, &text!("signs five lines with the merchant's private key, SHA-256 and RSA:"))?;
    show_message(out, &request.message())?;
    writeln!(out)?;
    say(out, CLIENT, &text!("sends {method} with", method = request.method()))?;
    show_line(out, &format!("Authorization: {}", request.authorization()))?;
    match request.trusted_key() {
        Some(key) => show_line(out, &format!("Wechatpay-Serial: {key}")),
        None => Ok(()),
    }
}

fn show_checks(out: &mut dyn Write, exchange: &Exchange) -> io::Result<()> {
    writeln!(out)?;
    say(out, MOCK, &text!("checks, in the gateway's order:"))?;
    for (index, check) in exchange.checks_passed().iter().enumerate() {
        writeln!(out, "  {GOOD}✓{GOOD:#} {:>2}  {check}", index + 1)?;
    }
    exchange.warnings.iter().try_for_each(|warning| writeln!(out, "  ! {warning}"))
}

fn show_response(out: &mut dyn Write, exchange: &Exchange) -> io::Result<()> {
    writeln!(out)?;
    say(
        out,
        MOCK,
        &text!("signs three lines with the platform's private key (the third is the empty body):"),
    )?;
    show_message(out, &exchange.response_message().unwrap_or_default())?;
    if let Some(status) = exchange.status {
        writeln!(out)?;
        say(out, MOCK, &text!("responds {status} with"))?;
    }
    show_signature(out, &exchange.response_headers.to_map())
}

fn show_signature(out: &mut dyn Write, headers: &HeaderMap) -> io::Result<()> {
    let Ok(signature) = ResponseSignature::from_headers(headers) else { return Ok(()) };
    show_line(out, &format!("Wechatpay-Timestamp: {}", signature.timestamp))?;
    show_line(out, &format!("Wechatpay-Nonce: {}", signature.nonce))?;
    show_line(out, &format!("Wechatpay-Signature: {}", signature.signature))?;
    show_line(out, &format!("Wechatpay-Serial: {}", signature.serial))
}

fn show_verified(out: &mut dyn Write, verified: &VerifiedResponse) -> io::Result<()> {
    let serial = &verified.signature().serial;
    writeln!(out)?;
    say(out, CLIENT, &text!("verifies the three lines it received with the key {serial}"))?;
    writeln!(out, "\n{GOOD}{}{GOOD:#}", text!("verified: {status}", status = verified.status()))
}

/// The lines of a message, with their newlines made visible.
fn show_message(out: &mut dyn Write, message: &[u8]) -> io::Result<()> {
    String::from_utf8_lossy(message).split_terminator('\n').try_for_each(|line| {
        let end = format!("{DIM}\\n{DIM:#}");
        show_line(out, &format!("{line}{end}"))
    })
}

/// A line of what one side does.
fn say(out: &mut dyn Write, side: Phrase, what: &str) -> io::Result<()> {
    writeln!(out, "{SIDE}{side:6}{SIDE:#}  {what}")
}

fn show_line(out: &mut dyn Write, line: &str) -> io::Result<()> {
    writeln!(out, "  {DIM}│{DIM:#} {line}")
}
