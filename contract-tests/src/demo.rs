//! One call from both sides, step by step: what the client signs, what the mock checks, what it signs, and what the
//! client verifies.

use std::{error::Error, io::Write};

use anstyle::{AnsiColor, Style};
use http::{HeaderMap, Method};
use wechatpay_client::{Client, SignedRequest, VerifiedResponse};
use wechatpay_contract::case::{SAMPLE_BODY, SAMPLE_TARGET};
use wechatpay_mock::{Exchange, MockServer};
use wechatpay_protocol::ResponseSignature;

const SIDE: Style = AnsiColor::Cyan.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const QUIET: Style = Style::new().dimmed();

/// Makes the sample call to a mock of its own and prints every step.
pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let mock = MockServer::builder().start().await?;
    let client = Client::builder().base_url(&mock.url()).credentials(&mock.credentials()).build()?;

    let request = client.sign(Method::PATCH, SAMPLE_TARGET, SAMPLE_BODY)?;
    let verified = client.execute(&request).await?;
    let exchanges = mock.exchanges();
    let exchange = exchanges.last().ok_or("the mock has no record of the call")?;

    let mut out = anstream::stdout().lock();
    show_mock(&mut out, &mock)?;
    show_request(&mut out, &request)?;
    show_checks(&mut out, exchange)?;
    show_answer(&mut out, exchange)?;
    show_verified(&mut out, &verified)?;
    Ok(())
}

fn show_mock(out: &mut impl Write, mock: &MockServer) -> std::io::Result<()> {
    writeln!(out, "{SIDE}mock{SIDE:#}    listening on {}", mock.url())
}

fn show_request(out: &mut impl Write, request: &SignedRequest) -> std::io::Result<()> {
    writeln!(
        out,
        "\n{SIDE}client{SIDE:#}  signs five lines with the merchant's private key, SHA-256 and RSA:"
    )?;
    show_message(out, &request.message())?;
    writeln!(out, "\n{SIDE}client{SIDE:#}  sends {} with", request.method())?;
    show_line(out, &format!("Authorization: {}", request.authorization()))?;
    match request.trusted_key() {
        Some(key) => show_line(out, &format!("Wechatpay-Serial: {key}")),
        None => Ok(()),
    }
}

fn show_checks(out: &mut impl Write, exchange: &Exchange) -> std::io::Result<()> {
    writeln!(out, "\n{SIDE}mock{SIDE:#}    checks, in the gateway's order:")?;
    for (index, check) in exchange.checks_passed().iter().enumerate() {
        writeln!(out, "  {GOOD}✓{GOOD:#} {:>2}  {check}", index + 1)?;
    }
    let warnings = exchange.warnings.iter();
    warnings.into_iter().try_for_each(|warning| writeln!(out, "  ! {warning}"))
}

fn show_answer(out: &mut impl Write, exchange: &Exchange) -> std::io::Result<()> {
    writeln!(
        out,
        "\n{SIDE}mock{SIDE:#}    signs three lines with the platform's private key (the third is the empty body):"
    )?;
    show_message(out, &exchange.answer_message().unwrap_or_default())?;
    if let Some(status) = exchange.status {
        writeln!(out, "\n{SIDE}mock{SIDE:#}    answers {status} with")?;
    }
    show_signature(out, &exchange.answer_headers.to_map())
}

fn show_signature(out: &mut impl Write, headers: &HeaderMap) -> std::io::Result<()> {
    let Ok(signature) = ResponseSignature::from_headers(headers) else { return Ok(()) };
    show_line(out, &format!("Wechatpay-Timestamp: {}", signature.timestamp))?;
    show_line(out, &format!("Wechatpay-Nonce: {}", signature.nonce))?;
    show_line(out, &format!("Wechatpay-Signature: {}", signature.signature))?;
    show_line(out, &format!("Wechatpay-Serial: {}", signature.serial))
}

fn show_verified(out: &mut impl Write, verified: &VerifiedResponse) -> std::io::Result<()> {
    let serial = &verified.signature().serial;
    writeln!(out, "\n{SIDE}client{SIDE:#}  verifies the three lines it received with the key {serial}")?;
    writeln!(out, "\n{GOOD}verified: {}{GOOD:#}", verified.status())
}

/// The lines of a message, each with its end made visible.
fn show_message(out: &mut impl Write, message: &[u8]) -> std::io::Result<()> {
    String::from_utf8_lossy(message).split_terminator('\n').try_for_each(|line| {
        let end = format!("{QUIET}\\n{QUIET:#}");
        show_line(out, &format!("{line}{end}"))
    })
}

fn show_line(out: &mut impl Write, line: &str) -> std::io::Result<()> {
    writeln!(out, "  {QUIET}│{QUIET:#} {line}")
}
