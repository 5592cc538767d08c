//! Answers that are late, in a time that passes as soon as everybody waits.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use wechatpay_mock::{Fault, FaultRule, Latency, MockServer, NewMerchant};

use super::{in_memory, raw, until};
use crate::support::{Connection, frozen_mock};

const MILLISECOND: Duration = Duration::from_millis(1);

/// How late the answer to this number is, which is what the journal says.
async fn late(mock: &MockServer, out_request_no: &str) -> Duration {
    let begun = Instant::now();
    let answer = in_memory(mock, &raw(out_request_no).to_bytes()).await;
    let late = begun.elapsed();
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    let said = mock.exchanges().last().unwrap().fault.as_ref().and_then(|strike| strike.latency);
    let said = said.unwrap_or_default();
    assert!(late.abs_diff(said) <= MILLISECOND, "{late:?} is not {said:?}");
    late
}

async fn with_latency(latency: Latency) -> MockServer {
    let mock = frozen_mock().await;
    mock.add_fault(FaultRule { latency: Some(latency), ..FaultRule::default() }).unwrap();
    mock
}

#[tokio::test(start_paused = true)]
async fn without_a_fault_nothing_is_late() {
    assert_eq!(late(&frozen_mock().await, "1").await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_fixed_latency_is_always_the_same() {
    let mock = with_latency(Latency::Fixed(250)).await;
    for number in ["1", "2", "3"] {
        assert_eq!(late(&mock, number).await, Duration::from_millis(250));
    }
}

#[tokio::test(start_paused = true)]
async fn uniform_and_normal_latencies_differ_and_repeat_with_their_rule() {
    for latency in [Latency::Uniform { from: 100, to: 300 }, Latency::Normal { mean: 200, deviation: 20 }] {
        let mut runs = Vec::new();
        for _ in 0..2 {
            let mock = with_latency(latency).await;
            let mut run = Vec::new();
            for number in 0..20 {
                run.push(late(&mock, &number.to_string()).await);
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
async fn each_latency_can_be_had_by_request_number() {
    let mock = frozen_mock().await;
    for (number, from, to) in [
        ("MOCK*latency|250*1", 250, 250),
        ("MOCK*latency-uniform|100|300*1", 100, 301),
        ("MOCK*latency-normal|200|20*1", 100, 300),
    ] {
        let late = late(&mock, number).await.as_millis();
        assert!((from..=to).contains(&late), "{number}: {late}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_use_of_a_number_is_late_by_a_time_of_its_own() {
    let mock = frozen_mock().await;
    let number = "MOCK*latency-uniform|0|600000*1";
    assert_ne!(late(&mock, number).await, late(&mock, number).await);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_can_be_late_as_well() {
    let mock = frozen_mock().await;
    let rule = FaultRule { latency: Some(Latency::Fixed(70)), ..FaultRule::of(Fault::FrequencyLimited) };
    mock.add_fault(rule).unwrap();
    let begun = Instant::now();
    let answer = in_memory(&mock, &raw("1").to_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    assert_eq!(begun.elapsed(), Duration::from_millis(70));
}

/// A mock that has been asked for an answer which won't come for ten minutes, and the connection that waits for it.
async fn waiting(number: &str) -> (MockServer, Connection) {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(&raw(number).to_bytes()).await;
    until(|| !mock.exchanges().is_empty()).await;
    (mock, connection)
}

#[tokio::test]
async fn waiting_requests_end_when_the_faults_are_cleared_or_the_mock_is_reset() {
    let ends: [fn(&MockServer); 3] = [
        |mock| assert_eq!(mock.clear_faults(), 0),
        MockServer::reset,
        |mock| assert!(mock.reset_merchant("1900000001")),
    ];
    for end in ends {
        let (mock, mut connection) = waiting("MOCK*latency|600000*1").await;
        end(&mock);
        let answer =
            timeout(Duration::from_secs(10), connection.reply()).await.expect("it is still kept back");
        assert_eq!(answer.status(), "204");

        let (mock, mut connection) = waiting("MOCK*no-answer|600000*1").await;
        end(&mock);
        let closed = timeout(Duration::from_secs(10), connection.is_closed()).await;
        assert!(closed.expect("it is still kept open"));
    }
}

#[tokio::test]
async fn clearing_the_faults_of_another_merchant_lets_nobody_go() {
    let (mock, mut connection) = waiting("MOCK*no-answer|600000*1").await;
    let other = mock.make_merchant(NewMerchant::default()).unwrap();
    assert!(mock.reset_merchant(other.mchid.as_str()) && mock.remove_merchant(&other.mchid));
    assert!(timeout(Duration::from_millis(1), connection.is_closed()).await.is_err());
}
