//! The whole state: exported, imported into the same mock and into another, and files that are refused.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::{runtime::Runtime, time::sleep};
use wechatpay_mock::{Clock, Config, Limits, MockServer, Payments};
use wechatpay_protocol::Credentials;

use super::{Admin, Response, signed_by, transfers::package_info};
use crate::support::{
    NOW, RawRequest, exchange,
    receiver::{FAILED, OK, Receiver},
};

const MERCHANT: &str = "1900000001";

/// How long refunds take, in seconds.
const DELAY: i64 = 300;

/// A mock with a clock of its own, whose refunds take a while.
async fn mock() -> Admin {
    with_limits(Limits::default()).await
}

async fn with_limits(limits: Limits) -> Admin {
    let mut config = Config::default();
    config.payments = Payments { refund_delay: Duration::from_secs(DELAY as u64), ..Payments::default() };
    let builder = MockServer::builder().config(config).limits(limits).clock(Clock::fixed(NOW));
    Admin::of(builder.start().await.unwrap())
}

impl Admin {
    async fn import(&self, state: &Value) -> Response {
        self.call("PUT", "/state", &state.to_string()).await
    }

    async fn imported(&self, state: &Value) -> Value {
        let imported = self.import(state).await;
        assert_eq!(imported.status, 200, "{imported:?}");
        imported.body
    }

    async fn state(&self) -> Value {
        let state = self.get("/state").await;
        assert_eq!(state.status, 200, "{state:?}");
        state.body
    }

    /// The state once nothing is due any more.
    async fn settled(&self) -> Value {
        loop {
            let state = self.state().await;
            let now = self.mock.clock().now().as_unix();
            let is_due = |time: &Value| time.as_u64().is_some_and(|time| time <= now);
            let is_unsettled = |merchant: &Value| {
                list(merchant, "callbacks").iter().any(|one| is_due(&one["state"]["waiting"]))
                    || list(merchant, "reminders").iter().any(|one| is_due(&one["at"]))
            };
            if !state["merchants"].as_object().unwrap().values().any(is_unsettled) {
                return state;
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// The status of the response to this request, signed by this clock.
    async fn send(&self, request: RawRequest) -> u16 {
        self.exchange(&RawRequest { signed_at: self.mock.clock().now(), ..request }).await
    }
}

fn list<'v>(merchant: &'v Value, name: &str) -> &'v [Value] {
    merchant[name].as_array().map_or(&[], Vec::as_slice)
}

fn of<'v>(state: &'v Value, mchid: &str, name: &str) -> &'v [Value] {
    list(&state["merchants"][mchid], name)
}

fn document<'v>(state: &'v Value, mchid: &str, kind: &str, key: &str) -> &'v Value {
    let mut documents = of(state, mchid, "documents").iter();
    let found = documents.find(|one| one["kind"] == kind && one["key"] == key);
    &found.unwrap_or_else(|| panic!("no {kind} {key} in {state:#}"))["value"]
}

fn refund(order: &str, number: &str) -> RawRequest {
    let amount = json!({ "refund": 1, "total": 100, "currency": "CNY" });
    let body = json!({ "out_trade_no": order, "out_refund_no": number, "amount": amount });
    let target = "/v3/refund/domestic/refunds".into();
    RawRequest { target, body: body.to_string().into(), ..RawRequest::order("") }
}

fn points(number: &str, points: i64) -> RawRequest {
    let body = json!({ "out_request_no": number, "bonus_value": points }).to_string().into();
    RawRequest { body, ..RawRequest::sample() }
}

/// An order whose callbacks go there.
fn order_to(number: &str, notify_url: &str) -> RawRequest {
    let request = RawRequest::order(number);
    let mut body: Value = serde_json::from_slice(&request.body).unwrap();
    body["notify_url"] = notify_url.into();
    RawRequest { body: body.to_string().into(), ..request }
}

/// What a test does with a mock.
#[derive(Clone, Copy, Debug)]
enum Step {
    Order(u8),
    Pay(u8),
    Refund(u8, u8),
    Points(u8, i64),
    Transfer(u8),
    Advance(i64),
    Make(bool),
    PointsOfLast(u8, i64),
    Trigger,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..4_u8).prop_map(Step::Order),
        (0..4_u8).prop_map(Step::Pay),
        (0..4_u8, 0..4_u8).prop_map(|(order, number)| Step::Refund(order, number)),
        (0..9_u8, 0..900_i64).prop_map(|(number, points)| Step::Points(number, points)),
        (0..3_u8).prop_map(Step::Transfer),
        (1..400_i64).prop_map(Step::Advance),
        any::<bool>().prop_map(Step::Make),
        (0..9_u8, 0..900_i64).prop_map(|(number, points)| Step::PointsOfLast(number, points)),
        Just(Step::Trigger),
    ]
}

async fn perform(admin: &Admin, steps: &[Step]) -> Vec<Credentials> {
    let mut made: Vec<Credentials> = Vec::new();
    for step in steps {
        match *step {
            Step::Order(number) => {
                admin.send(RawRequest::order(&format!("ORDER{number}"))).await;
            }
            Step::Pay(number) => {
                admin.post("/payments", &json!({ "out_trade_no": format!("ORDER{number}") })).await;
            }
            Step::Refund(order, number) => {
                admin.send(refund(&format!("ORDER{order}"), &format!("REFUND{number}"))).await;
            }
            Step::Points(number, value) => {
                admin.send(points(&format!("n-{number}"), value)).await;
            }
            Step::Transfer(number) => {
                // Its request is signed at the start.
                if admin.mock.clock().offset() < 300 {
                    let made = format!("T{number}{}", admin.mock.exchanges().len());
                    package_info(admin, &made).await;
                }
            }
            Step::Advance(seconds) => admin.mock.clock().advance(seconds),
            Step::Make(has_new_key) => {
                // A new key takes a second.
                let new_key = has_new_key && made.is_empty();
                made.push(admin.make_merchant(&json!({ "new_key": new_key, "trust": "public-key" })).await);
            }
            Step::PointsOfLast(number, value) => {
                if let Some(merchant) = made.last() {
                    let signed_at = admin.mock.clock().now();
                    let request = RawRequest { signed_at, ..points(&format!("m-{number}"), value) };
                    admin.exchange(&signed_by(merchant, request)).await;
                }
            }
            Step::Trigger => {
                let body = json!({ "event_type": "TRANSACTION.SUCCESS", "to": "http://127.0.0.1:1/" });
                admin.post("/callbacks", &body).await;
            }
        }
    }
    made
}

#[test]
fn what_is_exported_is_what_is_there_again_after_an_import() {
    let runtime = Runtime::new().unwrap();
    let steps = prop::collection::vec(step(), 4..24);
    proptest!(ProptestConfig::with_cases(16), |(steps in steps)| {
        runtime.block_on(async {
            let admin = mock().await;
            let made = perform(&admin, &steps).await;
            let exported = admin.settled().await;
            admin.post("/reset", &json!({})).await;
            let initial = admin.state().await;
            assert_eq!(initial["merchants"].as_object().unwrap().len(), 1);
            assert_eq!(initial["clock"], json!({ "offset": 0 }));
            let imported = admin.imported(&exported).await;
            let merchants = exported["merchants"].as_object().unwrap();
            assert_eq!((&imported["merchants"], &imported["made"]), (&json!(merchants.len()), &json!(made.len())));
            let documents: usize = merchants.values().map(|one| list(one, "documents").len()).sum();
            assert_eq!((&imported["documents"], &imported["forgotten"]), (&json!(documents), &json!(0)));
            assert_eq!(admin.settled().await, exported);
            // Over itself, and into another mock.
            admin.imported(&exported).await;
            assert_eq!(admin.settled().await, exported);
            let other = mock().await;
            other.imported(&exported).await;
            assert_eq!(other.settled().await, exported);
            for merchant in &made {
                let signed_at = other.mock.clock().now();
                let request = RawRequest { signed_at, ..points("n-10", 1) };
                assert_eq!(other.exchange(&signed_by(merchant, request)).await, 204);
            }
        });
    });
}

#[tokio::test]
async fn the_gateway_answers_by_what_was_imported() {
    let admin = mock().await;
    admin.send(RawRequest::order("ORDER1")).await;
    admin.post("/payments", &json!({ "out_trade_no": "ORDER1" })).await;
    assert_eq!(admin.send(points("n-1", 600)).await, 204);
    let exported = admin.settled().await;
    assert_eq!(document(&exported, MERCHANT, "order", "ORDER1")["state"], "SUCCESS");
    let other = mock().await;
    other.imported(&exported).await;
    let target = format!("/v3/pay/transactions/out-trade-no/ORDER1?mchid={MERCHANT}");
    let request = RawRequest { target, ..RawRequest::certificates() };
    let [queried, expected] = [exchange(&other.mock, &request).await, exchange(&admin.mock, &request).await];
    let [queried, expected] =
        [queried, expected].map(|answer| serde_json::from_slice::<Value>(&answer.body).unwrap());
    assert_eq!((&queried["trade_state"], &queried), (&json!("SUCCESS"), &expected));
    // The number was used for other content.
    assert_eq!(other.send(points("n-1", 601)).await, 400);
    assert_eq!(other.send(points("n-1", 600)).await, admin.send(points("n-1", 600)).await);
    assert_eq!(other.send(RawRequest::order("ORDER1")).await, 400);
}

#[tokio::test]
async fn a_callback_that_waits_is_delivered_once_after_an_import() {
    let (admin, mut receiver) = (mock().await, Receiver::start(&[FAILED, OK]).await);
    assert_eq!(admin.send(order_to("ORDER1", receiver.url().trim_end_matches("?a=1"))).await, 200);
    admin.post("/payments", &json!({ "out_trade_no": "ORDER1" })).await;
    let first = receiver.next().await;
    let exported = admin.settled().await;
    let [callback] = of(&exported, MERCHANT, "callbacks") else { panic!("{exported:#}") };
    assert_eq!(callback["state"], json!({ "waiting": NOW.as_unix() + 15 }));
    admin.post("/reset", &json!({})).await;
    // What the mock has told before is not told again.
    admin.mock.clock().advance(14);
    admin.imported(&exported).await;
    assert!(receiver.arrived().is_none());
    admin.mock.clock().advance(15);
    let second = receiver.next().await;
    let id = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap()["id"].clone();
    assert_eq!(id(&second.body), id(&first.body));
    let settled = admin.settled().await;
    let [callback] = of(&settled, MERCHANT, "callbacks") else { panic!("{settled:#}") };
    assert_eq!((&callback["state"], list(callback, "attempts").len()), (&json!("received"), 2));
    // And what was received is not sent by a mock that imports it.
    let other = mock().await;
    other.imported(&settled).await;
    other.mock.clock().advance(86_400);
    assert_eq!(of(&other.settled().await, MERCHANT, "callbacks")[0]["state"], "received");
    assert!(receiver.arrived().is_none());
}

#[tokio::test]
async fn documents_still_change_by_themselves_after_an_import() {
    let admin = mock().await;
    admin.send(RawRequest::order("ORDER1")).await;
    admin.post("/payments", &json!({ "out_trade_no": "ORDER1" })).await;
    assert_eq!(admin.send(refund("ORDER1", "REFUND1")).await, 200);
    let exported = admin.settled().await;
    assert_eq!(document(&exported, MERCHANT, "refund", "REFUND1")["status"], "PROCESSING");
    assert_eq!(of(&exported, MERCHANT, "reminders")[0]["at"], NOW.as_unix() + DELAY as u64);
    let other = mock().await;
    other.imported(&exported).await;
    other.mock.clock().advance(DELAY);
    let settled = other.settled().await;
    assert_eq!(document(&settled, MERCHANT, "refund", "REFUND1")["status"], "SUCCESS");
}

#[tokio::test]
async fn one_merchants_state_leaves_the_others_and_the_clock_alone() {
    let admin = mock().await;
    let made = admin.make_merchant(&json!({})).await;
    admin.mock.clock().advance(60);
    let path = format!("/state?merchant={}", made.mchid);
    let one = admin.get(&path).await.body;
    assert_eq!(one["merchants"].as_object().unwrap().keys().collect::<Vec<_>>(), [made.mchid.as_str()]);
    assert!(one.get("clock").is_none());
    let request = |number| RawRequest { signed_at: admin.mock.clock().now(), ..points(number, 600) };
    assert_eq!(admin.exchange(&signed_by(&made, request("n-1"))).await, 204);
    assert_eq!(admin.send(points("n-1", 700)).await, 204);
    admin.mock.clock().advance(60);
    admin.imported(&one).await;
    assert_eq!((admin.get(&path).await.body, admin.mock.clock().offset()), (one, 120));
    let state = admin.state().await;
    let member = of(&state, MERCHANT, "documents").iter().find(|one| one["kind"] == "member_card").unwrap();
    assert_eq!(member["value"]["card"]["bonus_value"], 700);
    admin.get("/state?merchant=9").await.assert_refused(404, "expected the mchid of a merchant, found \"9\"");
}

#[tokio::test]
async fn a_clock_is_set_as_it_was() {
    let (admin, other) = (mock().await, mock().await);
    for (set, expected) in [
        (json!({ "action": "skew", "seconds": -7 }), json!({ "offset": -7 })),
        (json!({ "action": "freeze", "at": 99 }), json!({ "frozen": 99 })),
        (
            json!({ "action": "skew", "seconds": 5, "signatures": "real" }),
            json!({ "offset": 5, "signatures": "real" }),
        ),
        (json!({ "action": "resume" }), json!({ "offset": 0 })),
    ] {
        admin.post("/clock", &set).await;
        let state = admin.state().await;
        assert_eq!(state["clock"], expected);
        other.imported(&state).await;
        assert_eq!(other.state().await["clock"], expected);
        assert_eq!(other.mock.clock().now(), admin.mock.clock().now());
    }
}

#[tokio::test]
async fn a_seed_file_is_a_state_and_its_cards_are_there_as_at_the_start() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/config/seed.json");
    let text = std::fs::read_to_string(file).unwrap();
    let mut seed: Value = serde_json::from_str(&text).unwrap();
    let names: Vec<_> = seed["merchants"].as_object().unwrap().keys().cloned().collect();
    let admin = mock().await;
    for mchid in names.iter().filter(|mchid| *mchid != MERCHANT) {
        admin.make_merchant(&json!({ "mchid": mchid })).await;
    }
    admin.imported(&seed).await;
    let imported = admin.state().await;
    for mchid in &names {
        assert!(!of(&imported, mchid, "documents").is_empty());
    }
    let parsed = serde_json::from_value(seed.clone()).unwrap();
    let begun = MockServer::builder().seed(parsed).clock(Clock::fixed(NOW)).start().await.unwrap();
    let begun = Admin::of(begun).state().await;
    assert_eq!(of(&imported, MERCHANT, "documents"), of(&begun, MERCHANT, "documents"));

    // With documents beside its cards, those win.
    seed = json!({ "merchants": { MERCHANT: {
        "cards": [{ "card_id": "c", "members": [{ "code": "1" }] }],
        "documents": [{ "kind": "member_card_permission", "key": "permission", "value": false }],
    } } });
    assert_eq!(admin.imported(&seed).await["documents"], 3);
    let state = admin.state().await;
    assert_eq!(document(&state, MERCHANT, "member_card_permission", "permission"), &json!(false));
    assert_eq!(document(&state, MERCHANT, "card", "c")["is_foreign"], false);
    // Nothing at all is the state of a start without cards.
    admin.imported(&json!({ "merchants": { MERCHANT: {} } })).await;
    assert_eq!(of(&admin.state().await, MERCHANT, "documents").len(), 1);
}

/// The state of a mock that has something of everything.
async fn full() -> (Admin, Value) {
    let admin = mock().await;
    let made = admin.make_merchant(&json!({ "mchid": "42", "new_key": true })).await;
    let request = RawRequest { signed_at: NOW, ..points("n-1", 600) };
    assert_eq!(admin.exchange(&signed_by(&made, request)).await, 204);
    admin.send(points("n-1", 600)).await;
    for number in ["ORDER1", "ORDER2"] {
        admin.send(RawRequest::order(number)).await;
        admin.post("/payments", &json!({ "out_trade_no": number })).await;
    }
    admin.send(refund("ORDER1", "REFUND1")).await;
    let state = admin.settled().await;
    (admin, state)
}

#[tokio::test]
async fn a_file_with_a_mistake_is_refused_by_its_place_and_changes_nothing() {
    let (admin, state) = full().await;
    let documents = of(&state, MERCHANT, "documents");
    let at = documents.iter().position(|one| one["kind"] == "order").unwrap();
    let order = format!("/merchants/{MERCHANT}/documents/{at}");
    let shown = format!("merchants.{MERCHANT}.documents[{at}]");
    let credentials = "/merchants/42/credentials";
    let number = "0123456789abcdef0123456789abcdef";
    let other_key = include_str!("../../../../fixtures/credentials/other_key.pem");
    let cards = json!([{ "card_id": "c" }, { "card_id": "c" }]);
    for (pointer, value, expected) in [
        ("/version", json!(2), "version: expected 1, found 2; a newer mock wrote it"),
        ("/version", json!("1"), "version: expected 1, found \"1\""),
        ("/version", Value::Null, "version: expected a value, found null"),
        ("/merchant", json!({}), "the body: expected one of version, clock, merchants, found \"merchant\""),
        ("/merchants", json!([]), "merchants: expected an object, found a list"),
        ("/merchants/x", json!({}), "merchants.x: "),
        ("/merchants/43", json!({}), "merchants.43: expected a merchant of this mock, or its credentials"),
        ("/clock", json!({ "offset": 1, "frozen": 1 }), "clock: expected offset or frozen, found both"),
        ("/clock/offset", json!(i64::MIN), "clock.offset: expected -253402300799 to 253402300799"),
        ("/clock", json!({ "frozen": u64::MAX }), "clock.frozen: expected Unix seconds up to"),
        ("/clock/speed", json!(1), "clock: expected one of offset, frozen, signatures, found \"speed\""),
        (
            "/merchants/42/document",
            json!([]),
            "merchants.42: expected one of may_use_member_cards, cards, credentials, documents",
        ),
        ("/merchants/42/cards", cards, "merchants.42.cards[1].card_id: expected the card_id \"c\" once"),
        (
            "/merchants/42/cards",
            json!([{ "card_id": "c", "members": [{}] }]),
            "merchants.42.cards[0].members[0].code: expected a code for each member",
        ),
        (
            &format!("{order}/value/state"),
            json!("PAID"),
            &format!("{shown}.value.state: expected one of NOTPAY, "),
        ),
        (&format!("{order}/value/payed"), json!(1), &format!("{shown}.value: expected a field such as ")),
        (&format!("{order}/value"), json!(7), &format!("{shown}.value: expected an object, found 7")),
        (
            &format!("{order}/kind"),
            json!("ordr"),
            &format!("{shown}.kind: expected a kind of document, found \"ordr\"; did you mean order?"),
        ),
        (
            &format!("{order}/key"),
            json!("ORDER9"),
            &format!("{shown}.value.id: expected the key of the document"),
        ),
        (&format!("{order}/keys"), json!("ORDER9"), &format!("{shown}: expected one of kind, key, value")),
        (
            &format!("/merchants/{MERCHANT}/documents/{}", documents.len() - 1),
            documents[at].clone(),
            "expected each order once, found the key \"ORDER1\" again",
        ),
        (
            "/merchants/42/numbers/0/0",
            json!("x"),
            "merchants.42.numbers[0][0]: expected 32 hexadecimal digits, found \"x\"",
        ),
        (
            "/merchants/42/numbers/0/1",
            json!(number.repeat(2)),
            "merchants.42.numbers[0][1]: expected 32 hexadecimal digits",
        ),
        ("/merchants/42/numbers/0", json!([number]), "merchants.42.numbers[0]"),
        (
            "/merchants/42/numbers",
            json!([[number, number], [number, number]]),
            "merchants.42.numbers[1][0]: expected each number once",
        ),
        (
            "/merchants/42/reminders",
            json!([{ "at": u64::MAX, "kind": "order", "key": "1" }]),
            "merchants.42.reminders[0].at: expected Unix seconds up to",
        ),
        (
            "/merchants/42/reminders",
            json!([{ "at": 1, "kind": "orders", "key": "1" }]),
            "merchants.42.reminders[0].kind: expected a kind",
        ),
        ("/merchants/42/callbacks", json!([1]), "merchants.42.callbacks[0]: expected an object"),
        (
            &format!("/merchants/{MERCHANT}/callbacks/0/nonce"),
            json!("short"),
            "callbacks[0].nonce: expected 12 bytes",
        ),
        (
            &format!("/merchants/{MERCHANT}/callbacks/0/resource"),
            json!("{"),
            "callbacks[0].resource: expected JSON",
        ),
        (
            &format!("/merchants/{MERCHANT}/callbacks/0/state"),
            json!("sent"),
            "callbacks[0].state: expected one of waiting, sending, received, given_up, held",
        ),
        (
            &format!("/merchants/{MERCHANT}/callbacks/0/state"),
            json!({ "waiting": u64::MAX }),
            "callbacks[0].state.waiting: expected Unix seconds",
        ),
        (
            &format!("/merchants/{MERCHANT}/callbacks/0/mchid"),
            json!("42"),
            "callbacks[0].mchid: expected 1900000001",
        ),
        (
            &format!("/merchants/{MERCHANT}/callbacks/0/urls"),
            json!("x"),
            "callbacks[0]: expected one of number, mchid, id",
        ),
        (
            &format!("/merchants/{MERCHANT}/callbacks/0/attempts/0/serial_no"),
            json!("x"),
            "callbacks[0].attempts[0].serial_no: ",
        ),
        (
            &format!("{credentials}/merchant_key"),
            json!(other_key),
            "merchants.42.credentials.merchant_key: expected the private key of the certificate",
        ),
        (
            &format!("{credentials}/merchant_certificate"),
            json!("x"),
            "merchants.42.credentials.merchant_certificate: ",
        ),
        (&format!("{credentials}/apiv3_key"), json!("x"), "merchants.42.credentials.apiv3_key: "),
        (
            &format!("{credentials}/trust"),
            json!("all"),
            "merchants.42.credentials.trust: expected one of platform-certificate, public-key, both",
        ),
    ] {
        let mut wrong = state.clone();
        // So that it is seen if anything is imported.
        wrong["merchants"]["0"] = state["merchants"]["42"].clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = wrong.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}"));
        match name.parse::<usize>().ok().filter(|_| parent.is_array()) {
            Some(index) => parent[index] = value,
            None => parent[name] = value,
        }
        admin.import(&wrong).await.assert_refused(400, expected);
        assert_eq!(admin.state().await, state, "{pointer}");
    }
    for (body, expected) in [
        ("", "the body: expected a JSON object, found none"),
        ("[]", "the body: expected a JSON object, found something else"),
        ("{", "the body: expected valid JSON"),
        ("{}", "the body: expected the field merchants, found none"),
        (r#"{"merchants":{"42":{},"42":{}}}"#, "expected 42 once, found it twice"),
        (
            r#"{"merchants":{"42":{"documents":[{"kind":"order","key":"1","value":[}]}}}"#,
            "expected valid JSON",
        ),
    ] {
        admin.call("PUT", "/state", body).await.assert_refused(400, expected);
    }
    assert_eq!(admin.state().await, state);
}

#[tokio::test]
async fn a_merchant_is_created_with_its_keys_unless_the_mock_has_another_of_its_mchid() {
    let (admin, state) = full().await;
    let known = admin.get("/credentials?merchant=42").await.body;
    let other = mock().await;
    assert_eq!(other.imported(&state).await["made"], 1);
    for (name, value) in other.get("/credentials?merchant=42").await.body.as_object().unwrap() {
        assert_eq!(*value, known[name], "{name}");
    }
    // Reset, it has the sample card; and everything reset, it is gone.
    other.post("/reset", &json!({ "merchant": "42" })).await;
    assert_eq!(of(&other.state().await, "42", "documents").len(), 3);
    other.post("/reset", &json!({})).await;
    other.make_merchant(&json!({ "mchid": "42" })).await;
    let before = other.state().await;
    other
        .import(&state)
        .await
        .assert_refused(400, "merchants.42.credentials: expected those of the merchant");
    assert_eq!(other.state().await, before);

    // One with the development merchant's keys needs none in the file.
    let state = other.state().await;
    let part = &state["merchants"]["42"]["credentials"];
    assert_eq!(part.as_object().unwrap().keys().collect::<Vec<_>>(), ["merchant_certificate", "trust"]);
    let third = mock().await;
    third.imported(&state).await;
    let found = third.get("/credentials?merchant=42").await.body;
    assert_eq!(found["merchant_key"], Credentials::development().merchant_key);
    assert!(other.delete("/merchants/42").await.status == 200);
}

#[tokio::test]
async fn too_many_merchants_or_too_large_a_body_change_nothing() {
    let (_, state) = full().await;
    let mut two = state.clone();
    two["merchants"]["43"] = state["merchants"]["42"].clone();
    let limits = Limits::default().with_merchants(1).unwrap().with_admin_bytes(1024 * 1024).unwrap();
    let admin = with_limits(limits).await;
    let before = admin.state().await;
    admin.import(&two).await.assert_refused(409, "expected at most 1 merchants created at run time");
    assert_eq!(admin.state().await, before);
    let large = " ".repeat(1024 * 1024 + 1);
    admin.call("PUT", "/state", &large).await.assert_refused(413, "expected a body of at most 1048576 bytes");
    // Only those who may call send more than to the gateway.
    let limits = limits.with_body(100).unwrap();
    let token = "0123456789abcdef";
    let builder = MockServer::builder().limits(limits).admin_token(token.parse().unwrap());
    let admin = Admin::of(builder.start().await.unwrap());
    let body = state.to_string();
    assert_eq!(admin.call("PUT", "/state", &body).await.status, 413);
    let admin = admin.with(&format!("Authorization: Bearer {token}"));
    assert_eq!(admin.call("PUT", "/documents/order/1", &body).await.status, 413);
    let mut own = json!({ "merchants": { MERCHANT: state["merchants"]["42"] } });
    own["merchants"][MERCHANT].as_object_mut().unwrap().remove("credentials");
    assert!(own.to_string().len() > 100);
    admin.imported(&own).await;
}

#[tokio::test]
async fn a_state_of_many_documents_is_exported_in_pieces_and_imported_whole() {
    let admin = mock().await;
    admin.send(RawRequest::order("ORDER1")).await;
    let mut state = admin.state().await;
    let order = document(&state, MERCHANT, "order", "ORDER1").clone();
    let documents = state["merchants"][MERCHANT]["documents"].as_array_mut().unwrap();
    for number in 2..5_000 {
        let (key, mut value) = (format!("ORDER{number}"), order.clone());
        (value["id"], value["out_trade_no"]) = (json!(key), json!(key));
        documents.push(json!({ "kind": "order", "key": key, "value": value }));
    }
    let count = documents.len();
    assert!(state.to_string().len() > 2 * 1024 * 1024);
    assert_eq!(admin.imported(&state).await["documents"], count);
    let exported = admin.get("/state").await;
    assert!(exported.head.contains("chunked") && exported.body == state);
    // One document in each line.
    assert!(exported.text.lines().filter(|line| line.contains("\"kind\":\"order\"")).count() >= 4_999);
}
