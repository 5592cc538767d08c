//! Sensitive fields that the gateway can't decrypt: the journal says what was found instead of the expected encryption.

use base64::{Engine, prelude::BASE64_STANDARD};
use rsa::{PublicKey, pkcs8::DecodePublicKey};
use serde_json::json;
use sha2::Sha256;
use wechatpay_mock::MockServer;
use wechatpay_openapi::Contract;
use wechatpay_protocol::{DecryptingKey, EncryptingKey};

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

/// The example of an operation with an optional encrypted field, with this value in it.
fn add_receiver(name: Option<&str>) -> RawRequest {
    let operation = Contract::current().operation("post_profitsharing_receivers_add").unwrap();
    let mut body = operation.example().unwrap().clone();
    body.as_object_mut().unwrap().remove("name");
    if let Some(name) = name {
        body["name"] = name.into();
    }
    let target = operation.path().to_string();
    RawRequest { method: "POST", target, body: body.to_string().into(), ..RawRequest::sample() }
}

#[tokio::test]
async fn a_serial_is_demanded_only_where_an_encrypted_field_is_sent() {
    let mock = frozen_mock().await;
    assert_eq!(exchange(&mock, &add_receiver(None)).await.status(), "200");
    let refused = exchange(&mock, &add_receiver(Some("cipher"))).await;
    let message = "HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)";
    assert_eq!(
        String::from_utf8(refused.body).unwrap(),
        format!(r#"{{"code":"PARAM_ERROR","message":"{message}"}}"#)
    );
}

#[tokio::test]
async fn an_encrypted_field_comes_back_encrypted_for_the_merchant() {
    let mock = frozen_mock().await;
    let credentials = mock.credentials();
    let (_, pem) = credentials.public_key.clone().unwrap();
    let encrypted = EncryptingKey::from_pem(&pem).unwrap().encrypt("张三").unwrap();
    let request = add_receiver(Some(&encrypted)).header(&format!("Wechatpay-Serial: {PUBLIC_KEY}"));
    let response = exchange(&mock, &request).await;
    assert_eq!(response.status(), "200", "{}", response.to_text());
    let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    let key = DecryptingKey::from_pem(&credentials.merchant_key).unwrap();
    assert_eq!(key.decrypt(body["name"].as_str().unwrap()).unwrap(), "张三".as_bytes());
}

#[tokio::test]
async fn the_limits_of_an_encrypted_field_are_those_of_its_text() {
    let mock = frozen_mock().await;
    let (_, pem) = mock.credentials().public_key.unwrap();
    let key = EncryptingKey::from_pem(&pem).unwrap();
    let operation = Contract::current().operation("post_apply4sub_sub_merchants_modify_settlement").unwrap();
    for (length, is_allowed) in [(128, true), (129, false)] {
        let mut body = operation.example().unwrap().clone();
        body["account_number"] = key.encrypt(&"6".repeat(length)).unwrap().into();
        let target = operation.path().fill(["1900006491"]);
        let request =
            RawRequest { method: "POST", target, body: body.to_string().into(), ..RawRequest::sample() };
        let response = exchange(&mock, &request.header(&format!("Wechatpay-Serial: {PUBLIC_KEY}"))).await;
        let (is_success, text) = (response.status().starts_with('2'), response.to_text());
        assert!(
            is_success == is_allowed && text.contains("/account_number") != is_allowed,
            "{length}: {text}"
        );
    }
}
