//! Fault rules over HTTP.

use serde_json::json;
use wechatpay_mock::{FAULTS, Limits, MockServer, TRIGGER_FORMS};

use super::{Admin, system_error};
use crate::support::RawRequest;

#[tokio::test]
async fn a_rule_can_be_added_applies_and_can_be_removed() {
    let admin = Admin::new().await;
    let added = admin.post("/faults", &json!({ "fault": "system-error", "times": 1, "ttl": 60 })).await;
    assert_eq!(added.status, 201);
    assert_eq!((&added.body["id"], &added.body["struck"]), (&json!(1), &json!(0)));
    assert_eq!(added.body["ends_at"], crate::support::NOW.as_unix() + 60);
    assert_eq!(admin.exchange(&RawRequest::sample()).await, 500);
    assert_eq!(admin.exchange(&RawRequest::sample()).await, 204);
    let shown = admin.get("/faults/1").await;
    assert_eq!((&shown.body["struck"], &shown.body["fault"]), (&json!(1), &json!("system-error")));
    assert_eq!(admin.get("/faults").await.body, json!({ "faults": [shown.body] }));
    admin.delete("/faults/1").await.assert_is(200, json!({ "deleted": 1 }));
    for response in [admin.get("/faults/1").await, admin.delete("/faults/1").await] {
        response.assert_refused(404, "expected the id of a fault rule, found 1");
    }
}

#[tokio::test]
async fn a_caller_who_asks_for_chinese_reads_chinese_and_the_same_names() {
    let admin = Admin::new().await.with("Accept-Language: zh-CN");
    let names = admin.get("/fault-names").await.body;
    let reset = names["faults"].as_array().unwrap().iter().find(|fault| fault["name"] == "reset").unwrap();
    assert_eq!(reset["meaning"], "应答开始之前连接被重置");
    assert_eq!((&reset["applied"], &reset["request_number"]), (&json!("no"), &json!("MOCK*reset*0001")));

    let rule = json!({ "latency": { "uniform": { "from": 2, "to": 1 } } });
    let refused = admin.post("/faults", &rule).await;
    refused.assert_refused(400, "latency.uniform：应为 from 不大于 to，实际是 2 和 1");
}

#[tokio::test]
async fn a_rule_is_shown_as_it_was_added() {
    let admin = Admin::new().await;
    let when = json!({ "path.code": "1", "body./a~1b/0": { "c": [1] }, "merchant": "1900000001", "operation": "set_rights", "card_id": "c", "code": "1", "out_request_no": "n", "nth": 1, "every": 2, "probability": 0.5, "seed": 3 });
    for mut rule in [
        json!({ "fault": "no-answer", "milliseconds": 5, "applied": false, "times": 2, "ttl": 3, "match": when }),
        json!({ "error": { "status": 403, "code": "NO_AUTH", "message": "no" }, "latency": { "fixed": 5 } }),
        json!({ "latency": { "uniform": { "from": 1, "to": 2 } }, "match": { "query.limit": 5 } }),
        json!({ "latency": { "normal": { "mean": 1, "deviation": 2 } } }),
    ] {
        let mut shown = admin.post("/faults", &rule).await.body;
        for member in ["id", "seen", "struck", "ends_at"] {
            shown.as_object_mut().unwrap().remove(member);
        }
        rule.as_object_mut().unwrap().sort_keys();
        assert_eq!(shown, rule);
    }
}

#[tokio::test]
async fn rules_can_be_listed_and_removed_by_merchant() {
    let admin = Admin::new().await;
    for rule in
        [json!({ "fault": "reset" }), json!({ "fault": "reset", "match": { "merchant": "1900000001" } })]
    {
        assert_eq!(admin.post("/faults", &rule).await.status, 201);
    }
    let ids = async |path: &str| -> Vec<u64> {
        let list = admin.get(path).await.body;
        list["faults"].as_array().unwrap().iter().map(|rule| rule["id"].as_u64().unwrap()).collect()
    };
    assert_eq!((ids("/faults").await, ids("/faults?merchant=1900000001").await), (vec![1, 2], vec![2]));
    admin.delete("/faults?merchant=7").await.assert_is(200, json!({ "deleted": 0 }));
    admin.delete("/faults?merchant=1900000001").await.assert_is(200, json!({ "deleted": 1 }));
    assert_eq!(ids("/faults").await, [1]);
    admin.delete("/faults").await.assert_is(200, json!({ "deleted": 1 }));
}

#[tokio::test]
async fn an_invalid_rule_is_refused_with_the_reason() {
    let admin = Admin::new().await;
    for (rule, reason) in [
        (json!({}), "expected fault, error or latency"),
        (
            json!({ "fault": "reset", "match": { "merchant": "7" } }),
            "match.merchant: expected the mchid of a merchant, found \"7\"",
        ),
        (
            json!({ "fault": "reset", "match": { "operation": "set" } }),
            "match.operation: expected an operationId",
        ),
        (json!({ "fault": "reset", "match": { "every": 0 } }), "match.every: expected 1 to"),
        (
            json!({ "fault": "reset", "match": { "body.amount": 1 } }),
            "match: expected path.NAME, query.NAME or body./POINTER, found \"body.amount\"",
        ),
        (
            json!({ "fault": "reset", "match": { "operation": "set_rights", "path.cod": "1" } }),
            "match: \"path.cod\": expected a parameter of the path of set_rights, found none of this name; did you mean path.code?",
        ),
        (json!({ "fault": "reset", "match": { "path.code": null } }), "found null"),
    ] {
        admin.post("/faults", &rule).await.assert_refused(400, reason);
    }
    assert_eq!(admin.get("/faults").await.body, json!({ "faults": [] }));
}

#[tokio::test]
async fn a_rule_over_the_limit_is_a_conflict() {
    let limits = Limits::default().with_faults(1).unwrap();
    let admin = Admin::of(MockServer::builder().limits(limits).start().await.unwrap());
    assert_eq!(admin.post("/faults", &system_error()).await.status, 201);
    admin.post("/faults", &system_error()).await.assert_refused(409, "raise limits.faults");
}

#[tokio::test]
async fn every_fault_is_listed_with_its_request_number() {
    let admin = Admin::new().await;
    let names = admin.get("/fault-names").await.body;
    let faults = names["faults"].as_array().unwrap();
    assert_eq!(faults.len(), FAULTS.len());
    for (found, fault) in faults.iter().zip(FAULTS) {
        assert_eq!(found["name"], fault.name());
        assert_eq!(found["request_number"], fault.trigger_number());
        assert_eq!(found["applied"], fault.applied().to_string());
    }
    assert_eq!(names["request_numbers"].as_array().unwrap().len(), TRIGGER_FORMS.len());
}
