//! Connections that do something else than to carry an answer, byte by byte.

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

use super::{Reaction, World, in_memory, of_changes, raw, until};
use crate::support::{Connection, RawRequest, exchange, frozen_mock};

fn address(mock: &MockServer) -> SocketAddr {
    mock.url().trim_start_matches("http://").parse().unwrap()
}

/// Everything that comes back for this request, and how the connection ends.
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
async fn a_reset_comes_before_the_first_byte() {
    let (received, end) = until_end(&frozen_mock().await, &raw(&Fault::Reset.trigger_number())).await;
    assert_eq!((&*received, end.unwrap_err().kind()), ("", ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn only_what_begins_to_be_sent_has_a_status() {
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
async fn a_reset_after_the_headers_comes_before_the_bodys_first_byte() {
    let mock = frozen_mock().await;
    let ordinary = exchange(&mock, &member_card()).await;
    mock.add_fault(FaultRule::of(Fault::ResetAfterHeaders)).unwrap();
    let (received, end) = until_end(&mock, &member_card()).await;
    assert_eq!((received, end.unwrap_err().kind()), (ordinary.head, ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_stop_comes_in_the_middle_of_the_body_as_if_that_were_all() {
    let mock = frozen_mock().await;
    let ordinary = exchange(&mock, &member_card()).await;
    mock.add_fault(FaultRule::of(Fault::StopInBody)).unwrap();
    let (received, end) = until_end(&mock, &member_card()).await;
    end.unwrap();
    let half = &ordinary.body[..ordinary.body.len() / 2];
    assert_eq!(received, ordinary.head + str::from_utf8(half).unwrap());
}

#[tokio::test]
async fn an_empty_answer_has_a_body_to_stop_in() {
    for (fault, body) in [(Fault::ResetAfterHeaders, ""), (Fault::StopInBody, "{")] {
        let (received, _) = until_end(&frozen_mock().await, &raw(&fault.trigger_number())).await;
        assert!(received.starts_with("HTTP/1.1 200 OK\r\n"), "{fault}: {received}");
        assert!(received.contains("\r\nContent-Length: 2\r\n"), "{fault}: {received}");
        assert!(received.ends_with(&format!("\r\n\r\n{body}")), "{fault}: {received}");
    }
}

#[tokio::test]
async fn no_answer_ends_after_the_time_that_is_said_without_a_byte() {
    let (received, end) = until_end(&frozen_mock().await, &raw("MOCK*no-answer|10*1")).await;
    assert!(end.is_ok());
    assert_eq!(received, "");
}

#[tokio::test(start_paused = true)]
async fn no_answer_lasts_for_120_seconds_unless_it_is_said() {
    let begun = tokio::time::Instant::now();
    let answer = in_memory(&frozen_mock().await, &raw(&Fault::NoAnswer.trigger_number()).to_bytes()).await;
    assert_eq!((&*answer, begun.elapsed()), ("", Duration::from_secs(120)));
}

#[tokio::test]
async fn who_gets_no_answer_holds_nobody_up() {
    let world = World::new().await;
    let mut silent = Connection::open(&world.mock).await;
    silent.send(&raw(&Fault::NoAnswer.trigger_number()).to_bytes()).await;
    until(|| world.last_strike().is_some()).await;
    for number in ["1", "2", "3"] {
        assert_eq!(world.change(number).await, Reaction::Verified(204));
    }
    assert!(timeout(Duration::from_millis(1), silent.is_closed()).await.is_err(), "still no answer");
}

#[tokio::test]
async fn after_each_fault_of_a_connection_others_are_served() {
    let world = World::new().await;
    for fault in [
        Fault::Reset,
        Fault::ResetAfterHeaders,
        Fault::StopInBody,
        Fault::LowerCaseHeaders,
        Fault::Reset,
        Fault::AlteredBody,
    ] {
        let _ = world.change(&format!("MOCK*{fault}*{fault}")).await;
        assert_eq!(world.change(&format!("after-{fault}")).await, Reaction::Verified(204), "{fault}");
    }
}

/// Has a change refused, and for ten minutes everybody who would connect.
async fn refuse(world: &World) {
    let rule = FaultRule { milliseconds: Some(600_000), times: Some(1), ..of_changes(Fault::Refuse) };
    world.mock.add_fault(rule).unwrap();
    assert_eq!(world.change("refused").await, Reaction::Broken);
}

#[tokio::test]
async fn no_request_number_keeps_everybody_out_for_longer_than_5_seconds() {
    let world = World::new().await;
    assert_eq!(world.change("MOCK*refuse|5001*1").await, Reaction::Verified(204));
    let warnings = world.mock.exchanges()[0].warnings.clone();
    assert!(format!("{warnings:?}").contains("which affects all merchants"), "{warnings:?}");
}

#[tokio::test]
async fn while_it_refuses_nobody_connects_and_who_is_connected_is_served() {
    let world = World::new().await;
    let mut before = Connection::open(&world.mock).await;
    before.send(&raw("before").to_bytes()).await;
    assert_eq!(before.reply().await.status(), "204");

    refuse(&world).await;
    for number in ["2", "3"] {
        assert_eq!(world.change(number).await, Reaction::NotConnected);
    }
    let error = TcpStream::connect(address(&world.mock)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    before.send(&raw("while").to_bytes()).await;
    assert_eq!(before.reply().await.status(), "204");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_reset_by_a_refuse_cannot_connect_right_after() {
    let world = World::new().await;
    for _ in 0..50 {
        refuse(&world).await;
        assert!(TcpStream::connect(address(&world.mock)).await.is_err());
        world.mock.clear_faults();
        assert_eq!(connects_again(&world).await, Reaction::Verified(204));
    }
}

/// Tries until connecting is no longer refused.
async fn connects_again(world: &World) -> Reaction {
    let trying = async {
        loop {
            match world.change("again").await {
                Reaction::NotConnected => yield_now().await,
                reaction => return reaction,
            }
        }
    };
    timeout(Duration::from_secs(10), trying).await.expect("it goes on refusing")
}

#[tokio::test]
async fn clearing_the_faults_ends_a_refuse_at_once_on_the_same_port() {
    let world = World::new().await;
    let url = world.mock.url();
    refuse(&world).await;
    assert_eq!(world.mock.clear_faults(), 1);
    assert_eq!(connects_again(&world).await, Reaction::Verified(204));
    assert_eq!(world.mock.url(), url);
}

#[tokio::test]
async fn a_refuse_ends_when_its_time_is_up() {
    let world = World::new().await;
    for number in ["MOCK*refuse|20*1", "MOCK*refuse|20*2"] {
        assert_eq!(world.change(number).await, Reaction::Broken);
        assert_eq!(connects_again(&world).await, Reaction::Verified(204));
    }
}

#[tokio::test]
async fn a_short_refuse_does_not_end_a_long_one() {
    let world = World::new().await;
    let mut other = Connection::open(&world.mock).await;
    other.send(&raw("1").to_bytes()).await;
    other.reply().await;
    refuse(&world).await;
    other.send(&raw("MOCK*refuse|0*1").to_bytes()).await;
    assert!(other.is_closed().await);
    assert_eq!(world.change("2").await, Reaction::NotConnected);
}

#[tokio::test]
async fn a_mock_that_refuses_can_end() {
    let world = World::new().await;
    refuse(&world).await;
    assert!(world.mock.shutdown().await);
}

#[tokio::test]
async fn an_earlier_answer_is_whole_although_both_requests_came_at_once() {
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

    // So little room that the earlier answer waits to be read.
    let (mut client, server) = tokio::io::duplex(1024);
    let talk = async {
        client.write_all(&[echo.to_bytes(), raw("1").to_bytes()].concat()).await.unwrap();
        let mut received = Vec::new();
        client.read_to_end(&mut received).await.unwrap();
        String::from_utf8(received).unwrap()
    };
    let (received, ()) = tokio::join!(talk, mock.serve_connection(server));
    let rest = received.strip_prefix(&*ordinary).expect("the earlier answer is whole");
    assert!(rest.starts_with("HTTP/1.1 200 OK\r\n") && rest.ends_with("\r\n\r\n{"), "{rest}");
}
