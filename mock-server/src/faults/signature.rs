//! Answers that are not to be believed.

use std::sync::LazyLock;

use http::{HeaderName, HeaderValue};
use wechatpay_protocol::{
    KeyId, ResponseSignature, SigningKey, Timestamp, WECHATPAY_NONCE, WECHATPAY_SERIAL, WECHATPAY_SIGNATURE,
    WECHATPAY_SIGNATURE_TYPE, WECHATPAY_TIMESTAMP,
};

use crate::{
    merchants::{Merchants, PlatformKey},
    response::respond::Response,
};

/// What is wrong with an answer's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureFault {
    Unsigned,
    WithoutTimestamp,
    WithoutNonce,
    WithoutSignature,
    WithoutSerial,
    WithoutSignatureType,
    WrongSerial,
    UnknownSerial,
    WrongKey,
    Signtest,
    StaleTimestamp,
    FutureTimestamp,
    AlteredNonce,
    AlteredBody,
}

/// One second more than clients put up with. (SDK)
const SKEW: u64 = Timestamp::MAX_SKEW.as_secs() + 1;

/// What the gateway's own tests of merchants begin with. (wild)
const SIGNTEST: &str = "WECHATPAY/SIGNTEST/";

/// Names that no key of a gateway has.
const NOBODYS_SERIAL: &str = "5D3C0F1E2B4A69788796A5B4C3D2E1F00F1E2D3C";
const NOBODYS_ID: &str = "PUB_KEY_ID_0119999999992026010100000000000099";

/// The key that is there to be refused.
static STRANGERS_KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::from_pem(include_str!("../../../fixtures/credentials/other_key.pem"))
        .expect("the development keys are valid")
});

impl SignatureFault {
    /// Corrupts a response that `key` signed. One that is not signed stays as it is.
    pub(super) fn corrupt(self, mut answer: Response, key: &PlatformKey, merchants: &Merchants) -> Response {
        let Ok(signed) = ResponseSignature::from_headers(&answer.headers) else { return answer };
        match self {
            Self::Unsigned => ALL_HEADERS.iter().for_each(|name| remove(&mut answer, name)),
            Self::WithoutTimestamp => remove(&mut answer, &WECHATPAY_TIMESTAMP),
            Self::WithoutNonce => remove(&mut answer, &WECHATPAY_NONCE),
            Self::WithoutSignature => remove(&mut answer, &WECHATPAY_SIGNATURE),
            Self::WithoutSerial => remove(&mut answer, &WECHATPAY_SERIAL),
            Self::WithoutSignatureType => remove(&mut answer, &WECHATPAY_SIGNATURE_TYPE),
            Self::WrongSerial => set(&mut answer, &WECHATPAY_SERIAL, &other_key(key, merchants).to_string()),
            Self::UnknownSerial => set(&mut answer, &WECHATPAY_SERIAL, nobodys(key)),
            Self::WrongKey => sign_again(&mut answer, signed, &STRANGERS_KEY),
            Self::Signtest => {
                set(&mut answer, &WECHATPAY_SIGNATURE, &format!("{SIGNTEST}{}", signed.signature));
            }
            Self::StaleTimestamp => {
                let timestamp = Timestamp::from_unix(signed.timestamp.as_unix().saturating_sub(SKEW));
                sign_again(&mut answer, ResponseSignature { timestamp, ..signed }, &key.key);
            }
            Self::FutureTimestamp => {
                let timestamp = Timestamp::from_unix(signed.timestamp.as_unix().saturating_add(SKEW));
                sign_again(&mut answer, ResponseSignature { timestamp, ..signed }, &key.key);
            }
            Self::AlteredNonce => {
                let altered: String = signed.nonce.as_str().chars().rev().collect();
                set(&mut answer, &WECHATPAY_NONCE, &altered);
            }
            Self::AlteredBody => answer = alter_body(answer),
        }
        answer
    }
}

const ALL_HEADERS: [HeaderName; 5] =
    [WECHATPAY_TIMESTAMP, WECHATPAY_NONCE, WECHATPAY_SIGNATURE, WECHATPAY_SERIAL, WECHATPAY_SIGNATURE_TYPE];

fn remove(answer: &mut Response, name: &HeaderName) {
    answer.headers.remove(name);
}

fn set(answer: &mut Response, name: &HeaderName, value: &str) {
    let value = HeaderValue::from_str(value).expect("serials, nonces and Base64 are visible ASCII");
    answer.headers.insert(name, value);
}

/// Another of the gateway's keys than this one.
fn other_key(key: &PlatformKey, merchants: &Merchants) -> KeyId {
    match &key.id {
        KeyId::PublicKey(_) => {
            let certificate = merchants.platform_certificates.all().next();
            certificate.map_or_else(|| key.id.clone(), |one| one.certificate().serial_no().clone().into())
        }
        KeyId::Certificate(_) => merchants.public_key().id().clone().into(),
    }
}

fn nobodys(key: &PlatformKey) -> &'static str {
    match key.id {
        KeyId::PublicKey(_) => NOBODYS_ID,
        KeyId::Certificate(_) => NOBODYS_SERIAL,
    }
}

fn sign_again(answer: &mut Response, signed: ResponseSignature, key: &SigningKey) {
    let message = signed.message(&answer.body).to_bytes();
    let signed = ResponseSignature { signature: key.sign(&message).to_string(), ..signed };
    for (name, value) in signed.to_headers() {
        answer.headers.insert(name, value);
    }
}

/// A member more in the body's object. An empty answer can't have a body as long as it is 204.
fn alter_body(answer: Response) -> Response {
    let body = match answer.body.strip_prefix(b"{") {
        Some(rest) => [&b"{\"altered\":true,"[..], rest].concat(),
        None => b"{\"altered\":true}".to_vec(),
    };
    answer.with_body(body.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_that_nobody_has_are_names_of_keys() {
        assert!(matches!(NOBODYS_SERIAL.parse(), Ok(KeyId::Certificate(_))));
        assert!(matches!(NOBODYS_ID.parse(), Ok(KeyId::PublicKey(_))));
    }
}
