//! Clients that trust a mock's CA, and the transports to it.

use std::{io, net::SocketAddr, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use wechatpay_client::{PlatformKeys, VerifiedResponse, verify};
use wechatpay_mock::MockServer;

use super::{Connection, NOW, RawResponse, Stream};

/// The host that SDKs have built in.
pub(crate) const GATEWAY: &str = "api.mch.weixin.qq.com";

/// A transport to a mock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Plain,
    Tls,
    /// Through a tunnel, as if to the gateway.
    Tunnel,
}

pub(crate) const WAYS: [Way; 3] = [Way::Plain, Way::Tls, Way::Tunnel];

impl Way {
    /// A connection that speaks HTTP/1.1.
    pub(crate) async fn open(self, mock: &MockServer) -> Connection {
        match self {
            Self::Plain => Connection::open(mock).await,
            Self::Tls => Connection::over(connect(mock, "localhost", &["http/1.1"]).await.unwrap()),
            Self::Tunnel => {
                let tunnel = tunnel(mock, &format!("{GATEWAY}:443")).await.unwrap();
                let config = trusting(&mock.ca_pem().await.unwrap(), &["http/1.1"]);
                Connection::over(handshake(tunnel, config, GATEWAY).await.unwrap())
            }
        }
    }
}

/// A client configuration that trusts only this CA and offers these protocols.
pub(crate) fn trusting(ca_pem: &str, protocols: &[&str]) -> ClientConfig {
    trusting_over(ca_pem, protocols, rustls::DEFAULT_VERSIONS)
}

/// The same with only these TLS versions.
pub(crate) fn trusting_over(
    ca_pem: &str,
    protocols: &[&str],
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().into()).collect();
    config
}

/// Makes the TLS handshake with the other end, which must have a certificate for `host`.
pub(crate) async fn handshake<S: Stream>(
    stream: S,
    config: ClientConfig,
    host: &str,
) -> io::Result<TlsStream<S>> {
    let host = ServerName::try_from(host.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(host, stream).await
}

/// A TLS connection to a mock under this host name.
pub(crate) async fn connect(
    mock: &MockServer,
    host: &str,
    protocols: &[&str],
) -> io::Result<TlsStream<TcpStream>> {
    let config = trusting(&mock.ca_pem().await.unwrap(), protocols);
    handshake(TcpStream::connect(mock.address()).await?, config, host).await
}

/// A tunnel through the mock to this host, or the response that refuses it.
pub(crate) async fn tunnel(mock: &MockServer, to: &str) -> Result<Box<dyn Stream>, RawResponse> {
    tunnel_at(mock.address(), to).await
}

/// The same through the proxy at this address.
pub(crate) async fn tunnel_at(proxy: SocketAddr, to: &str) -> Result<Box<dyn Stream>, RawResponse> {
    let mut connection = Connection::over(TcpStream::connect(proxy).await.unwrap());
    connection.send(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n").as_bytes()).await;
    let response = connection.response().await;
    if response.status() == "200" { Ok(connection.into_stream()) } else { Err(response) }
}

/// Verifies the response as our client does: one of the gateway's trusted keys must have signed it.
pub(crate) fn verified(
    mock: &MockServer,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
) -> VerifiedResponse {
    let keys = PlatformKeys::of(&mock.credentials()).unwrap();
    verify(&wechatpay_client::RawResponse { status, headers, body: body.into() }, &keys, NOW).unwrap()
}

impl RawResponse {
    /// The same.
    pub(crate) fn verified(self, mock: &MockServer) -> VerifiedResponse {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let headers = lines.map(|(name, value)| {
            (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
        });
        let headers = headers.collect();
        verified(mock, self.status().parse().unwrap(), headers, self.body)
    }
}
