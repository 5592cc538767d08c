//! Configured limits are enforced.

use wechatpay_mock::{Clock, Config, Limits, MockServer, policies::Repeat};

use crate::support::{Connection, NOW, RawRequest, exchange};

async fn mock(limits: Limits) -> MockServer {
    MockServer::builder().limits(limits).clock(Clock::fixed(NOW)).start().await.unwrap()
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let sample = RawRequest::sample();
    let length = sample.body.len() as u64;
    for (limit, status) in [(length, "204"), (length - 1, "413")] {
        let mock = mock(Limits::default().with_body(limit).unwrap()).await;
        assert_eq!(exchange(&mock, &sample).await.status(), status, "{limit}");
    }
}

#[tokio::test]
async fn a_head_over_the_limit_is_431() {
    let request = RawRequest::sample().header(&format!("X-Long: {}", "x".repeat(10_000)));
    for (limit, status) in [(16 * 1024, "204"), (8 * 1024, "431")] {
        let mock = mock(Limits::default().with_head(limit).unwrap()).await;
        assert_eq!(exchange(&mock, &request).await.status(), status, "{limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_head_or_body_times_out_after_the_configured_time() {
    let limits = Limits::default().with_head_timeout(3).unwrap().with_body_timeout(5).unwrap();
    let mock = mock(limits).await;
    let begun = tokio::time::Instant::now();
    let mut idle = Connection::open(&mock).await;
    assert!(idle.is_closed().await);
    assert_eq!(begun.elapsed().as_secs(), 3);

    let begun = tokio::time::Instant::now();
    let mut slow = Connection::open(&mock).await;
    slow.send(&RawRequest::sample().header("Content-Length: 100").head()).await;
    assert_eq!(slow.response().await.status(), "408");
    assert_eq!(begun.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn over_the_limit_the_oldest_request_number_is_forgotten() {
    let mut config = Config::default();
    config.limits = Limits::default().with_request_numbers(1).unwrap();
    config.policies.repeat = Repeat::Reject;
    let mock = MockServer::builder().config(config).clock(Clock::fixed(NOW)).start().await.unwrap();
    let request = |number: &str| {
        let body = format!("{{\"out_request_no\":\"{number}\"}}").into_bytes();
        RawRequest { body, ..RawRequest::sample() }
    };
    for (number, status) in [("1", "204"), ("1", "400"), ("2", "204"), ("1", "204")] {
        assert_eq!(exchange(&mock, &request(number)).await.status(), status, "{number}");
    }
}
