//! Operations of the user's own, from contract files and stubs, over a socket.

use std::fs;

use serde_json::{Value, json};
use wechatpay_mock::{Clock, Config, MockServer};

use crate::support::{Connection, NOW, RawRequest, RawResponse, exchange};

const STUBS: &str = r#"
[[stub]]
method = "POST"
path = "/v3/shop/{id}/open"
status = 202
headers = { X-Shop = "1" }
body = { opened = true }

[[stub]]
method = "GET"
path = "/v3/certificates"
body = "none today"
signed = false

[[stub]]
method = "DELETE"
path = "/v3/shop/{id}"

[[stub]]
method = "PUT"
path = "/v3/shop/{id}"
status = 409
body = { code = "SHOP_CLOSED", message = "门店已关闭" }
"#;

/// An operation of its own, one in place of the gateway's, and a literal beside a parameter.
fn contract() -> Value {
    let text = json!({ "type": "string", "title": "门店编号", "maxLength": 4, "example": "1001" });
    let answer = json!({ "type": "object", "required": ["id"], "properties": { "id": text } });
    let response = json!({ "200": { "content": { "application/json": { "schema": answer } } } });
    let id = json!({ "name": "id", "in": "path", "required": true, "schema": text });
    let code = json!({ "name": "code", "in": "path", "required": true, "schema": { "type": "string" } });
    let cards = "/v3/marketing/membercard-open/cards/{id}/codes/{code}/rights";
    json!({
        "openapi": "3.0.3",
        "info": { "x-family": "shop" },
        "paths": {
            "/v3/shop/{id}": { "get": { "operationId": "show_shop", "parameters": [id], "responses": response } },
            "/v3/shop/list": { "get": { "operationId": "list_shops", "responses": response } },
            cards: { "patch": { "operationId": "own_rights", "parameters": [id, code], "responses": response } },
        },
    })
}

async fn mock() -> MockServer {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mock.toml"), format!("contracts = [\"shop.json\"]\n{STUBS}")).unwrap();
    fs::write(folder.path().join("shop.json"), contract().to_string()).unwrap();
    let config = Config::from_file_at(folder.path().join("mock.toml"), NOW).unwrap();
    MockServer::builder().config(config).clock(Clock::fixed(NOW)).start().await.unwrap()
}

async fn call(mock: &MockServer, method: &'static str, target: &str, body: &str) -> RawResponse {
    let (target, body) = (target.into(), body.into());
    exchange(mock, &RawRequest { method, target, body, ..RawRequest::sample() }).await
}

fn body(response: &RawResponse) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}

fn is_signed(response: &RawResponse) -> bool {
    response.head.contains("\r\nWechatpay-Signature: ")
}

#[tokio::test]
async fn an_added_operation_is_verified_validated_answered_and_signed() {
    let mock = mock().await;
    let response = call(&mock, "GET", "/v3/shop/1234", "").await;
    assert_eq!((response.status(), body(&response)), ("200", json!({ "id": "1234" })));
    assert!(is_signed(&response));
    let response = call(&mock, "GET", "/v3/shop/list", "").await;
    assert_eq!(body(&response), json!({ "id": "1001" }), "a literal beats a parameter");
    let refused = call(&mock, "GET", "/v3/shop/12345", "").await;
    assert_eq!((refused.status(), body(&refused)["code"].as_str()), ("400", Some("PARAM_ERROR")));
    let unsigned = RawRequest { method: "GET", target: "/v3/shop/1".into(), ..RawRequest::sample() };
    let unsigned = RawRequest { body: b"{}".to_vec(), ..unsigned };
    let mut bytes = unsigned.to_bytes();
    *bytes.last_mut().unwrap() = b']';
    let mut connection = Connection::open(&mock).await;
    connection.send(&bytes).await;
    assert_eq!(connection.response().await.status(), "401");
    let operations: Vec<_> = mock.exchanges().iter().map(|one| one.operation.clone().unwrap()).collect();
    assert_eq!(operations, ["show_shop", "list_shops", "show_shop", "show_shop"]);
    assert_eq!((mock.requests_of("show_shop"), mock.requests_of("set_rights")), (3, 0));
    mock.expect().operation("list_shops").times(0).verify();
}

#[tokio::test]
async fn an_operation_of_the_same_method_and_path_replaces_the_gateways() {
    let mock = mock().await;
    let target = RawRequest::sample().target.replace("pbLatjvWOibDc5-TBnbUk1pD12o0", "1");
    let response = call(&mock, "PATCH", &target, "no JSON at all").await;
    assert_eq!((response.status(), body(&response)), ("200", json!({ "id": "1" })));
    assert_eq!(mock.exchanges()[0].operation.as_deref(), Some("own_rights"));
}

#[tokio::test]
async fn a_stub_is_verified_and_has_its_response_whatever_the_body() {
    let mock = mock().await;
    let response = call(&mock, "POST", "/v3/shop/1/open", "no JSON at all").await;
    assert_eq!((response.status(), body(&response)), ("202", json!({ "opened": true })));
    assert!(is_signed(&response) && response.head.contains("\r\nX-Shop: 1\r\n"), "{}", response.head);
    assert!(response.head.contains("\r\nContent-Type: application/json; charset=utf-8\r\n"));

    let response = call(&mock, "GET", "/v3/certificates", "").await;
    assert_eq!((response.status(), &*response.body), ("200", &b"none today"[..]), "a stub comes first");
    assert!(
        !is_signed(&response) && response.head.contains("\r\nContent-Type: text/plain; charset=utf-8\r\n")
    );

    let response = call(&mock, "DELETE", "/v3/shop/1", "").await;
    assert_eq!((response.status(), response.body.len(), is_signed(&response)), ("204", 0, true));
    let response = call(&mock, "PUT", "/v3/shop/1", "{}").await;
    assert_eq!((response.status(), body(&response)["code"].as_str()), ("409", Some("SHOP_CLOSED")));
    assert!(is_signed(&response));

    let operations: Vec<_> = mock.exchanges().iter().map(|one| one.operation.clone().unwrap()).collect();
    let expected = [
        "stub POST /v3/shop/{id}/open",
        "stub GET /v3/certificates",
        "stub DELETE /v3/shop/{id}",
        "stub PUT /v3/shop/{id}",
    ];
    assert_eq!(operations, expected);
    let unknown = call(&mock, "PATCH", "/v3/shop/1", "").await;
    assert_eq!(unknown.status(), "405");
}

#[tokio::test]
async fn what_was_added_is_listed_and_suggested() {
    let mock = mock().await;
    let get = async |path: &str| {
        let mut connection = Connection::open(&mock).await;
        connection.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await;
        body(&connection.response().await)
    };
    let listed = get("/__mock/operations?family=shop").await;
    let ids: Vec<_> = listed["operations"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, ["own_rights", "list_shops", "show_shop"].map(Value::from).to_vec());
    let stubs = get("/__mock/operations?family=stub").await;
    assert_eq!(stubs["operations"].as_array().unwrap().len(), 4);
    let document = get("/__mock/contract.json").await;
    assert_eq!(document["paths"]["/v3/shop/{id}"]["get"]["operationId"], "show_shop");
    assert_eq!(document["paths"]["/v3/shop/{id}"]["put"]["operationId"], "stub PUT /v3/shop/{id}");
    let family = get("/__mock/contract/shop.json").await;
    assert_eq!(family["paths"].as_object().unwrap().len(), 3);

    assert_eq!(call(&mock, "GET", "/v3/shp/1", "").await.status(), "404");
    let near = mock.exchanges().last().unwrap().error.as_ref().unwrap().reason();
    assert!(near.contains("/v3/shop/{id}"), "{near}");
}
