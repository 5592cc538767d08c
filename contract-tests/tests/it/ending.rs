//! A shutdown finishes the requests in flight, closes other connections at once, and never hangs.

use std::{
    io::{Read, Write},
    net,
    time::{Duration, Instant},
};

use tokio::task::yield_now;
use wechatpay_mock::{Fault, FaultRule, Latency, Limits, MockServer};

use crate::support::{Connection, RawRequest, exchange, frozen_mock, recorded};

/// Far less than the shutdown timeout of 10 seconds, and far more than anything here takes.
const SOON: Duration = Duration::from_secs(5);

/// Shuts the mock down, and returns whether every connection ended normally and soon.
async fn ends_soon(mock: MockServer) -> bool {
    let begun = Instant::now();
    mock.shutdown().await && begun.elapsed() < SOON
}

/// A request whose body the mock waits for, and that body.
async fn half_sent(mock: &MockServer) -> (Connection, Vec<u8>) {
    let sample = RawRequest::sample();
    let length = sample.body.len();
    let head =
        sample.clone().header(&format!("Content-Length: {length}")).header("Expect: 100-continue").head();
    let mut connection = Connection::open(mock).await;
    connection.send(&head).await;
    assert_eq!(connection.response().await.status(), "100");
    (connection, sample.body)
}

#[tokio::test]
async fn without_connections_the_mock_ends_at_once_and_nobody_can_connect() {
    let mock = frozen_mock().await;
    let address = mock.url().replace("http://", "");
    assert!(ends_soon(mock).await);
    assert!(net::TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn idle_connections_are_closed_at_once() {
    let mock = frozen_mock().await;
    let mut used = Connection::open(&mock).await;
    used.send(&RawRequest::sample().to_bytes()).await;
    assert_eq!(used.response().await.status(), "204");
    let mut unused = Connection::open(&mock).await;
    assert!(ends_soon(mock).await);
    assert!(used.is_closed().await && unused.is_closed().await);
}

#[tokio::test]
async fn a_delayed_response_is_still_sent() {
    let mock = frozen_mock().await;
    mock.add_fault(FaultRule { latency: Some(Latency::Fixed(500)), ..FaultRule::default() }).unwrap();
    let mut connection = Connection::open(&mock).await;
    connection.send(&RawRequest::sample().to_bytes()).await;
    recorded(&mock).await;
    let (ended, response) = tokio::join!(ends_soon(mock), connection.response());
    assert_eq!((ended, response.status()), (true, "204"));
    assert!(connection.is_closed().await);
}

#[tokio::test]
async fn a_request_still_arriving_gets_its_response_with_connection_close() {
    let mock = frozen_mock().await;
    let (mut connection, body) = half_sent(&mock).await;
    let rest = async {
        let (begin, end) = body.split_at(1);
        connection.send(begin).await;
        for _ in 0..100 {
            yield_now().await;
        }
        connection.send(end).await;
        connection.response().await
    };
    let (ended, response) = tokio::join!(ends_soon(mock), rest);
    assert_eq!((ended, response.status()), (true, "204"));
    assert!(response.head.contains("\r\nConnection: close\r\n"), "{}", response.head);
    assert!(connection.is_closed().await);
}

#[tokio::test]
async fn a_connection_not_yet_accepted_gets_its_response() {
    let mock = frozen_mock().await;
    // Nothing else runs on this thread until the next await, so the mock has not accepted this peer at the shutdown.
    let mut waiting = net::TcpStream::connect(mock.url().replace("http://", "")).unwrap();
    waiting.write_all(&RawRequest::sample().to_bytes()).unwrap();
    assert!(ends_soon(mock).await);
    let mut response = String::new();
    waiting.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 204 "), "{response}");
}

#[tokio::test]
async fn a_request_over_the_shutdown_timeout_is_cut_off() {
    let limits = Limits::default().with_shutdown(0).unwrap();
    let mock = MockServer::builder().limits(limits).start().await.unwrap();
    let (mut connection, _) = half_sent(&mock).await;
    assert!(!mock.shutdown().await);
    assert!(connection.is_closed().await);
}

#[tokio::test]
async fn the_shutdown_does_not_wait_for_a_no_answer_fault() {
    let mock = frozen_mock().await;
    mock.add_fault(FaultRule::of(Fault::NoAnswer)).unwrap();
    let mut connection = Connection::open(&mock).await;
    connection.send(&RawRequest::sample().to_bytes()).await;
    recorded(&mock).await;
    assert!(ends_soon(mock).await);
    assert!(connection.is_closed().await);
}

#[tokio::test]
async fn the_mock_ends_while_it_refuses_connections() {
    let mock = frozen_mock().await;
    mock.add_fault(FaultRule { milliseconds: Some(600_000), ..FaultRule::of(Fault::Refuse) }).unwrap();
    let mut connection = Connection::open(&mock).await;
    connection.send(&RawRequest::sample().to_bytes()).await;
    assert!(connection.is_closed().await);
    assert!(net::TcpStream::connect(mock.url().replace("http://", "")).is_err());
    assert!(ends_soon(mock).await);
}

#[tokio::test]
async fn dropping_the_mock_cuts_off_requests_in_flight() {
    let mock = frozen_mock().await;
    let (mut connection, _) = half_sent(&mock).await;
    drop(mock);
    assert!(connection.is_closed().await);
}

#[tokio::test]
async fn another_mock_can_listen_on_the_address_of_an_ended_one() {
    let mock = frozen_mock().await;
    exchange(&mock, &RawRequest::sample()).await;
    let address = mock.url().replace("http://", "").parse().unwrap();
    assert!(ends_soon(mock).await);
    MockServer::builder().listen(address).start().await.unwrap();
}
