//! Expectations are checked against the journal, and an unmet one is explained.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::json;
use wechatpay_contract::sign::Sign;
use wechatpay_mock::{Expected, MockServer};

use crate::support::{RawRequest, exchange, frozen_mock};

const CODE: &str = "478515832665";

async fn after_the_sample() -> (MockServer, Expected) {
    let mock = frozen_mock().await;
    let expected = mock.expect();
    exchange(&mock, &RawRequest::sample()).await;
    (mock, expected)
}

/// The message of the panic.
fn panic_of(check: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(check)).unwrap_err();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[tokio::test]
async fn a_met_expectation_does_not_panic() {
    let (mock, expected) = after_the_sample().await;
    let body = json!({ "bonus_value": 600, "add_bonus_value": 100 });
    let expected = expected.operation("set_rights").merchant("1900000001").body(body).status(204).times(1);
    drop(expected.code(CODE).card_id("pbLatjvWOibDc5-TBnbUk1pD12o0").authenticated(true));
    mock.expect().times(0).verify();
}

#[tokio::test]
async fn an_unmet_expectation_panics_with_the_nearest_miss() {
    let (mock, expected) = after_the_sample().await;
    exchange(&mock, &RawRequest::certificates()).await;
    let expected = expected.operation("set_rights").code(CODE).body(json!({ "bonus_value": 700 })).times(1);
    let report = panic_of(|| drop(expected));
    let lines: Vec<_> = report.lines().collect();
    assert_eq!(
        lines,
        [
            "expected exactly 1 exchange with",
            "    operation      set_rights",
            "    code           478515832665",
            "    body           {\"bonus_value\":700}",
            "found none among 2",
            "nearest is #1 PATCH /v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights 204",
            "    /body/bonus_value: expected 700, found 600",
        ]
    );
}

#[tokio::test]
async fn surplus_requests_are_named_without_a_miss() {
    let (mock, _expected) = after_the_sample().await;
    let unmet = mock.expect().times(0);
    exchange(&mock, &RawRequest::sample()).await;
    let verification = unmet.verification();
    assert_eq!((verification.matching.as_slice(), &verification.nearest), (&[2][..], &None));
    assert!(panic_of(|| unmet.verify()).contains("found 1 among 1: #2"));
}

#[tokio::test]
async fn earlier_requests_do_not_count() {
    let (mock, _expected) = after_the_sample().await;
    let expected = mock.expect().at_least(1);
    assert!(!expected.verification().met);
    exchange(&mock, &RawRequest::sample()).await;
    drop(expected);
}

#[tokio::test]
async fn a_request_that_was_not_authenticated_can_be_expected() {
    let mock = frozen_mock().await;
    let expected = mock.expect().operation("set_rights").authenticated(false).status(401).between(1, 1);
    exchange(&mock, &RawRequest { sign: Sign::WrongKey, ..RawRequest::sample() }).await;
    expected.verify();
    let report = panic_of(|| mock.expect().status(204).verify());
    assert!(report.contains("found none among 0"), "{report}");
}

#[tokio::test]
async fn a_report_says_why_a_refused_request_does_not_match() {
    let (mock, expected) = after_the_sample().await;
    let report = panic_of(|| expected.status(204).times(2).verify());
    assert!(report.contains("found 1 among 1"), "{report}");
    let unmet = mock.expect().status(204);
    exchange(&mock, &RawRequest { body: b"{}".into(), ..RawRequest::sample() }).await;
    let report = panic_of(|| drop(unmet));
    assert!(report.contains("status: expected 204, found 400, /body/out_request_no"), "{report}");
}

#[tokio::test]
async fn parameters_of_the_path_and_the_query_are_compared() {
    let mock = frozen_mock().await;
    let expected =
        mock.expect().operation("set_rights").parameter("code", CODE).parameter("name", "a b").times(1);
    let sample = RawRequest::sample();
    exchange(&mock, &RawRequest { target: format!("{}?name=a%20b", sample.target), ..sample }).await;
    expected.verify();
    let report = panic_of(|| mock.expect().parameter("code", CODE).verify());
    assert!(report.contains("parameters     {\"code\":\"478515832665\"}"), "{report}");
    let expected = mock.expect().parameter("name", "b");
    exchange(&mock, &RawRequest::sample()).await;
    let report = panic_of(|| expected.verify());
    assert!(report.contains("name: expected b, found none"), "{report}");
}

#[tokio::test]
async fn values_at_any_place_of_a_request_are_compared() {
    let mock = frozen_mock().await;
    let orders = mock.expect().at("body./amount/total", 100).times(2);
    let order = mock.expect().at("body./amount", json!({ "total": 250 })).times(1);
    let query = mock.expect().at("path.out_trade_no", "123456").at("query.mchid", 1_900_000_001).times(1);
    let unmet = mock.expect().at("body./amount/total", 300).at("path.out_trade_no", "123456").times(1);
    for (number, total) in [("123456", 100), ("123457", 100), ("123458", 250)] {
        let mut request = RawRequest::order(number);
        let mut body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        body["amount"]["total"] = total.into();
        request.body = body.to_string().into();
        assert_eq!(exchange(&mock, &request).await.status(), "200");
    }
    let target = "/v3/pay/transactions/out-trade-no/12345%36?mchid=1900000001".into();
    exchange(&mock, &RawRequest { target, ..RawRequest::certificates() }).await;
    assert_eq!(orders.verification().matching, [1, 2]);
    assert_eq!(order.verification().matching, [3]);
    assert_eq!(query.verification().matching, [4]);
    let report = panic_of(|| drop(unmet));
    for line in [
        "    body./amount/total 300\n",
        "    path.out_trade_no \"123456\"\n",
        "nearest is #4 GET",
        "    /body: expected JSON, found",
    ] {
        assert!(report.contains(line), "{report}");
    }
}

#[tokio::test]
async fn an_invalid_expectation_panics() {
    let mock = frozen_mock().await;
    for (expect, reason) in [
        (
            (|expected| expected.operation("set_right")) as fn(Expected) -> Expected,
            "operation: expected an operationId",
        ),
        (|expected| expected.operation("set_right"), "found \"set_right\"; did you mean set_rights?"),
        (|expected| expected.merchant("190000001"), "did you mean 1900000001?"),
        (|expected| expected.status(99), "status: expected 100 to 599, found 99"),
        (|expected| expected.between(2, 1), "found 2 and 1"),
        (|expected| expected.at_least(0), "any number of exchanges would match"),
    ] {
        let panic = panic_of(|| drop(expect(mock.expect())));
        assert!(panic.contains(reason), "{panic}");
    }
}
