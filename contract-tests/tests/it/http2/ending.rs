//! How an HTTP/2 connection ends: when it is idle or stalled, and when the mock shuts down.

use std::time::Instant;

use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wechatpay_mock::{Clock, FaultRule, Latency, Limits, MockServer};

use super::{Client, SHORTLY, echo};
use crate::support::{
    NOW, RawRequest, frozen_mock, recorded,
    secure::{connect, handshake, trusting},
    soon,
};

/// A mock with timeouts of one second.
async fn impatient() -> MockServer {
    let limits = Limits::default().with_head_timeout(1).and_then(|limits| limits.with_body_timeout(1));
    let limits = limits.and_then(|limits| limits.with_write_timeout(1)).unwrap();
    MockServer::builder().limits(limits).clock(Clock::fixed(NOW)).start().await.unwrap()
}

#[track_caller]
fn assert_ended_after_a_second(begun: Instant) {
    let waited = begun.elapsed();
    assert!((1.0..1.0 + SHORTLY.as_secs_f64()).contains(&waited.as_secs_f64()), "{waited:?}");
}

/// The types of all frames until the connection ends.
async fn frame_types(stream: &mut (impl AsyncReadExt + Unpin)) -> Vec<u8> {
    let mut types = Vec::new();
    let mut head = [0; 9];
    while soon(stream.read_exact(&mut head)).await.is_ok() {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        soon(stream.read_exact(&mut vec![0; length])).await.unwrap();
        types.push(head[3]);
    }
    types
}

/// The start of a client's connection: the preface and an empty SETTINGS frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const GOAWAY: u8 = 7;

#[tokio::test]
async fn an_incomplete_handshake_times_out() {
    let mock = impatient().await;
    mock.ca_pem().await.unwrap();
    for sent in [&[22][..], &[22, 3, 1, 2, 0], &[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]] {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(mock.address()).await.unwrap();
        stream.write_all(sent).await.unwrap();
        assert_eq!(soon(stream.read_to_end(&mut Vec::new())).await.unwrap(), 0);
        assert_ended_after_a_second(begun);
    }
}

#[tokio::test]
async fn silence_after_the_handshake_times_out() {
    let mock = impatient().await;
    for (protocols, sent) in [
        (&["http/1.1"][..], &b""[..]),
        (&["http/1.1"], b"GET /v3/none HT"),
        (&["h2"], b""),
        (&["h2"], &PREFACE[..10]),
        (&["h2"], PREFACE),
        // Request headers that never end.
        (&["h2"], &[PREFACE, b"\0\0\x01\x01\0\0\0\0\x01\x82"].concat()),
    ] {
        let begun = Instant::now();
        let mut stream = soon(connect(&mock, "localhost", protocols)).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let mut received = Vec::new();
        let _ = soon(stream.read_to_end(&mut received)).await;
        assert_ended_after_a_second(begun);
    }
}

#[tokio::test]
async fn an_idle_connection_gets_a_goaway_before_it_is_closed() {
    let mock = impatient().await;
    let mut stream = soon(connect(&mock, "localhost", &["h2"])).await.unwrap();
    stream.write_all(PREFACE).await.unwrap();
    assert!(frame_types(&mut stream).await.contains(&GOAWAY));
}

#[tokio::test]
async fn the_idle_timeout_is_the_same_after_requests() {
    let mock = impatient().await;
    let client = Client::of(&mock).await;
    let mut begun = Instant::now();
    for _ in 0..3 {
        begun = Instant::now();
        assert_eq!(client.call(&RawRequest::sample()).await.unwrap().status, 204);
    }
    assert!(soon(client.connection).await.unwrap().is_ok());
    assert_ended_after_a_second(begun);
}

#[tokio::test]
async fn a_response_that_is_not_read_ends_the_connection_despite_other_requests() {
    let mock = impatient().await;
    let client = Client::with_window(&mock, 1024).await;
    let begun = Instant::now();
    // The headers arrive, and as much of the body as the window holds. Nobody reads it.
    let _never_read = soon(client.send(echo(100_000).to_http("https://localhost"))).await.unwrap();
    soon(async { while client.call(&RawRequest::sample()).await.is_ok() {} }).await;
    assert_ended_after_a_second(begun);
}

fn events() -> RawRequest {
    RawRequest { method: "GET", target: "/__mock/events".into(), body: Vec::new(), ..RawRequest::sample() }
}

#[tokio::test]
async fn a_stream_of_events_lasts_longer_than_a_response_and_ends_with_the_mock() {
    let mock = impatient().await;
    let client = Client::of(&mock).await;
    let mut events = soon(client.send(events().to_http("https://localhost"))).await.unwrap().into_body();
    let first = soon(events.frame()).await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"id: "));
    // Three seconds in which nothing happens, on the same connection.
    let wait = RawRequest { target: "/__mock/exchanges?wait=3".into(), ..RawRequest::certificates() };
    assert_eq!(client.call(&wait).await.unwrap().status, 200);
    assert_eq!(client.call(&RawRequest::sample()).await.unwrap().status, 204);
    let told = soon(events.frame()).await.unwrap().unwrap().into_data().unwrap();
    assert!(told.starts_with(b"event: exchanges\n"), "{told:?}");
    let end = async { tokio::join!(mock.shutdown(), events.collect()) };
    let (is_in_time, rest) = soon(end).await;
    assert!(is_in_time && rest.unwrap().to_bytes().is_empty());
}

#[tokio::test]
async fn a_stream_of_events_that_is_not_read_ends_the_connection() {
    let mock = impatient().await;
    let client = Client::with_window(&mock, 100).await;
    let _never_read = soon(client.send(events().to_http("https://localhost"))).await.unwrap();
    let begun = Instant::now();
    soon(async { while client.call(&RawRequest::sample()).await.is_ok() {} }).await;
    assert_ended_after_a_second(begun);
}

#[tokio::test]
async fn a_response_read_in_small_pieces_is_complete() {
    let mock = MockServer::builder().clock(Clock::fixed(NOW)).start().await.unwrap();
    for window in [1, 100, 65_535] {
        let client = Client::with_window(&mock, window).await;
        let response = client.call(&echo(200)).await.unwrap();
        assert_eq!(response.status, 200);
        assert!(response.body.ends_with(b"\"}"), "{window}");
    }
}

#[tokio::test]
async fn shutdown_finishes_requests_in_flight_and_sends_goaway() {
    let mock = MockServer::builder().clock(Clock::fixed(NOW)).start().await.unwrap();
    mock.add_fault(FaultRule { latency: Some(Latency::Fixed(500)), ..FaultRule::default() }).unwrap();
    let client = Client::of(&mock).await;
    let call = async { client.call(&RawRequest::sample()).await.unwrap().status };
    let end = async {
        recorded(&mock).await;
        let begun = Instant::now();
        (mock.shutdown().await, begun.elapsed() < SHORTLY)
    };
    let (status, ended) = soon(async { tokio::join!(call, end) }).await;
    assert_eq!((status.as_u16(), ended), (204, (true, true)));
    assert!(client.end().await);
}

#[tokio::test]
async fn idle_connections_do_not_delay_the_shutdown() {
    let mock = MockServer::builder().start().await.unwrap();
    let mut silent = soon(connect(&mock, "localhost", &["h2"])).await.unwrap();
    silent.write_all(PREFACE).await.unwrap();
    let just_connected = soon(connect(&mock, "localhost", &["h2"])).await.unwrap();
    let mut half = TcpStream::connect(mock.address()).await.unwrap();
    half.write_all(&[22, 3, 1]).await.unwrap();
    let begun = Instant::now();
    assert!(soon(mock.shutdown()).await);
    assert!(begun.elapsed() < SHORTLY, "{:?}", begun.elapsed());
    assert!(frame_types(&mut silent).await.contains(&GOAWAY));
    drop(just_connected);
}

#[tokio::test]
async fn a_dropped_mock_closes_its_connections() {
    let mock = frozen_mock().await;
    let client = Client::of(&mock).await;
    mock.add_fault(FaultRule { latency: Some(Latency::Fixed(60_000)), ..FaultRule::default() }).unwrap();
    let call = tokio::spawn(client.send(RawRequest::sample().to_http("https://localhost")));
    soon(recorded(&mock)).await;
    let config = trusting(&mock.ca_pem().await.unwrap(), &["http/1.1"]);
    let stream = TcpStream::connect(mock.address()).await.unwrap();
    let mut other = soon(handshake(stream, config, "localhost")).await.unwrap();
    drop(mock);
    let response = soon(call).await.unwrap();
    assert!(response.is_err(), "{response:?}");
    let _ = soon(other.read_to_end(&mut Vec::new())).await;
}
