//! Faults over HTTP/2 and inside a tunnel.

use std::{error::Error, io};

use http_body_util::BodyExt;
use tokio::net::TcpStream;
use wechatpay_mock::{FAULTS, Fault, FaultRule};

use super::{Client, Complete};
use crate::support::{RawRequest, exchange, frozen_mock, recorded, secure::WAYS, soon};

/// A change that meets this fault.
fn change_with(fault: Fault) -> RawRequest {
    let body = format!("{{\"out_request_no\":\"{}\"}}", fault.trigger_number()).into_bytes();
    RawRequest { body, ..RawRequest::sample() }
}

fn member_card() -> RawRequest {
    let target = "/v3/marketing/membercard-open/cards/a/codes/1".into();
    RawRequest { method: "GET", target, body: Vec::new(), ..RawRequest::sample() }
}

/// Whether only the stream was reset, not the connection.
fn is_stream_error(error: &hyper::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("stream error received") {
            return true;
        }
        cause = error.source();
    }
    false
}

#[tokio::test]
async fn every_response_fault_is_the_same_as_over_http_1_1() {
    let is_connection_fault = |fault: &Fault| {
        use Fault::{LowerCaseHeaders, NoAnswer, Refuse, Reset, ResetAfterHeaders, StopInBody};
        matches!(fault, Refuse | Reset | ResetAfterHeaders | StopInBody | NoAnswer | LowerCaseHeaders)
    };
    for fault in FAULTS.iter().filter(|fault| !is_connection_fault(fault)) {
        let plain = exchange(&frozen_mock().await, &change_with(*fault)).await;
        let mock = frozen_mock().await;
        let Complete { status, headers, body } =
            Client::of(&mock).await.call(&change_with(*fault)).await.unwrap();
        assert_eq!((status.as_str(), &body), (plain.status(), &plain.body), "{fault}");
        let signature = headers.get("wechatpay-signature").map(|value| value.to_str().unwrap());
        let plain_signature = plain.head.lines().find_map(|line| line.strip_prefix("Wechatpay-Signature: "));
        assert_eq!(signature, plain_signature, "{fault}");
    }
}

#[tokio::test]
async fn reset_ends_the_connection_without_a_response() {
    let mock = frozen_mock().await;
    let client = Client::of(&mock).await;
    let error = client.call(&change_with(Fault::Reset)).await.err().unwrap();
    assert!(!is_stream_error(&error), "{error:?}");
    assert!(client.call(&RawRequest::sample()).await.is_err());
    assert_eq!(Client::of(&mock).await.call(&RawRequest::sample()).await.unwrap().status, 204);
}

#[tokio::test]
async fn refuse_ends_the_connection_and_nobody_can_connect() {
    let mock = frozen_mock().await;
    let client = Client::of(&mock).await;
    mock.add_fault(FaultRule { milliseconds: Some(600_000), ..FaultRule::of(Fault::Refuse) }).unwrap();
    assert!(client.call(&RawRequest::sample()).await.is_err());
    let error = TcpStream::connect(mock.address()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn no_answer_ends_the_connection_after_its_time() {
    let mock = frozen_mock().await;
    mock.add_fault(FaultRule { milliseconds: Some(10), ..FaultRule::of(Fault::NoAnswer) }).unwrap();
    let client = Client::of(&mock).await;
    let error = client.call(&RawRequest::sample()).await.err().unwrap();
    assert!(!is_stream_error(&error), "{error:?}");
}

#[tokio::test]
async fn no_answer_does_not_delay_other_requests_on_the_connection() {
    let mock = frozen_mock().await;
    let silent = FaultRule { milliseconds: Some(600_000), times: Some(1), ..FaultRule::of(Fault::NoAnswer) };
    mock.add_fault(silent).unwrap();
    let client = Client::of(&mock).await;
    let first = tokio::spawn(client.send(RawRequest::sample().to_http("https://localhost")));
    soon(recorded(&mock)).await;
    assert_eq!(client.call(&RawRequest::sample()).await.unwrap().status, 204);
    assert!(!first.is_finished());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_body_ends_after_the_headers_and_only_its_own_stream() {
    let ordinary = exchange(&frozen_mock().await, &member_card()).await;
    for (fault, sent) in [(Fault::ResetAfterHeaders, 0), (Fault::StopInBody, ordinary.body.len() / 2)] {
        let mock = frozen_mock().await;
        let client = Client::of(&mock).await;
        // Many times, because the data and the reset race each other.
        for round in 0..50 {
            mock.add_fault(FaultRule { times: Some(1), ..FaultRule::of(fault) }).unwrap();
            let response = soon(client.send(member_card().to_http("https://localhost"))).await;
            let response = response.unwrap_or_else(|error| panic!("{fault} {round}: {error:?}"));
            assert_eq!(response.status(), 200, "{fault}");
            assert_eq!(response.headers()["content-length"], ordinary.body.len().to_string(), "{fault}");
            let mut body = response.into_body();
            let mut received = Vec::new();
            let error = loop {
                match soon(body.frame()).await.expect("the body does not end normally") {
                    Ok(frame) => received.extend_from_slice(&frame.into_data().unwrap()),
                    Err(error) => break error,
                }
            };
            assert_eq!(received, ordinary.body[..sent], "{fault}");
            assert!(is_stream_error(&error), "{fault}: {error:?}");
            assert_eq!(client.call(&RawRequest::sample()).await.unwrap().status, 204, "{fault}");
        }
    }
}

#[tokio::test]
async fn lower_case_headers_changes_nothing() {
    let mock = frozen_mock().await;
    let client = Client::of(&mock).await;
    for _ in 0..2 {
        assert_eq!(client.call(&change_with(Fault::LowerCaseHeaders)).await.unwrap().status, 204);
    }
}

#[tokio::test]
async fn a_connection_fault_over_tls_and_in_a_tunnel_is_the_same_as_in_plain_text() {
    use Fault::{LowerCaseHeaders, NoAnswer, Reset, ResetAfterHeaders, StopInBody};
    for fault in [Reset, ResetAfterHeaders, StopInBody, NoAnswer, LowerCaseHeaders] {
        let mut ends = Vec::new();
        for way in WAYS {
            let mock = frozen_mock().await;
            let milliseconds = (fault == NoAnswer).then_some(10);
            mock.add_fault(FaultRule { milliseconds, ..FaultRule::of(fault) }).unwrap();
            let mut connection = soon(way.open(&mock)).await;
            connection.send(&member_card().to_bytes()).await;
            ends.push(soon(connection.rest()).await);
        }
        let [plain, tls, tunnel] = &ends[..] else { unreachable!() };
        assert!(plain == tls && plain == tunnel, "{fault}: {ends:?}");
        assert_eq!(plain.1, !matches!(fault, Reset | ResetAfterHeaders), "{fault}");
    }
}
