//! Only the response to the creation of a merchant has its secrets. No other response in these tests has a private key
//! or the development APIv3 key.

use serde_json::json;
use wechatpay_mock::{Clock, MockServer};

use super::{Admin, signed_by};
use crate::support::{NOW, RawRequest};

#[tokio::test]
async fn no_answer_has_anything_private_of_a_merchant_that_was_made() {
    // With chance as it is: what is fixed in other tests would be the key, and every nonce.
    let admin = Admin::of(MockServer::builder().clock(Clock::fixed(NOW)).start().await.unwrap());
    let made = admin.make_merchant(&json!({ "new_key": true })).await;
    let mchid = made.mchid.as_str();
    admin.exchange(&signed_by(&made, RawRequest::sample())).await;
    admin.exchange(&signed_by(&made, RawRequest::certificates())).await;
    admin
        .exchange(&RawRequest { sign: wechatpay_contract::sign::Sign::WrongKey, ..RawRequest::sample() })
        .await;
    admin.post("/faults", &json!({ "fault": "system-error", "match": { "merchant": mchid } })).await;
    let mut answers = Vec::new();
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
    ] {
        answers.push(admin.get(path).await);
    }
    answers.push(admin.post("/verify", &json!({ "merchant": mchid })).await);
    answers.push(admin.post("/merchants", &json!({ "mchid": mchid })).await);
    answers.push(admin.delete(&format!("/merchants/{mchid}")).await);
    // The middle of the key: what stands around it is the same in every key.
    let lines: Vec<_> = made.merchant_key.lines().collect();
    for answer in answers {
        for secret in [lines[10], made.apiv3_key.expose(), "PRIVATE KEY"] {
            assert!(!answer.text.contains(secret), "{}", answer.text);
        }
    }
}
