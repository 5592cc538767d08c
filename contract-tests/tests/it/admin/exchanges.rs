//! The journal: summaries with filters and pages, and full exchanges.

use serde_json::{Value, json};
use wechatpay_contract::sign::Sign;
use wechatpay_mock::{CHECKS, Clock, Config, FAULTS, Limits, MockServer, policies::UnknownField};

use super::{Admin, numbers, system_error};
use crate::support::{Connection, NOW, RawRequest};

#[tokio::test]
async fn a_list_has_a_summary_of_each_exchange() {
    let admin = Admin::new().await;
    admin.five_exchanges().await;
    let page = admin.get("/exchanges").await.body;
    assert_eq!((&page["has_more"], &page["last"]), (&json!(false), &json!(5)));
    let mut refused = page["exchanges"][1].clone();
    refused["microseconds"] = 0.into();
    let line = refused.as_object_mut().unwrap().remove("line").unwrap();
    assert!(line.as_str().unwrap().starts_with("#2 401 set_rights: check 10: no-final-newline: "), "{line}");
    let expected = json!({
        "number": 2, "at": NOW.as_unix(), "replay_of": null, "method": "PATCH", "target": RawRequest::sample().target,
        "operation": "set_rights", "merchant": "1900000001", "serial_no": "5CC5AD420837ACD1DF638796A0EFF0D800F88D4E",
        "authenticated": false, "status": 401,
        "code": "SIGN_ERROR", "fault": null, "diagnosis": "no-final-newline", "warnings": 0, "microseconds": 0,
    });
    assert_eq!(refused, expected);
    let unknown = &page["exchanges"][3];
    assert_eq!([&unknown["operation"], &unknown["merchant"], &unknown["code"]], [&Value::Null; 3]);
    assert_eq!(page["exchanges"][0]["authenticated"], true);
}

#[tokio::test]
async fn a_list_has_only_exchanges_that_match_the_filter() {
    let admin = Admin::new().await;
    admin.five_exchanges().await;
    let (now, later) = (NOW.as_unix(), NOW.as_unix() + 1);
    for (query, expected) in [
        ("", &[1, 2, 3, 4, 5][..]),
        ("merchant=1900000001", &[1, 2, 3, 5]),
        ("merchant=1", &[]),
        ("unknown=true", &[4]),
        ("unknown=false", &[1, 2, 3, 4, 5]),
        ("unknown=true&merchant=1", &[4]),
        ("unknown=true&merchant=1900000001", &[1, 2, 3, 4, 5]),
        ("unknown=true&merchant=1900000001&after=2&status=404", &[4]),
        ("operation=set_rights", &[1, 2, 3]),
        ("operation=list_certificates", &[5]),
        ("status=204", &[1]),
        ("code=PARAM_ERROR", &[3]),
        ("code=NONE", &[]),
        ("after=3", &[4, 5]),
        (&format!("since={now}"), &[1, 2, 3, 4, 5]),
        (&format!("since={later}"), &[]),
        ("since=2025-09-04T10:05:32+08:00", &[1, 2, 3, 4, 5]),
        ("since=2025-09-04T02:05:33Z", &[]),
        ("operation=set_rights&status=401&code=SIGN_ERROR&after=1&merchant=1900000001", &[2]),
    ] {
        assert_eq!(admin.numbers(query).await, expected, "{query}");
        let archive = admin.get(&format!("/exchanges.har?{query}")).await.body;
        let entries = archive["log"]["entries"].as_array().unwrap().iter();
        assert_eq!(
            entries.map(|entry| entry["_number"].as_u64().unwrap()).collect::<Vec<_>>(),
            expected,
            "{query}"
        );
    }
}

#[tokio::test]
async fn the_last_number_leads_to_the_next_page() {
    let admin = Admin::new().await;
    for _ in 0..5 {
        admin.exchange(&RawRequest::sample()).await;
    }
    let (mut after, mut pages) = (0, Vec::new());
    loop {
        let page = admin.get(&format!("/exchanges?limit=2&after={after}")).await;
        pages.push(numbers(&page));
        after = page.body["last"].as_u64().unwrap();
        if page.body["has_more"] == false {
            break;
        }
    }
    assert_eq!(pages, [vec![1, 2], vec![3, 4], vec![5]]);
    assert_eq!((admin.numbers(&format!("after={after}")).await.len(), after), (0, 5));
}

#[tokio::test]
async fn order_newest_lists_the_newest_first() {
    let admin = Admin::new().await;
    admin.five_exchanges().await;
    for (query, expected, has_more) in [
        ("order=newest", &[5, 4, 3, 2, 1][..], false),
        ("order=newest&limit=2", &[5, 4], true),
        ("order=newest&limit=2&status=204", &[1], false),
        ("order=newest&limit=1&operation=set_rights&wait=60", &[3], true),
        ("order=oldest&limit=2", &[1, 2], true),
    ] {
        let page = admin.get(&format!("/exchanges?{query}")).await;
        assert_eq!((&numbers(&page)[..], &page.body["has_more"]), (expected, &json!(has_more)), "{query}");
        // The number to follow from.
        assert_eq!(page.body["last"], if query.starts_with("order=newest") { 5 } else { 2 }, "{query}");
    }
    admin
        .get("/exchanges?order=up")
        .await
        .assert_refused(400, "order: expected oldest or newest, found \"up\"");
}

#[tokio::test]
async fn the_last_number_covers_exchanges_that_the_filter_skips() {
    let admin = Admin::new().await;
    admin.five_exchanges().await;
    for (query, last) in [
        ("status=204", 5),
        ("status=500", 5),
        ("operation=set_rights&limit=1", 1),
        ("operation=set_rights&limit=3", 5),
    ] {
        assert_eq!(admin.get(&format!("/exchanges?{query}")).await.body["last"], last, "{query}");
    }
}

#[tokio::test]
async fn a_number_from_an_earlier_run_starts_again_at_the_first() {
    let admin = Admin::new().await;
    assert_eq!(
        admin.get("/exchanges?after=7").await.body,
        json!({ "exchanges": [], "has_more": false, "last": 0 })
    );
    admin.exchange(&RawRequest::sample()).await;
    assert_eq!(
        admin.get("/exchanges?after=7&wait=60").await.body,
        json!({ "exchanges": [], "has_more": true, "last": 0 })
    );
}

#[tokio::test]
async fn an_exchange_has_all_details() {
    let admin = Admin::new().await;
    admin.exchange(&RawRequest::sample().header("X-Odd: \u{4f1a}")).await;
    let one = admin.get("/exchanges/1").await.body;
    assert_eq!(one["request"]["method"], "PATCH");
    assert_eq!(one["request"]["version"], "HTTP/1.1");
    let sample = String::from_utf8(RawRequest::sample().body).unwrap();
    assert_eq!(one["request"]["body"]["text"], sample);
    assert_eq!(one["request"]["body"]["json"]["bonus_value"], 600);
    let headers = one["request"]["headers"].as_array().unwrap();
    assert_eq!(headers[0], json!({ "name": "host", "value": "mock" }));
    assert!(headers.contains(&json!({ "name": "x-odd", "value": "\u{4f1a}" })));

    let message = one["message"]["text"].as_str().unwrap();
    assert!(message.starts_with("PATCH\n/v3/") && message.ends_with(&format!("\n{sample}\n")), "{message}");
    assert_eq!(one["checks_passed"], json!(CHECKS.map(|check| check.english)));
    let stages = one["stages"].as_array().unwrap().iter();
    let stages: Vec<_> =
        stages.map(|stage| (stage["stage"].as_str().unwrap(), stage["verdict"].as_str().unwrap())).collect();
    let names = ["receive", "route", "authenticate", "validate", "apply", "respond", "sign"];
    assert_eq!(stages, names.map(|name| (name, "passed")));
    assert_eq!([&one["rejection"], &one["diagnosis"], &one["fault"]], [&Value::Null; 3]);
    assert_eq!(one["warnings"][0]["name"], "no-wechatpay-serial");
    assert_eq!((&one["answer"]["status"], &one["answer"]["body"]["length"]), (&json!(204), &json!(0)));
    assert_eq!(one["answer"]["message"]["text"].as_str().unwrap().lines().count(), 3);
    assert!(one["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
}

#[tokio::test]
async fn a_refusal_has_its_row_standing_and_diagnosis() {
    let admin = Admin::new().await;
    admin.exchange(&RawRequest { sign: Sign::NoFinalNewline, ..RawRequest::sample() }).await;
    let one = admin.get("/exchanges/1").await.body;
    let expected = json!({
        "check": 10, "row": "the merchant signed exactly this request", "status": 401,
        "code": "SIGN_ERROR", "standing": "wild", "injected": false,
        "reason": "the signature was not made over this request with the merchant's key",
    });
    assert_eq!(one["rejection"], expected);
    assert_eq!(one["checks_passed"].as_array().unwrap().len(), 9);
    assert_eq!(one["stages"][2]["verdict"], "refused");
    assert_eq!(one["stages"][3]["verdict"], "not-reached");
    let diagnosis = &one["diagnosis"];
    assert_eq!((&diagnosis["verdict"], &diagnosis["difference"]["line"]), (&json!("proven"), &json!(5)));
    assert_eq!(diagnosis["mistakes"][0]["name"], "no-final-newline");
    assert!(diagnosis["chinese"].as_str().unwrap().contains("换行符"));
}

#[tokio::test]
async fn variants_and_hints_are_apart_from_the_proven_mistakes() {
    let admin = Admin::new().await;
    let lost = RawRequest::sample().header("Content-Length: 0").head();
    let spaced = RawRequest { body: b"{\"out_request_no\": \"1\"}".into(), ..RawRequest::sample() };
    // Sent without the space that is signed.
    let spaced = String::from_utf8(spaced.to_bytes()).unwrap();
    let spaced = spaced.replace(": \"1\"", ":\"1\"").replace("Content-Length: 23", "Content-Length: 22");
    for request in [&lost, spaced.as_bytes()] {
        let mut connection = Connection::open(&admin.mock).await;
        connection.send(request).await;
        connection.response().await;
    }

    let [lost, spaced] = [admin.get("/exchanges/1").await.body, admin.get("/exchanges/2").await.body];
    let [lost, spaced] = [&lost["diagnosis"], &spaced["diagnosis"]];
    assert_eq!((&lost["verdict"], &lost["mistakes"]), (&json!("other-message"), &json!([])));
    assert_eq!(lost["hints"][0]["name"], "body-not-received");
    assert_eq!((&spaced["name"], &spaced["hints"]), (&json!("body-reserialized(spaced)"), &json!([])));
    let mistake = &spaced["mistakes"][0];
    assert_eq!((&mistake["name"], &mistake["variants"]), (&json!("body-reserialized"), &json!(["spaced"])));
}

#[tokio::test]
async fn a_fault_is_shown_with_its_rule() {
    let admin = Admin::new().await;
    let mut rule = system_error();
    rule["latency"] = json!({ "fixed": 1 });
    admin.post("/faults", &rule).await;
    admin.exchange(&RawRequest::sample()).await;
    let one = admin.get("/exchanges/1").await.body;
    let expected = json!({ "by": "rule", "rule": 1, "fault": "system-error", "error": null, "latency": 1.0, "applied": false });
    assert_eq!(one["fault"], expected);
    assert_eq!(one["rejection"]["injected"], true);
    assert_eq!(admin.get("/exchanges").await.body["exchanges"][0]["fault"], "system-error");

    let body = br#"{"out_request_no":"MOCK*reset-after-headers*1"}"#.to_vec();
    admin.delete("/faults").await;
    let mut connection = Connection::open(&admin.mock).await;
    connection.send(&RawRequest { body, ..RawRequest::sample() }.to_bytes()).await;
    connection.is_closed().await;
    let one = admin.get("/exchanges/2").await.body;
    assert_eq!((&one["fault"]["by"], &one["fault"]["applied"]), (&json!("request-number"), &json!(true)));
}

#[tokio::test]
async fn a_refusal_by_a_fault_does_not_look_like_a_client_mistake() {
    let admin = Admin::new().await;
    let refusals = FAULTS.iter().filter(|fault| fault.meaning().starts_with(['4', '5']));
    for (fault, number) in refusals.zip(1..) {
        admin.post("/faults", &json!({ "fault": fault.name(), "times": 1 })).await;
        assert!(admin.exchange(&RawRequest::sample()).await >= 400);
        let shown = admin.get(&format!("/exchanges/{number}")).await.body;
        assert_eq!(shown["fault"]["fault"], fault.name());
        let rejection = &shown["rejection"];
        assert_eq!((&rejection["injected"], &rejection["check"]), (&json!(true), &Value::Null), "{fault}");
        assert_eq!(shown["checks_passed"], json!(CHECKS.map(|check| check.english)), "{fault}");
        assert!(shown["stages"].as_array().unwrap().iter().all(|stage| stage["verdict"] == "passed"));
    }
}

#[tokio::test]
async fn bytes_that_are_not_text_are_shown_as_base64() {
    let admin = Admin::new().await;
    admin.exchange(&RawRequest { body: b"\xff\0".into(), ..RawRequest::sample() }).await;
    let one = admin.get("/exchanges/1").await.body;
    assert_eq!(one["request"]["body"], json!({ "length": 2, "cut": false, "base64": "/wA=" }));
    assert!(one["message"]["base64"].is_string());
}

#[tokio::test]
async fn a_body_that_was_cut_is_marked() {
    let limits = Limits::default().with_journal_body(30).unwrap();
    let builder = MockServer::builder().clock(Clock::fixed(NOW)).limits(limits);
    let admin = Admin::of(builder.start().await.unwrap());
    let sample = RawRequest::sample();
    admin.exchange(&sample).await;
    admin.exchange(&RawRequest::certificates()).await;
    let one = admin.get("/exchanges/1").await.body;
    let kept = str::from_utf8(&sample.body[..30]).unwrap();
    assert_eq!(one["request"]["body"], json!({ "length": sample.body.len(), "cut": true, "text": kept }));
    assert_eq!(one["message"]["cut"], true);
    assert!(one["message"]["text"].as_str().unwrap().ends_with(&format!("{kept}\n")));
    let two = admin.get("/exchanges/2").await.body;
    assert_eq!(
        (&two["answer"]["body"]["cut"], &two["answer"]["message"]["cut"]),
        (&json!(true), &json!(true))
    );
    let archive = admin.get("/exchanges.har").await.body;
    let comment = &archive["log"]["entries"][0]["request"]["postData"]["comment"];
    assert_eq!(*comment, format!("the journal kept 30 of {} bytes", sample.body.len()));
}

#[tokio::test]
async fn a_missing_exchange_was_evicted_or_never_existed() {
    let limits = Limits::default().with_journal_exchanges(1).unwrap();
    let admin =
        Admin::of(MockServer::builder().clock(Clock::fixed(NOW)).limits(limits).start().await.unwrap());
    admin.get("/exchanges/1").await.assert_refused(404, "found 1; the last one is 0");
    admin.exchange(&RawRequest::sample()).await;
    admin.exchange(&RawRequest::sample()).await;
    admin.get("/exchanges/1").await.assert_refused(404, "exchange 1 is no longer in the journal");
    admin.get("/exchanges/3").await.assert_refused(404, "found 3; the last one is 2");
    assert_eq!(admin.get("/exchanges/2").await.status, 200);
}

#[tokio::test]
async fn exchanges_can_be_deleted_and_numbers_continue() {
    let admin = Admin::new().await;
    admin.five_exchanges().await;
    admin.delete("/exchanges?merchant=1900000001").await.assert_is(200, json!({ "deleted": 4 }));
    assert_eq!(admin.numbers("").await, [4]);
    admin.delete("/exchanges").await.assert_is(200, json!({ "deleted": 1 }));
    admin.exchange(&RawRequest::sample()).await;
    assert_eq!(admin.numbers("").await, [6]);
}

#[tokio::test]
async fn a_list_stays_small_for_any_request() {
    let admin = Admin::new().await;
    let target = format!("/v3/{}", "x".repeat(50_000));
    admin.exchange(&RawRequest { target, sign: Sign::Unsigned, ..RawRequest::sample() }).await;
    let page = admin.get("/exchanges").await;
    assert!(page.text.len() < 2_000, "{}", page.text.len());
    assert_eq!(admin.get("/exchanges/1").await.body["request"]["target"].as_str().unwrap().len(), 50_004);
}

/// A change of rights with a hundred undocumented fields, each with a name of 5 KB.
fn with_huge_names() -> RawRequest {
    let names = (0..100).map(|at| format!(",\"{at}{}\":1", "x".repeat(5_000)));
    let body = format!("{{\"out_request_no\":\"1\"{}}}", names.collect::<String>());
    RawRequest { body: body.into(), ..RawRequest::sample() }
}

#[tokio::test]
async fn unknown_fields_with_long_names_are_shown_in_short() {
    let limits = Limits::default().with_journal_body(0).unwrap();
    for (unknown_field, status) in [(UnknownField::Reject, 400), (UnknownField::Warn, 204)] {
        let mut config = Config::default();
        config.limits = limits;
        config.policies.unknown_field = unknown_field;
        let builder = MockServer::builder().config(config).clock(Clock::fixed(NOW));
        let admin = Admin::of(builder.start().await.unwrap());
        assert_eq!(admin.exchange(&with_huge_names()).await, status);
        for path in ["/exchanges/1", "/exchanges.har"] {
            let shown = admin.get(path).await.text;
            assert!(shown.len() < 30_000, "{path}: {}", shown.len());
        }
    }
}

#[tokio::test]
async fn unknown_fields_are_named_by_escaped_json_pointers() {
    let body = json!({ "out_request_no": "1", "a/b~c": 1, "guide": { "~/": 1 } });
    for (unknown_field, status, pointers) in [
        (UnknownField::Reject, 400, &["/body/a~1b~0c"][..]),
        (UnknownField::Warn, 204, &["/body/a~1b~0c", "/body/guide/~0~1"]),
    ] {
        let mut config = Config::default();
        config.policies.unknown_field = unknown_field;
        let builder = MockServer::builder().config(config).clock(Clock::fixed(NOW));
        let admin = Admin::of(builder.start().await.unwrap());
        let request = RawRequest { body: body.to_string().into(), ..RawRequest::sample() };
        assert_eq!(admin.exchange(&request).await, status);
        let shown = admin.get("/exchanges/1").await.text;
        assert!(pointers.iter().all(|pointer| shown.contains(pointer)), "{shown}");
        assert!(!shown.contains("/body/a/b"), "{shown}");
    }
}

#[tokio::test]
async fn the_journal_stays_within_its_limit_in_bytes() {
    const LIMIT: usize = 1024 * 1024;
    let mut config = Config::default();
    config.limits = Limits::default().with_journal_bytes(LIMIT as u64).unwrap().with_journal_body(0).unwrap();
    config.policies.unknown_field = UnknownField::Warn;
    let builder = MockServer::builder().config(config).clock(Clock::fixed(NOW));
    let admin = Admin::of(builder.start().await.unwrap());
    let sample = RawRequest::sample();
    let numbers = format!("{{\"out_request_no\":\"1\",\"bonus_value\":[{}0]}}", "1,".repeat(2_000));
    for request in [
        with_huge_names(),
        RawRequest { body: numbers.into(), ..sample.clone() },
        RawRequest { method: "X".repeat(50_000).leak(), sign: Sign::Unsigned, ..sample.clone() },
        RawRequest {
            target: format!("{}?{}", sample.target, "x".repeat(50_000)),
            sign: Sign::SignatureNotBase64,
            ..sample
        },
    ] {
        for _ in 0..40 {
            admin.exchange(&request).await;
        }
        let exchanges = admin.mock.exchanges();
        // The debug output contains all the text that an exchange holds.
        let kept: usize = exchanges.iter().map(|exchange| format!("{exchange:?}").len()).sum();
        assert!(kept < LIMIT, "{kept} of {}", exchanges.len());
    }
}
