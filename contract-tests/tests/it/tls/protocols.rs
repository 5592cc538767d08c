//! Negotiation between a client and the mock: TLS or not, its version, HTTP/1.1 or HTTP/2.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wechatpay_mock::{
    Clock, MockServer,
    policies::{GatewayHttp2, Policies},
};

use crate::support::{
    Connection, NOW, RawRequest, frozen_mock,
    secure::{GATEWAY, connect, handshake, trusting, trusting_over},
    soon,
};

const GATEWAYS: [&str; 2] = [GATEWAY, "api2.mch.weixin.qq.com"];
const OWN: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The protocol negotiated with that host when the client offers these.
async fn agreed(mock: &MockServer, host: &str, protocols: &[&str]) -> std::io::Result<Option<String>> {
    let stream = soon(connect(mock, host, protocols)).await?;
    let agreed = stream.get_ref().1.alpn_protocol();
    Ok(agreed.map(|protocol| String::from_utf8(protocol.into()).unwrap()))
}

#[tokio::test]
async fn http_2_is_used_if_the_client_offers_it() {
    let mock = frozen_mock().await;
    for host in OWN {
        for (protocols, expected) in [
            (&["h2", "http/1.1"][..], Some("h2")),
            (&["http/1.1", "h2"], Some("h2")),
            (&["h2"], Some("h2")),
            (&["http/1.1"], Some("http/1.1")),
            (&[], None),
        ] {
            let agreed = agreed(&mock, host, protocols).await.unwrap();
            assert_eq!(agreed.as_deref(), expected, "{host} {protocols:?}");
        }
    }
}

#[tokio::test]
async fn the_gateways_host_names_speak_only_http_1_1() {
    let mock = frozen_mock().await;
    for host in GATEWAYS {
        let agreed_on = agreed(&mock, host, &["h2", "http/1.1"]).await.unwrap();
        assert_eq!(agreed_on.as_deref(), Some("http/1.1"), "{host}");
        let error = agreed(&mock, host, &["h2"]).await.unwrap_err();
        assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
    }
}

#[tokio::test]
async fn the_gateways_host_names_speak_http_2_with_the_policy() {
    let policies = Policies { gateway_http2: GatewayHttp2::Offer, ..Policies::default() };
    let mock = MockServer::builder().policies(policies).start().await.unwrap();
    for host in GATEWAYS {
        let agreed = agreed(&mock, host, &["h2", "http/1.1"]).await.unwrap();
        assert_eq!(agreed.as_deref(), Some("h2"), "{host}");
    }
}

#[tokio::test]
async fn one_port_accepts_plain_http_and_tls() {
    let mock = frozen_mock().await;
    let mut plain = Connection::open(&mock).await;
    let mut encrypted = Connection::over(connect(&mock, "localhost", &[]).await.unwrap());
    for connection in [&mut plain, &mut encrypted] {
        connection.send(&RawRequest::sample().to_bytes()).await;
        assert_eq!(soon(connection.response()).await.status(), "204");
    }
}

#[tokio::test]
async fn a_tls_only_port_refuses_plain_http_with_a_hint() {
    let clock = Clock::fixed(NOW);
    let builder = MockServer::builder().clock(clock).tls_listen("127.0.0.1:0".parse().unwrap());
    let mock = builder.start().await.unwrap();
    let address = mock.tls_url().unwrap().replace("https://", "");

    let mut plain = Connection::over(TcpStream::connect(&address).await.unwrap());
    plain.send(&RawRequest::sample().to_bytes()).await;
    let response = soon(plain.response()).await;
    assert_eq!(response.status(), "400");
    let text = String::from_utf8(response.body).unwrap();
    assert_eq!(text, "wechatpay-mock: expected TLS on this port, found plain HTTP; call it with https://\n");
    assert!(soon(plain.is_closed()).await);
    assert!(mock.exchanges().is_empty());

    let config = trusting(&mock.ca_pem().await.unwrap(), &[]);
    let encrypted = TcpStream::connect(&address).await.unwrap();
    let mut encrypted = Connection::over(soon(handshake(encrypted, config, "localhost")).await.unwrap());
    encrypted.send(&RawRequest::sample().to_bytes()).await;
    assert_eq!(soon(encrypted.response()).await.status(), "204");
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_supported() {
    use rustls::version::{TLS12, TLS13};
    let mock = frozen_mock().await;
    for version in [&TLS12, &TLS13] {
        let config = trusting_over(&mock.ca_pem().await.unwrap(), &[], &[version]);
        let stream = TcpStream::connect(mock.address()).await.unwrap();
        let stream = soon(handshake(stream, config, GATEWAY)).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
    }
}

/// The ClientHello of a client that supports no newer version than this.
fn client_hello(minor: u8) -> Vec<u8> {
    // Version, random bytes, no session, one cipher suite (ECDHE-RSA-AES128-CBC-SHA), no compression, no extensions.
    let hello = [&[3, minor][..], &[7; 32], &[0, 0, 2, 0xc0, 0x13, 1, 0]].concat();
    let message = [&[1, 0, 0, hello.len() as u8][..], &hello].concat();
    [&[22, 3, 1, 0, message.len() as u8][..], &message].concat()
}

#[tokio::test]
async fn older_versions_of_tls_are_refused_with_an_alert() {
    let mock = frozen_mock().await;
    for minor in [1, 2] {
        let mut stream = TcpStream::connect(mock.address()).await.unwrap();
        stream.write_all(&client_hello(minor)).await.unwrap();
        let mut alert = Vec::new();
        soon(stream.read_to_end(&mut alert)).await.unwrap();
        // An alert of two bytes: fatal, and handshake_failure or protocol_version.
        let [21, 3, _, 0, 2, 2, 40 | 70] = alert[..] else { panic!("TLS 1.{}: {alert:?}", minor - 1) };
    }
}
