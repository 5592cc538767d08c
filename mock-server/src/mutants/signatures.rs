//! Which answers are signed, with which key, and over what.

use http::{HeaderValue, StatusCode};
use wechatpay_protocol::{
    KeyId, Nonce, ResponseMessage, ResponseSignature, Timestamp, WECHATPAY_NONCE, WECHATPAY_SERIAL,
    WECHATPAY_SIGNATURE, WECHATPAY_SIGNATURE_TYPE, WECHATPAY_TIMESTAMP,
};

use super::{
    Fault::{Config, Key, Signs},
    Mutant, mutant,
};
use crate::{
    identity::{PlatformCertificate, PlatformCertificates, PlatformKey},
    policies::SignedRefusals,
    stages::respond::Answer,
};

pub(super) const MUTANTS: &[Mutant] = &[
    mutant(
        "refusals-signed",
        "refusals by the operations are signed",
        Config(|c| c.policies.signed_refusals = SignedRefusals::Business),
    ),
    mutant(
        "new-certificate-signs-a-second-late",
        "a change-over begins a second late",
        Config(|c| shift_change_over(&mut c.platform_certificates, 1)),
    ),
    mutant(
        "new-certificate-signs-a-second-early",
        "a change-over begins a second early",
        Config(|c| shift_change_over(&mut c.platform_certificates, -1)),
    ),
    mutant(
        "public-key-always",
        "the public key signs whatever the request asks for",
        Key(|identity, _| Some(identity.public_key().key())),
    ),
    mutant(
        "certificate-always",
        "the platform certificate signs whatever the request asks for",
        Key(|identity, _| identity.platform_certificates.all().last().map(PlatformCertificate::key)),
    ),
    mutant(
        "certificate-by-name-ignored",
        "the newest platform certificate signs although the request names another",
        Key(|identity, wanted| match wanted?.parse().ok()? {
            KeyId::Certificate(_) => {
                identity.platform_certificates.all().next().map(PlatformCertificate::key)
            }
            KeyId::PublicKey(_) => None,
        }),
    ),
    mutant(
        "public-key-by-default",
        "the public key signs where the request names no key",
        Key(|identity, wanted| wanted.is_none().then(|| identity.public_key().key())),
    ),
    mutant(
        "public-key-for-empty-name",
        "the public key signs where the request's Wechatpay-Serial is empty",
        Key(|identity, wanted| (wanted == Some("")).then(|| identity.public_key().key())),
    ),
    mutant(
        "204-unsigned",
        "an empty answer is not signed",
        Signs(|a, _| if a.status == StatusCode::NO_CONTENT { unsigned(a) } else { a }),
    ),
    mutant(
        "body-unsigned",
        "an answer with a body is not signed",
        Signs(|a, _| if a.body.is_empty() { a } else { unsigned(a) }),
    ),
    mutant(
        "message-without-last-newline",
        "the signed message of an answer does not end in a newline",
        Signs(|a, key| {
            signed_over(a, key, |message| {
                let mut bytes = message.to_bytes();
                bytes.pop();
                bytes
            })
        }),
    ),
    mutant(
        "empty-body-without-line",
        "the signed message of an empty answer has two lines",
        Signs(|a, key| match a.body.is_empty() {
            true => signed_over(a, key, |m| format!("{}\n{}\n", m.timestamp, m.nonce).into_bytes()),
            false => a,
        }),
    ),
    mutant(
        "empty-body-as-braces",
        "the signed message of an empty answer has {} as its body",
        Signs(|a, key| match a.body.is_empty() {
            true => signed_over(a, key, |m| format!("{}\n{}\n{{}}\n", m.timestamp, m.nonce).into_bytes()),
            false => a,
        }),
    ),
    mutant(
        "nonce-before-timestamp",
        "the signed message of an answer begins with the nonce",
        Signs(|a, key| {
            signed_over(a, key, |m| {
                [format!("{}\n{}\n", m.nonce, m.timestamp).as_bytes(), m.body, b"\n"].concat()
            })
        }),
    ),
    mutant(
        "message-with-crlf",
        "the lines of the signed message of an answer end in CR LF",
        Signs(|a, key| {
            signed_over(a, key, |m| {
                [format!("{}\r\n{}\r\n", m.timestamp, m.nonce).as_bytes(), m.body, b"\r\n"].concat()
            })
        }),
    ),
    mutant(
        "nonce-in-upper-case",
        "Wechatpay-Nonce is in upper case",
        Signs(|a, key| {
            signed_as(a, key, |mut signed| {
                signed.nonce = signed.nonce.as_str().to_uppercase().parse().expect("a nonce has any letters");
                signed
            })
        }),
    ),
    mutant(
        "nonce-always-the-same",
        "Wechatpay-Nonce is the same in all answers",
        Signs(|a, key| {
            signed_as(a, key, |mut signed| {
                signed.nonce = Nonce::from_random([7; 16]);
                signed
            })
        }),
    ),
    mutant(
        "timestamp-a-second-too-old",
        "answers are signed 301 seconds ago",
        Signs(|a, key| {
            signed_as(a, key, |mut signed| {
                signed.timestamp = Timestamp::from_unix(signed.timestamp.as_unix() - 301);
                signed
            })
        }),
    ),
    mutant(
        "timestamp-in-milliseconds",
        "Wechatpay-Timestamp is in milliseconds",
        Signs(|a, key| {
            signed_as(a, key, |mut signed| {
                signed.timestamp = Timestamp::from_unix(signed.timestamp.as_unix() * 1000);
                signed
            })
        }),
    ),
    mutant(
        "serial-in-lower-case",
        "Wechatpay-Serial is in lower case",
        Signs(|a, _| altered(a, |name, value| (*name == WECHATPAY_SERIAL).then(|| value.to_lowercase()))),
    ),
    mutant(
        "signature-for-urls",
        "Wechatpay-Signature is Base64 for URLs",
        Signs(|a, _| {
            altered(a, |name, value| {
                (*name == WECHATPAY_SIGNATURE).then(|| value.replace('+', "-").replace('/', "_"))
            })
        }),
    ),
    mutant(
        "signature-type-misnamed",
        "Wechatpay-Signature-Type names another scheme",
        Signs(|a, _| altered(a, |name, _| (*name == WECHATPAY_SIGNATURE_TYPE).then(|| "RSA-SHA256".into()))),
    ),
];

fn shift_change_over(certificates: &mut PlatformCertificates, seconds: i64) {
    if let PlatformCertificates::ChangeOver { signs_from, .. } = certificates {
        *signs_from = Timestamp::from_unix(signs_from.as_unix().saturating_add_signed(seconds));
    }
}

fn unsigned(mut answer: Answer) -> Answer {
    for name in [
        WECHATPAY_TIMESTAMP,
        WECHATPAY_NONCE,
        WECHATPAY_SIGNATURE,
        WECHATPAY_SERIAL,
        WECHATPAY_SIGNATURE_TYPE,
    ] {
        answer.headers.remove(name);
    }
    answer
}

/// The answer, with what `alter` makes of its headers.
fn altered(mut answer: Answer, alter: fn(&http::HeaderName, &str) -> Option<String>) -> Answer {
    for (name, value) in &mut answer.headers {
        let text = value.to_str().unwrap_or_default();
        if let Some(other) = alter(name, text) {
            *value = HeaderValue::from_str(&other).expect("what was visible ASCII still is");
        }
    }
    answer
}

/// The answer, signed over what `message` makes of the right message. One that is not signed stays as it is.
fn signed_over(
    mut answer: Answer,
    key: &PlatformKey,
    message: fn(&ResponseMessage<'_>) -> Vec<u8>,
) -> Answer {
    let Ok(signed) = ResponseSignature::from_headers(&answer.headers) else { return answer };
    let signature = key.key.sign(&message(&signed.message(&answer.body))).to_string();
    answer.headers.insert(WECHATPAY_SIGNATURE, signature.parse().expect("Base64 is visible ASCII"));
    answer
}

/// The answer, rightly signed, with other words in its headers.
fn signed_as(
    mut answer: Answer,
    key: &PlatformKey,
    words: fn(ResponseSignature) -> ResponseSignature,
) -> Answer {
    let Ok(signed) = ResponseSignature::from_headers(&answer.headers) else { return answer };
    let signed = words(signed);
    let signature = key.key.sign(&signed.message(&answer.body).to_bytes()).to_string();
    for (name, value) in (ResponseSignature { signature, ..signed }).to_headers() {
        answer.headers.insert(name, value);
    }
    answer
}
