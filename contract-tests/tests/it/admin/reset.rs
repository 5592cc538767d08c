//! A reset restores the state at the start.

use serde_json::json;

use super::{Admin, signed_by, system_error};
use crate::support::{NOW, RawRequest};

#[tokio::test]
async fn a_reset_clears_everything() {
    let admin = Admin::new().await;
    let made = admin.make_merchant(&json!({})).await;
    admin.exchange(&RawRequest::sample()).await;
    admin.post("/faults", &system_error()).await;
    admin.post("/clock", &json!({ "action": "freeze", "at": 1 })).await;
    admin.call("POST", "/reset", "").await.assert_is(200, json!({ "reset": "everything" }));
    assert_eq!(admin.get("/clock").await.body["now"], NOW.as_unix());
    assert_eq!(admin.numbers("").await, [0; 0]);
    assert_eq!(admin.get("/faults").await.body, json!({ "faults": [] }));
    assert_eq!(admin.get(&format!("/merchants/{}", made.mchid)).await.status, 404);
    admin.post("/reset", &json!({})).await.assert_is(200, json!({ "reset": "everything" }));
}

#[tokio::test]
async fn a_reset_of_one_merchant_clears_only_that_merchant() {
    let admin = Admin::new().await;
    let made = admin.make_merchant(&json!({})).await;
    let mchid = made.mchid.as_str();
    for merchant in [mchid, "1900000001"] {
        admin.post("/faults", &json!({ "fault": "system-error", "match": { "merchant": merchant } })).await;
    }
    admin.exchange(&signed_by(&made, RawRequest::sample())).await;
    admin.exchange(&RawRequest::sample()).await;
    admin.post("/clock", &json!({ "action": "skew", "seconds": 5 })).await;
    admin.post("/reset", &json!({ "merchant": mchid })).await.assert_is(200, json!({ "reset": mchid }));
    assert_eq!(admin.numbers("").await, [2]);
    assert_eq!(admin.get("/faults").await.body["faults"][0]["match"]["merchant"], "1900000001");
    assert_eq!(admin.get("/clock").await.body["offset"], 5);
    assert_eq!(admin.exchange(&signed_by(&made, RawRequest::sample())).await, 204);
}

#[tokio::test]
async fn an_unknown_merchant_is_refused_and_nothing_is_reset() {
    let admin = Admin::new().await;
    admin.exchange(&RawRequest::sample()).await;
    for mchid in ["7", "x", ""] {
        admin
            .post("/reset", &json!({ "merchant": mchid }))
            .await
            .assert_refused(404, "expected the mchid of a merchant");
    }
    assert_eq!(admin.numbers("").await, [1]);
}
