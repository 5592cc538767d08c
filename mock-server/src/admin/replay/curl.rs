//! A request as a curl command for a POSIX shell.

use std::{borrow::Cow, net::SocketAddr, sync::Arc};

use axum::{
    Extension,
    extract::{Path, State},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{
    HeaderName,
    header::{
        ACCEPT, ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, TE, TRAILER,
        TRANSFER_ENCODING, UPGRADE, USER_AGENT,
    },
};
use wechatpay_protocol::display::{printable, quoted};

use super::{
    again::{of_exchange, sign},
    error::ReplayError,
};
use crate::{
    admin::{
        Origin,
        control::Control,
        error::{AdminError, Error},
        extract::Segment,
        long::Long,
    },
    request::receive::RawRequest,
    response::respond::title_case,
};

/// The longest body in the command itself, in bytes. Systems limit the length of an argument, Linux to 128 KiB. (own
/// choice)
const LONGEST: usize = 32 * 1024;

/// What curl says about the connection by itself, and what changes only how an answer looks.
const LEFT_OUT: [HeaderName; 9] =
    [HOST, CONTENT_LENGTH, CONNECTION, TRANSFER_ENCODING, ACCEPT_ENCODING, EXPECT, TE, TRAILER, UPGRADE];

/// Shows the request of an exchange as a command for a POSIX shell with curl, signed anew with the merchant's private key.
#[utoipa::path(
    get,
    path = "/__mock/exchanges/{number}/curl",
    params(("number" = u64, Path, description = "The exchange's number.", minimum = 1, example = 1)),
    responses(
        (status = 200, description = "The command. Its signature is valid for five minutes.", body = String, content_type = "text/plain"),
        (status = 409, description = "The journal does not have all of the request, or the mock can't sign it.", body = Error),
        (status = 503, description = "Too many responses wait to be read.", body = Error)
    )
)]
pub(in crate::admin) async fn show_curl(
    State(control): State<Arc<Control>>,
    Extension(address): Extension<SocketAddr>,
    Extension(origin): Extension<Origin>,
    Path(number): Path<String>,
) -> Result<Long, AdminError> {
    let exchange = control.exchange(Segment(number).number()?)?;
    let mut request = of_exchange(&exchange)?;
    sign(&mut request, &control.gateway, control.gateway.clock.times().signs_at)?;
    Long::text(&control, command(&request, &origin.or_at(address))?)
}

/// The command. Everything from the request is quoted, and nothing in it can control a terminal: a body that could is in
/// Base64, and a header that could is left out.
fn command(request: &RawRequest, origin: &str) -> Result<String, ReplayError> {
    let target = &request.target;
    if !target.starts_with('/') || !is_harmless(target) {
        return Err(ReplayError::NotForShell { found: quoted(target) });
    }
    // The target is sent as it is: no patterns, and no dots are removed.
    let method = match request.method.as_str() {
        // With -X, curl would wait for a body.
        "HEAD" => "-I".into(),
        method => format!("-i -X {}", in_quotes(method)),
    };
    let mut options = vec![format!("curl -g --path-as-is {method}")];
    let mut header = |line: &str| options.push(format!("-H {}", in_quotes(line)));
    for (name, value) in request.headers.iter().filter(|(name, _)| !LEFT_OUT.contains(name)) {
        let name = title_case(name.as_str());
        match str::from_utf8(value.as_bytes()) {
            Ok("") => header(&format!("{name};")),
            Ok(value) if is_harmless(value) => header(&format!("{name}: {value}")),
            _ => {}
        }
    }
    for name in [ACCEPT, USER_AGENT, CONTENT_TYPE] {
        if !request.headers.contains_key(&name) {
            // Keeps curl from sending its own.
            header(&format!("{}:", title_case(name.as_str())));
        }
    }
    let mut before = String::new();
    match str::from_utf8(&request.body) {
        Ok("") => {}
        Ok(body) if body.len() <= LONGEST && body.split('\n').all(is_harmless) => {
            options.push(format!("--data-raw {}", in_quotes(body)));
        }
        _ => {
            before = format!("printf %s '{}' | base64 -d | ", BASE64_STANDARD.encode(&request.body));
            options.push("--data-binary @-".into());
        }
    }
    options.push(in_quotes(&format!("{origin}{target}")));
    Ok(format!("{before}{}\n", options.join(" \\\n  ")))
}

/// One word of a POSIX shell.
fn in_quotes(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn is_harmless(text: &str) -> bool {
    matches!(printable(text, usize::MAX), Cow::Borrowed(_))
}
