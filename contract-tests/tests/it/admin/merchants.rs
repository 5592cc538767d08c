//! Listing and creating merchants.

use serde_json::{Value, json};
use wechatpay_mock::{Limits, MockServer};
use wechatpay_protocol::Credentials;

use super::{Admin, signed_by};
use crate::support::RawRequest;

const CONFIGURED: &str = "1900000001";

#[tokio::test]
async fn a_created_merchant_can_call_at_once() {
    let admin = Admin::new().await;
    let merchant = admin.make_merchant(&json!({})).await;
    assert_eq!(merchant.mchid.as_str(), "1980000001");
    assert_ne!(merchant.merchant_serial, Credentials::development().merchant_serial);
    assert_eq!(merchant.merchant_serial.as_str().len(), 40);
    assert_eq!(admin.exchange(&signed_by(&merchant, RawRequest::sample())).await, 204);
    // The same without a body.
    let made = admin.call("POST", "/merchants", "").await;
    assert_eq!(made.status, 201);
    assert_ne!(made.body["mchid"], merchant.mchid.as_str());
}

#[tokio::test]
async fn a_merchant_is_created_with_the_given_options() {
    let admin = Admin::new().await;
    let seed = json!({ "cards": [{ "card_id": "c", "members": [{ "code": "1", "bonus_value": 7 }] }] });
    let options = json!({ "mchid": "42", "trust": "public-key", "new_key": false, "seed": seed });
    let merchant = admin.make_merchant(&options).await;
    assert_eq!(merchant.mchid.as_str(), "42");
    assert!(merchant.platform_certificate.is_none() && merchant.public_key.is_some());
    let target = "/v3/marketing/membercard-open/cards/c/codes/1".into();
    let request = RawRequest { method: "GET", target, body: Vec::new(), ..RawRequest::sample() };
    let response = crate::support::exchange(&admin.mock, &signed_by(&merchant, request)).await;
    assert_eq!(serde_json::from_slice::<Value>(&response.body).unwrap()["bonus_value"], 7);

    let merchant = admin.make_merchant(&json!({ "trust": "platform-certificate" })).await;
    assert!(merchant.platform_certificate.is_some() && merchant.public_key.is_none());
}

#[tokio::test]
async fn a_refused_creation_changes_nothing() {
    let admin = Admin::new().await;
    let taken = json!({ "mchid": CONFIGURED, "new_key": true });
    admin.post("/merchants", &taken).await.assert_refused(409, "expected an unused mchid");
    // The first mchid is still free: the refused call did not use it up.
    assert_eq!(admin.make_merchant(&json!({})).await.mchid.as_str(), "1980000001");
}

#[tokio::test]
async fn a_new_key_belongs_to_this_merchant_only() {
    let admin = Admin::new().await;
    let merchant = admin.make_merchant(&json!({ "new_key": true })).await;
    let development = Credentials::development();
    assert_ne!(merchant.merchant_key, development.merchant_key);
    assert_ne!(merchant.apiv3_key.expose(), development.apiv3_key.expose());
    assert_eq!(admin.exchange(&signed_by(&merchant, RawRequest::sample())).await, 204);
    let wrong_key = Credentials { merchant_key: development.merchant_key, ..merchant };
    assert_eq!(admin.exchange(&signed_by(&wrong_key, RawRequest::sample())).await, 401);
}

#[tokio::test]
async fn merchants_can_be_listed_and_shown() {
    let admin = Admin::new().await;
    let made = admin.make_merchant(&json!({ "trust": "public-key" })).await;
    let development = Credentials::development();
    let expected = json!({ "merchants": [
        { "mchid": CONFIGURED, "serial_no": development.merchant_serial.as_str(), "trust": "both", "made": false },
        { "mchid": "1980000001", "serial_no": made.merchant_serial.as_str(), "trust": "public-key", "made": true },
    ] });
    let list = admin.get("/merchants").await;
    assert_eq!(list.body, expected);
    admin.get("/merchants/1980000001").await.assert_is(200, expected["merchants"][1].clone());
    for path in ["/merchants/7", "/merchants/x", "/merchants/%E4%BC%9A"] {
        admin.get(path).await.assert_refused(404, "expected the mchid of a merchant");
        admin.delete(path).await.assert_refused(404, "expected the mchid of a merchant");
    }
}

#[tokio::test]
async fn only_a_created_merchant_can_be_deleted() {
    let admin = Admin::new().await;
    let made = admin.make_merchant(&json!({})).await;
    let path = format!("/merchants/{}", made.mchid);
    admin.exchange(&signed_by(&made, RawRequest::sample())).await;
    admin.delete(&path).await.assert_is(200, json!({ "deleted": 1 }));
    assert!(admin.mock.exchanges().is_empty(), "its exchanges are deleted too");
    assert_eq!(admin.exchange(&signed_by(&made, RawRequest::sample())).await, 401);
    assert_eq!(admin.delete(&path).await.status, 404);
    admin
        .delete(&format!("/merchants/{CONFIGURED}"))
        .await
        .assert_refused(409, "is configured and cannot be removed");
}

#[tokio::test]
async fn a_taken_or_invalid_mchid_is_refused() {
    let admin = Admin::new().await;
    admin.make_merchant(&json!({ "mchid": "42" })).await;
    for mchid in ["42", CONFIGURED] {
        admin
            .post("/merchants", &json!({ "mchid": mchid }))
            .await
            .assert_refused(409, "expected an unused mchid");
    }
    for mchid in ["", "x", "1 2", &"1".repeat(33)] {
        admin
            .post("/merchants", &json!({ "mchid": mchid }))
            .await
            .assert_refused(400, "mchid: expected 1 to 32 decimal digits");
    }
}

#[tokio::test]
async fn a_merchant_over_the_limit_is_a_conflict_until_one_is_deleted() {
    let limits = Limits::default().with_merchants(1).unwrap();
    let admin = Admin::of(MockServer::builder().limits(limits).start().await.unwrap());
    let made = admin.make_merchant(&json!({})).await;
    admin.post("/merchants", &json!({})).await.assert_refused(409, "raise limits.merchants");
    admin.delete(&format!("/merchants/{}", made.mchid)).await;
    admin.make_merchant(&json!({})).await;
}
