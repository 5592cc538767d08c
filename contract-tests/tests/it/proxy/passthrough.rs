//! Tunnels to a host that `--proxy-passthrough` names.

use std::time::Instant;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use wechatpay_mock::MockServer;

use crate::support::{secure::tunnel, soon};

/// A mock that connects to this machine, and a server there.
async fn mock_and_other() -> (MockServer, TcpListener, String) {
    let builder = MockServer::builder().proxy_passthrough("localhost".parse().unwrap());
    let mock = builder.start().await.unwrap();
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let name = format!("localhost:{}", other.local_addr().unwrap().port());
    (mock, other, name)
}

#[tokio::test]
async fn a_tunnel_carries_bytes_both_ways_until_both_sides_close() {
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
async fn a_tunnel_ends_when_the_other_side_is_gone() {
    let (mock, other, name) = mock_and_other().await;
    let mut here = soon(tunnel(&mock, &name)).await.unwrap();
    let (there, _) = soon(other.accept()).await.unwrap();
    drop(there);
    assert_eq!(soon(here.read(&mut [0])).await.unwrap(), 0);
}

#[tokio::test]
async fn shutdown_ends_tunnels_at_once() {
    let (mock, other, name) = mock_and_other().await;
    let mut here = soon(tunnel(&mock, &name)).await.unwrap();
    let (mut there, _) = soon(other.accept()).await.unwrap();
    let begun = Instant::now();
    assert!(soon(mock.shutdown()).await);
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    assert_eq!(soon(here.read(&mut [0])).await.unwrap_or(0), 0);
    assert_eq!(soon(there.read(&mut [0])).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn an_unreachable_host_is_a_502_with_the_reason() {
    let (mock, other, name) = mock_and_other().await;
    drop(other);
    // The reason does not repeat a password.
    let response = soon(tunnel(&mock, &format!("user:secret@{name}"))).await.err().unwrap();
    assert_eq!(response.status(), "502");
    let text = String::from_utf8(response.body).unwrap();
    let beginning = format!("wechatpay-mock: cannot reach {name}, which --proxy-passthrough allows: ");
    assert!(text.starts_with(&beginning) && text.len() > beginning.len() + 1, "{text}");
}
