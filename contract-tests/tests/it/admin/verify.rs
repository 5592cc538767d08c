//! Expectations over HTTP.

use serde_json::json;
use wechatpay_mock::{Clock, Limits, MockServer};

use super::Admin;
use crate::support::{NOW, RawRequest};

#[tokio::test]
async fn a_met_expectation_is_200_and_an_unmet_one_409() {
    let admin = Admin::new().await;
    admin.five_exchanges().await;
    let mut expectation = json!({
        "merchant": "1900000001", "operation": "set_rights", "card_id": "pbLatjvWOibDc5-TBnbUk1pD12o0",
        "code": "478515832665", "body": { "bonus_value": 600 }, "authenticated": true, "status": 204, "after": 0, "times": 1,
    });
    let met = admin.post("/verify", &expectation).await;
    assert_eq!((met.status, &met.body["met"], &met.body["matching"]), (200, &json!(true), &json!([1])));
    expectation["body"]["bonus_value"] = 700.into();
    let unmet = admin.post("/verify", &expectation).await;
    assert_eq!((unmet.status, &unmet.body["met"], &unmet.body["matching"]), (409, &json!(false), &json!([])));
    assert_eq!(unmet.body["nearest"]["differences"], json!(["/body/bonus_value: expected 700, found 600"]));
    assert!(unmet.body["report"].as_str().unwrap().contains("nearest is #1 PATCH"));
}

#[tokio::test]
async fn an_expectation_counts_by_values_at_places() {
    let admin = Admin::new().await;
    admin.exchange(&RawRequest::sample()).await;
    for (place, value, status) in [
        ("body./bonus_value", json!(600), 200),
        ("body./bonus_value", json!(700), 409),
        ("path.code", json!("478515832665"), 200),
        ("query.code", json!("478515832665"), 409),
    ] {
        let response = admin.post("/verify", &json!({ place: value, "times": 1 })).await;
        assert_eq!(response.status, status, "{place}: {}", response.text);
    }
}

#[tokio::test]
async fn times_takes_a_number_or_bounds() {
    let admin = Admin::new().await;
    for _ in 0..3 {
        admin.exchange(&RawRequest::sample()).await;
    }
    for (times, status) in [
        (json!(3), 200),
        (json!(2), 409),
        (json!({ "at_least": 2 }), 200),
        (json!({ "at_most": 2 }), 409),
        (json!({ "at_least": 1, "at_most": 3 }), 200),
    ] {
        assert_eq!(admin.post("/verify", &json!({ "times": times })).await.status, status, "{times}");
    }
    assert_eq!(admin.post("/verify", &json!({})).await.status, 200);
    assert_eq!(admin.post("/verify", &json!({ "after": 3 })).await.status, 409);
    assert_eq!(admin.post("/verify", &json!({ "times": "3" })).await.status, 400);
}

#[tokio::test]
async fn an_invalid_expectation_is_refused() {
    let admin = Admin::new().await;
    let unknown = json!({ "operation": "set_right", "times": 0 });
    admin.post("/verify", &unknown).await.assert_refused(400, "operation: expected an operationId");
    for (times, reason) in [
        (json!({ "at_least": 2, "at_most": 1 }), "no more than at_most, found 2 and 1"),
        (json!({ "at_least": 0 }), "any number of exchanges would match"),
        (json!({}), "any number of exchanges would match"),
    ] {
        admin.post("/verify", &json!({ "times": times })).await.assert_refused(400, reason);
    }
    for status in [0, 99, 600, 65_535] {
        let body = json!({ "status": status, "times": 0 });
        admin.post("/verify", &body).await.assert_refused(400, "status: expected 100 to 599");
    }
    let malformed = json!({ "body.amount": 1, "times": 0 });
    admin
        .post("/verify", &malformed)
        .await
        .assert_refused(400, "expected path.NAME, query.NAME or body./POINTER");
    let unknown = json!({ "merchant": "7", "times": 0 });
    admin
        .post("/verify", &unknown)
        .await
        .assert_refused(400, "merchant: expected the mchid of a merchant, found \"7\"");
}

fn many(exchanges: u64) -> Limits {
    Limits::default().with_journal_exchanges(exchanges).unwrap()
}

/// A mock with these limits after so many sample calls.
async fn after_samples(samples: usize, limits: Limits) -> Admin {
    let builder = MockServer::builder().clock(Clock::fixed(NOW)).limits(limits);
    let admin = Admin::of(builder.start().await.unwrap());
    for _ in 0..samples {
        assert_eq!(admin.exchange(&RawRequest::sample()).await, 204);
    }
    admin
}

#[tokio::test]
async fn an_upper_bound_is_not_met_if_exchanges_were_evicted() {
    let admin = after_samples(5, many(2)).await;
    for (expectation, status, forgotten) in [
        (json!({ "status": 500, "times": 0 }), 409, 3),
        (json!({ "status": 500, "times": 0, "after": 2 }), 409, 1),
        (json!({ "status": 500, "times": 0, "after": 3 }), 200, 0),
        (json!({ "times": 2 }), 409, 3),
        (json!({ "times": { "at_most": 4 } }), 409, 3),
        (json!({ "times": { "at_most": 5 } }), 200, 3),
        (json!({ "times": { "at_least": 2 } }), 200, 3),
    ] {
        let response = admin.post("/verify", &expectation).await;
        assert_eq!(
            (response.status, &response.body["forgotten"]),
            (status, &json!(forgotten)),
            "{expectation}"
        );
        let report = response.body["report"].as_str().unwrap();
        let is_explained = report.contains("but there may have been more:\nthe journal evicted up to");
        assert_eq!(is_explained, status == 409, "{report}");
    }
}

#[tokio::test]
async fn an_upper_bound_is_not_met_if_a_body_was_cut() {
    let admin = after_samples(1, Limits::default().with_journal_body(10).unwrap()).await;
    let unproved = admin.post("/verify", &json!({ "body": { "bonus_value": 1 }, "times": 0 })).await;
    assert_eq!((unproved.status, &unproved.body["undecided"]), (409, &json!([1])));
    let report = unproved.body["report"].as_str().unwrap();
    assert!(
        report.contains("been more:\nthe journal cut the bodies of #1, so they may match; raise limits."),
        "{report}"
    );
    // The body does not matter here.
    for expectation in [
        json!({ "body": { "bonus_value": 1 }, "status": 500, "times": 0 }),
        json!({ "body": { "bonus_value": 1 }, "times": { "at_most": 1 } }),
        json!({ "times": 1 }),
    ] {
        assert_eq!(admin.post("/verify", &expectation).await.status, 200, "{expectation}");
    }
}

#[tokio::test]
async fn evictions_of_another_merchant_and_deletions_do_not_matter() {
    let admin = after_samples(5, many(2)).await;
    let made = admin.make_merchant(&json!({})).await;
    let none = json!({ "merchant": made.mchid.as_str(), "times": 0 });
    assert_eq!(admin.post("/verify", &none).await.status, 200);
    admin.delete("/exchanges").await;
    assert_eq!(admin.post("/verify", &json!({ "times": 0 })).await.status, 200);
}

#[tokio::test]
async fn what_was_checked_last_is_listed_until_the_exchanges_are_deleted() {
    let admin = Admin::new().await;
    admin.exchange(&RawRequest::sample()).await;
    let met = json!({ "operation": "set_rights", "body./bonus_value": 600, "times": 1 });
    let unmet = json!({ "merchant": "1900000001", "times": { "at_least": 2 } });
    let reports = [admin.post("/verify", &met).await, admin.post("/verify", &unmet).await];
    admin
        .post("/verify", &json!({ "operation": "none" }))
        .await
        .assert_refused(400, "expected an operationId");
    let listed = |number: u64, expectation, met| {
        let report = reports[usize::from(number == 2)].body["report"].clone();
        json!({ "number": number, "at": NOW.as_unix(), "expectation": expectation, "met": met, "report": report })
    };
    let mut first = met.clone();
    first["after"] = 0.into();
    let mut second = unmet.clone();
    second["after"] = 0.into();
    let both = [listed(1, first, true), listed(2, second, false)];
    assert_eq!(admin.get("/verify").await.body, json!({ "expectations": both }));

    let long = json!({ "body": { "text": "x".repeat(20_000) } });
    assert_eq!(admin.post("/verify", &long).await.status, 409);
    let list = admin.get("/verify").await;
    assert!(
        list.body["expectations"][2].get("expectation").is_none() && list.text.len() < 10_000,
        "{}",
        list.text
    );
    admin.delete("/exchanges?merchant=1900000001").await;
    assert_eq!(admin.get("/verify").await.body["expectations"].as_array().unwrap().len(), 2);
    for _ in 0..101 {
        admin.post("/verify", &json!({})).await;
    }
    assert_eq!(admin.get("/verify").await.body["expectations"].as_array().unwrap().len(), 100);
    admin.call("POST", "/reset", "").await;
    admin.get("/verify").await.assert_is(200, json!({ "expectations": [] }));
}
