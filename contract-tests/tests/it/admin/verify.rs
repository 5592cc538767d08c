//! What a test expects, over HTTP.

use serde_json::json;

use super::Admin;
use crate::support::RawRequest;

#[tokio::test]
async fn an_expectation_that_is_met_is_200_and_one_that_is_not_409() {
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
async fn times_is_a_number_or_bounds() {
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
async fn an_expectation_that_could_only_be_met_by_mistake_is_refused() {
    let admin = Admin::new().await;
    let unknown = json!({ "operation": "set_right", "times": 0 });
    admin.post("/verify", &unknown).await.refuses(400, "operation: expected one of");
    let unknown = json!({ "merchant": "7", "times": 0 });
    for (times, reason) in [
        (json!({ "at_least": 2, "at_most": 1 }), "no more than at_most, found 2 and 1"),
        (json!({ "at_least": 0 }), "any number of exchanges would do"),
        (json!({}), "any number of exchanges would do"),
    ] {
        admin.post("/verify", &json!({ "times": times })).await.refuses(400, reason);
    }
    for status in [0, 99, 600, 65_535] {
        let body = json!({ "status": status, "times": 0 });
        admin.post("/verify", &body).await.refuses(400, "status: expected 100 to 599");
    }
    admin
        .post("/verify", &unknown)
        .await
        .refuses(400, "merchant: expected the mchid of a merchant, found \"7\"");
}
