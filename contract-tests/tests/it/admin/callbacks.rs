//! Callbacks under `/__mock/`: every attempt, sending one by hand, sending one again, and the archive.

use serde_json::{Value, json};
use wechatpay_mock::{Fault, FaultRule};

use super::Admin;
use crate::support::{
    NOW,
    receiver::{FAILED, NO_CONTENT, Receiver},
};

/// A mock that has sent one callback to this receiver.
async fn sent(answers: &[&'static str]) -> (Admin, Receiver, Value) {
    let (admin, receiver) = (Admin::new().await, Receiver::start(answers).await);
    let body = json!({
        "event_type": "REFUND.SUCCESS", "to": receiver.url(), "resource": { "out_refund_no": "R1" },
    });
    let response = admin.post("/callbacks", &body).await;
    assert_eq!(response.status, 201);
    (admin, receiver, response.body)
}

#[tokio::test]
async fn a_callback_shows_what_was_signed_and_sent_and_what_came_back() {
    let (admin, mut receiver, sent) = sent(&[FAILED]).await;
    let received = receiver.next().await;
    assert_eq!(admin.get("/callbacks/1").await.body, sent);
    assert_eq!((&sent["state"], &sent["due_at"]), (&json!("waiting"), &json!(NOW.as_unix() + 15)));
    assert_eq!(
        (&sent["notify_url"], &sent["resource"]["out_refund_no"]),
        (&json!(receiver.url()), &json!("R1"))
    );
    let attempt = &sent["attempts"][0];
    assert_eq!((&attempt["status"], &attempt["received"]), (&json!(500), &json!(false)));
    assert_eq!(attempt["response_body"], r#"{"code":"FAIL","message":"失败"}"#);
    let request = &attempt["request"];
    let body = String::from_utf8(received.body.clone()).unwrap();
    assert_eq!((&request["body"], &request["url"]), (&json!(body), &json!(receiver.url())));
    let signature = received.signature().unwrap();
    assert_eq!(request["message"], format!("{}\n{}\n{body}\n", NOW.as_unix(), signature.nonce));
    let headers: Vec<[String; 2]> = serde_json::from_value(request["headers"].clone()).unwrap();
    for [name, value] in &headers {
        assert_eq!(received.header(name), Some(value.as_str()), "{name}");
    }
    let listed = admin.get("/callbacks").await.body;
    assert_eq!((&listed["callbacks"][0]["id"], &listed["last"]), (&sent["id"], &json!(1)));
    assert!(listed["callbacks"][0].get("resource").is_none());
    assert_eq!(admin.get("/callbacks?after=1").await.body["callbacks"], json!([]));
    assert_eq!(admin.get("/callbacks?merchant=2").await.body["callbacks"], json!([]));
}

#[tokio::test]
async fn a_callback_can_be_sent_again_whether_or_not_it_was_received() {
    let (admin, mut receiver, _) = sent(&[FAILED, NO_CONTENT]).await;
    for expected in [FAILED, NO_CONTENT] {
        let received = receiver.next().await;
        received.verify(&admin.mock.credentials(), NOW).unwrap();
        let again = admin.call("POST", "/callbacks/1/resend", "").await;
        assert_eq!((again.status, &again.body["state"]), (200, &json!("received")), "{expected}");
    }
    let shown = admin.get("/callbacks/1").await.body;
    let statuses: Vec<_> = shown["attempts"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, [500, 204, 204]);
    // Only the last attempt still has what was sent.
    assert!(shown["attempts"][0].get("request").is_none() && shown["attempts"][2].get("request").is_some());
}

#[tokio::test]
async fn attempts_are_in_the_archive_and_can_be_followed() {
    let (admin, mut receiver, _) = sent(&[NO_CONTENT]).await;
    receiver.next().await;
    let har = admin.get("/exchanges.har").await.body;
    let entry = &har["log"]["entries"][0];
    assert_eq!((&entry["_callback"], &entry["request"]["url"]), (&json!(1), &json!(receiver.url())));
    assert_eq!(entry["response"]["status"], 204);
    assert_eq!(admin.get("/exchanges.har?operation=echo").await.body["log"]["entries"], json!([]));

    let attempts = admin.get("/callback-attempts").await.body;
    assert_eq!(attempts["last"], 1);
    let line = format!("callback 1 204 REFUND.SUCCESS | POST {}", receiver.url());
    assert_eq!(
        (&attempts["attempts"][0]["line"], &attempts["attempts"][0]["nth"]),
        (&json!(line), &json!(1))
    );
    let (next, _) = tokio::join!(
        admin.get("/callback-attempts?after=1&wait=30"),
        admin.call("POST", "/callbacks/1/resend", ""),
    );
    assert_eq!((&next.body["attempts"][0]["nth"], &next.body["last"]), (&json!(2), &json!(2)));

    let chinese = admin.with("Accept-Language: zh-CN").get("/callback-attempts").await.body;
    let line = format!("回调 1 204 REFUND.SUCCESS | POST {}", receiver.url());
    assert_eq!(chinese["attempts"][0]["line"], json!(line));
}

#[tokio::test]
async fn a_reset_forgets_callbacks_and_what_is_due() {
    let (admin, mut receiver, _) = sent(&[FAILED]).await;
    receiver.next().await;
    admin.post("/reset", &json!({})).await;
    assert_eq!(admin.get("/callbacks").await.body["callbacks"], json!([]));
    assert_eq!(admin.get("/callback-attempts").await.body["attempts"], json!([]));
    admin.mock.clock().advance(1_000_000);
    tokio::task::yield_now().await;
    assert!(receiver.arrived().is_none());
}

#[tokio::test]
async fn one_attempt_to_deliver_a_callback_is_spoiled_and_no_rule_is_left() {
    let (admin, mut receiver) = (Admin::new().await, Receiver::start(&[NO_CONTENT]).await);
    let body = json!({ "event_type": "REFUND.SUCCESS", "to": receiver.url() });
    assert_eq!(admin.post("/callbacks", &body).await.status, 201);
    let credentials = admin.mock.credentials();
    assert!(receiver.next().await.verify(&credentials, NOW).is_ok());
    admin.mock.add_fault(FaultRule::of_callbacks(Fault::Lost)).unwrap();
    for fault in Fault::of_callbacks().filter(|fault| *fault != Fault::OutOfOrder) {
        let shown = admin.post("/callbacks/1/resend", &json!({ "fault": fault.name() })).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        let last = shown.body["attempts"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["fault"], fault.name());
        if fault != Fault::Lost {
            receiver.next().await;
        }
        if fault == Fault::Twice {
            receiver.next().await;
        }
    }
    assert_eq!(admin.mock.faults().len(), 1);
    assert_eq!(admin.mock.faults()[0].seen, 0, "a resend with a fault of its own is no match");
    admin.mock.clear_faults();
    admin.post("/callbacks/1/resend", &json!({})).await;
    admin.call("POST", "/callbacks/1/resend", "").await;
    for _ in 0..2 {
        assert!(receiver.next().await.verify(&credentials, NOW).is_ok());
    }
    let refused = admin.post("/callbacks/1/resend", &json!({ "fault": "wrong-kye" })).await;
    refused.assert_refused(400, "found \"wrong-kye\"; did you mean wrong-key?");
    for name in ["out-of-order", "system-error"] {
        let refused = admin.post("/callbacks/1/resend", &json!({ "fault": name })).await;
        refused.assert_refused(400, "expected the name of a fault that one callback can have");
    }
    admin.post("/callbacks/1/resend", &json!({ "fault": null })).await.assert_refused(400, "found null");
    admin.post("/callbacks/9/resend", &json!({ "fault": "lost" })).await.assert_refused(404, "found 9");
}
