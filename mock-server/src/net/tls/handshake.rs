//! The TLS handshake: TLS 1.2 or 1.3. Whether HTTP/2 is offered depends on the host that the client names.

use std::{io, path::PathBuf, pin::Pin, sync::Arc};

use rustls::{
    ServerConfig,
    server::{Acceptor, ClientHello},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::OnceCell,
    task::spawn_blocking,
};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};
use wechatpay_protocol::display::error_chain;
use wechatpay_texts::{phrase, text};

use crate::{
    admin::Ca,
    api::host::Host,
    net::tls::{Authority, AuthorityError},
    policies::GatewayHttp2,
};

const HTTP_1_1: &[u8] = b"http/1.1";
const HTTP_2: &[u8] = b"h2";

/// Everything needed for TLS. The authority is opened or created when the first client needs it.
pub(crate) struct Tls {
    /// The authority's folder; `None` keeps it in memory.
    dir: Option<PathBuf>,
    /// In addition to those that a mock always answers for.
    hosts: Vec<Host>,
    gateway_http2: GatewayHttp2,
    ready: OnceCell<Ready>,
}

/// A connection after its handshake.
pub(crate) struct Handshake<S> {
    pub(crate) stream: TlsStream<S>,
    /// Whether HTTP/2 was negotiated; otherwise it is HTTP/1.1.
    pub(crate) is_http2: bool,
}

struct Ready {
    authority: Authority,
    /// For hosts that speak HTTP/1.1 only.
    http1: Arc<ServerConfig>,
    /// For hosts that speak HTTP/2 as well.
    http2: Arc<ServerConfig>,
}

impl Tls {
    pub(crate) fn new(dir: Option<PathBuf>, hosts: Vec<Host>, gateway_http2: GatewayHttp2) -> Self {
        Self { dir, hosts, gateway_http2, ready: OnceCell::new() }
    }

    pub(crate) async fn authority(&self) -> Result<&Authority, AuthorityError> {
        self.ready().await.map(|ready| &ready.authority)
    }

    /// # Errors
    /// What went wrong, with advice if there is any.
    pub(crate) async fn handshake<S>(&self, stream: S) -> io::Result<Handshake<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let ready = self.ready().await.map_err(io::Error::other)?;
        let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let config = if self.speaks_http2(&start.client_hello()) { &ready.http2 } else { &ready.http1 };
        let stream = start.into_stream(Arc::clone(config)).await.map_err(with_advice)?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
        Ok(Handshake { stream, is_http2 })
    }

    /// Whether HTTP/2 is offered for the host that the client names.
    fn speaks_http2(&self, hello: &ClientHello<'_>) -> bool {
        let host: Option<Host> = hello.server_name().and_then(|name| name.parse().ok());
        let is_gateways = host.is_some_and(|host| host.is_gateways());
        !is_gateways || self.gateway_http2 == GatewayHttp2::Offer
    }

    async fn ready(&self) -> Result<&Ready, AuthorityError> {
        let make = || async {
            let (dir, hosts) = (self.dir.clone(), self.hosts.clone());
            let made = spawn_blocking(move || Ready::new(dir, &hosts)).await;
            made.map_err(AuthorityError::cannot_create)?
        };
        self.ready.get_or_try_init(make).await
    }
}

impl Ca for Tls {
    fn pem(&self) -> Pin<Box<dyn Future<Output = Result<String, String>> + Send + '_>> {
        Box::pin(async {
            let authority = self.authority().await.map_err(|error| error_chain(&error))?;
            Ok(authority.pem().into())
        })
    }
}

impl Ready {
    fn new(dir: Option<PathBuf>, hosts: &[Host]) -> Result<Self, AuthorityError> {
        let authority = match dir.map(|dir| (Authority::open(&dir, hosts), dir)) {
            None => Authority::in_memory(hosts)?,
            // In containers and on CI, the home folder is often read-only.
            Some((Err(error @ AuthorityError::Io { .. }), dir)) => {
                tracing::warn!(
                    "no certificate authority can be kept in {}: {}; the one of this mock is in memory and ends with it: \
                     GET /__mock/ca.pem shows it; --ca-dir names another folder",
                    dir.display(),
                    error_chain(&error)
                );
                Authority::in_memory(hosts)?
            }
            Some((opened, _)) => opened?,
        };
        let (certificate, key) = authority.certify(hosts)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        // TLS 1.2 and 1.3: rustls has no older version.
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(AuthorityError::cannot_create)?.with_no_client_auth();
        let chain = vec![certificate, authority.der().clone()];
        let mut http1 = config.with_single_cert(chain, key).map_err(AuthorityError::cannot_create)?;
        http1.alpn_protocols = vec![HTTP_1_1.into()];
        let mut http2 = http1.clone();
        http2.alpn_protocols = vec![HTTP_2.into(), HTTP_1_1.into()];
        Ok(Self { authority, http1: Arc::new(http1), http2: Arc::new(http2) })
    }
}

/// The error, with advice if there is any.
fn with_advice(error: io::Error) -> io::Error {
    use rustls::{
        AlertDescription::{BadCertificate, CertificateUnknown, UnknownCA},
        Error::{AlertReceived, PeerIncompatible},
    };

    let advice = match error.get_ref().and_then(|error| error.downcast_ref()) {
        Some(AlertReceived(UnknownCA | CertificateUnknown | BadCertificate)) => {
            phrase!(
                "the client does not trust this mock's certificate authority; `wechatpay-mock ca` prints its path"
            )
        }
        Some(PeerIncompatible(_)) => phrase!("expected TLS 1.2 or 1.3, with their usual cipher suites"),
        _ => return error,
    };
    io::Error::other(text!("{error}: {advice}"))
}
