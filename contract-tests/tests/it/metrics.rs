//! The Prometheus metrics match the exchanges, and their number is bounded.

use std::collections::BTreeMap;

use wechatpay_contract::sign::Sign;
use wechatpay_mock::{CustomError, Fault, FaultRule, Latency, MockServer};

use crate::support::{RawRequest, exchange, frozen_mock};

/// Every metric by its name and labels. Checks the form of each line.
fn metrics(mock: &MockServer) -> BTreeMap<String, f64> {
    let text = mock.metrics();
    assert!(text.ends_with('\n'));
    let is_sample = |line: &&str| !line.starts_with("# HELP ") && !line.starts_with("# TYPE ");
    let metrics = text.lines().filter(is_sample).map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("wechatpay_mock_"), "{line}");
        (name.to_owned(), value.parse().unwrap())
    });
    metrics.collect()
}

/// The metrics with this name, and their labels.
fn named(mock: &MockServer, name: &str) -> Vec<(String, f64)> {
    let prefix = format!("{name}{{");
    metrics(mock).into_iter().filter(|(name, _)| name.starts_with(&prefix)).collect()
}

fn requests(labels: &str, count: f64) -> (String, f64) {
    (format!("wechatpay_mock_requests_total{{{labels}}}"), count)
}

#[tokio::test]
async fn requests_are_counted_by_operation_status_and_code() {
    let mock = frozen_mock().await;
    let sample = RawRequest::sample();
    for request in [
        sample.clone(),
        sample.clone(),
        RawRequest { sign: Sign::WrongKey, ..sample.clone() },
        RawRequest { target: "/v3/none".into(), ..sample.clone() },
        RawRequest { body: b"{".into(), ..sample },
        RawRequest::certificates(),
    ] {
        exchange(&mock, &request).await;
    }
    let expected = [
        requests(r#"operation="list_certificates",status="200",code="none""#, 1.0),
        requests(r#"operation="none",status="404",code="none""#, 1.0),
        requests(r#"operation="set_rights",status="204",code="none""#, 2.0),
        requests(r#"operation="set_rights",status="400",code="PARAM_ERROR""#, 1.0),
        requests(r#"operation="set_rights",status="401",code="SIGN_ERROR""#, 1.0),
    ];
    assert_eq!(named(&mock, "wechatpay_mock_requests_total"), expected);
}

#[tokio::test]
async fn only_reached_stages_are_timed() {
    let mock = frozen_mock().await;
    exchange(&mock, &RawRequest::sample()).await;
    exchange(&mock, &RawRequest { sign: Sign::WrongKey, ..RawRequest::sample() }).await;
    let metrics = metrics(&mock);
    let count = |stage| metrics[&format!("wechatpay_mock_stage_duration_seconds_count{{stage=\"{stage}\"}}")];
    assert_eq!(["receive", "route", "authenticate", "respond", "sign"].map(count), [2.0; 5]);
    assert_eq!(["validate", "apply"].map(count), [1.0; 2]);
    let bucket = |end| {
        metrics[&format!("wechatpay_mock_stage_duration_seconds_bucket{{stage=\"sign\",le=\"{end}\"}}")]
    };
    assert_eq!(bucket("+Inf"), 2.0);
    assert!(bucket("1e-06") <= bucket("1"));
}

#[tokio::test]
async fn faults_are_counted_by_name_and_custom_codes_as_custom() {
    let mock = frozen_mock().await;
    let custom = CustomError { status: 503, code: "BUSY_7".into(), message: "busy".into() };
    for rule in [
        FaultRule::of(Fault::SystemErrorApplied),
        FaultRule { error: Some(custom), ..FaultRule::default() },
        FaultRule { latency: Some(Latency::Fixed(1)), ..FaultRule::default() },
    ] {
        mock.add_fault(FaultRule { times: Some(1), ..rule }).unwrap();
        exchange(&mock, &RawRequest::sample()).await;
    }
    let faults = ["custom", "latency", "system-error-applied"];
    let expected = faults.map(|name| (format!("wechatpay_mock_faults_total{{fault=\"{name}\"}}"), 1.0));
    assert_eq!(named(&mock, "wechatpay_mock_faults_total"), expected);
    let custom = requests(r#"operation="set_rights",status="503",code="custom""#, 1.0);
    assert!(named(&mock, "wechatpay_mock_requests_total").contains(&custom));
    assert!(!mock.metrics().contains("BUSY_7"));
}

#[tokio::test]
async fn warnings_are_counted_by_name() {
    let mock = frozen_mock().await;
    for _ in 0..2 {
        exchange(&mock, &RawRequest::sample()).await;
    }
    let count = |name| metrics(&mock)[&format!("wechatpay_mock_warnings_total{{warning=\"{name}\"}}")];
    assert_eq!(["no-wechatpay-serial", "nonce-used-before", "repeated"].map(count), [2.0, 1.0, 1.0]);
}

#[tokio::test]
async fn a_reset_clears_the_metrics() {
    let mock = frozen_mock().await;
    exchange(&mock, &RawRequest::sample()).await;
    let journal = |metrics: &BTreeMap<String, f64>| {
        ["exchanges", "bytes"].map(|unit| metrics[&format!("wechatpay_mock_journal_{unit}")])
    };
    let [exchanges, bytes] = journal(&metrics(&mock));
    assert!(exchanges == 1.0 && bytes > 1000.0, "{exchanges} exchanges, {bytes} bytes");
    mock.reset();
    assert_eq!(journal(&metrics(&mock)), [0.0, 0.0]);
    assert_eq!(named(&mock, "wechatpay_mock_requests_total"), []);
}

#[tokio::test]
async fn strange_requests_add_no_new_metrics() {
    let mock = frozen_mock().await;
    let strange = |n: usize| RawRequest {
        target: format!("/v3/none/{n}"),
        headers: vec![format!("User-Agent: {n}")],
        sign: Sign::Unsigned,
        ..RawRequest::sample()
    };
    exchange(&mock, &strange(0)).await;
    let before = metrics(&mock).len();
    for n in 1..20 {
        exchange(&mock, &strange(n)).await;
    }
    assert_eq!(metrics(&mock).len(), before);
}

#[tokio::test]
async fn the_version_is_a_metric() {
    let mock = frozen_mock().await;
    assert_eq!(named(&mock, "wechatpay_mock_build_info").len(), 1);
    assert!(mock.metrics().contains("wechatpay_mock_build_info{version=\""));
}
