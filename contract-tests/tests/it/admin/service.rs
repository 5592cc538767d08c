//! The index, health, documents and metrics.

use serde_json::{Value, json};
use wechatpay_mock::{Clock, MockServer, admin_openapi};
use wechatpay_openapi::Contract;

use super::{Admin, described::DOCUMENT};
use crate::support::{NOW, RawRequest};

#[tokio::test]
async fn the_index_lists_every_call_of_the_document() {
    let index = Admin::new().await.get("/").await;
    let listed = index.body["calls"].as_array().unwrap().iter();
    let mut listed: Vec<_> =
        listed.map(|call| [&call["method"], &call["path"], &call["what"]].map(Value::to_string)).collect();
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let mut described: Vec<_> = paths
        .flat_map(|(path, item)| {
            let of_path = item.as_object().unwrap().iter();
            of_path.map(move |(method, call)| {
                [json!(method.to_uppercase()), json!(path), call["summary"].clone()]
                    .map(|value| value.to_string())
            })
        })
        .collect();
    listed.sort();
    described.sort();
    assert_eq!(listed, described);
}

#[tokio::test]
async fn the_index_needs_no_slash() {
    let admin = Admin::new().await;
    assert_eq!(admin.get("").await.text, admin.get("/").await.text);
}

#[tokio::test]
async fn a_healthy_mock_reports_ok_and_its_version() {
    let version = env!("CARGO_PKG_VERSION");
    Admin::new().await.get("/health").await.assert_is(200, json!({ "status": "ok", "version": version }));
}

#[tokio::test]
async fn an_exchange_says_whether_its_response_was_signed() {
    let mock = MockServer::builder().clock(Clock::fixed(NOW));
    let admin = Admin::of(mock.start().await.unwrap());
    assert_eq!(admin.exchange(&RawRequest::sample()).await, 204);
    assert_eq!(admin.get("/exchanges/1").await.body["answer"]["signature"], "fresh");
}

#[tokio::test]
async fn the_documents_are_served_byte_for_byte() {
    let admin = Admin::new().await;
    assert_eq!(admin.get("/openapi.json").await.text, admin_openapi());
    assert_eq!(admin.get("/contract.json").await.text, Contract::current().document());
    let family = Contract::current().family_document("certificates");
    for path in ["/contract/certificates.json", "/contract/certificates"] {
        assert_eq!(Some(admin.get(path).await.text), family);
    }
}

#[tokio::test]
async fn every_operation_is_listed_and_a_family_can_be_selected() {
    let admin = Admin::new().await;
    let listed = async |path: &str| {
        let response = admin.get(path).await;
        let operations = response.body["operations"].as_array().unwrap().iter();
        operations.map(|operation| operation["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed("/operations").await, Contract::current().operation_ids().collect::<Vec<_>>());
    assert_eq!(listed("/operations?family=certificates").await, ["list_certificates"]);
    let refused = admin.get("/operations?family=certificate").await;
    assert_eq!(refused.status, 404);
    assert!(refused.text.contains("did you mean certificates?"), "{}", refused.text);
}

#[tokio::test]
async fn metrics_are_the_same_as_in_the_library() {
    let admin = Admin::new().await;
    admin.exchange(&RawRequest::sample()).await;
    let response = admin.get("/metrics").await;
    assert_eq!(response.text, admin.mock.metrics());
    assert!(
        response.head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
        "{}",
        response.head
    );
}

#[tokio::test]
async fn admin_calls_are_not_in_the_journal() {
    let admin = Admin::new().await;
    let before = admin.mock.metrics();
    for (method, path) in
        [("GET", "/"), ("GET", "/none"), ("PUT", "/clock"), ("DELETE", "/exchanges"), ("GET", "/exchanges")]
    {
        admin.call(method, path, "").await;
    }
    assert!(admin.mock.exchanges().is_empty());
    assert_eq!(admin.mock.metrics(), before);
}

#[tokio::test]
async fn a_path_with_the_same_beginning_belongs_to_the_gateway() {
    let admin = Admin::new().await;
    let request = RawRequest { method: "GET", target: "/__mocks".into(), ..RawRequest::sample() };
    assert_eq!(admin.exchange(&request).await, 404);
    assert_eq!(admin.mock.exchanges().len(), 1);
}
