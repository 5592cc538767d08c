//! Tests of several mocks on one store, and of one mock after another, over real sockets.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};
use wechatpay_protocol::{Authorization, Nonce, RequestMessage, SigningKey, Timestamp};

use super::MockServer;
use crate::{clock::Clock, config::Config, merchants::MerchantConfig, store::noting::Noting};

const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);

/// A mock with this state, which it shares if it is in Redis.
async fn mock(state: &Noting, place: &str) -> MockServer {
    mock_with(state, place, |_| {}).await.unwrap()
}

async fn mock_with(
    state: &Noting,
    place: &str,
    change: impl FnOnce(&mut Config),
) -> std::io::Result<MockServer> {
    let mut config = config(place, place.starts_with("redis"));
    change(&mut config);
    let clock = Clock::fixed(NOW);
    MockServer::builder().config(config).clock(clock).start_with(state.store()).await
}

fn config(place: &str, is_shared: bool) -> Config {
    let mut config = Config::default();
    (config.store, config.shared) = (place.parse().unwrap(), is_shared);
    config
}

async fn two() -> (Noting, [MockServer; 2]) {
    let state = Noting::new();
    let mocks = [mock(&state, REDIS).await, mock(&state, REDIS).await];
    (state, mocks)
}

const REDIS: &str = "redis://127.0.0.1:1";
const SQLITE: &str = "sqlite:state.db";

/// Two mocks that share a Redis, with what keeps it running; `None` if there is none on this machine.
#[cfg(feature = "redis")]
async fn two_on_redis() -> Option<(crate::store::suite::redis_server::Database, [MockServer; 2])> {
    let database = crate::store::suite::redis_server::Database::new()?;
    let config = config(&database.place(), true);
    let start = async || {
        let builder = MockServer::builder().config(config.clone()).clock(Clock::fixed(NOW));
        builder.start().await.unwrap()
    };
    let mocks = [start().await, start().await];
    Some((database, mocks))
}

/// Sends a request, and returns the status and the body; status 0 if there is no response.
async fn send(mock: &MockServer, method: &str, target: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(mock.address()).await.unwrap();
    let (host, length) = (mock.address(), body.len());
    let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n{headers}");
    stream.write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes()).await.unwrap();
    let mut received = Vec::new();
    // A fault may break the connection off.
    let _ = stream.read_to_end(&mut received).await;
    let received = String::from_utf8(received).unwrap();
    let (head, body) = received.split_once("\r\n\r\n").unwrap_or((&received, ""));
    let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
    (status, body.into())
}

/// A call under `/__mock/`.
async fn call(mock: &MockServer, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let body = body.map_or_else(String::new, |body| body.to_string());
    let (status, body) = send(mock, method, &format!("/__mock/{path}"), "", &body).await;
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

/// The status of a signed request that lists the platform certificates.
async fn sign(mock: &MockServer, credentials: &Value, at: Timestamp) -> u16 {
    let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
    let nonce: Nonce = format!("{:032X}", rand::random::<u128>()).parse().unwrap();
    let (method, target, nonce_str) = ("GET", "/v3/certificates", nonce.as_str());
    let message = RequestMessage { method, target, timestamp: at, nonce_str, body: b"" };
    let signature = SigningKey::from_pem(&text("merchant_key")).unwrap().sign(&message.to_bytes());
    let (mchid, serial_no) = (text("mchid").parse().unwrap(), text("merchant_serial").parse().unwrap());
    let authorization = Authorization::new(&mchid, &serial_no, at, &nonce, &signature);
    let headers =
        format!("Authorization: {authorization}\r\nAccept: application/json\r\nUser-Agent: test\r\n");
    send(mock, "GET", "/v3/certificates", &headers, "").await.0
}

fn later(seconds: u64) -> Timestamp {
    Timestamp::from_unix(NOW.as_unix() + seconds)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_moved_at_one_mock_is_moved_at_the_other() {
    let (_, [a, b]) = two().await;
    let merchant = call(&a, "POST", "merchants", None).await.1;
    assert_eq!(sign(&b, &merchant, later(600)).await, 401);
    for (mock, other, seconds) in [(&a, &b, 600), (&b, &a, 1200)] {
        assert_eq!(
            call(mock, "POST", "clock", Some(json!({ "action": "advance", "seconds": 600 }))).await.0,
            200
        );
        assert_eq!(call(other, "GET", "clock", None).await.1["offset"], seconds);
        assert_eq!(sign(other, &merchant, later(seconds)).await, 200);
    }
    call(&b, "POST", "clock", Some(json!({ "action": "freeze", "signatures": "real" }))).await;
    assert_eq!(call(&a, "GET", "clock", None).await.1["frozen"], true);
    assert_eq!(sign(&a, &merchant, NOW).await, 200);
    call(&a, "POST", "clock", Some(json!({ "action": "resume" }))).await;
    assert_eq!(call(&b, "GET", "clock", None).await.1["offset"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_that_is_made_at_one_mock_can_call_the_other_until_it_is_removed() {
    let (state, [a, b]) = two().await;
    let (status, merchant) = call(&a, "POST", "merchants", Some(json!({ "new_key": true }))).await;
    assert_eq!((status, sign(&b, &merchant, NOW).await), (201, 200));
    let path = format!("merchants/{}", merchant["mchid"].as_str().unwrap());
    let taken = json!({ "mchid": merchant["mchid"] });
    assert_eq!(call(&b, "POST", "merchants", Some(taken)).await.0, 409);
    assert_eq!(call(&b, "DELETE", &path, None).await.0, 200);
    assert_eq!((call(&a, "GET", &path, None).await.0, sign(&a, &merchant, NOW).await), (404, 401));
    let of_merchants = |name: &String| name.starts_with("merchant/") || name.starts_with("claim/");
    assert_eq!(state.names().into_iter().filter(of_merchants).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn mocks_that_make_merchants_at_once_make_different_ones() {
    let (_, [a, b]) = two().await;
    let make = |mock| call(mock, "POST", "merchants", None);
    let made = tokio::join!(make(&a), make(&b), make(&a), make(&b), make(&a), make(&b));
    let made = [made.0, made.1, made.2, made.3, made.4, made.5];
    let mut mchids: Vec<_> = made.iter().map(|(_, merchant)| merchant["mchid"].to_string()).collect();
    mchids.sort();
    mchids.dedup();
    assert_eq!(mchids.len(), 6, "{made:?}");
    let listed = call(&b, "GET", "merchants", None).await.1["merchants"].as_array().unwrap().len();
    assert_eq!(listed, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_rule_that_is_added_at_one_mock_strikes_at_the_other_until_it_is_removed() {
    let (_, [a, b]) = two().await;
    let merchant = call(&a, "POST", "merchants", None).await.1;
    let rule = json!({ "fault": "system-error", "match": { "merchant": merchant["mchid"] } });
    let (status, added) = call(&a, "POST", "faults", Some(rule.clone())).await;
    assert_eq!((status, sign(&b, &merchant, NOW).await), (201, 500));
    let path = format!("faults/{}", added["id"]);
    assert_eq!(call(&b, "GET", &path, None).await.1["struck"], 1);
    assert_eq!(call(&b, "DELETE", &path, None).await.0, 200);
    assert_eq!((call(&a, "GET", &path, None).await.0, sign(&a, &merchant, NOW).await), (404, 200));
    call(&b, "POST", "faults", Some(rule)).await;
    assert_eq!(sign(&a, &merchant, NOW).await, 500);
    assert_eq!(call(&a, "DELETE", "faults", None).await.1["deleted"], 1);
    assert_eq!(sign(&b, &merchant, NOW).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_of_one_mock_is_one_of_all() {
    let (state, [a, b]) = two().await;
    let merchant = call(&a, "POST", "merchants", None).await.1;
    call(&a, "POST", "clock", Some(json!({ "action": "skew", "seconds": 60 }))).await;
    call(&a, "POST", "faults", Some(json!({ "fault": "reset" }))).await;
    assert_eq!(sign(&b, &merchant, later(60)).await, 0);
    let one = json!({ "merchant": "1900000001" });
    assert_eq!(call(&b, "POST", "reset", Some(one)).await.0, 200);
    assert_eq!(call(&a, "GET", "faults", None).await.1["faults"].as_array().unwrap().len(), 1);
    assert_eq!(call(&b, "POST", "reset", None).await.0, 200);
    for mock in [&a, &b] {
        assert_eq!(call(mock, "GET", "clock", None).await.1["offset"], 0);
        assert_eq!(call(mock, "GET", "faults", None).await.1["faults"], json!([]));
        assert_eq!(call(mock, "GET", "merchants", None).await.1["merchants"].as_array().unwrap().len(), 1);
        assert_eq!(call(mock, "GET", "exchanges", None).await.1["exchanges"], json!([]));
    }
    let lasting = ["clock", "merchant/", "claim/", "fault/"];
    let left = |name: &String| lasting.iter().any(|prefix| name.starts_with(prefix));
    assert_eq!(state.names().into_iter().filter(left).collect::<Vec<_>>(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mock_that_starts_later_has_what_the_others_share() {
    let (state, [a, _b]) = two().await;
    let merchant = call(&a, "POST", "merchants", None).await.1;
    call(&a, "POST", "clock", Some(json!({ "action": "skew", "seconds": 600 }))).await;
    call(
        &a,
        "POST",
        "faults",
        Some(json!({ "fault": "system-error", "match": { "operation": "set_rights" } })),
    )
    .await;
    let c = mock(&state, REDIS).await;
    assert_eq!(sign(&c, &merchant, later(600)).await, 200);
    let [here, there] = [call(&c, "GET", "faults", None).await.1, call(&a, "GET", "faults", None).await.1];
    assert_eq!((&here, here["faults"][0]["fault"].as_str()), (&there, Some("system-error")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_the_library_is_shared_too() {
    let (_, [a, b]) = two().await;
    a.clock().skew(42);
    let until = Instant::now() + Duration::from_secs(5);
    while b.clock().offset() != 42 && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(b.clock().offset(), 42);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mock_that_died_holds_up_no_call_longer_than_it_counts_as_alive() {
    let (state, [a, b]) = two().await;
    // It is cut off without saying so.
    drop(b);
    let skew = async |seconds| {
        let begun = Instant::now();
        let body = json!({ "action": "skew", "seconds": seconds });
        assert_eq!(call(&a, "POST", "clock", Some(body)).await.0, 200);
        begun.elapsed()
    };
    // The first calls wait for it, and soon none does.
    let mut calls = 1;
    while skew(calls).await > Duration::from_secs(1) {
        calls += 1;
        assert!(calls < 10, "it still holds up calls");
    }
    // One that stops as it should holds up none.
    let c = mock(&state, REDIS).await;
    c.shutdown().await;
    assert!(skew(10).await < Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_lost_refuses_changes_and_mocks_go_on_when_it_is_back() {
    let (state, [a, b]) = two().await;
    state.lose(true);
    let advance = || Some(json!({ "action": "advance", "seconds": 600 }));
    assert_eq!(call(&a, "POST", "clock", advance()).await.0, 503);
    assert_eq!(call(&a, "POST", "faults", Some(json!({ "fault": "reset" }))).await.0, 503);
    assert_eq!(call(&a, "POST", "merchants", None).await.0, 503);
    assert_eq!(call(&a, "GET", "clock", None).await.1["offset"], 0);
    state.lose(false);
    assert_eq!(call(&a, "POST", "clock", advance()).await.0, 200);
    assert_eq!(call(&b, "GET", "clock", None).await.1["offset"], 600);
    assert_eq!(call(&b, "GET", "faults", None).await.1["faults"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn clock_and_merchants_outlast_a_restart_and_fault_rules_do_not() {
    let state = Noting::new();
    let first = mock(&state, SQLITE).await;
    let made = call(&first, "POST", "merchants", Some(json!({ "new_key": true }))).await.1;
    let removed = call(&first, "POST", "merchants", None).await.1;
    let path = format!("merchants/{}", removed["mchid"].as_str().unwrap());
    assert_eq!(call(&first, "DELETE", &path, None).await.0, 200);
    call(&first, "POST", "clock", Some(json!({ "action": "skew", "seconds": 600 }))).await;
    call(&first, "POST", "faults", Some(json!({ "fault": "system-error" }))).await;
    drop(first);
    let second = mock(&state, SQLITE).await;
    assert_eq!(second.clock().offset(), 600);
    assert_eq!(sign(&second, &made, later(600)).await, 200);
    let state_of = call(&second, "GET", "merchants", None).await.1;
    assert_eq!(state_of["merchants"].as_array().unwrap().len(), 2);
    let credentials = second.credentials_of(made["mchid"].as_str().unwrap()).unwrap();
    assert_eq!(credentials.apiv3_key.expose(), made["apiv3_key"].as_str().unwrap());
    second.reset();
    drop(second);
    let third = mock(&state, SQLITE).await;
    assert_eq!((third.clock().offset(), sign(&third, &made, NOW).await), (0, 401));
}

#[tokio::test]
async fn a_note_that_can_not_be_read_keeps_a_mock_from_starting_and_is_named() {
    for (name, text) in [("clock", "tomorrow"), ("merchant/1980000001", "{}"), ("merchant/x", "{}")] {
        let state = Noting::new();
        state.put(name, text);
        let error = mock_with(&state, SQLITE, |_| {}).await.unwrap_err().to_string();
        assert!(error.contains("sqlite:state.db") && error.contains(&format!("note {name} ")), "{error}");
    }
}

#[tokio::test]
async fn a_configured_merchant_counts_more_than_one_that_was_made() {
    let state = Noting::new();
    let first = mock(&state, SQLITE).await;
    let made = call(&first, "POST", "merchants", Some(json!({ "new_key": true }))).await.1;
    drop(first);
    let configure = |config: &mut Config| {
        let mchid = made["mchid"].as_str().unwrap().parse().unwrap();
        *config = config.clone().with_merchants([MerchantConfig::new(mchid)]);
    };
    let second = mock_with(&state, SQLITE, configure).await.unwrap();
    assert_eq!(sign(&second, &made, NOW).await, 401);
}

#[tokio::test]
async fn only_mocks_with_redis_can_share() {
    let config = config("memory", true);
    let error = MockServer::builder().config(config).start().await.unwrap_err().to_string();
    assert!(error.starts_with("store memory: ") && error.contains("redis://HOST:PORT"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exchanges_are_listed_from_everywhere() {
    let (state, [a, b]) = two().await;
    let alone = mock_with(&state, REDIS, |config| config.shared = false).await.unwrap();
    let merchant = call(&a, "POST", "merchants", None).await.1;
    for mock in [&a, &b, &a, &alone] {
        sign(mock, &merchant, NOW).await;
    }
    // Who starts later is seen with the next look.
    for mock in [&a, &alone] {
        let list = call(mock, "GET", "exchanges?everywhere=true&limit=3", None).await.1;
        assert_eq!((list["exchanges"].as_array().unwrap().len(), &list["has_more"]), (3, &json!(true)));
        let list = call(mock, "GET", "exchanges?everywhere=true", None).await.1;
        let exchanges = list["exchanges"].as_array().unwrap();
        let of = |mock: &MockServer| exchanges.iter().filter(|one| one["mock"] == mock.url()).count();
        assert_eq!(([of(&a), of(&b), of(&alone)], &list["missing"]), ([2, 1, 1], &json!([])), "{list}");
    }
    let of_one = call(&b, "GET", "exchanges?everywhere=true&status=401", None).await.1;
    assert_eq!(of_one["exchanges"][0]["mock"], alone.url());
    drop(alone);
    let list = call(&a, "GET", "exchanges?everywhere=true", None).await.1;
    assert_eq!(list["exchanges"].as_array().unwrap().len(), 3, "{list}");
    assert!(list["missing"][0]["reason"].is_string() && list["missing"][1].is_null(), "{list}");
    for query in ["after=1", "wait=1"] {
        assert_eq!(call(&a, "GET", &format!("exchanges?everywhere=true&{query}"), None).await.0, 400);
    }
    assert_eq!(call(&a, "GET", "exchanges?everywhere=yes", None).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_mocks_are_asked_with_the_callers_token_and_only_the_one_that_is_meant_answers() {
    let state = Noting::new();
    let token = |config: &mut Config| config.admin_token = Some("0123456789abcdef".parse().unwrap());
    let a = mock_with(&state, REDIS, token).await.unwrap();
    let b = mock_with(&state, REDIS, token).await.unwrap();
    let open = mock(&state, REDIS).await;
    let bearer = "Authorization: Bearer 0123456789abcdef\r\n";
    let (_, list) = send(&a, "GET", "/__mock/exchanges?everywhere=true", bearer, "").await;
    assert_eq!(serde_json::from_str::<Value>(&list).unwrap()["missing"], json!([]));
    let list = call(&open, "GET", "exchanges?everywhere=true", None).await.1;
    assert_eq!(list["missing"].as_array().unwrap().len(), 2, "{list}");
    let other = format!("{bearer}Mock-Id: another\r\n");
    assert_eq!(send(&b, "GET", "/__mock/exchanges", &other, "").await.0, 421);
}

#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread")]
async fn mocks_share_clock_merchants_and_fault_rules_in_redis() {
    let Some((_redis, [a, b])) = two_on_redis().await else { return };
    for (a, b) in [(&a, &b), (&b, &a)] {
        let (status, merchant) = call(a, "POST", "merchants", None).await;
        assert_eq!((status, sign(b, &merchant, NOW).await), (201, 200));
        call(a, "POST", "clock", Some(json!({ "action": "skew", "seconds": 600 }))).await;
        assert_eq!(sign(b, &merchant, later(600)).await, 200);
        let rule = json!({ "fault": "system-error", "match": { "merchant": merchant["mchid"] } });
        let (_, added) = call(a, "POST", "faults", Some(rule)).await;
        assert_eq!(sign(b, &merchant, later(600)).await, 500);
        assert_eq!(call(b, "DELETE", &format!("faults/{}", added["id"]), None).await.0, 200);
        assert_eq!(sign(a, &merchant, later(600)).await, 200);
        let list = call(a, "GET", "exchanges?everywhere=true", None).await.1;
        assert_eq!((list["exchanges"].as_array().unwrap().len(), &list["missing"]), (4, &json!([])));
        assert_eq!(call(b, "POST", "reset", None).await.0, 200);
        assert_eq!((sign(a, &merchant, NOW).await, a.clock().offset()), (401, 0));
        call(b, "POST", "reset", None).await;
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn clock_and_merchants_are_in_the_file_of_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let place = format!("sqlite:{}", directory.path().join("state.db").display());
    let start = async || {
        MockServer::builder().config(config(&place, false)).clock(Clock::fixed(NOW)).start().await.unwrap()
    };
    let first = start().await;
    let made =
        call(&first, "POST", "merchants", Some(json!({ "seed": { "cards": [{ "card_id": "c" }] } }))).await.1;
    call(&first, "POST", "clock", Some(json!({ "action": "freeze" }))).await;
    assert!(first.shutdown().await);
    let second = start().await;
    assert_eq!((sign(&second, &made, NOW).await, second.clock().is_frozen()), (200, true));
    let kinds = format!("documents?merchant={}&kind=card", made["mchid"].as_str().unwrap());
    let cards = call(&second, "GET", &kinds, None).await.1;
    assert!(cards.to_string().contains(r#""c""#), "{cards}");
    second.reset();
    assert!(second.shutdown().await);
    let third = start().await;
    assert_eq!((sign(&third, &made, NOW).await, third.clock().is_frozen()), (401, false));
}
