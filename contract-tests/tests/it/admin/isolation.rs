//! Tests that share one mock do not affect each other if each makes its own merchant.

use std::{sync::Barrier, thread};

use serde_json::{Value, json};
use wechatpay_mock::{Fault, FaultRule};
use wechatpay_protocol::Credentials;

use super::{Admin, signed_by};
use crate::support::RawRequest;

/// A change of the sample member's points, by this merchant.
fn change(merchant: &Credentials, number: &str, points: i64) -> RawRequest {
    let body = json!({ "out_request_no": number, "bonus_value": points }).to_string().into_bytes();
    signed_by(merchant, RawRequest { body, ..RawRequest::sample() })
}

/// The points of the sample member.
async fn points(admin: &Admin, merchant: &Credentials) -> Value {
    let target = RawRequest::sample().target.replace("/rights", "");
    let request = RawRequest { method: "GET", target, body: Vec::new(), ..RawRequest::sample() };
    let response = crate::support::exchange(&admin.mock, &signed_by(merchant, request)).await;
    serde_json::from_slice::<Value>(&response.body).unwrap()["bonus_value"].clone()
}

/// A test that relies on being alone.
async fn alone(admin: &Admin, points_wanted: i64, fault: &str, status: u16) {
    let merchant = admin.make_merchant(&json!({})).await;
    let mchid = &merchant.mchid;
    assert_eq!(points(admin, &merchant).await, 500, "the sample member starts with these");
    let rule = json!({ "fault": fault, "match": { "merchant": mchid.as_str(), "operation": "set_rights", "nth": 2 } });
    assert_eq!(admin.post("/faults", &rule).await.status, 201);
    assert_eq!(admin.exchange(&change(&merchant, "n-1", points_wanted)).await, 204);
    assert_eq!(admin.exchange(&change(&merchant, "n-2", 1)).await, status);
    assert_eq!(points(admin, &merchant).await, points_wanted);
    assert_eq!(admin.numbers(&format!("merchant={mchid}")).await.len(), 4);
    let expected = json!({ "merchant": mchid.as_str(), "operation": "set_rights", "times": 2 });
    assert_eq!(admin.post("/verify", &expected).await.status, 200);
    let mine = admin.get(&format!("/faults?merchant={mchid}")).await.body;
    assert_eq!(mine["faults"].as_array().unwrap().len(), 1);
    assert_eq!(admin.post("/reset", &json!({ "merchant": mchid.as_str() })).await.status, 200);
    assert_eq!(points(admin, &merchant).await, 500);
    assert_eq!(admin.numbers(&format!("merchant={mchid}")).await.len(), 1);
    assert_eq!(admin.delete(&format!("/merchants/{mchid}")).await.status, 200);
}

#[tokio::test]
async fn created_merchants_do_not_see_each_other() {
    let admin = Admin::new().await;
    tokio::join!(
        alone(&admin, 600, "system-error", 500),
        alone(&admin, 700, "rule-limit", 403),
        alone(&admin, 800, "frequency-limited", 429),
        alone(&admin, 900, "bad-gateway", 502),
    );
    assert!(admin.mock.exchanges().is_empty() && admin.mock.faults().is_empty());
}

#[tokio::test]
async fn a_fault_without_a_merchant_applies_to_all() {
    let admin = Admin::new().await;
    let merchant = admin.make_merchant(&json!({})).await;
    admin.post("/faults", &json!({ "fault": "system-error" })).await;
    assert_eq!(admin.exchange(&change(&merchant, "n-1", 1)).await, 500);
    assert_eq!(admin.exchange(&RawRequest::sample()).await, 500);
}

#[tokio::test]
async fn a_rule_for_a_merchant_that_is_being_removed_is_refused_or_removed_with_it() {
    let admin = Admin::new().await;
    let mock = &admin.mock;
    for _ in 0..200 {
        let merchant = admin.make_merchant(&json!({ "new_key": false })).await.mchid;
        let mut rule = FaultRule::of(Fault::Reset);
        rule.when.merchant = Some(merchant.to_string());
        let both = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                both.wait();
                mock.add_fault(rule)
            });
            both.wait();
            assert!(mock.remove_merchant(&merchant));
        });
        assert_eq!(mock.faults(), []);
    }
}
