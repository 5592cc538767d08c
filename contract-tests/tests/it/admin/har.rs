//! The archive is valid HAR 1.2 and agrees with the requests.

use serde_json::{Value, json};

use super::Admin;
use crate::support::RawRequest;

fn entries(archive: &Value) -> &Vec<Value> {
    archive["log"]["entries"].as_array().unwrap()
}

#[tokio::test]
async fn an_archive_has_all_required_fields() {
    let admin = Admin::new().await;
    admin.five_exchanges().await;
    let archive = admin.get("/exchanges.har").await.body;
    let log = &archive["log"];
    assert_eq!(log["version"], "1.2");
    assert!(log["creator"]["name"].is_string() && log["creator"]["version"].is_string());
    assert_eq!(entries(&archive).len(), 5);
    for entry in entries(&archive) {
        for (pointer, is_right) in [
            ("/startedDateTime", Value::is_string as fn(&Value) -> bool),
            ("/time", Value::is_number),
            ("/request/method", Value::is_string),
            ("/request/url", Value::is_string),
            ("/request/httpVersion", Value::is_string),
            ("/request/cookies", Value::is_array),
            ("/request/headers", Value::is_array),
            ("/request/queryString", Value::is_array),
            ("/request/headersSize", Value::is_i64),
            ("/request/bodySize", Value::is_i64),
            ("/response/status", Value::is_u64),
            ("/response/statusText", Value::is_string),
            ("/response/httpVersion", Value::is_string),
            ("/response/cookies", Value::is_array),
            ("/response/headers", Value::is_array),
            ("/response/content/size", Value::is_u64),
            ("/response/content/mimeType", Value::is_string),
            ("/response/redirectURL", Value::is_string),
            ("/response/headersSize", Value::is_i64),
            ("/response/bodySize", Value::is_i64),
            ("/cache", Value::is_object),
            ("/timings/send", Value::is_number),
            ("/timings/wait", Value::is_number),
            ("/timings/receive", Value::is_number),
        ] {
            assert!(entry.pointer(pointer).is_some_and(is_right), "{pointer}: {entry:#}");
        }
        let timings: f64 =
            ["send", "wait", "receive"].map(|name| entry["timings"][name].as_f64().unwrap()).iter().sum();
        assert!((entry["time"].as_f64().unwrap() - timings).abs() < 1e-9, "time is the sum of the timings");
        for header in entry["request"]["headers"].as_array().unwrap() {
            assert!(header["name"].is_string() && header["value"].is_string());
        }
        if let Some(data) = entry["request"].get("postData") {
            assert!(data["mimeType"].is_string() && data["text"].is_string() && data.get("params").is_none());
        }
    }
}

#[tokio::test]
async fn an_entry_has_the_request_and_the_response() {
    let admin = Admin::new().await;
    let target = "/v3/certificates?algorithm_type=RSA&x=%E4%BC%9A";
    admin.exchange(&RawRequest { target: target.into(), ..RawRequest::certificates() }).await;
    admin.exchange(&RawRequest::certificates()).await;
    admin.exchange(&RawRequest { body: b"\xff".into(), ..RawRequest::sample() }).await;
    let archive = admin.get("/exchanges.har").await.body;
    let [odd, certificates, bytes] = &entries(&archive)[..] else { panic!("{archive:#}") };
    assert_eq!(odd["request"]["url"], format!("http://mock{target}"));
    let pairs = json!([{ "name": "algorithm_type", "value": "RSA" }, { "name": "x", "value": "会" }]);
    assert_eq!(odd["request"]["queryString"], pairs);

    // The request was complete at 10:05:32 by the mock's clock.
    let started = certificates["startedDateTime"].as_str().unwrap();
    let (minute, rest) = started.split_at("2025-09-04T10:05:".len());
    assert_eq!((minute, &rest["32.000".len()..]), ("2025-09-04T10:05:", "+08:00"));
    let took = 32.0 - rest[.."32.000".len()].parse::<f64>().unwrap();
    let send = certificates["timings"]["send"].as_f64().unwrap() / 1000.0;
    assert!((send..send + 0.001 + 1e-9).contains(&took), "{started}: {send} s, {took} s");
    assert!(certificates["request"].get("postData").is_none());
    let content = &certificates["response"]["content"];
    let text = content["text"].as_str().unwrap();
    assert_eq!(
        (&content["size"], &content["mimeType"]),
        (&json!(text.len()), &json!("application/json; charset=utf-8"))
    );
    assert!(serde_json::from_str::<Value>(text).unwrap()["data"].is_array());

    assert_eq!(bytes["request"]["postData"], json!({ "mimeType": "", "text": "/w==", "comment": "base64" }));
}

#[tokio::test]
async fn a_partial_archive_says_how_to_get_the_rest() {
    let admin = Admin::new().await;
    admin.five_exchanges().await;
    let archive = admin.get("/exchanges.har?limit=2").await.body;
    assert_eq!(entries(&archive).len(), 2);
    assert_eq!(archive["log"]["comment"], "there are more: continue with after=2");
    let rest = admin.get("/exchanges.har?limit=3&after=2").await.body;
    assert_eq!((entries(&rest).len(), rest["log"].get("comment")), (3, None));
}
