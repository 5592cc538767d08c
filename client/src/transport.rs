//! The connection to the gateway: HTTP/1.1 over TCP or TLS, with every wait bounded.

use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::RootCertStore;
use tokio::time::{Instant, timeout_at};
use wechatpay_protocol::BaseUrl;

use crate::{
    Error, RawResponse, SignedRequest,
    error::Kind,
    tls::{self, NoAuthoritiesError},
};

/// The largest body of a response that a client accepts, in bytes.
pub const MAX_BODY: usize = 1 << 20;

/// The limit for status line and headers, in bytes.
const MAX_HEAD: usize = 64 << 10;

/// How long an idle connection is kept. Shorter than the gateway's own `Keep-Alive: timeout=8`, so that the gateway
/// rarely closes a connection just as a request is sent.
const MAX_IDLE: Duration = Duration::from_secs(5);

/// The end of a call's timeout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    timeout: Duration,
}

impl Deadline {
    pub(crate) fn after(timeout: Duration) -> Self {
        Self { at: Instant::now() + timeout, timeout }
    }

    /// Waits for `future` until the deadline.
    pub(crate) async fn bound<T>(self, future: impl Future<Output = T>) -> Result<T, Error> {
        timeout_at(self.at, future).await.map_err(|_| Kind::Timeout(self.timeout).into())
    }
}

/// A pool of connections to one gateway.
#[derive(Debug)]
pub(crate) struct Transport {
    base_url: BaseUrl,
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Transport {
    /// # Errors
    /// If the URL is `https` and there is no certificate authority to trust.
    pub(crate) fn new(base_url: BaseUrl, connect_timeout: Duration) -> Result<Self, NoAuthoritiesError> {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(connect_timeout));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let authorities =
            if base_url.is_https() { tls::system_authorities()? } else { RootCertStore::empty() };
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::config(authorities))
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let http = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(MAX_IDLE)
            .http1_max_buf_size(MAX_HEAD)
            .http1_title_case_headers(true)
            .build(connector);
        Ok(Self { base_url, http })
    }

    /// Sends the request and receives the response, whatever its status.
    ///
    /// The body of an error only adds details: if it does not arrive completely, the status still counts.
    pub(crate) async fn send(
        &self,
        request: &SignedRequest,
        deadline: Deadline,
    ) -> Result<RawResponse, Error> {
        let response = deadline.bound(self.http.request(self.to_http(request))).await?;
        let (head, body) = response.map_err(|error| self.failure(error))?.into_parts();
        let body = match collect(body, deadline).await {
            Err(_) if !head.status.is_success() => Bytes::new(),
            body => body?,
        };
        Ok(RawResponse { status: head.status, headers: head.headers, body })
    }

    fn to_http(&self, request: &SignedRequest) -> http::Request<Full<Bytes>> {
        let uri = Uri::builder()
            .scheme(self.base_url.scheme().clone())
            .authority(self.base_url.authority().clone())
            .path_and_query(request.target().clone());
        let mut http = http::Request::new(Full::new(request.body().clone()));
        *http.method_mut() = request.method().clone();
        *http.uri_mut() = uri.build().expect("a scheme, an authority and a path make a URI");
        *http.headers_mut() = request.headers();
        http
    }

    fn failure(&self, error: hyper_util::client::legacy::Error) -> Error {
        if error.is_connect() {
            Kind::Connect { to: self.base_url.to_string(), source: error.into() }.into()
        } else {
            Kind::Transport(error.into()).into()
        }
    }
}

async fn collect(body: Incoming, deadline: Deadline) -> Result<Bytes, Error> {
    match deadline.bound(Limited::new(body, MAX_BODY).collect()).await? {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Kind::TooLarge { limit: MAX_BODY }.into()),
        Err(error) => Err(Kind::Transport(error).into()),
    }
}
