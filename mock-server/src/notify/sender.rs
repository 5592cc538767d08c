//! Sends a request to a checked target. Names are resolved once, and only checked addresses are connected to.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{HttpConnector, dns::Name},
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::{net::lookup_host, time::timeout};
use tower_service::Service;
use wechatpay_protocol::display::error_chain;
use wechatpay_texts::{Both, Text, phrase, text};

use super::hosts::Target;
use crate::api::host::is_loopback;

/// How long a receiver may take to respond. (documented)
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// How long an idle connection to a receiver is kept. (own choice)
const MAX_IDLE: Duration = Duration::from_secs(5);

/// The most idle connections to one receiver. (own choice)
const IDLE: usize = 32;

/// How much of a receiver's response is read, in bytes. The gateway looks at the status only. (documented)
const MOST: usize = 64 << 10;

/// How much of it is kept.
const KEPT: usize = 4 << 10;

/// The largest head of a response, in bytes.
const HEAD: usize = 64 << 10;

/// The connections to receivers.
pub(super) struct Sender {
    tls: ClientConfig,
    /// To hosts that are this machine.
    near: Pool,
    /// To hosts that the user allowed, wherever they are.
    far: Pool,
}

type Pool = Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// Resolves names. Of a host that is this machine, it refuses every other address.
#[derive(Clone, Copy)]
struct Resolver {
    may_leave: bool,
}

impl Sender {
    /// A sender that trusts these authorities, or without any accepts every certificate: the receiver is under
    /// development.
    pub(super) fn new(authorities: Option<Arc<RootCertStore>>) -> Self {
        let tls = tls(authorities);
        Self { near: pool(&tls, false, true), far: pool(&tls, true, true), tls }
    }

    /// Sends the request, and returns the status and the beginning of the body. Follows no redirect. Header names are
    /// written `Like-This`, or in lower case.
    ///
    /// # Errors
    /// Why there was no complete response in time.
    pub(super) async fn send(
        &self,
        target: &Target,
        mut request: Request<Full<Bytes>>,
        is_lower_case: bool,
    ) -> Result<(StatusCode, Bytes), Both> {
        *request.uri_mut() = target.uri.clone();
        let lower_case = is_lower_case.then(|| pool(&self.tls, target.may_leave, false));
        let usual = if target.may_leave { &self.far } else { &self.near };
        let pool = lower_case.as_ref().unwrap_or(usual);
        let exchange = async {
            let said = |error: &dyn std::error::Error| Both::of(|| error_chain(error));
            let response = pool.request(request).await.map_err(|error| said(&error))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MOST).collect().await.map_err(|error| said(&*error))?;
            let body = body.to_bytes();
            Ok((head.status, Bytes::copy_from_slice(&body[..body.len().min(KEPT)])))
        };
        timeout(TIMEOUT, exchange).await.unwrap_or_else(|_| {
            Err(Both::of(|| text!("no complete response within {seconds} s", seconds = TIMEOUT.as_secs())))
        })
    }
}

fn pool(tls: &ClientConfig, may_leave: bool, is_title_case: bool) -> Pool {
    let mut tcp = HttpConnector::new_with_resolver(Resolver { may_leave });
    tcp.set_connect_timeout(Some(TIMEOUT));
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http();
    Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(MAX_IDLE)
        .pool_max_idle_per_host(IDLE)
        .http1_max_buf_size(HEAD)
        .http1_title_case_headers(is_title_case)
        .build(connector.enable_http1().wrap_connector(tcp))
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let may_leave = self.may_leave;
        Box::pin(async move {
            let found: Vec<_> = lookup_host((name.as_str(), 0)).await?.collect();
            checked(name.as_str(), found, may_leave)
        })
    }
}

/// A name of this machine that has no address here.
#[derive(Debug, Text, thiserror::Error)]
enum NotThisMachine {
    #[text("expected {name} to be this machine, found the address none")]
    NoAddress { name: String },
    #[text("expected {name} to be this machine, found the address {found}", found = found.join(phrase!(", ").text()))]
    Elsewhere { name: String, found: Vec<String> },
}

/// The addresses that may be connected to.
fn checked(
    name: &str,
    found: Vec<SocketAddr>,
    may_leave: bool,
) -> io::Result<std::vec::IntoIter<SocketAddr>> {
    let is_allowed = |address: &IpAddr| may_leave || is_loopback(*address);
    let (allowed, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| is_allowed(&one.ip()));
    if allowed.is_empty() {
        let (name, found) = (name.to_owned(), others.iter().map(|one| one.ip().to_string()));
        return Err(io::Error::other(if others.is_empty() {
            NotThisMachine::NoAddress { name }
        } else {
            NotThisMachine::Elsewhere { name, found: found.collect() }
        }));
    }
    Ok(allowed.into_iter())
}

fn tls(authorities: Option<Arc<RootCertStore>>) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider has the default versions");
    match authorities {
        Some(authorities) => builder.with_root_certificates(authorities).with_no_client_auth(),
        None => {
            let any = Arc::new(AnyCertificate(provider));
            builder.dangerous().with_custom_certificate_verifier(any).with_no_client_auth()
        }
    }
}

/// Accepts every certificate whose owner has its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_this_machine_that_leads_elsewhere_is_refused() {
        let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>();
        let kept = |texts, may_leave| {
            let checked = checked("localhost", addresses(texts), may_leave);
            checked
                .map(|kept| kept.map(|one| one.to_string()).collect::<Vec<_>>())
                .map_err(|error| error.to_string())
        };
        let mixed = &["10.0.0.1:0", "127.0.0.1:0", "[::ffff:127.0.0.2]:0", "[fe80::1]:0"];
        assert_eq!(kept(mixed, false).unwrap(), ["127.0.0.1:0", "[::ffff:127.0.0.2]:0"]);
        assert_eq!(kept(mixed, true).unwrap().len(), 4);
        assert!(kept(&["10.0.0.1:0"], false).unwrap_err().ends_with("found the address 10.0.0.1"));
        assert!(kept(&[], true).unwrap_err().ends_with("found the address none"));
    }
}
