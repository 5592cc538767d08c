//! A wrong call gets a 4xx that says what was expected and what was found, never a 5xx.

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use wechatpay_mock::{Limits, MockServer};

use super::{Admin, access::in_memory};

#[tokio::test]
async fn an_unknown_path_gets_the_nearest_as_a_hint() {
    let admin = Admin::new().await;
    for (path, nearest) in [
        ("/exchange", "/__mock/exchanges?"),
        ("/clocks", "/__mock/clock?"),
        ("/exchanges/", "/__mock/exchanges?"),
        ("//", "/__mock/?"),
    ] {
        admin.get(path).await.assert_refused(404, &format!("did you mean {nearest}"));
    }
}

#[tokio::test]
async fn an_unknown_method_gets_the_allowed_methods() {
    let admin = Admin::new().await;
    for (method, path, allow) in [
        ("PUT", "/clock", "GET, POST"),
        ("DELETE", "/clock", "GET, POST"),
        ("OPTIONS", "/faults", "DELETE, GET, POST"),
        ("get", "/health", "GET"),
    ] {
        let response = admin.call(method, path, "").await;
        assert!(response.head.contains(&format!("\r\nAllow: {allow}\r\n")), "{}", response.head);
        response.assert_refused(405, &format!("expected {allow}, found {method:?}"));
    }
}

#[tokio::test]
async fn head_is_not_allowed() {
    let response = in_memory(&Admin::new().await.mock, "HEAD").await;
    assert!(
        response.starts_with("HTTP/1.1 405") && response.contains("\r\nAllow: GET, POST\r\n"),
        "{response}"
    );
}

#[tokio::test]
async fn an_unknown_query_parameter_gets_the_nearest_as_a_hint() {
    let admin = Admin::new().await;
    admin.get("/exchanges?merchnat=1").await.assert_refused(400, "did you mean merchant?");
    admin.get("/exchanges.har?wait=1").await.assert_refused(400, "found \"wait\"");
    admin.get("/clock?now").await.assert_refused(400, "the query: expected none, found \"now\"");
    admin.delete("/exchanges?merchants=1900000001").await.assert_refused(400, "did you mean merchant?");
    admin.get("/exchanges?limit=1&limit=2").await.assert_refused(400, "expected limit once");
}

#[tokio::test]
async fn an_invalid_query_value_is_refused_with_the_valid_ones() {
    let admin = Admin::new().await;
    for (query, expected) in [
        ("merchant=x", "merchant: expected an mchid, 1 to 32 digits, found \"x\""),
        ("merchant=", "found \"\""),
        ("unknown=yes", "unknown: expected true or false, found \"yes\""),
        ("operation=set_right", "did you mean set_rights? GET /__mock/operations lists them"),
        ("operation=jsapi_prepay", "did you mean post_pay_transactions_jsapi?"),
        ("operation=x", "found \"x\"; GET /__mock/operations lists them"),
        ("status=99", "status: expected 100 to 599, found \"99\""),
        ("status=600", "found \"600\""),
        ("status=ok", "found \"ok\""),
        ("code=", "code: expected 1 to 64 characters"),
        ("since=yesterday", "since: expected Unix seconds, or RFC 3339"),
        ("since=2026-01-01", "RFC 3339"),
        ("after=-1", "after: expected a number of 0 or more"),
        ("limit=0", "limit: expected 1 to 1000"),
        ("limit=1001", "found \"1001\""),
        ("wait=61", "wait: expected 0 to 60 seconds"),
        ("wait=0.5", "found \"0.5\""),
        ("code=%ff", "code: expected UTF-8"),
    ] {
        admin.get(&format!("/exchanges?{query}")).await.assert_refused(400, expected);
    }
    admin.get("/exchanges/first").await.assert_refused(400, "expected a number at its end, found \"first\"");
    admin.get("/faults/-1").await.assert_refused(400, "expected a number");
    admin.get("/exchanges/18446744073709551616").await.assert_refused(400, "expected a number");
}

#[tokio::test]
async fn an_unknown_field_or_value_gets_the_known_ones() {
    let admin = Admin::new().await;
    for (path, body, expected) in [
        ("/clock", json!({ "action": "resume", "at": 1 }), "the body: expected no other field, found \"at\""),
        (
            "/clock",
            json!({ "action": "stop" }),
            "expected one of freeze, advance, skew, resume, found \"stop\"",
        ),
        ("/clock", json!({}), "the body: expected the field action, found none"),
        ("/reset", json!({ "merchants": "1" }), "the body: expected the field merchant, found \"merchants\""),
        (
            "/merchants",
            json!({ "mch_id": "1" }),
            "expected one of mchid, trust, new_key, seed, found \"mch_id\"; did you mean mchid?",
        ),
        (
            "/merchants",
            json!({ "seed": { "card": [] } }),
            "seed: expected may_use_member_cards or cards, found \"card\"",
        ),
        (
            "/merchants",
            json!({ "trust": "all" }),
            "trust: expected one of platform-certificate, public-key, both, found \"all\"",
        ),
        (
            "/faults",
            json!({ "fault": "sytem-error" }),
            "fault: expected the name of a fault, found \"sytem-error\"; did you mean system-error?",
        ),
        ("/faults", json!({ "fault": "reset", "match": { "nht": 1 } }), "found \"nht\"; did you mean nth?"),
        ("/exchanges/1/replay", json!({ "sgn": "anew" }), "the body: expected the field sign, found \"sgn\""),
        ("/verify", json!({ "operations": "set_rights" }), "found \"operations\"; did you mean operation?"),
        ("/verify", json!([]), "the body: expected a JSON object, found something else"),
    ] {
        admin.post(path, &body).await.assert_refused(400, expected);
    }
}

#[tokio::test]
async fn null_is_refused_where_it_could_mean_everything() {
    let admin = Admin::new().await;
    let reset = |field: &str| json!({ "fault": "reset", field: null });
    let naming = |field: &str| json!({ "fault": "reset", "match": { field: null } });
    let expecting = |field: &str| json!({ field: null });
    let names = ["merchant", "operation", "card_id", "code"];
    let mut calls = vec![
        ("/reset", json!({ "merchant": null })),
        ("/clock", json!({ "action": "freeze", "at": null })),
        ("/merchants", json!({ "mchid": null })),
        ("/merchants", json!({ "seed": null })),
    ];
    calls.extend(
        ["latency", "milliseconds", "applied", "times", "ttl"].map(|field| ("/faults", reset(field))),
    );
    calls.extend(names.map(|field| ("/faults", naming(field))));
    let chances = ["out_request_no", "nth", "every", "probability", "seed"];
    calls.extend(chances.map(|field| ("/faults", naming(field))));
    calls.extend(names.map(|field| ("/verify", expecting(field))));
    calls.extend(["body", "authenticated", "status"].map(|field| ("/verify", expecting(field))));
    for (path, body) in calls {
        admin
            .post(path, &body)
            .await
            .assert_refused(400, "expected a value, found null; leave the field out");
    }
    for (path, body) in [
        ("/faults", json!({ "fault": "reset", "match": null })),
        ("/verify", json!({ "after": null })),
        ("/verify", json!({ "times": null })),
        ("/verify", json!({ "times": { "at_least": 1, "at_most": null } })),
        ("/merchants", json!({ "trust": null })),
    ] {
        assert_eq!(admin.post(path, &body).await.status, 400, "{body}");
    }
    assert_eq!(admin.get("/faults").await.body, json!({ "faults": [] }));
}

#[tokio::test]
async fn a_number_out_of_range_is_refused_with_the_range() {
    let admin = Admin::new().await;
    for body in [
        json!({ "action": "freeze", "at": 253_402_300_800_u64 }),
        json!({ "action": "freeze", "at": u64::MAX }),
    ] {
        admin.post("/clock", &body).await.assert_refused(400, "at: expected 0 to 253402300799");
    }
    for at in
        [json!("2026-01-01"), json!("2026-01-01T00:00:00"), json!(-1), json!(1.5), json!(true), json!([])]
    {
        let expected = format!("at: expected 0 to 253402300799 in Unix seconds, or RFC 3339, found {at}");
        let body = json!({ "action": "freeze", "at": at });
        admin.post("/clock", &body).await.assert_refused(400, &expected);
    }
    for action in ["advance", "skew"] {
        let body = json!({ "action": action, "seconds": i64::MIN });
        admin
            .post("/clock", &body)
            .await
            .assert_refused(400, "seconds: expected -253402300799 to 253402300799");
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_with_line_and_column() {
    let admin = Admin::new().await;
    for path in ["/clock", "/verify", "/faults"] {
        admin
            .call("POST", path, "")
            .await
            .assert_refused(400, "the body: expected a JSON object, found none");
    }
    for path in ["/clock", "/verify", "/faults", "/reset", "/merchants"] {
        admin.call("POST", path, "{").await.assert_refused(400, "at line 1 column 1");
        admin.call("POST", path, &"[".repeat(100_000)).await.assert_refused(400, "the body: ");
    }
    let form = "action=resume";
    admin.call("POST", "/clock", form).await.assert_refused(400, "the body: ");
}

#[tokio::test]
async fn a_body_on_a_call_without_one_is_refused() {
    let admin = Admin::new().await;
    let merchant = json!({ "merchant": "1900000001" }).to_string();
    for (method, path) in [("DELETE", "/exchanges"), ("DELETE", "/faults"), ("GET", "/exchanges")] {
        admin
            .call(method, path, &merchant)
            .await
            .assert_refused(400, "the body: expected none, found 25 bytes");
    }
}

#[tokio::test]
async fn an_error_quotes_only_a_short_part_of_the_call() {
    let long = "x".repeat(10_000);
    let admin = Admin::new().await;
    for path in [
        format!("/{long}"),
        format!("/merchants/{long}"),
        format!("/exchanges?code={long}"),
        format!("/exchanges?{long}"),
    ] {
        let response = admin.get(&path).await;
        assert!(response.text.len() < 600, "{}", response.text);
    }
    let rule = json!({ "fault": "reset", "match": { "merchant": long } });
    for response in [admin.post("/reset", &json!({ &long: 1 })).await, admin.post("/faults", &rule).await] {
        assert!(response.status == 400 && response.text.len() < 2_100, "{}", response.text);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let limits = Limits::default().with_body(100).unwrap();
    let admin = Admin::of(MockServer::builder().limits(limits).start().await.unwrap());
    let body = json!({ "merchant": "1".repeat(100) });
    admin.post("/reset", &body).await.assert_refused(413, "expected a body of at most 100 bytes");
}

/// Any call, valid or not.
fn any_call() -> impl Strategy<Value = (&'static str, String, String)> {
    let method = prop::sample::select(vec!["GET", "POST", "DELETE"]);
    let first = prop::sample::select(vec![
        "",
        "/",
        "/health",
        "/exchanges",
        "/exchanges.har",
        "/exchanges/1",
        "/exchanges/1/curl",
        "/exchanges/1/decrypted",
        "/exchanges/1/replay",
        "/replay",
        "/verify",
        "/faults",
        "/faults/1",
        "/fault-names",
        "/clock",
        "/reset",
        "/merchants",
        "/merchants/1",
        "/metrics",
        "/openapi.json",
        "/operations",
        "/contract/certificates",
        "/ca.pem",
        "/credentials",
        "/environment",
    ]);
    let rest = "(/[a-z0-9%.]{0,8})?(\\?[a-z]{1,9}=[a-z0-9%+:-]{0,8}(&[a-z]{1,6}(=[0-9]{1,3})?)?)?";
    let known = "\\?(merchant|operation|status|code|since|after|limit)=[a-zA-Z0-9_%+:-]{0,8}";
    let path = (
        first,
        prop_oneof![
            Just(String::new()),
            rest.prop_map(|rest: String| rest),
            known.prop_map(|rest: String| rest)
        ],
    );
    let names = prop::sample::select(vec![
        "action",
        "at",
        "seconds",
        "merchant",
        "mchid",
        "trust",
        "seed",
        "fault",
        "error",
        "latency",
        "match",
        "times",
        "ttl",
        "applied",
        "milliseconds",
        "operation",
        "code",
        "card_id",
        "body",
        "status",
        "after",
        "authenticated",
        "sign",
        "request",
    ]);
    let values = prop_oneof![
        Just(json!(null)),
        Just(json!({})),
        Just(json!([1])),
        Just(json!("resume")),
        Just(json!("reset")),
        Just(json!("1900000001")),
        Just(json!({ "fixed": 1 })),
        Just(json!({ "at_least": 1 })),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
    ];
    let object = prop::collection::hash_map(names, values, 0..4).prop_map(|fields| json!(fields).to_string());
    let body = prop_oneof![3 => Just(String::new()), 5 => object, 1 => "[ -~]{0,16}"];
    (method, path, body).prop_map(|(method, (first, rest), body)| (method, format!("{first}{rest}"), body))
}

#[test]
fn every_response_to_any_call_matches_the_document() {
    let runtime = Runtime::new().unwrap();
    let admin = runtime.block_on(Admin::new());
    proptest!(ProptestConfig::with_cases(500), |((method, path, body) in any_call())| {
        runtime.block_on(async {
            let response = admin.call(method, &path, &body).await;
            assert!(response.status < 500, "{response:?}");
            // The mock is still healthy.
            assert_eq!(admin.get("/health").await.status, 200);
        });
    });
}
