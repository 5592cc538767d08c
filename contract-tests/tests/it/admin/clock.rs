//! Reading and setting the mock's clock.

use serde_json::json;

use super::{Admin, Response};
use crate::support::{NOW, RawRequest};

const UNIX: u64 = NOW.as_unix();

async fn act(admin: &Admin, action: &str, member: Option<(&str, i64)>) -> Response {
    let mut body = json!({ "action": action });
    if let Some((name, value)) = member {
        body[name] = value.into();
    }
    admin.post("/clock", &body).await
}

#[tokio::test]
async fn the_time_is_shown_as_unix_seconds_and_rfc_3339() {
    let expected =
        json!({ "now": UNIX, "rfc3339": "2025-09-04T10:05:32+08:00", "frozen": false, "offset": 0 });
    Admin::new().await.get("/clock").await.assert_is(200, expected);
}

#[tokio::test]
async fn the_clock_is_frozen_advanced_skewed_and_resumed() {
    let admin = Admin::new().await;
    for (action, member, (now, frozen, offset)) in [
        ("advance", Some(("seconds", 301)), (UNIX + 301, false, 301)),
        ("freeze", None, (UNIX + 301, true, 301)),
        ("advance", Some(("seconds", -1)), (UNIX + 300, true, 300)),
        ("freeze", Some(("at", 1000)), (1000, true, 1000 - UNIX.cast_signed())),
        ("skew", Some(("seconds", -300)), (UNIX - 300, false, -300)),
        ("resume", None, (UNIX, false, 0)),
    ] {
        let clock = act(&admin, action, member).await;
        let found =
            [&clock.body["now"], &clock.body["frozen"], &clock.body["offset"]].map(ToString::to_string);
        assert_eq!(found, [now.to_string(), frozen.to_string(), offset.to_string()], "{action}");
        assert_eq!(admin.get("/clock").await.body, clock.body);
        assert_eq!(admin.mock.clock().now().as_unix(), now);
    }
}

#[tokio::test]
async fn the_clock_is_frozen_at_a_time_in_rfc_3339() {
    let admin = Admin::new().await;
    for at in ["2025-09-04T10:05:32+08:00", "2025-09-04T02:05:32Z"] {
        let clock = admin.post("/clock", &json!({ "action": "freeze", "at": at })).await.body;
        assert_eq!((&clock["now"], &clock["frozen"]), (&json!(UNIX), &json!(true)), "{at}");
        act(&admin, "freeze", Some(("at", 0))).await;
    }
}

#[tokio::test]
async fn the_gateway_uses_this_clock() {
    let admin = Admin::new().await;
    act(&admin, "advance", Some(("seconds", 301))).await;
    assert_eq!(admin.exchange(&RawRequest::sample()).await, 401);
    act(&admin, "resume", None).await;
    assert_eq!(admin.exchange(&RawRequest::sample()).await, 204);
}

#[tokio::test]
async fn a_client_with_the_right_time_is_served_on_another_day_if_signatures_keep_the_real_time() {
    let admin = Admin::new().await;
    let signatures =
        |signatures: &str| json!({ "action": "advance", "seconds": 86_400, "signatures": signatures });
    admin.post("/clock", &signatures("real")).await;
    assert_eq!(admin.exchange(&RawRequest::sample()).await, 204);
    let exchange = admin.get("/exchanges/1").await.body;
    assert_eq!(exchange["at"], UNIX + 86_400);
    let headers = exchange["answer"]["headers"].to_string();
    assert!(headers.contains(&format!("\"{UNIX}\"")), "{headers}");

    act(&admin, "advance", Some(("seconds", -86_100))).await;
    assert_eq!(admin.exchange(&RawRequest::sample()).await, 204);
    admin.post("/clock", &signatures("mock")).await;
    assert_eq!(admin.exchange(&RawRequest::sample()).await, 401);
    admin.post("/clock", &signatures("real")).await;
    act(&admin, "resume", None).await;
    act(&admin, "advance", Some(("seconds", 301))).await;
    assert_eq!(admin.exchange(&RawRequest::sample()).await, 401);
}

#[tokio::test]
async fn the_clock_stops_at_the_year_9999() {
    let admin = Admin::new().await;
    let latest = 253_402_300_799;
    for steps in [
        vec![("skew", latest)],
        vec![("skew", latest - UNIX.cast_signed()), ("advance", 1)],
        vec![("advance", latest), ("advance", latest)],
    ] {
        for (action, seconds) in steps {
            assert_eq!(act(&admin, action, Some(("seconds", seconds))).await.status, 200);
        }
        let clock = admin.get("/clock").await.body;
        assert_eq!(clock["now"], latest);
        assert_eq!(clock["rfc3339"], "9999-12-31T23:59:59+00:00");
        act(&admin, "resume", None).await;
    }
}

#[tokio::test]
async fn the_gateway_still_works_at_the_ends_of_time() {
    let admin = Admin::new().await;
    let latest = 253_402_300_799;
    for steps in [
        vec![("freeze", ("at", latest)), ("advance", ("seconds", latest))],
        vec![("skew", ("seconds", latest))],
        vec![("freeze", ("at", 0)), ("advance", ("seconds", -1))],
    ] {
        for (action, member) in steps {
            assert_eq!(act(&admin, action, Some(member)).await.status, 200);
        }
        assert_eq!(admin.exchange(&RawRequest::sample()).await, 401);
        assert_eq!(admin.get("/exchanges").await.status, 200);
        assert_eq!(admin.get("/exchanges.har").await.status, 200);
        admin.make_merchant(&json!({})).await;
    }
}
