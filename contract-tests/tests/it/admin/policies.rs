//! The policies of a running mock.

use serde_json::json;
use wechatpay_mock::{
    Config, MockServer,
    policies::{POLICIES, Repeat},
};

use super::Admin;

#[tokio::test]
async fn every_policy_is_listed_with_its_value_in_this_mock() {
    let mut config = Config::default();
    config.policies.repeat = Repeat::Reject;
    let admin = Admin::of(MockServer::builder().config(config).start().await.unwrap());
    let list = admin.get("/policies").await;
    let listed = list.body["policies"].as_array().unwrap();
    assert_eq!(listed.len(), POLICIES.len());
    for (listed, policy) in listed.iter().zip(POLICIES) {
        assert_eq!(listed["name"], policy.name);
        assert_eq!(listed["default"], policy.values[0].name());
        let set = if policy.name == "repeat" { "reject".into() } else { policy.values[0].name() };
        assert_eq!(listed["value"], set);
    }
    assert_eq!(
        listed[0]["choices"],
        json!([
            { "name": "accept", "meaning": "204 again, applied once" },
            { "name": "reject", "meaning": "400 INVALID_REQUEST" },
        ])
    );
    assert_eq!(listed[0]["what"], "The same out_request_no again, with the same content.");
}
