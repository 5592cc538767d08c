//! Faults of the connection, checked byte by byte.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::yield_now,
    time::timeout,
};
use wechatpay_mock::{Fault, FaultRule, MockServer};

use super::{Reaction, Setup, in_memory, of_changes, raw, until};
use crate::support::{Connection, RawRequest, exchange, frozen_mock, secure::WAYS, soon};

fn address(mock: &MockServer) -> SocketAddr {
    mock.url().trim_start_matches("http://").parse().unwrap()
}

/// All bytes that the mock sends for this request, and how the connection ends.
async fn until_end(mock: &MockServer, request: &RawRequest) -> (String, io::Result<()>) {
    let mut stream = TcpStream::connect(address(mock)).await.unwrap();
    stream.write_all(&request.to_bytes()).await.unwrap();
    let mut received = Vec::new();
    let end = stream.read_to_end(&mut received).await.map(drop);
    (String::from_utf8(received).unwrap(), end)
}

fn member_card() -> RawRequest {
    let target = "/v3/marketing/membercard-open/cards/a/codes/1".into();
    RawRequest { method: "GET", target, body: Vec::new(), ..RawRequest::sample() }
}

#[tokio::test]
async fn reset_comes_before_the_first_byte() {
    let (received, end) = until_end(&frozen_mock().await, &raw(&Fault::Reset.trigger_number())).await;
    assert_eq!((&*received, end.unwrap_err().kind()), ("", ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn idle_close_resets_a_kept_connection_when_the_next_request_arrives() {
    for way in WAYS {
        let mock = frozen_mock().await;
        let mut connection = soon(way.open(&mock)).await;
        connection.send(&raw("MOCK*idle-close*1").to_bytes()).await;
        let response = soon(connection.response()).await;
        assert_eq!(response.status(), "204");
        assert!(response.head.contains("\r\nConnection: keep-alive\r\n"), "{}", response.head);
        connection.send(&raw("2").to_bytes()).await;
        assert_eq!(soon(connection.rest()).await, (vec![], false), "{way:?}");
        assert_eq!(mock.exchanges().len(), 1, "the request that met the reset was processed");
        assert_eq!(exchange(&mock, &raw("2")).await.status(), "204");
    }
}

#[tokio::test]
async fn only_a_response_that_begins_to_be_sent_has_a_status() {
    for (number, status) in [
        ("MOCK*refuse|0*1", None),
        ("MOCK*reset*1", None),
        ("MOCK*no-answer|0*1", None),
        ("MOCK*reset-after-headers*1", Some(200)),
        ("MOCK*stop-in-body*1", Some(200)),
        ("MOCK*lower-case-headers*1", Some(204)),
    ] {
        let mock = frozen_mock().await;
        let _ = until_end(&mock, &raw(number)).await;
        assert_eq!(mock.exchanges()[0].status.map(|status| status.as_u16()), status, "{number}");
    }
}

#[tokio::test]
async fn reset_after_headers_comes_before_the_first_byte_of_the_body() {
    let mock = frozen_mock().await;
    let ordinary = exchange(&mock, &member_card()).await;
    mock.add_fault(FaultRule::of(Fault::ResetAfterHeaders)).unwrap();
    let (received, end) = until_end(&mock, &member_card()).await;
    assert_eq!((received, end.unwrap_err().kind()), (ordinary.head, ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn stop_in_body_ends_cleanly_in_the_middle_of_the_body() {
    let mock = frozen_mock().await;
    let ordinary = exchange(&mock, &member_card()).await;
    mock.add_fault(FaultRule::of(Fault::StopInBody)).unwrap();
    let (received, end) = until_end(&mock, &member_card()).await;
    end.unwrap();
    let half = &ordinary.body[..ordinary.body.len() / 2];
    assert_eq!(received, ordinary.head + str::from_utf8(half).unwrap());
}

#[tokio::test]
async fn a_204_gets_a_body_to_stop_in() {
    for (fault, body) in [(Fault::ResetAfterHeaders, ""), (Fault::StopInBody, "{")] {
        let (received, _) = until_end(&frozen_mock().await, &raw(&fault.trigger_number())).await;
        assert!(received.starts_with("HTTP/1.1 200 OK\r\n"), "{fault}: {received}");
        assert!(received.contains("\r\nContent-Length: 2\r\n"), "{fault}: {received}");
        assert!(received.ends_with(&format!("\r\n\r\n{body}")), "{fault}: {received}");
    }
}

#[tokio::test]
async fn no_answer_closes_after_the_given_time_without_a_byte() {
    let (received, end) = until_end(&frozen_mock().await, &raw("MOCK*no-answer|10*1")).await;
    assert!(end.is_ok());
    assert_eq!(received, "");
}

#[tokio::test(start_paused = true)]
async fn no_answer_lasts_120_seconds_by_default() {
    let begun = tokio::time::Instant::now();
    let response = in_memory(&frozen_mock().await, &raw(&Fault::NoAnswer.trigger_number()).to_bytes()).await;
    assert_eq!((&*response, begun.elapsed()), ("", Duration::from_secs(120)));
}

#[tokio::test]
async fn no_answer_does_not_delay_other_connections() {
    let setup = Setup::new().await;
    let mut silent = Connection::open(&setup.mock).await;
    silent.send(&raw(&Fault::NoAnswer.trigger_number()).to_bytes()).await;
    until(|| setup.last_fault().is_some()).await;
    for number in ["1", "2", "3"] {
        assert_eq!(setup.change(number).await, Reaction::Verified(204));
    }
    assert!(timeout(Duration::from_millis(1), silent.is_closed()).await.is_err(), "still no response");
}

#[tokio::test]
async fn other_connections_work_after_each_connection_fault() {
    let setup = Setup::new().await;
    for fault in [
        Fault::Reset,
        Fault::ResetAfterHeaders,
        Fault::StopInBody,
        Fault::LowerCaseHeaders,
        Fault::Reset,
        Fault::AlteredBody,
    ] {
        let _ = setup.change(&format!("MOCK*{fault}*{fault}")).await;
        assert_eq!(setup.change(&format!("after-{fault}")).await, Reaction::Verified(204), "{fault}");
    }
}

/// Makes the mock refuse one change, and all new connections for ten minutes.
async fn refuse(setup: &Setup) {
    let rule = FaultRule { milliseconds: Some(600_000), times: Some(1), ..of_changes(Fault::Refuse) };
    setup.mock.add_fault(rule).unwrap();
    assert_eq!(setup.change("refused").await, Reaction::Broken);
}

#[tokio::test]
async fn a_request_number_cannot_refuse_connections_for_over_5_seconds() {
    let setup = Setup::new().await;
    assert_eq!(setup.change("MOCK*refuse|5001*1").await, Reaction::Verified(204));
    let warnings = setup.mock.exchanges()[0].warnings.clone();
    assert!(format!("{warnings:?}").contains("which affects all merchants"), "{warnings:?}");
}

#[tokio::test]
async fn while_refusing_nobody_can_connect_and_open_connections_work() {
    let setup = Setup::new().await;
    let mut before = Connection::open(&setup.mock).await;
    before.send(&raw("before").to_bytes()).await;
    assert_eq!(before.response().await.status(), "204");

    refuse(&setup).await;
    for number in ["2", "3"] {
        assert_eq!(setup.change(number).await, Reaction::NotConnected);
    }
    let error = TcpStream::connect(address(&setup.mock)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    before.send(&raw("while").to_bytes()).await;
    assert_eq!(before.response().await.status(), "204");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_a_refuse_resets_cannot_reconnect_at_once() {
    let setup = Setup::new().await;
    for _ in 0..50 {
        refuse(&setup).await;
        assert!(TcpStream::connect(address(&setup.mock)).await.is_err());
        setup.mock.clear_faults();
        assert_eq!(connects_again(&setup).await, Reaction::Verified(204));
    }
}

/// Retries until the mock no longer refuses connections.
async fn connects_again(setup: &Setup) -> Reaction {
    let trying = async {
        loop {
            match setup.change("again").await {
                Reaction::NotConnected => yield_now().await,
                reaction => return reaction,
            }
        }
    };
    timeout(Duration::from_secs(10), trying).await.expect("the mock still refuses connections")
}

#[tokio::test]
async fn clearing_faults_ends_a_refuse_at_once_on_the_same_port() {
    let setup = Setup::new().await;
    let url = setup.mock.url();
    refuse(&setup).await;
    assert_eq!(setup.mock.clear_faults(), 1);
    assert_eq!(connects_again(&setup).await, Reaction::Verified(204));
    assert_eq!(setup.mock.url(), url);
}

#[tokio::test]
async fn a_refuse_ends_when_its_time_is_up() {
    let setup = Setup::new().await;
    for number in ["MOCK*refuse|20*1", "MOCK*refuse|20*2"] {
        assert_eq!(setup.change(number).await, Reaction::Broken);
        assert_eq!(connects_again(&setup).await, Reaction::Verified(204));
    }
}

#[tokio::test]
async fn a_short_refuse_does_not_end_a_long_one() {
    let setup = Setup::new().await;
    let mut other = Connection::open(&setup.mock).await;
    other.send(&raw("1").to_bytes()).await;
    other.response().await;
    refuse(&setup).await;
    other.send(&raw("MOCK*refuse|0*1").to_bytes()).await;
    assert!(other.is_closed().await);
    assert_eq!(setup.change("2").await, Reaction::NotConnected);
}

#[tokio::test]
async fn a_mock_that_refuses_connections_can_shut_down() {
    let setup = Setup::new().await;
    refuse(&setup).await;
    assert!(setup.mock.shutdown().await);
}

#[tokio::test]
async fn a_fault_does_not_cut_the_response_before_it_on_the_same_connection() {
    let message = "x".repeat(100_000);
    let echo = RawRequest {
        method: "POST",
        target: "/v3/security/echo".into(),
        body: format!("{{\"echo_message\":\"{message}\"}}").into_bytes(),
        ..RawRequest::sample()
    };
    let echo = echo.header("Wechatpay-Serial: PUB_KEY_ID_0119000000012026010100000000000001");
    let mock = frozen_mock().await;
    let ordinary = in_memory(&mock, &echo.to_bytes()).await;
    assert!(ordinary.starts_with("HTTP/1.1 200 ") && ordinary.ends_with("\"}"), "{}", &ordinary[..400]);
    mock.add_fault(of_changes(Fault::StopInBody)).unwrap();

    // A buffer so small that the first response waits to be read.
    let (mut client, server) = tokio::io::duplex(1024);
    let talk = async {
        client.write_all(&[echo.to_bytes(), raw("1").to_bytes()].concat()).await.unwrap();
        let mut received = Vec::new();
        client.read_to_end(&mut received).await.unwrap();
        String::from_utf8(received).unwrap()
    };
    let (received, ()) = tokio::join!(talk, mock.serve_connection(server));
    let rest = received.strip_prefix(&*ordinary).expect("the first response is complete");
    assert!(rest.starts_with("HTTP/1.1 200 OK\r\n") && rest.ends_with("\r\n\r\n{"), "{rest}");
}
