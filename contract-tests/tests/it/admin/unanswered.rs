//! A request that a fault leaves without a response has no status, wherever it is shown.

use serde_json::{Value, json};

use super::Admin;
use crate::support::{Connection, RawRequest};

/// A mock that received one change and sent no response to it.
async fn unanswered(out_request_no: &str) -> Admin {
    let admin = Admin::new().await;
    let body = format!("{{\"out_request_no\":\"{out_request_no}\"}}").into();
    let mut connection = Connection::open(&admin.mock).await;
    connection.send(&RawRequest { body, ..RawRequest::sample() }.to_bytes()).await;
    assert!(connection.is_closed().await);
    admin
}

#[tokio::test]
async fn a_request_without_a_response_has_no_status_in_the_journal() {
    for number in ["MOCK*reset*1", "MOCK*no-answer|1*1"] {
        let admin = unanswered(number).await;
        assert_eq!(admin.mock.exchanges()[0].status, None);
        let summary = &admin.get("/exchanges").await.body["exchanges"][0];
        assert_eq!([&summary["status"], &summary["code"]], [&Value::Null; 2]);
        assert_eq!(admin.get("/exchanges/1").await.body["answer"]["status"], Value::Null);
        assert_eq!(admin.numbers("status=204").await, [0; 0]);
        let archive = admin.get("/exchanges.har").await.body;
        let response = &archive["log"]["entries"][0]["response"];
        assert_eq!((&response["status"], &response["headers"]), (&json!(0), &json!([])));
    }
}

#[tokio::test]
async fn a_request_without_a_response_matches_no_status() {
    let admin = unanswered("MOCK*reset*1").await;
    let unmet = admin.post("/verify", &json!({ "status": 204 })).await;
    assert_eq!(unmet.status, 409);
    assert_eq!(unmet.body["nearest"]["differences"], json!(["status: expected 204, found none"]));
    assert!(unmet.body["nearest"]["exchange"].as_str().unwrap().ends_with("/rights unanswered"));
    assert_eq!(admin.post("/verify", &json!({ "status": 204, "times": 0 })).await.status, 200);
    assert_eq!(admin.post("/verify", &json!({ "operation": "set_rights" })).await.status, 200);
    let chinese = admin.with("Accept-Language: zh-CN").post("/verify", &json!({ "status": 204 })).await;
    assert!(chinese.body["nearest"]["exchange"].as_str().unwrap().ends_with("/rights 无应答"));
}

#[tokio::test]
async fn a_request_without_a_response_is_counted_under_none() {
    let metrics = unanswered("MOCK*reset*1").await.mock.metrics();
    let line = r#"wechatpay_mock_requests_total{operation="set_rights",status="none",code="none"} 1"#;
    assert!(metrics.lines().any(|found| found == line), "{metrics}");
}
