//! What the command prints: coloured on a terminal, plain in a pipe.

use std::{
    error::Error,
    io::{self, Write},
    iter,
};

use anstyle::{AnsiColor, Style};
use wechatpay_client::{VerificationError, VerifiedResponse};
use wechatpay_protocol::{Certificate, REQUEST_ID, Timestamp};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const LABEL: Style = Style::new().dimmed();

/// Prints what came, and what of it is certain.
pub(crate) fn verified(verified: &VerifiedResponse) {
    let signature = verified.signature();
    let request_id = verified.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    print(|out| {
        writeln!(out, "{GOOD}{}{GOOD:#}", verified.status())?;
        writeln!(out, "{LABEL}verified  {LABEL:#}  signed with {}", signature.serial)?;
        writeln!(out, "{LABEL}timestamp {LABEL:#}  {}", age(signature.timestamp, verified.verified_at()))?;
        writeln!(out, "{LABEL}Request-ID{LABEL:#}  {}", request_id.unwrap_or("none"))
    });
}

/// Prints the certificates of a verified list, one a line.
pub(crate) fn certificates(certificates: &[Certificate]) {
    print(|out| {
        certificates.iter().try_for_each(|certificate| {
            let [from, to] = [certificate.not_before(), certificate.not_after()].map(Timestamp::to_rfc3339);
            writeln!(out, "{GOOD}{}{GOOD:#}  in force {from} to {to}", certificate.serial_no())
        })
    });
}

/// Prints what went wrong, why, and what to do.
pub(crate) fn failure(error: &(dyn Error + 'static), hint: Option<&str>) {
    // There is nowhere left to complain about standard error.
    let _ = write_failure(&mut anstream::stderr().lock(), error, hint);
}

fn write_failure(out: &mut dyn Write, error: &(dyn Error + 'static), hint: Option<&str>) -> io::Result<()> {
    writeln!(out, "{BAD}error{BAD:#}: {error}")?;
    for cause in iter::successors(error.source(), |&cause| cause.source()) {
        writeln!(out, "  {LABEL}because{LABEL:#}: {cause}")?;
    }
    if let Some(hint) = hint {
        writeln!(out, "{GOOD}hint{GOOD:#}: {hint}")?;
    }
    Ok(())
}

/// What to do about a call that failed.
pub(crate) fn hint(error: &wechatpay_client::Error) -> Option<&'static str> {
    if error.is_untrusted_server() {
        return Some(
            "SSL_CERT_FILE names the authorities to trust; for a mock: SSL_CERT_FILE=\"$(wechatpay-mock ca)\"",
        );
    }
    if error.is_connect() {
        return Some("is it running there? `wechatpay-mock` starts a mock; --base-url names another place");
    }
    if error.is_download() {
        return Some("a merchant may have a public key instead: --trust public-key");
    }
    if error.is_certificate_list() {
        return Some("is the APIv3 key in the credentials this merchant's?");
    }
    if let Some(VerificationError::Stale { .. }) = error.verification_error() {
        return Some("is this machine's clock right? if so, do not believe the answer: it is an old one");
    }
    if error.outcome_is_unknown() {
        return Some(
            "it may have been carried out all the same: repeat it unchanged, with the same --out-request-no",
        );
    }
    let rejection = error.api_error()?;
    match (rejection.code(), rejection.status().as_u16()) {
        (Some("SIGN_ERROR"), _)
            if rejection.message().is_some_and(|message| message.contains("timestamp")) =>
        {
            Some("is this machine's clock right?")
        }
        (Some("SIGN_ERROR"), _) => Some(
            "does the merchant exist there, with this certificate? a mock says what is wrong with a signature",
        ),
        (None, 404 | 405) => Some("is --base-url a gateway's, or a mock's?"),
        (_, 429) => Some("wait a moment, then send it again"),
        _ => Some("nothing was changed; correct what the message names, then send it again"),
    }
}

fn print(lines: impl Fn(&mut dyn Write) -> io::Result<()>) {
    let mut stdout = anstream::stdout().lock();
    // The call has been made; that nobody reads about it does not change how it went.
    let _ = lines(&mut stdout).and_then(|()| stdout.flush());
}

fn age(signed: Timestamp, now: Timestamp) -> String {
    let seconds = signed.skew(now).as_secs();
    let direction = if signed > now { "ahead of this clock" } else { "old" };
    format!("{signed}, {seconds} s {direction}")
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
