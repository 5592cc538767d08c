//! Every response that the document describes occurs, and no other.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wechatpay_mock::{Limits, MockServer, StorePlace};

use super::{
    Admin, Response,
    described::{DOCUMENT, Seen, resolved},
    events::Reader,
    request_payment::{handed, prepay_id},
    transfers,
};
use crate::support::{
    RawRequest,
    receiver::{OK, Receiver},
};

/// Method, path with example parameters, and description of each call.
fn calls() -> Vec<(String, String, &'static Value)> {
    let mut calls = Vec::new();
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut path = path.strip_prefix("/__mock").unwrap().to_owned();
            for parameter in operation["parameters"].as_array().into_iter().flatten().map(resolved) {
                let example = parameter["example"].to_string();
                path = path.replace(
                    &format!("{{{}}}", parameter["name"].as_str().unwrap()),
                    example.trim_matches('"'),
                );
            }
            calls.push((method.to_uppercase(), path, operation));
        }
    }
    calls
}

fn described() -> BTreeSet<Seen> {
    let of_call = |(.., operation): &(String, String, &'static Value)| -> Vec<Seen> {
        let id = operation["operationId"].as_str().unwrap();
        let statuses = operation["responses"].as_object().unwrap().keys();
        statuses.map(|status| (id.to_owned(), status.parse().unwrap())).collect()
    };
    calls().iter().flat_map(of_call).collect()
}

/// A head of almost 8 KiB, which is over the limit as the mock counts it, with a space in every header. With much
/// more, the connection itself would refuse it, without a body.
fn too_large_head(line: &str) -> String {
    let headers: String = (10..90).map(|at| format!("x{at}:{}\r\n", "x".repeat(90))).collect();
    let rest = "x".repeat(8192 - 8 - line.len() - headers.len());
    format!("{line}{headers}x:{rest}\r\n\r\n")
}

/// The responses of each call that is refused before its handler runs.
async fn refusals(seen: &mut Vec<Response>) {
    let open = Admin::new().await;
    let foreign = Admin::new().await.with("Origin: http://evil.example");
    let token = MockServer::builder().admin_token("0123456789abcdef".parse().unwrap());
    let token = Admin::of(token.start().await.unwrap());
    let off = Admin::of(MockServer::builder().listen("0.0.0.0:0".parse().unwrap()).start().await.unwrap());
    let limits =
        Limits::default().with_body(100).unwrap().with_head(8192).unwrap().with_body_timeout(1).unwrap();
    let narrow = Admin::of(MockServer::builder().limits(limits).start().await.unwrap());
    let meant_for_another = Admin::new().await.with("Mock-Id: 0123456789abcdef");
    seen.push(meant_for_another.get("/exchanges").await);
    let mut late = Vec::new();
    for (method, path, _) in calls() {
        seen.push(open.call(&method, &format!("{path}?nonsense=1"), "").await);
        seen.push(foreign.call(&method, &path, "").await);
        seen.push(token.call(&method, &path, "").await);
        seen.push(off.call(&method, &path, "").await);
        seen.push(narrow.call(&method, &path, &" ".repeat(101)).await);
        let line = format!("{method} /__mock{path} HTTP/1.1\r\nHost: localhost\r\n");
        seen.push(narrow.raw(&method, &path, "", too_large_head(&line).as_bytes()).await);
        late.push((method, path, format!("{line}Content-Length: 1\r\n\r\n")));
    }
    // All at once, since each takes a second.
    let mut connections = Vec::new();
    for (.., bytes) in &late {
        let mut connection = crate::support::Connection::open(&narrow.mock).await;
        connection.send(bytes.as_bytes()).await;
        connections.push(connection);
    }
    for ((method, path, _), mut connection) in late.iter().zip(connections) {
        let response = connection.response().await;
        seen.push(super::check(method, &format!("/__mock{path}"), "", &response));
    }
}

/// The responses of calls that reach their handler.
async fn responses(seen: &mut Vec<Response>) {
    let limits = Limits::default().with_merchants(1).unwrap().with_faults(1).unwrap();
    let builder = MockServer::builder().limits(limits);
    let admin =
        Admin::of(builder.clock(wechatpay_mock::Clock::fixed(crate::support::NOW)).start().await.unwrap());
    admin.exchange(&RawRequest::sample()).await;
    let reset = json!({ "fault": "reset" });
    let receiver = Receiver::start(&[OK]).await;
    for event in ["TRANSACTION.SUCCESS", "NONE"] {
        seen.push(admin.post("/callbacks", &json!({ "event_type": event, "to": receiver.url() })).await);
    }
    for number in [1, 2] {
        seen.push(admin.call("POST", &format!("/callbacks/{number}/resend"), "").await);
    }
    busy(seen, &admin).await;
    admin.exchange(&RawRequest::order("123456")).await;
    for number in ["123456", "123456", "123457"] {
        seen.push(admin.post("/payments", &json!({ "out_trade_no": number })).await);
    }
    let handed = handed(&prepay_id(&admin, "jsapi", "123458").await);
    for body in [&json!({}), &handed, &handed] {
        seen.push(admin.post("/request-payment", body).await);
    }
    for (action, view) in super::business_view::calls(&admin, "123459").await {
        seen.push(admin.post("/service-orders", &action).await);
        seen.push(admin.post("/open-business-view", &view).await);
    }
    let package = transfers::package_info(&admin, "T1").await;
    for number in ["T1", "T1", "T2"] {
        seen.push(admin.post("/transfers", &json!({ "out_bill_no": number })).await);
    }
    let handed = transfers::handed(&transfers::package_info(&admin, "T3").await);
    for body in [&json!({}), &handed, &handed] {
        seen.push(admin.post("/request-merchant-transfer", body).await);
    }
    assert!(!package.is_empty());
    for path in [
        "/",
        "/health",
        "/openapi.json",
        "/contract.json",
        "/contract/certificates.json",
        "/contract/none",
        "/operations",
        "/operations?family=none",
        "/exchanges",
        "/exchanges.har",
        "/exchanges/1",
        "/exchanges/99",
        "/exchanges/1/curl",
        "/exchanges/99/curl",
        "/exchanges/1/decrypted",
        "/exchanges/99/decrypted",
        "/faults",
        "/faults/9",
        "/fault-names",
        "/clock",
        "/merchants",
        "/merchants/1900000001",
        "/merchants/9",
        "/metrics",
        "/credentials",
        "/credentials?merchant=9",
        "/ca.pem",
        "/callbacks",
        "/callbacks/1",
        "/callbacks/2",
        "/callback-attempts",
        "/ui/",
        "/ui/style.css",
        "/payments",
        "/payment-requests",
        "/policies",
        "/qr?text=weixin:",
        "/state",
        "/state?merchant=9",
        "/verify",
    ] {
        seen.push(admin.get(path).await);
    }
    seen.push(Admin::new().await.with("Accept: text/html").get("/").await);
    let mut readers = Vec::new();
    for _ in 0..super::events::STREAMS {
        readers.push(Reader::of(&admin, "", None).await);
    }
    seen.push(readers[0].response());
    seen.push(admin.get("/events").await);
    drop(readers);
    for (path, body) in [
        ("/exchanges/1/replay", json!({})),
        ("/exchanges/99/replay", json!({})),
        ("/replay", json!({ "request": { "method": "GET", "target": "/v3/certificates" }, "sign": "anew" })),
        ("/verify", json!({})),
        ("/verify", json!({ "times": 999 })),
        ("/faults", reset.clone()),
        ("/faults", reset),
        ("/clock", json!({ "action": "resume" })),
        ("/merchants", json!({ "mchid": "9" })),
        ("/merchants", json!({})),
        ("/reset", json!({ "merchant": "8" })),
    ] {
        seen.push(admin.post(path, &body).await);
    }
    let permission = "/documents/member_card_permission/permission";
    for path in [permission, "/documents/member_card/none"] {
        seen.push(admin.get(path).await);
        seen.push(admin.call("PUT", &path.replace("card/", "cards/"), "true").await);
    }
    seen.push(admin.get("/documents?kind=member_card").await);
    seen.push(admin.get("/documents?kind=none").await);
    let made = admin.get("/state?merchant=9").await.body["merchants"]["9"].clone();
    for mchid in ["9", "10"] {
        let state = json!({ "merchants": { mchid: made } });
        seen.push(admin.call("PUT", "/state", &state.to_string()).await);
    }
    for _ in 0..2 {
        seen.push(admin.delete(permission).await);
    }
    seen.push(admin.get("/faults/1").await);
    for path in [
        "/faults/1",
        "/faults/1",
        "/faults",
        "/exchanges",
        "/merchants/1900000001",
        "/merchants/9",
        "/merchants/9",
    ] {
        seen.push(admin.delete(path).await);
    }
    seen.push(admin.post("/reset", &json!({})).await);
    Box::pin(without_authority(seen, &admin)).await;
    Box::pin(without_whole_journal(seen)).await;
}

/// The responses about the authority: of a mock that has one, and of one that can't use its own.
async fn without_authority(seen: &mut Vec<Response>, admin: &Admin) {
    let program = json!({ "folder": "/tmp/shop" });
    seen.push(admin.post("/environment", &program).await);
    let invalid = tempfile::tempdir().unwrap();
    std::fs::write(invalid.path().join("wechatpay-mock-ca-key.pem"), "").unwrap();
    let invalid = Admin::of(MockServer::builder().ca_dir(invalid.path()).start().await.unwrap());
    seen.push(invalid.get("/ca.pem").await);
    seen.push(invalid.post("/environment", &program).await);
}

/// The responses about requests of which the journal has only a part, or that the mock can't sign.
async fn without_whole_journal(seen: &mut Vec<Response>) {
    let limits = Limits::default().with_journal_body(1).unwrap();
    let narrow = Admin::of(MockServer::builder().limits(limits).start().await.unwrap());
    narrow.exchange(&RawRequest::sample()).await;
    for call in ["curl", "decrypted"] {
        seen.push(narrow.get(&format!("/exchanges/1/{call}")).await);
    }
    seen.push(narrow.post("/exchanges/1/replay", &json!({})).await);
    let bearer = json!([{ "name": "Authorization", "value": "Bearer a" }]);
    let request = json!({ "method": "GET", "target": "/v3/certificates", "headers": bearer });
    seen.push(narrow.post("/replay", &json!({ "request": request })).await);
}

/// A resend with a fault, while another attempt of the callback waits for its answer.
async fn busy(seen: &mut Vec<Response>, admin: &Admin) {
    let mut receiver = Receiver::start_slow(&[OK]).await;
    let body = json!({ "event_type": "TRANSACTION.SUCCESS", "to": receiver.url() });
    let (sent, refused) = tokio::join!(admin.post("/callbacks", &body), async {
        receiver.next().await;
        let number = admin.get("/callbacks").await.body["last"].clone();
        let spoiled = json!({ "fault": "lost" });
        let refused = admin.post(&format!("/callbacks/{number}/resend"), &spoiled).await;
        receiver.answer(1);
        refused
    });
    assert_eq!((sent.status, refused.status), (201, 409));
    seen.push(refused);
}

/// The responses of calls that find no room, because another response is not read.
async fn without_room(seen: &mut Vec<Response>) {
    let limits = Limits::default().with_admin_bytes(1024 * 1024).unwrap();
    let builder = MockServer::builder().limits(limits);
    let admin =
        Admin::of(builder.clock(wechatpay_mock::Clock::fixed(crate::support::NOW)).start().await.unwrap());
    for _ in 0..30 {
        admin.post("/faults", &json!({ "fault": "reset", "match": { "code": "none" } })).await;
    }
    for _ in 0..12 {
        admin.post("/merchants", &json!({})).await;
    }
    for _ in 0..30 {
        admin
            .post("/callbacks", &json!({ "event_type": "REFUND.SUCCESS", "to": "http://example.com/" }))
            .await;
    }
    for _ in 0..3 {
        admin.exchange(&RawRequest { body: vec![b' '; 64 * 1024], ..RawRequest::sample() }).await;
    }
    // So many fields that can't be decrypted make a long response.
    let receivers: Vec<_> = (0..20).map(|_| json!({ "transfer_amount": 1, "user_name": "bm8=" })).collect();
    let body = json!({ "transfer_detail_list": receivers }).to_string().into();
    let target = "/v3/transfer/batches".into();
    admin.exchange(&RawRequest { method: "POST", target, body, ..RawRequest::sample() }).await;
    for number in 100_000..100_009 {
        admin.exchange(&RawRequest::order(&number.to_string())).await;
        admin.post("/request-payment", &json!({})).await;
        admin.post("/verify", &json!({ "times": number })).await;
    }
    let card = json!({ "is_foreign": false, "has_points": true, "fields": { "x": "x".repeat(2048) } });
    admin.call("PUT", "/documents/card/1", &card.to_string()).await;
    let (mut unread, stream) = tokio::io::duplex(1024);
    let calls = async {
        unread.write_all(b"GET /__mock/exchanges.har HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        unread.read_u8().await.unwrap();
        for path in [
            "/contract.json",
            "/contract/pay-transactions",
            "/callbacks",
            "/callback-attempts",
            "/payments",
            "/payment-requests",
            "/verify",
            "/documents?kind=card",
            "/documents/card/1",
            "/exchanges",
            "/exchanges.har",
            "/exchanges/1",
            "/exchanges/1/curl",
            "/exchanges/4/decrypted",
            "/faults",
            "/merchants",
            "/operations",
        ] {
            seen.push(admin.get(path).await);
        }
        seen.push(admin.post("/verify", &json!({ "body": { "a": 1 } })).await);
        seen.push(admin.get("/state").await);
        seen.push(admin.call("PUT", "/state", r#"{"merchants":{}}"#).await);
        seen.push(admin.call("PUT", "/state", &" ".repeat(1024 * 1024 + 1)).await);
        admin
            .get("/health")
            .await
            .assert_is(200, json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }));
    };
    tokio::select! {
        () = calls => {}
        () = admin.mock.serve_connection(stream) => panic!("the connection ended"),
    }
}

/// The responses of a mock whose store keeps no changes, because another program writes to its file.
async fn without_store(seen: &mut Vec<Response>) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state.db");
    let builder = MockServer::builder().store(StorePlace::Sqlite(file.clone()));
    let admin = Admin::of(builder.start().await.unwrap());
    let other = rusqlite::Connection::open(file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    seen.push(admin.post("/reset", &json!({})).await);
    seen.push(admin.post("/merchants", &json!({})).await);
    seen.push(admin.get("/health").await);
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(admin.post("/reset", &json!({})).await.status, 200);
    assert_eq!(admin.get("/health").await.status, 200);
}

#[tokio::test]
async fn every_described_response_occurs_and_no_other() {
    let mut seen = Vec::new();
    // Boxed, because together they are larger than a test's stack.
    Box::pin(refusals(&mut seen)).await;
    Box::pin(responses(&mut seen)).await;
    without_room(&mut seen).await;
    without_store(&mut seen).await;
    let occurring: BTreeSet<Seen> = seen.into_iter().filter_map(|response| response.seen).collect();
    let described = described();
    let missing: Vec<_> = described.difference(&occurring).collect();
    assert!(missing.is_empty(), "these never occur: {missing:?}");
    assert_eq!(occurring, described);
}
