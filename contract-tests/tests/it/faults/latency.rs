//! Delayed responses, with tokio's time paused: it advances as soon as every task waits.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use wechatpay_mock::{Fault, FaultRule, Latency, MockServer, NewMerchant};

use super::{in_memory, raw, until};
use crate::support::{Connection, frozen_mock};

const MILLISECOND: Duration = Duration::from_millis(1);

/// The delay of the response to this number, checked against the journal.
async fn delay_of(mock: &MockServer, out_request_no: &str) -> Duration {
    let begun = Instant::now();
    let response = in_memory(mock, &raw(out_request_no).to_bytes()).await;
    let delay = begun.elapsed();
    assert!(response.starts_with("HTTP/1.1 204 "), "{response}");
    let recorded = mock.exchanges().last().unwrap().fault.as_ref().and_then(|fault| fault.latency);
    let recorded = recorded.unwrap_or_default();
    assert!(delay.abs_diff(recorded) <= MILLISECOND, "{delay:?} is not {recorded:?}");
    delay
}

async fn with_latency(latency: Latency) -> MockServer {
    let mock = frozen_mock().await;
    mock.add_fault(FaultRule { latency: Some(latency), ..FaultRule::default() }).unwrap();
    mock
}

#[tokio::test(start_paused = true)]
async fn without_a_fault_there_is_no_delay() {
    assert_eq!(delay_of(&frozen_mock().await, "1").await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn fixed_latency_is_always_the_same() {
    let mock = with_latency(Latency::Fixed(250)).await;
    for number in ["1", "2", "3"] {
        assert_eq!(delay_of(&mock, number).await, Duration::from_millis(250));
    }
}

#[tokio::test(start_paused = true)]
async fn uniform_and_normal_latencies_vary_and_repeat_for_the_same_rule() {
    for latency in [Latency::Uniform { from: 100, to: 300 }, Latency::Normal { mean: 200, deviation: 20 }] {
        let mut runs = Vec::new();
        for _ in 0..2 {
            let mock = with_latency(latency).await;
            let mut run = Vec::new();
            for number in 0..20 {
                run.push(delay_of(&mock, &number.to_string()).await);
            }
            runs.push(run);
        }
        assert_eq!(runs[0], runs[1], "{latency}");
        let (least, most) = (runs[0].iter().min().unwrap(), runs[0].iter().max().unwrap());
        assert!(least.as_millis() >= 100 && most.as_millis() <= 301, "{latency}: {least:?} to {most:?}");
        assert!(*most - *least > 20 * MILLISECOND, "{latency}: {least:?} to {most:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_latency_can_be_triggered_by_request_number() {
    let mock = frozen_mock().await;
    for (number, from, to) in [
        ("MOCK*latency|250*1", 250, 250),
        ("MOCK*latency-uniform|100|300*1", 100, 301),
        ("MOCK*latency-normal|200|20*1", 100, 300),
    ] {
        let delay = delay_of(&mock, number).await.as_millis();
        assert!((from..=to).contains(&delay), "{number}: {delay}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_use_of_a_number_draws_a_new_delay() {
    let mock = frozen_mock().await;
    let number = "MOCK*latency-uniform|0|600000*1";
    assert_ne!(delay_of(&mock, number).await, delay_of(&mock, number).await);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_can_be_delayed() {
    let mock = frozen_mock().await;
    let rule = FaultRule { latency: Some(Latency::Fixed(70)), ..FaultRule::of(Fault::FrequencyLimited) };
    mock.add_fault(rule).unwrap();
    let begun = Instant::now();
    let response = in_memory(&mock, &raw("1").to_bytes()).await;
    assert!(response.starts_with("HTTP/1.1 429 "), "{response}");
    assert_eq!(begun.elapsed(), Duration::from_millis(70));
}

/// A mock that delays its response for ten minutes, and the connection that waits for it.
async fn waiting(number: &str) -> (MockServer, Connection) {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(&raw(number).to_bytes()).await;
    until(|| !mock.exchanges().is_empty()).await;
    (mock, connection)
}

#[tokio::test]
async fn clearing_faults_or_resetting_ends_delays_at_once() {
    let ends: [fn(&MockServer); 3] = [
        |mock| assert_eq!(mock.clear_faults(), 0),
        MockServer::reset,
        |mock| assert!(mock.reset_merchant("1900000001")),
    ];
    for end in ends {
        let (mock, mut connection) = waiting("MOCK*latency|600000*1").await;
        end(&mock);
        let response = timeout(Duration::from_secs(10), connection.response())
            .await
            .expect("the response is still delayed");
        assert_eq!(response.status(), "204");

        let (mock, mut connection) = waiting("MOCK*no-answer|600000*1").await;
        end(&mock);
        let closed = timeout(Duration::from_secs(10), connection.is_closed()).await;
        assert!(closed.expect("the connection is still open"));
    }
}

#[tokio::test]
async fn resetting_another_merchant_ends_no_delay() {
    let (mock, mut connection) = waiting("MOCK*no-answer|600000*1").await;
    let other = mock.make_merchant(NewMerchant::default()).unwrap();
    assert!(mock.reset_merchant(other.mchid.as_str()) && mock.remove_merchant(&other.mchid));
    assert!(timeout(Duration::from_millis(1), connection.is_closed()).await.is_err());
}
