//! Which answers are believed.

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use wechatpay_protocol::{
    HeaderError, ResponseSignature, SCHEME, Timestamp, WECHATPAY_NONCE, WECHATPAY_SERIAL,
    WECHATPAY_SIGNATURE, WECHATPAY_SIGNATURE_TYPE, WECHATPAY_TIMESTAMP,
};

use super::{Fault::Verifies, Mutant, mutant};
use crate::{
    Answer, Error, PlatformKeys,
    Unverified::{self, Mismatch, SignatureForm},
    Verified,
    response::{believe, verify},
};

pub(super) const MUTANTS: &[Mutant] = &[
    mutant(
        "signature-unchecked",
        "any signature is believed",
        Verifies(|a, k, n| unless(a, k, n, |why| matches!(why, Mismatch { .. } | SignatureForm(_)))),
    ),
    mutant(
        "signtest-believed",
        "a signature that is not even Base64 is believed, as the gateway's own tests are",
        Verifies(|a, k, n| unless(a, k, n, |why| matches!(why, SignatureForm(_)))),
    ),
    mutant(
        "empty-body-unchecked",
        "the signature of an empty answer is not checked",
        Verifies(|a, k, n| {
            unless(a, k, n, |why| matches!(why, Mismatch { .. }))
                .and_then(|verified| if a.body.is_empty() { Ok(verified) } else { verify(a, k, n) })
        }),
    ),
    mutant(
        "204-unsigned-believed",
        "an empty answer needs no signature",
        Verifies(|a, k, n| match a.status {
            StatusCode::NO_CONTENT => unless(a, k, n, |why| matches!(why, Unverified::Headers(_))),
            _ => verify(a, k, n),
        }),
    ),
    mutant(
        "unsigned-believed",
        "an answer without any of the five headers is believed",
        Verifies(|a, k, n| match a.headers.keys().any(|name| name.as_str().starts_with("wechatpay-")) {
            false => unless(a, k, n, |_| true),
            true => verify(a, k, n),
        }),
    ),
    mutant(
        "timestamp-unchecked",
        "an answer of any age is believed",
        Verifies(|a, k, n| verify(a, k, signed_at(a).unwrap_or(n))),
    ),
    mutant(
        "timestamp-of-301-seconds-believed",
        "an answer that is a second too old is believed",
        Verifies(|a, k, n| verify(a, k, Timestamp::from_unix(n.as_unix() - 1))),
    ),
    mutant(
        "future-believed",
        "an answer is believed however far in the future it was signed",
        Verifies(|a, k, n| verify(a, k, signed_at(a).unwrap_or(n).max(n))),
    ),
    mutant(
        "serial-unchecked",
        "the key is taken for the trusted one, whatever the answer calls it",
        Verifies(|a, k, n| match k.any() {
            Some(id) => verify(&with(a, WECHATPAY_SERIAL, id.as_str()), k, n),
            None => verify(a, k, n),
        }),
    ),
    mutant(
        "unknown-key-believed",
        "an answer by a key that is not trusted is believed",
        Verifies(|a, k, n| unless(a, k, n, |why| matches!(why, Unverified::UnknownKey { .. }))),
    ),
    mutant(
        "expired-certificate-believed",
        "a platform certificate is believed after its end",
        Verifies(|a, k, n| verify(a, &k.for_good(), n)),
    ),
    mutant(
        "without-timestamp-believed",
        "an answer without Wechatpay-Timestamp is believed",
        Verifies(|a, k, n| unless(a, k, n, |why| lacks(why, &WECHATPAY_TIMESTAMP))),
    ),
    mutant(
        "without-nonce-believed",
        "an answer without Wechatpay-Nonce is believed",
        Verifies(|a, k, n| unless(a, k, n, |why| lacks(why, &WECHATPAY_NONCE))),
    ),
    mutant(
        "without-signature-believed",
        "an answer without Wechatpay-Signature is believed",
        Verifies(|a, k, n| unless(a, k, n, |why| lacks(why, &WECHATPAY_SIGNATURE))),
    ),
    mutant(
        "without-serial-believed",
        "an answer without Wechatpay-Serial is believed",
        Verifies(|a, k, n| unless(a, k, n, |why| lacks(why, &WECHATPAY_SERIAL))),
    ),
    mutant(
        "without-signature-type-believed",
        "an answer without Wechatpay-Signature-Type is believed",
        Verifies(|a, k, n| match a.headers.contains_key(WECHATPAY_SIGNATURE_TYPE) {
            true => verify(a, k, n),
            false => verify(&with(a, WECHATPAY_SIGNATURE_TYPE, SCHEME), k, n),
        }),
    ),
    mutant(
        "body-printed-anew",
        "an answer is verified over its JSON printed anew",
        Verifies(|a, k, n| match serde_json::from_slice::<Value>(&a.body) {
            Ok(body) => verify(&Answer { body: format!("{body:#}").into(), ..a.clone() }, k, n),
            Err(_) => verify(a, k, n),
        }),
    ),
    mutant(
        "refusal-demanded-signed",
        "a refusal without signature is told as a wrong signature",
        Verifies(|a, k, n| match ResponseSignature::from_headers(&a.headers) {
            Err(missing) => Err(Unverified::from(missing).into()),
            Ok(_) => verify(a, k, n),
        }),
    ),
    mutant(
        "redirect-believed",
        "3xx is taken for a yes",
        Verifies(|a, k, n| match a.status.is_redirection() {
            true => Ok(believe(a, n)),
            false => verify(a, k, n),
        }),
    ),
    mutant(
        "server-error-believed",
        "a 500 whose change was made is taken for a yes",
        Verifies(|a, k, n| match a.status.is_server_error() {
            true => Ok(believe(a, n)),
            false => verify(a, k, n),
        }),
    ),
];

/// Verifies, but believes an answer that is not to be believed for such a reason.
fn unless(
    answer: &Answer,
    keys: &PlatformKeys,
    now: Timestamp,
    overlooks: fn(&Unverified) -> bool,
) -> Result<Verified, Error> {
    verify(answer, keys, now).or_else(|error| match error.unverified() {
        Some(why) if overlooks(why) => Ok(believe(answer, now)),
        _ => Err(error),
    })
}

fn lacks(why: &Unverified, header: &HeaderName) -> bool {
    matches!(why, Unverified::Headers(HeaderError::Missing { name }) if name == header)
}

fn signed_at(answer: &Answer) -> Option<Timestamp> {
    ResponseSignature::from_headers(&answer.headers).ok().map(|signed| signed.timestamp)
}

/// The answer with this header.
fn with(answer: &Answer, name: HeaderName, value: &str) -> Answer {
    let mut answer = answer.clone();
    answer.headers.insert(name, HeaderValue::from_str(value).expect("it is visible ASCII"));
    answer
}
