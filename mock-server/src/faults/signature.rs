//! Responses and callbacks with a wrong signature, each wrong in one way.

use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use wechatpay_protocol::{
    KeyId, ResponseSignature, SigningKey, Timestamp, WECHATPAY_NONCE, WECHATPAY_SERIAL, WECHATPAY_SIGNATURE,
    WECHATPAY_SIGNATURE_TYPE, WECHATPAY_TIMESTAMP,
};

use crate::merchants::{Merchants, PlatformKey};

/// What is wrong with the signature of a response or a callback.
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

/// One second more than clients accept. (SDK)
const SKEW: u64 = Timestamp::MAX_SKEW.as_secs() + 1;

/// The prefix of the signature in the gateway's own probes of merchants. (wild)
const SIGNTEST: &str = "WECHATPAY/SIGNTEST/";

/// IDs of keys that do not exist.
const UNKNOWN_SERIAL: &str = "5D3C0F1E2B4A69788796A5B4C3D2E1F00F1E2D3C";
const UNKNOWN_ID: &str = "PUB_KEY_ID_0119999999992026010100000000000099";

/// A key that no client trusts.
static UNTRUSTED_KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::from_pem(include_str!("../../../fixtures/credentials/other_key.pem"))
        .expect("the development keys are valid")
});

impl SignatureFault {
    /// Corrupts what `key` signed, and returns its body. Leaves anything unsigned unchanged.
    pub(super) fn corrupt(
        self,
        headers: &mut HeaderMap,
        body: Bytes,
        key: &PlatformKey,
        merchants: &Merchants,
    ) -> Bytes {
        let Ok(signed) = ResponseSignature::from_headers(headers) else { return body };
        match self {
            Self::Unsigned => ALL_HEADERS.iter().for_each(|name| remove(headers, name)),
            Self::WithoutTimestamp => remove(headers, &WECHATPAY_TIMESTAMP),
            Self::WithoutNonce => remove(headers, &WECHATPAY_NONCE),
            Self::WithoutSignature => remove(headers, &WECHATPAY_SIGNATURE),
            Self::WithoutSerial => remove(headers, &WECHATPAY_SERIAL),
            Self::WithoutSignatureType => remove(headers, &WECHATPAY_SIGNATURE_TYPE),
            Self::WrongSerial => {
                set(headers, &WECHATPAY_SERIAL, &other_key(key, merchants).to_string());
            }
            Self::UnknownSerial => set(headers, &WECHATPAY_SERIAL, unknown_name(key)),
            Self::WrongKey => sign_again(headers, &body, signed, &UNTRUSTED_KEY),
            Self::Signtest => {
                set(headers, &WECHATPAY_SIGNATURE, &format!("{SIGNTEST}{}", signed.signature));
            }
            Self::StaleTimestamp => {
                let timestamp = Timestamp::from_unix(signed.timestamp.as_unix().saturating_sub(SKEW));
                sign_again(headers, &body, ResponseSignature { timestamp, ..signed }, &key.key);
            }
            Self::FutureTimestamp => {
                let timestamp = Timestamp::from_unix(signed.timestamp.as_unix().saturating_add(SKEW));
                sign_again(headers, &body, ResponseSignature { timestamp, ..signed }, &key.key);
            }
            Self::AlteredNonce => {
                let altered: String = signed.nonce.as_str().chars().rev().collect();
                set(headers, &WECHATPAY_NONCE, &altered);
            }
            Self::AlteredBody => return altered(&body),
        }
        body
    }
}

const ALL_HEADERS: [HeaderName; 5] =
    [WECHATPAY_TIMESTAMP, WECHATPAY_NONCE, WECHATPAY_SIGNATURE, WECHATPAY_SERIAL, WECHATPAY_SIGNATURE_TYPE];

fn remove(headers: &mut HeaderMap, name: &HeaderName) {
    headers.remove(name);
}

fn set(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    let value = HeaderValue::from_str(value).expect("serials, nonces and Base64 are visible ASCII");
    headers.insert(name, value);
}

/// Any other gateway key.
fn other_key(key: &PlatformKey, merchants: &Merchants) -> KeyId {
    match &key.id {
        KeyId::PublicKey(_) => {
            let certificate = merchants.platform_certificates.all().next();
            certificate.map_or_else(|| key.id.clone(), |one| one.certificate().serial_no().clone().into())
        }
        KeyId::Certificate(_) => merchants.public_key().id().clone().into(),
    }
}

fn unknown_name(key: &PlatformKey) -> &'static str {
    match key.id {
        KeyId::PublicKey(_) => UNKNOWN_ID,
        KeyId::Certificate(_) => UNKNOWN_SERIAL,
    }
}

fn sign_again(headers: &mut HeaderMap, body: &[u8], signed: ResponseSignature, key: &SigningKey) {
    let message = signed.message(body).to_bytes();
    let signed = ResponseSignature { signature: key.sign(&message).to_string(), ..signed };
    for (name, value) in signed.to_headers() {
        headers.insert(name, value);
    }
}

/// The body with another member in its object.
fn altered(body: &[u8]) -> Bytes {
    match body.strip_prefix(b"{") {
        Some(rest) => [&b"{\"altered\":true,"[..], rest].concat().into(),
        None => Bytes::from_static(b"{\"altered\":true}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unknown_key_ids_are_well_formed() {
        assert!(matches!(UNKNOWN_SERIAL.parse(), Ok(KeyId::Certificate(_))));
        assert!(matches!(UNKNOWN_ID.parse(), Ok(KeyId::PublicKey(_))));
    }
}
