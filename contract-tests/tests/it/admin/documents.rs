//! What the mock remembers: the documents by kind, one with its history, and edits between two exchanges.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use wechatpay_mock::{Clock, MockServer};

use super::{Admin, signed_by};
use crate::support::{NOW, RawRequest, RawResponse, exchange};

/// The key of the sample's member.
const MEMBER: &str = r#"["pbLatjvWOibDc5-TBnbUk1pD12o0","478515832665"]"#;

/// The path of a document.
fn path(kind: &str, key: &str) -> String {
    let [kind, key] = [kind, key].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string());
    format!("/documents/{kind}/{key}")
}

impl Admin {
    async fn document(&self, kind: &str, key: &str) -> Value {
        let found = self.get(&path(kind, key)).await;
        assert_eq!(found.status, 200, "{found:?}");
        found.body
    }

    async fn put(&self, kind: &str, key: &str, value: &Value) -> super::Response {
        self.call("PUT", &path(kind, key), &value.to_string()).await
    }

    /// The response of the gateway to a query of an order.
    async fn query(&self, out_trade_no: &str) -> RawResponse {
        let target = format!("/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid=1900000001");
        exchange(&self.mock, &RawRequest { target, ..RawRequest::certificates() }).await
    }
}

/// A change of the sample member's points.
fn points(number: &str, points: i64) -> RawRequest {
    let body = json!({ "out_request_no": number, "bonus_value": points }).to_string().into();
    RawRequest { body, ..RawRequest::sample() }
}

/// The fields of this name of all changes.
fn of_changes(document: &Value, pointer: &str) -> Vec<Value> {
    let changes = document["changes"].as_array().unwrap().iter();
    changes.map(|change| change.pointer(pointer).cloned().unwrap_or_default()).collect()
}

#[tokio::test]
async fn kinds_are_listed_with_their_numbers_of_documents_and_documents_page_by_page() {
    let admin = Admin::new().await;
    for number in ["ORDER1", "ORDER2", "ORDER3"] {
        assert_eq!(admin.exchange(&RawRequest::order(number)).await, 200);
    }
    let kinds = admin.get("/documents").await.body;
    assert_eq!(kinds["merchant"], "1900000001");
    let expected = [("card", 1), ("member_card", 1), ("member_card_permission", 1), ("order", 3)];
    let expected = expected.map(|(kind, count)| json!({ "kind": kind, "count": count }));
    assert_eq!(kinds["kinds"].as_array().unwrap()[..4], expected);

    let first = admin.get("/documents?kind=order&limit=2").await.body;
    let keys = |page: &Value| {
        let documents = page["documents"].as_array().unwrap().iter();
        documents.map(|one| one["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((keys(&first), &first["has_more"]), (vec!["ORDER1".into(), "ORDER2".into()], &json!(true)));
    let rest = admin.get(&format!("/documents?kind=order&after={}", first["last"])).await.body;
    assert_eq!((keys(&rest), &rest["has_more"]), (vec!["ORDER3".into()], &json!(false)));
    let one = admin.document("order", "ORDER3").await;
    assert_eq!(rest["documents"][0]["value"], one["value"]);
    assert_eq!(rest["documents"][0]["version"], one["version"]);
    let none = admin.get("/documents?kind=refund").await.body;
    assert_eq!((keys(&none), &none["last"]), (vec![], &json!(0)));
}

#[tokio::test]
async fn a_documents_changes_are_its_values_over_time_with_the_exchanges_that_made_them() {
    let admin = Admin::new().await;
    assert!(of_changes(&admin.document("member_card", MEMBER).await, "").is_empty(), "it is of the seed");
    for (number, value, status) in
        [("n-1", 600, 204), ("n-2", 700, 204), ("n-2", 800, 400), ("n-3", 650, 204)]
    {
        let status_found = admin.exchange(&points(number, value)).await;
        assert!(status_found == status || number == "n-2", "{status_found}");
    }
    let member = admin.document("member_card", MEMBER).await;
    assert_eq!(member["value"]["card"]["bonus_value"], 650);
    let line = of_changes(&member, "/value/card/bonus_value");
    assert_eq!((line.first(), line.last()), (Some(&json!(600)), Some(&json!(650))));
    let exchanges = of_changes(&member, "/exchange");
    for (number, value) in exchanges.iter().zip(line) {
        let made = admin.get(&format!("/exchanges/{number}")).await.body;
        assert_eq!(made["answer"]["status"], 204);
        let sent: Value = serde_json::from_str(made["request"]["body"]["text"].as_str().unwrap()).unwrap();
        assert_eq!(sent["bonus_value"], value);
    }
    assert!(of_changes(&member, "/by").iter().all(|by| by == "request"));
    assert!(of_changes(&member, "/at").iter().all(|at| *at == NOW.as_unix()));
    // What a fault keeps from happening is no change.
    let fault = json!({ "fault": "system-error", "match": { "operation": "set_rights" } });
    admin.post("/faults", &fault).await;
    admin.exchange(&points("n-4", 1)).await;
    let before = of_changes(&member, "/number");
    assert_eq!(of_changes(&admin.document("member_card", MEMBER).await, "/number"), before);
}

#[tokio::test]
async fn a_change_says_whether_a_request_a_payer_time_or_an_edit_made_it() {
    let clock = Clock::fixed(NOW);
    let admin = Admin::of(MockServer::builder().clock(clock.clone()).start().await.unwrap());
    admin.exchange(&RawRequest::order("ORDER1")).await;
    admin.post("/payments", &json!({ "out_trade_no": "ORDER1" })).await;
    let paid = admin.document("order", "ORDER1").await;
    assert_eq!(of_changes(&paid, "/by"), ["request", "payer"]);
    assert_eq!(of_changes(&paid, "/exchange"), [json!(1), Value::Null]);
    assert_eq!(of_changes(&paid, "/value/state"), ["NOTPAY", "SUCCESS"]);
    let mut value = paid["value"].clone();
    value["state"] = "REFUND".into();
    let edited = admin.put("order", "ORDER1", &value).await;
    assert_eq!((edited.status, &edited.body["value"]), (200, &value));
    assert_eq!(admin.delete(&path("order", "ORDER1")).await.body, json!({ "deleted": 1 }));
    let deleted = admin.document("order", "ORDER1").await;
    assert_eq!((&deleted["value"], &deleted["version"]), (&Value::Null, &Value::Null));
    assert_eq!(of_changes(&deleted, "/by"), ["request", "payer", "edit", "edit"]);
    assert_eq!(
        of_changes(&deleted, "/value/state"),
        [json!("NOTPAY"), json!("SUCCESS"), json!("REFUND"), Value::Null]
    );

    let refund = json!({
        "out_trade_no": "ORDER2", "out_refund_no": "REFUND2", "amount": { "refund": 1, "total": 100, "currency": "CNY" },
    });
    let target = "/v3/refund/domestic/refunds".into();
    admin.exchange(&RawRequest::order("ORDER2")).await;
    admin.post("/payments", &json!({ "out_trade_no": "ORDER2" })).await;
    let refund = RawRequest { target, body: refund.to_string().into(), ..RawRequest::order("") };
    assert_eq!(admin.exchange(&refund).await, 200);
    let settled = loop {
        let refund = admin.document("refund", "REFUND2").await;
        if refund["value"]["status"] == "SUCCESS" {
            break refund;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(of_changes(&settled, "/by"), ["request", "time"]);
}

#[tokio::test]
async fn the_gateway_answers_with_what_was_edited_and_not_with_what_was_deleted() {
    let admin = Admin::new().await;
    admin.exchange(&RawRequest::order("ORDER1")).await;
    let mut value = admin.document("order", "ORDER1").await["value"].clone();
    value["state"] = "CLOSED".into();
    value["fields"]["amount"]["total"] = 250.into();
    assert_eq!(admin.put("order", "ORDER1", &value).await.status, 200);
    let queried: Value = serde_json::from_slice(&admin.query("ORDER1").await.body).unwrap();
    assert_eq!((&queried["trade_state"], &queried["amount"]["total"]), (&json!("CLOSED"), &json!(250)));
    // A new one for the set-up of a test, under a number of its own.
    value["id"] = "ORDER2".into();
    value["out_trade_no"] = "ORDER2".into();
    assert_eq!(admin.put("order", "ORDER2", &value).await.status, 200);
    assert_eq!(admin.query("ORDER2").await.status(), "200");
    for number in ["ORDER1", "ORDER2"] {
        assert_eq!(admin.delete(&path("order", number)).await.status, 200);
        assert_eq!(admin.query(number).await.status(), "404");
    }
    admin
        .delete(&path("order", "ORDER1"))
        .await
        .assert_refused(404, "expected the key of a document of the kind \"order\", found \"ORDER1\"");
}

#[tokio::test]
async fn an_edit_that_no_operation_could_read_is_refused_with_field_and_reason() {
    let admin = Admin::new().await;
    admin.exchange(&RawRequest::order("ORDER1")).await;
    let before = admin.document("order", "ORDER1").await;
    for (pointer, value, expected) in [
        ("/state", json!("PAID"), "state: expected one of NOTPAY, USERPAYING, PAYERROR, SUCCESS, REFUND"),
        ("/prepay/created", json!("x"), "prepay.created: expected a whole number of 0 or more, found \"x\""),
        ("/prepay/created", json!(u64::MAX), "prepay.created: expected a number of at most 9007199254740991"),
        ("/refunded", json!(-1), "refunded: expected a whole number of 0 or more, found -1"),
        ("/fields", json!("x"), "fields: expected an object"),
        ("/id", json!("ORDER2"), "id: expected the key of the document, \"ORDER1\", found \"ORDER2\""),
        ("/payed", json!({ "at": 1 }), "the body: expected a field such as"),
        ("/payment", json!({ "at": 1 }), "payment: expected the field transaction_id, found none"),
    ] {
        let mut edited = before["value"].clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        edited.pointer_mut(parent).unwrap()[name] = value;
        admin.put("order", "ORDER1", &edited).await.assert_refused(400, expected);
    }
    for body in ["", "{", "[] x"] {
        let refused = admin.call("PUT", &path("order", "ORDER1"), body).await;
        refused.assert_refused(400, "the body: expected valid JSON");
    }
    admin
        .put("order", "ORDER1", &json!(1))
        .await
        .assert_refused(400, "the body: expected an object, found 1");
    assert_eq!(admin.document("order", "ORDER1").await, before);
    for (method, path) in [
        ("GET", "/documents?kind=ordr"),
        ("GET", "/documents/ordr/1"),
        ("PUT", "/documents/ordr/1"),
        ("DELETE", "/documents/ordr/1"),
    ] {
        let body = if method == "PUT" { "1" } else { "" };
        admin.call(method, path, body).await.assert_refused(404, "found \"ordr\"; did you mean order?");
    }
    admin.get("/documents/order/%ff").await.assert_refused(400, "the path: expected UTF-8");
    admin.get("/documents?kind=").await.assert_refused(400, "kind: expected a kind of document");
}

#[tokio::test]
async fn documents_that_the_contract_describes_are_edited_like_others() {
    let admin = Admin::new().await;
    let create =
        wechatpay_openapi::Contract::current().operation("post_marketing_favor_coupon_stocks").unwrap();
    let body = create.example().unwrap().to_string().into();
    let target = "/v3/marketing/favor/coupon-stocks".into();
    let created = exchange(&admin.mock, &RawRequest { target, body, ..RawRequest::order("") }).await;
    assert_eq!(created.status(), "200", "{}", created.to_text());
    let kinds = admin.get("/documents").await.body;
    let kind = kinds["kinds"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap());
    let kind = kind.into_iter().find(|kind| kind.starts_with("resource ")).unwrap();
    let page = admin.get(&format!("/documents?kind={}", kind.replace(' ', "%20"))).await.body;
    let (key, value) = (page["documents"][0]["key"].as_str().unwrap(), &page["documents"][0]["value"]);
    assert_eq!(admin.put(kind, key, value).await.status, 200);
    let mut other = value.clone();
    other["id"] = "x".into();
    admin.put(kind, key, &other).await.assert_refused(400, "id: expected the key of the document");
    admin.put("resource none", "x", &other).await.assert_refused(404, "expected a kind of document");
    // Also when there is none of its kind.
    admin.post("/reset", &json!({})).await;
    assert_eq!(admin.put(kind, key, value).await.status, 200);
}

#[tokio::test]
async fn merchants_have_their_own_documents_and_changes_and_a_reset_forgets_them() {
    let admin = Admin::new().await;
    let (one, other) = (admin.make_merchant(&json!({})).await, admin.make_merchant(&json!({})).await);
    for (merchant, value) in [(&one, 600), (&other, 700), (&one, 610)] {
        assert_eq!(admin.exchange(&signed_by(merchant, points(&format!("n-{value}"), value))).await, 204);
    }
    let of = |mchid: &str| format!("{}?merchant={mchid}", path("member_card", MEMBER));
    let line = async |mchid: &str| of_changes(&admin.get(&of(mchid)).await.body, "/value/card/bonus_value");
    let (one, other) = (one.mchid.as_str(), other.mchid.as_str());
    assert_eq!((line(one).await, line(other).await), (vec![json!(600), json!(610)], vec![json!(700)]));
    assert_eq!(admin.delete(&of(one)).await.status, 200);
    assert_eq!(admin.get(&of(other)).await.body["value"]["card"]["bonus_value"], 700);
    assert_eq!(admin.document("member_card", MEMBER).await["value"]["card"]["bonus_value"], 500);

    admin.post("/reset", &json!({ "merchant": one })).await;
    let restored = admin.get(&of(one)).await.body;
    assert_eq!(restored["value"]["card"]["bonus_value"], 500);
    assert!(of_changes(&restored, "").is_empty() && line(other).await.len() == 1);
    admin.delete("/exchanges").await;
    assert!(line(other).await.is_empty());
    for path in [of("9"), "/documents?merchant=9".into(), "/documents?merchant=9&kind=order".into()] {
        admin.get(&path).await.assert_refused(404, "expected the mchid of a merchant, found \"9\"");
    }
}
