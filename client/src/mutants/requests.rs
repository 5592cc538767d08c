//! What is signed and sent.

use std::{sync::Arc, time::Duration};

use percent_encoding::percent_decode_str;
use serde_json::Value;
use wechatpay_protocol::{Nonce, RequestMessage, Timestamp};

use super::{
    Fault::{Made, Message, Request},
    Mutant, mutant,
};
use crate::request::Unsigned;

pub(super) const MUTANTS: &[Mutant] = &[
    mutant(
        "nonce-used-again",
        "every request has the same nonce",
        Made(|c| c.nonce = Arc::new(|| Nonce::from_random([7; 16]))),
    ),
    mutant(
        "serial-of-another",
        "serial_no is not that of the merchant's certificate",
        Made(|c| {
            c.signer.serial_no =
                "2A6D1E0C94F7B83350AC4D7E91B2F6083C5D7A19".parse().expect("it is a serial number");
        }),
    ),
    mutant(
        "time-without-end",
        "a call waits for its answer for a day",
        Made(|c| c.timeout = Duration::from_secs(24 * 60 * 60)),
    ),
    mutant(
        "timestamp-in-milliseconds",
        "requests are dated in milliseconds",
        Request(|r| r.timestamp = Timestamp::from_unix(r.timestamp.as_unix() * 1000)),
    ),
    mutant("trusted-key-not-named", "Wechatpay-Serial is not sent", Request(|r| r.trusted_key = None)),
    mutant(
        "number-made-anew",
        "a change that is sent again has another out_request_no",
        Request(|r| {
            if let Ok(mut body) = serde_json::from_slice::<Value>(&r.body)
                && body["out_request_no"].is_string()
            {
                body["out_request_no"] = r.nonce_str.as_str().into();
                r.body = body.to_string().into();
            }
        }),
    ),
    mutant(
        "method-in-lower-case",
        "the method is signed in lower case",
        Message(|r| written(r, &r.method.as_str().to_lowercase(), r.target.as_str(), &r.body)),
    ),
    mutant(
        "target-decoded",
        "the path is signed without its percent-encoding",
        Message(|r| {
            let decoded = percent_decode_str(r.target.as_str()).decode_utf8_lossy();
            written(r, r.method.as_str(), &decoded, &r.body)
        }),
    ),
    mutant(
        "query-not-signed",
        "the query is not signed",
        Message(|r| {
            let path = r.target.as_str().split('?').next().unwrap_or_default();
            written(r, r.method.as_str(), path, &r.body)
        }),
    ),
    mutant(
        "body-not-signed",
        "the body is not signed",
        Message(|r| written(r, r.method.as_str(), r.target.as_str(), b"")),
    ),
    mutant(
        "last-newline-not-signed",
        "the signed message does not end in a newline",
        Message(|r| {
            let mut message = r.message();
            message.pop();
            message
        }),
    ),
    mutant(
        "empty-body-without-line",
        "the signed message of a request without body has four lines",
        Message(|r| {
            let mut message = r.message();
            if r.body.is_empty() {
                message.pop();
            }
            message
        }),
    ),
    mutant(
        "timestamp-and-nonce-swapped",
        "the signed message has the nonce before the timestamp",
        Message(|r| {
            let head = format!("{}\n{}\n{}\n{}\n", r.method, r.target, r.nonce_str, r.timestamp);
            [head.as_bytes(), &r.body, b"\n"].concat()
        }),
    ),
];

/// The message of a request that is written otherwise.
fn written(request: &Unsigned, method: &str, target: &str, body: &[u8]) -> Vec<u8> {
    let (timestamp, nonce_str) = (request.timestamp, request.nonce_str.as_str());
    RequestMessage { method, target, timestamp, nonce_str, body }.to_bytes()
}
