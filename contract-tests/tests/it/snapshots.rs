//! Complete responses, byte for byte: with a fixed clock and fixed nonces, nothing in them varies.

use wechatpay_contract::sign::Sign;

use crate::support::{RawRequest, exchange, frozen_mock};

async fn check(name: &str, request: RawRequest) {
    let response = exchange(&frozen_mock().await, &request).await;
    insta::assert_snapshot!(name, response.to_text());
}

#[tokio::test]
async fn the_sample_signed_with_the_platform_certificate() {
    check("sample_by_platform_certificate", RawRequest::sample()).await;
}

#[tokio::test]
async fn the_sample_signed_with_the_public_key() {
    let request =
        RawRequest::sample().header("Wechatpay-Serial: PUB_KEY_ID_0119000000012026010100000000000001");
    check("sample_by_public_key", request).await;
}

#[tokio::test]
async fn the_list_of_certificates() {
    check("certificates", RawRequest::certificates()).await;
}

#[tokio::test]
async fn an_unsigned_request() {
    check("unsigned", RawRequest { sign: Sign::Unsigned, ..RawRequest::sample() }).await;
}

#[tokio::test]
async fn a_signature_by_another_key() {
    check("wrong_key", RawRequest { sign: Sign::WrongKey, ..RawRequest::sample() }).await;
}

#[tokio::test]
async fn a_body_without_its_required_field() {
    check("field_absent", RawRequest { body: b"{}".into(), ..RawRequest::sample() }).await;
}

#[tokio::test]
async fn a_body_that_is_not_json() {
    check("not_json", RawRequest { body: b"{\"out_request_no\":".into(), ..RawRequest::sample() }).await;
}

#[tokio::test]
async fn an_unknown_path() {
    check("unknown_path", RawRequest { target: "/v3/none".into(), ..RawRequest::sample() }).await;
}

#[tokio::test]
async fn an_unknown_method() {
    check("unknown_method", RawRequest { method: "PUT", ..RawRequest::sample() }).await;
}
