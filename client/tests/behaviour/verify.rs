//! The verification of one response, without a socket.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use wechatpay_client::{PlatformKeys, RawResponse, VerificationError, verify};
use wechatpay_protocol::{
    Credentials, HeaderError, ResponseSignature, SigningKey, Timestamp, WECHATPAY_NONCE, WECHATPAY_SERIAL,
    WECHATPAY_SIGNATURE, WECHATPAY_SIGNATURE_TYPE, WECHATPAY_TIMESTAMP,
};

use crate::gateway::{NOW, PUBLIC_KEY, PUBLIC_KEY_ID, STRANGERS_KEY};

fn keys() -> PlatformKeys {
    PlatformKeys::of(&Credentials::development()).unwrap()
}

fn response(status: u16, signed: Timestamp, body: &'static [u8], private_key: &str) -> RawResponse {
    let mut signature = ResponseSignature {
        timestamp: signed,
        nonce: "8f3c1d5a07b94e62a1c0d7e95b2f4863".parse().unwrap(),
        serial: PUBLIC_KEY_ID.parse().unwrap(),
        signature: String::new(),
    };
    let key = SigningKey::from_pem(private_key).unwrap();
    signature.signature = key.sign(&signature.message(body).to_bytes()).to_string();
    RawResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::from_iter(signature.to_headers()),
        body: Bytes::from_static(body),
    }
}

fn reason(response: &RawResponse) -> VerificationError {
    verify(response, &keys(), NOW).unwrap_err().verification_error().cloned().unwrap()
}

#[test]
fn a_signed_204_is_verified_over_a_lone_third_newline() {
    let verified = verify(&response(204, NOW, b"", PUBLIC_KEY), &keys(), NOW).unwrap();
    assert_eq!(verified.message(), b"1756951532\n8f3c1d5a07b94e62a1c0d7e95b2f4863\n\n");
    assert_eq!(verified.verified_at(), NOW);
}

#[test]
fn a_verified_response_has_the_headers_and_the_body_that_were_received() {
    let response = response(200, NOW, br#"{"code":"478515832665"}"#, PUBLIC_KEY);
    let verified = verify(&response, &keys(), NOW).unwrap();
    assert_eq!((verified.headers(), verified.body()), (&response.headers, &response.body));
}

#[test]
fn each_of_the_five_headers_is_needed() {
    for name in [
        WECHATPAY_TIMESTAMP,
        WECHATPAY_NONCE,
        WECHATPAY_SIGNATURE,
        WECHATPAY_SERIAL,
        WECHATPAY_SIGNATURE_TYPE,
    ] {
        let mut response = response(204, NOW, b"", PUBLIC_KEY);
        response.headers.remove(&name);
        assert_eq!(reason(&response), VerificationError::Headers(HeaderError::Missing { name }));
    }
}

#[test]
fn a_timestamp_may_be_300_seconds_off() {
    let signed = |seconds| response(204, Timestamp::from_unix(seconds), b"", PUBLIC_KEY);
    for off in [NOW.as_unix() - 300, NOW.as_unix() + 300] {
        assert!(verify(&signed(off), &keys(), NOW).is_ok());
    }
    for off in [NOW.as_unix() - 301, NOW.as_unix() + 301] {
        assert_eq!(
            reason(&signed(off)),
            VerificationError::Stale { signed: Timestamp::from_unix(off), now: NOW }
        );
    }
}

#[test]
fn an_untrusted_key_is_an_error_before_its_signature() {
    let unknown = verify(&response(204, NOW, b"", PUBLIC_KEY), &PlatformKeys::default(), NOW);
    assert!(matches!(unknown.unwrap_err().verification_error(), Some(VerificationError::UnknownKey { .. })));
    assert!(matches!(reason(&response(204, NOW, b"", STRANGERS_KEY)), VerificationError::Mismatch { .. }));
}

#[test]
fn the_gateways_probe_is_refused_like_any_signature_that_is_not_base64() {
    let mut response = response(204, NOW, b"", PUBLIC_KEY);
    let probe = format!("WECHATPAY/SIGNTEST/{}", response.headers[WECHATPAY_SIGNATURE].to_str().unwrap());
    response.headers.insert(WECHATPAY_SIGNATURE, probe.parse().unwrap());
    assert!(verify(&response, &keys(), NOW).unwrap_err().verification_error().is_some());
}

#[test]
fn a_changed_byte_in_the_body_breaks_the_signature() {
    let mut response = response(200, NOW, b"{\"a\":1}", PUBLIC_KEY);
    assert!(verify(&response, &keys(), NOW).is_ok());
    response.body = Bytes::from_static(b"{\"a\":2}");
    assert!(matches!(reason(&response), VerificationError::Mismatch { .. }));
}

#[test]
fn an_error_is_an_error_with_or_without_a_signature() {
    for status in [302, 400, 401, 404, 429, 500, 503] {
        let mut response = response(status, NOW, b"", PUBLIC_KEY);
        assert!(verify(&response, &keys(), NOW).unwrap_err().api_error().is_some());
        response.headers.clear();
        assert!(verify(&response, &keys(), NOW).unwrap_err().api_error().is_some());
    }
}
