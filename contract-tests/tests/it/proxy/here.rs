//! Proxy requests for the mock's own hosts, which the mock handles itself.

use wechatpay_mock::MockServer;

use crate::support::{
    Connection, RawRequest, frozen_mock,
    secure::{GATEWAY, connect, handshake, trusting, tunnel},
    soon,
};

/// The same request with an absolute URL, as a client sends it to a proxy.
fn with_url(request: &RawRequest, url: &str) -> Vec<u8> {
    let text = String::from_utf8(request.to_bytes()).unwrap();
    text.replacen(" /", &format!(" {url}/"), 1).into_bytes()
}

#[tokio::test]
async fn a_tunnel_to_the_gateway_ends_in_the_mock_and_responses_verify() {
    let mock = frozen_mock().await;
    for to in [GATEWAY, "API2.mch.weixin.qq.com"] {
        let stream = soon(tunnel(&mock, &format!("{to}:443"))).await.unwrap();
        let config = trusting(&mock.ca_pem().await.unwrap(), &["http/1.1"]);
        let mut connection = Connection::over(soon(handshake(stream, config, to)).await.unwrap());
        connection.send(&RawRequest::sample().to_bytes()).await;
        assert_eq!(soon(connection.response()).await.verified(&mock).status(), 204, "{to}");
    }
}

#[tokio::test]
async fn bytes_sent_before_the_tunnel_is_open_go_through_it() {
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    let connect_request = format!("CONNECT {GATEWAY}:80 HTTP/1.1\r\nHost: {GATEWAY}:80\r\n\r\n");
    connection.send(&[connect_request.as_bytes(), &RawRequest::sample().to_bytes()].concat()).await;
    let established = soon(connection.response()).await;
    assert_eq!(established.status(), "200");
    assert!(!established.head.contains("Content-Length"), "{}", established.head);
    assert_eq!(soon(connection.response()).await.status(), "204");
}

#[tokio::test]
async fn a_tunnel_can_be_opened_on_a_used_connection_and_over_tls() {
    let mock = frozen_mock().await;
    let encrypted = soon(connect(&mock, "localhost", &["http/1.1"])).await.unwrap();
    for mut connection in [Connection::open(&mock).await, Connection::over(encrypted)] {
        connection.send(&RawRequest::sample().to_bytes()).await;
        assert_eq!(soon(connection.response()).await.status(), "204");
        connection.send(format!("CONNECT {GATEWAY}:443 HTTP/1.1\r\n\r\n").as_bytes()).await;
        assert_eq!(soon(connection.response()).await.status(), "200");
        let config = trusting(&mock.ca_pem().await.unwrap(), &["http/1.1"]);
        let inside = soon(handshake(connection.into_stream(), config, GATEWAY)).await.unwrap();
        let mut inside = Connection::over(inside);
        inside.send(&RawRequest::sample().to_bytes()).await;
        assert_eq!(soon(inside.response()).await.status(), "204");
    }
}

#[tokio::test]
async fn an_absolute_url_of_the_mocks_hosts_works_and_is_signed_without_the_host() {
    let mock = MockServer::builder()
        .clock(wechatpay_mock::Clock::fixed(crate::support::NOW))
        .host("mock.test".parse().unwrap());
    let mock = mock.start().await.unwrap();
    let own = mock.url();
    for url in [&format!("http://{GATEWAY}"), &format!("https://{GATEWAY}"), "http://mock.test", &own] {
        let mut connection = Connection::open(&mock).await;
        connection.send(&with_url(&RawRequest::sample(), url)).await;
        assert_eq!(soon(connection.response()).await.status(), "204", "{url}");
    }
}

#[tokio::test]
async fn shutdown_does_not_wait_for_idle_tunnels() {
    let mock = frozen_mock().await;
    let untouched = soon(tunnel(&mock, &format!("{GATEWAY}:443"))).await.unwrap();
    let used = soon(tunnel(&mock, &format!("{GATEWAY}:443"))).await.unwrap();
    let config = trusting(&mock.ca_pem().await.unwrap(), &["http/1.1"]);
    let mut used = Connection::over(soon(handshake(used, config, GATEWAY)).await.unwrap());
    used.send(&RawRequest::sample().to_bytes()).await;
    assert_eq!(soon(used.response()).await.status(), "204");
    let begun = std::time::Instant::now();
    assert!(soon(mock.shutdown()).await);
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    assert!(soon(used.is_closed()).await);
    drop(untouched);
}
