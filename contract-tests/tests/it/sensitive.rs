//! Sensitive fields that the gateway can't decrypt: the journal says what was found instead of the expected encryption.

use base64::{Engine, prelude::BASE64_STANDARD};
use rsa::{PublicKey, pkcs8::DecodePublicKey};
use serde_json::json;
use sha2::Sha256;
use wechatpay_mock::MockServer;

use crate::support::{RawRequest, exchange, frozen_mock};

const PUBLIC_KEY: &str = "PUB_KEY_ID_0119000000012026010100000000000001";

fn public_key(mock: &MockServer) -> PublicKey {
    let (_, pem) = mock.credentials().public_key.unwrap();
    PublicKey::from_public_key_pem(&pem).unwrap()
}

/// The response's body and the journal's reason for this field, sent for the key with this name.
async fn refused(mock: &MockServer, named: &str, field: &str) -> (String, String) {
    let body = json!({ "echo_message": "hello", "encrypted_echo_message": field }).to_string().into_bytes();
    let target = "/v3/security/echo".into();
    let request = RawRequest { method: "POST", target, body, ..RawRequest::sample() };
    let response = exchange(mock, &request.header(&format!("Wechatpay-Serial: {named}"))).await;
    let reason = mock.exchanges().last().unwrap().error.as_ref().unwrap().reason();
    (String::from_utf8(response.body).unwrap(), reason)
}

#[tokio::test]
async fn a_field_with_another_padding_or_hash_is_told_from_one_for_another_key() {
    let mock = frozen_mock().await;
    let key = public_key(&mock);
    for (ciphertext, found) in [
        (key.pkcs1v15_encrypt(b"13800138000").unwrap(), "PKCS#1 v1.5"),
        (key.oaep_encrypt::<Sha256>(b"13800138000").unwrap(), "RSAES-OAEP with SHA-256 and MGF1-SHA-256"),
    ] {
        let (body, reason) = refused(&mock, PUBLIC_KEY, &BASE64_STANDARD.encode(ciphertext)).await;
        assert_eq!(body, r#"{"code":"PARAM_ERROR","message":"平台私钥解密失败"}"#);
        assert!(reason.ends_with(&format!("found {found} for that key in Base64")), "{reason}");
        assert!(!reason.contains("13800138000"), "{reason}");
    }
}

#[tokio::test]
async fn a_serial_that_names_no_key_is_told_apart() {
    let mock = frozen_mock().await;
    let own = mock.credentials().merchant_serial.to_string();
    let (body, reason) = refused(&mock, &own, "").await;
    assert_eq!(body, r#"{"code":"PARAM_ERROR","message":"平台证书序列号Wechatpay-Serial错误"}"#);
    assert!(reason.contains("the serial number of the merchant's own certificate"), "{reason}");
    assert!(reason.contains(PUBLIC_KEY), "{reason}");
}
