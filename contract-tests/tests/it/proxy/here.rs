//! Requests that a proxy is sent and the mock answers, as they are for hosts that it stands for.

use wechatpay_mock::MockServer;

use crate::support::{
    Connection, RawRequest, frozen_mock,
    secure::{GATEWAY, connect, handshake, trusting, tunnel},
    soon,
};

/// The same request with a whole URL, as a proxy is sent it.
fn with_url(request: &RawRequest, url: &str) -> Vec<u8> {
    let text = String::from_utf8(request.to_bytes()).unwrap();
    text.replacen(" /", &format!(" {url}/"), 1).into_bytes()
}

#[tokio::test]
async fn a_tunnel_to_the_gateway_ends_in_the_mock_which_is_believed_to_be_it() {
    let mock = frozen_mock().await;
    for to in [GATEWAY, "API2.mch.weixin.qq.com"] {
        let stream = soon(tunnel(&mock, &format!("{to}:443"))).await.unwrap();
        let config = trusting(&mock.ca_pem().await.unwrap(), &["http/1.1"]);
        let mut connection = Connection::over(soon(handshake(stream, config, to)).await.unwrap());
        connection.send(&RawRequest::sample().to_bytes()).await;
        assert_eq!(soon(connection.reply()).await.believed(&mock).status(), 204, "{to}");
    }
}

#[tokio::test]
async fn a_tunnel_takes_what_was_sent_before_it_was_there() {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    let asks = format!("CONNECT {GATEWAY}:80 HTTP/1.1\r\nHost: {GATEWAY}:80\r\n\r\n");
    connection.send(&[asks.as_bytes(), &RawRequest::sample().to_bytes()].concat()).await;
    let established = soon(connection.reply()).await;
    assert_eq!(established.status(), "200");
    assert!(!established.head.contains("Content-Length"), "{}", established.head);
    assert_eq!(soon(connection.reply()).await.status(), "204");
}

#[tokio::test]
async fn a_tunnel_can_be_asked_for_on_a_connection_that_was_used_and_over_tls() {
    let mock = frozen_mock().await;
    let secret = soon(connect(&mock, "localhost", &["http/1.1"])).await.unwrap();
    for mut connection in [Connection::open(&mock).await, Connection::over(secret)] {
        connection.send(&RawRequest::sample().to_bytes()).await;
        assert_eq!(soon(connection.reply()).await.status(), "204");
        connection.send(format!("CONNECT {GATEWAY}:443 HTTP/1.1\r\n\r\n").as_bytes()).await;
        assert_eq!(soon(connection.reply()).await.status(), "200");
        let config = trusting(&mock.ca_pem().await.unwrap(), &["http/1.1"]);
        let inside = soon(handshake(connection.into_stream(), config, GATEWAY)).await.unwrap();
        let mut inside = Connection::over(inside);
        inside.send(&RawRequest::sample().to_bytes()).await;
        assert_eq!(soon(inside.reply()).await.status(), "204");
    }
}

#[tokio::test]
async fn a_whole_url_is_answered_if_its_host_is_the_mocks_and_signed_without_it() {
    let mock = MockServer::builder()
        .clock(wechatpay_mock::Clock::fixed(crate::support::NOW))
        .host("mock.test".parse().unwrap());
    let mock = mock.start().await.unwrap();
    let own = mock.url();
    for url in [&format!("http://{GATEWAY}"), &format!("https://{GATEWAY}"), "http://mock.test", &own] {
        let mut connection = Connection::open(&mock).await;
        connection.send(&with_url(&RawRequest::sample(), url)).await;
        assert_eq!(soon(connection.reply()).await.status(), "204", "{url}");
    }
}

#[tokio::test]
async fn a_mock_that_ends_waits_for_no_tunnel_that_is_idle() {
    let mock = frozen_mock().await;
    let untouched = soon(tunnel(&mock, &format!("{GATEWAY}:443"))).await.unwrap();
    let used = soon(tunnel(&mock, &format!("{GATEWAY}:443"))).await.unwrap();
    let config = trusting(&mock.ca_pem().await.unwrap(), &["http/1.1"]);
    let mut used = Connection::over(soon(handshake(used, config, GATEWAY)).await.unwrap());
    used.send(&RawRequest::sample().to_bytes()).await;
    assert_eq!(soon(used.reply()).await.status(), "204");
    let begun = std::time::Instant::now();
    assert!(soon(mock.shutdown()).await);
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    assert!(soon(used.is_closed()).await);
    drop(untouched);
}
