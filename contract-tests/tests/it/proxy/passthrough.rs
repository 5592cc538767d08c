//! What is let through, to a server that is there for this.

use std::time::Instant;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use wechatpay_mock::MockServer;

use crate::support::{Connection, secure::tunnel, soon};

/// A mock that lets requests through to this machine, and somebody there.
async fn mock_and_other() -> (MockServer, TcpListener, String) {
    let builder = MockServer::builder().proxy_passthrough("localhost".parse().unwrap());
    let mock = builder.start().await.unwrap();
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let name = format!("localhost:{}", other.local_addr().unwrap().port());
    (mock, other, name)
}

#[tokio::test]
async fn a_tunnel_carries_bytes_both_ways_until_both_ends_are_said() {
    let (mock, other, name) = mock_and_other().await;
    let mut here = soon(tunnel(&mock, &name)).await.unwrap();
    let (mut there, _) = soon(other.accept()).await.unwrap();
    let mut received = [0; 4];
    for _ in 0..3 {
        here.write_all(b"ping").await.unwrap();
        soon(there.read_exact(&mut received)).await.unwrap();
        assert_eq!(&received, b"ping");
        there.write_all(b"pong").await.unwrap();
        soon(here.read_exact(&mut received)).await.unwrap();
        assert_eq!(&received, b"pong");
    }
    here.shutdown().await.unwrap();
    assert_eq!(soon(there.read(&mut received)).await.unwrap(), 0);
    there.write_all(b"last").await.unwrap();
    drop(there);
    let mut rest = Vec::new();
    soon(here.read_to_end(&mut rest)).await.unwrap();
    assert_eq!(rest, b"last");
    assert!(mock.exchanges().is_empty());
}

#[tokio::test]
async fn a_tunnel_whose_other_end_is_gone_ends() {
    let (mock, other, name) = mock_and_other().await;
    let mut here = soon(tunnel(&mock, &name)).await.unwrap();
    let (there, _) = soon(other.accept()).await.unwrap();
    drop(there);
    assert_eq!(soon(here.read(&mut [0])).await.unwrap(), 0);
}

#[tokio::test]
async fn a_mock_that_ends_ends_its_tunnels_at_once() {
    let (mock, other, name) = mock_and_other().await;
    let mut here = soon(tunnel(&mock, &name)).await.unwrap();
    let (mut there, _) = soon(other.accept()).await.unwrap();
    let begun = Instant::now();
    assert!(soon(mock.shutdown()).await);
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    assert_eq!(soon(here.read(&mut [0])).await.unwrap_or(0), 0);
    assert_eq!(soon(there.read(&mut [0])).await.unwrap_or(0), 0);
}

/// What the other server gets for this request, and what comes back for its answer.
async fn forwarded(request: &str, answer: &str) -> (String, String) {
    let (mock, other, name) = mock_and_other().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(request.replace("OTHER", &name).as_bytes()).await;
    let (mut there, _) = soon(other.accept()).await.unwrap();
    let mut received = Vec::new();
    while !received.ends_with(b"\r\n\r\n") && !received.ends_with(b"0\r\n\r\nbody") {
        soon(there.read_buf(&mut received)).await.unwrap();
    }
    there.write_all(answer.as_bytes()).await.unwrap();
    let received = String::from_utf8(received).unwrap().replace(&name, "OTHER");
    (received, soon(connection.reply()).await.to_text())
}

/// The lines of a head, in lower case and sorted.
fn lines(head: &str) -> Vec<String> {
    let mut lines: Vec<_> = head.lines().filter(|line| !line.is_empty()).map(str::to_lowercase).collect();
    lines[1..].sort();
    lines
}

#[tokio::test]
async fn a_request_goes_on_without_what_was_for_the_proxy_alone() {
    let (received, _) = forwarded(
        "GET http://OTHER/path?query=%20 HTTP/1.1\r\nHost: elsewhere\r\nAccept: */*\r\nTE: trailers\r\n\
         Connection: keep-alive, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nProxy-Connection: keep-alive\r\n\
         Proxy-Authorization: Basic eDp5\r\nUpgrade: websocket\r\nVia: 1.0 before\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
    )
    .await;
    assert_eq!(
        lines(&received),
        [
            "get /path?query=%20 http/1.1",
            "accept: */*",
            "host: other",
            "via: 1.0 before",
            "via: 1.1 wechatpay-mock",
        ]
    );
}

#[tokio::test]
async fn an_answer_comes_back_without_what_was_for_the_proxy_alone() {
    let (_, answer) = forwarded(
        "GET http://OTHER/ HTTP/1.1\r\nHost: OTHER\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: X-Theirs\r\nX-Theirs: 1\r\nKeep-Alive: 5\r\n\
         Proxy-Authenticate: Basic\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nX-Kept: 1\r\n\r\nbody",
    )
    .await;
    assert!(answer.ends_with("\n\nbody"), "{answer}");
    assert_eq!(
        lines(answer.trim_end_matches("body")),
        [
            "http/1.1 200 ok",
            "content-length: 4",
            "date: thu, 01 jan 2026 00:00:00 gmt",
            "via: 1.1 wechatpay-mock",
            "x-kept: 1",
        ]
    );
}

#[tokio::test]
async fn a_body_goes_on_whether_or_not_its_length_is_known() {
    let answer = "HTTP/1.1 204 No Content\r\n\r\n";
    let chunked = "POST http://OTHER/ HTTP/1.1\r\nHost: OTHER\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n";
    let (received, replied) = forwarded(chunked, answer).await;
    assert!(received.ends_with("\r\n\r\n4\r\nbody\r\n0\r\n\r\n"), "{received}");
    assert!(replied.starts_with("HTTP/1.1 204 "), "{replied}");
}

#[tokio::test]
async fn who_can_not_be_reached_is_502_with_the_reason() {
    let (mock, other, name) = mock_and_other().await;
    drop(other);
    let reply = soon(tunnel(&mock, &name)).await.err().unwrap();
    assert_eq!(reply.status(), "502");
    let text = String::from_utf8(reply.body).unwrap();
    let beginning = format!("wechatpay-mock: cannot reach {name}, which --proxy-passthrough names: ");
    assert!(text.starts_with(&beginning) && text.len() > beginning.len() + 1, "{text}");

    let mut connection = Connection::open(&mock).await;
    connection.send(format!("GET http://{name}/ HTTP/1.1\r\nHost: {name}\r\n\r\n").as_bytes()).await;
    assert_eq!(soon(connection.reply()).await.status(), "502");
}
