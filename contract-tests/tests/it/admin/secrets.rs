//! Only the response that creates a merchant and the one that shows its credentials contain its secrets. No other response
//! in these tests contains a private key or the development APIv3 key.

use serde_json::json;
use wechatpay_contract::sign::Sign;
use wechatpay_mock::{Clock, MockServer};

use super::{Admin, signed_by};
use crate::support::{NOW, RawRequest};

#[tokio::test]
async fn of_a_token_sent_to_the_gateway_only_scheme_and_length_are_kept() {
    let token = "correct-horse-battery";
    let builder = MockServer::builder().clock(Clock::fixed(NOW)).admin_token(token.parse().unwrap());
    let admin = Admin::of(builder.start().await.unwrap()).with(&format!("Authorization: Bearer {token}"));
    let unsigned = RawRequest { sign: Sign::Unsigned, ..RawRequest::certificates() };
    for (header, status) in [
        (format!("Authorization: Bearer {token}"), 401),
        (format!("Authorization: {token}"), 401),
        (format!("Proxy-Authorization: Basic {token}"), 401),
    ] {
        assert_eq!(admin.exchange(&unsigned.clone().header(&header)).await, status);
    }
    for path in ["/exchanges", "/exchanges.har", "/exchanges/1", "/exchanges/2", "/exchanges/3"] {
        let shown = admin.get(path).await.text;
        assert!(!shown.contains("horse"), "{path}: {shown}");
    }
    for (number, masked) in [
        (1, "Bearer (21 bytes, not shown)"),
        (2, "(21 bytes, not shown)"),
        (3, "Basic (21 bytes, not shown)"),
    ] {
        let shown = admin.get(&format!("/exchanges/{number}")).await.text;
        assert!(shown.contains(&format!("\"{masked}\"")), "{shown}");
    }
}

#[tokio::test]
async fn no_response_has_secrets_of_a_created_merchant() {
    // Real randomness: with the fixed value of other tests, key and nonces would all be equal.
    let admin = Admin::of(MockServer::builder().clock(Clock::fixed(NOW)).start().await.unwrap());
    let made = admin.make_merchant(&json!({ "new_key": true })).await;
    let mchid = made.mchid.as_str();
    admin.exchange(&signed_by(&made, RawRequest::sample())).await;
    admin.exchange(&signed_by(&made, RawRequest::certificates())).await;
    admin.exchange(&RawRequest { sign: Sign::WrongKey, ..RawRequest::sample() }).await;
    admin.post("/faults", &json!({ "fault": "system-error", "match": { "merchant": mchid } })).await;
    let mut responses = Vec::new();
    for path in [
        "/",
        "/health",
        "/openapi.json",
        "/contract.json",
        "/exchanges",
        "/exchanges.har",
        "/exchanges/1",
        "/exchanges/2",
        "/exchanges/3",
        "/faults",
        "/faults/1",
        "/fault-names",
        "/clock",
        "/merchants",
        &format!("/merchants/{mchid}"),
        "/metrics",
        "/ca.pem",
    ] {
        responses.push(admin.get(path).await);
    }
    responses.push(admin.post("/verify", &json!({ "merchant": mchid })).await);
    responses.push(admin.post("/environment", &json!({ "folder": "/tmp/shop" })).await);
    responses.push(admin.post("/merchants", &json!({ "mchid": mchid })).await);
    responses.push(admin.delete(&format!("/merchants/{mchid}")).await);
    // The middle of the key: the lines around it are the same in every key.
    let lines: Vec<_> = made.merchant_key.lines().collect();
    for response in responses {
        for secret in [lines[10], made.apiv3_key.expose(), "PRIVATE KEY"] {
            assert!(!response.text.contains(secret), "{}", response.text);
        }
    }
}
