//! Output of `call`.

use std::io::{self, IsTerminal, Write};

use wechatpay_client::{VerificationError, VerifiedResponse};
use wechatpay_protocol::{Certificate, REQUEST_ID, Timestamp, display::truncate};
use wechatpay_texts::{Phrase, phrase, text};

use crate::output::{DIM, Failure, GOOD, print, printable_lines};

/// The most characters of a `Request-ID` that are shown.
const MAX_REQUEST_ID: usize = 200;

/// Prints the body on stdout, with a newline at its end, and a summary on stderr; without a body, the summary on stdout. A
/// terminal gets the body with everything escaped that could control it.
pub(super) fn verified(verified: &VerifiedResponse) -> Result<(), Failure> {
    let body = verified.body();
    if body.is_empty() {
        return print(|out| summary(out, verified));
    }
    // stderr may be closed.
    let _ = summary(&mut anstream::stderr().lock(), verified);
    print(|out| {
        if io::stdout().is_terminal() {
            write!(out, "{}", printable_lines(&String::from_utf8_lossy(body)))?;
        } else {
            out.write_all(body)?;
        }
        if body.ends_with(b"\n") { Ok(()) } else { writeln!(out) }
    })
}

/// The width of the labels in a summary.
const LABEL: usize = 10;

fn summary(out: &mut dyn Write, verified: &VerifiedResponse) -> io::Result<()> {
    let signature = verified.signature();
    let request_id = verified.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    writeln!(out, "{GOOD}{}{GOOD:#}", verified.status())?;
    let serial = &signature.serial;
    writeln!(out, "{DIM}{:LABEL$}{DIM:#}  {}", phrase!("verified"), text!("signed with {serial}"))?;
    writeln!(
        out,
        "{DIM}{:LABEL$}{DIM:#}  {}",
        phrase!("timestamp"),
        age(signature.timestamp, verified.verified_at())
    )?;
    writeln!(
        out,
        "{DIM}Request-ID{DIM:#}  {}",
        truncate(request_id.unwrap_or(phrase!("none").text()), MAX_REQUEST_ID)
    )
}

/// Prints the certificates of a verified list, one a line.
pub(super) fn certificates(certificates: &[Certificate]) -> Result<(), Failure> {
    print(|out| {
        certificates.iter().try_for_each(|certificate| {
            let [from, to] = [certificate.not_before(), certificate.not_after()].map(Timestamp::to_rfc3339);
            writeln!(out, "{GOOD}{}{GOOD:#}  {}", certificate.serial_no(), text!("valid from {from} to {to}"))
        })
    })
}

/// What to do about a failed call.
pub(super) fn hint(error: &wechatpay_client::Error) -> Option<Phrase> {
    if error.is_untrusted_server() {
        return Some(phrase!(
            "SSL_CERT_FILE names the authorities to trust; for a mock: SSL_CERT_FILE=\"$(wechatpay-mock ca)\""
        ));
    }
    if error.is_connect() {
        return Some(phrase!(
            "is it running? `wechatpay-mock` starts a mock; --base-url calls one elsewhere"
        ));
    }
    if error.is_download() {
        return Some(phrase!("if the merchant has a public key instead, use --trust public-key"));
    }
    if error.is_certificate_list() {
        return Some(phrase!("is the APIv3 key in the credentials this merchant's?"));
    }
    if let Some(VerificationError::Stale { .. }) = error.verification_error() {
        return Some(phrase!(
            "is this machine's clock right? if it is, the response is old: do not trust it"
        ));
    }
    if error.api_error().is_some_and(|error| !error.is_refusal() && !error.status().is_server_error()) {
        return Some(phrase!(
            "a gateway or a mock has no such status: is --base-url the URL of one? the request may have been carried out all the same"
        ));
    }
    if error.outcome_is_unknown() {
        return Some(phrase!(
            "the request may have been carried out; repeat it unchanged, with the same out_request_no"
        ));
    }
    let rejection = error.api_error()?;
    match (rejection.code(), rejection.status().as_u16()) {
        (Some("SIGN_ERROR"), _)
            if rejection.message().is_some_and(|message| message.contains("timestamp")) =>
        {
            Some(phrase!("is this machine's clock right?"))
        }
        (Some("SIGN_ERROR"), _) => Some(phrase!(
            "does the merchant exist there, with this certificate? a mock's log says what is wrong with a signature"
        )),
        (None, 404 | 405) => Some(phrase!("is --base-url the URL of a gateway or a mock?")),
        (_, 429) => Some(phrase!("wait a moment, then send it again")),
        _ => Some(phrase!("nothing was changed; fix what the message names, then send it again")),
    }
}

fn age(signed: Timestamp, now: Timestamp) -> String {
    let seconds = signed.skew(now).as_secs();
    if signed > now {
        text!("{signed}, {seconds} s ahead of this clock")
    } else {
        text!("{signed}, {seconds} s old")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_old_or_ahead_of_the_clock() {
        let now = Timestamp::from_unix(1000);
        assert_eq!(age(now, now), "1000, 0 s old");
        assert_eq!(age(Timestamp::from_unix(998), now), "998, 2 s old");
        assert_eq!(age(Timestamp::from_unix(1003), now), "1003, 3 s ahead of this clock");
    }
}
