//! The way to the gateway and back: HTTP/1.1 over TCP or TLS, with an end to every wait.

use std::{fmt, str::FromStr, time::Duration};

use bytes::Bytes;
use http::{
    Uri,
    uri::{Authority, Scheme},
};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::RootCertStore;
use tokio::time::{Instant, timeout_at};

use crate::{
    Answer, Error, SignedRequest,
    error::{Cause, Kind},
    tls::{self, NoAuthorities},
};

/// The most bytes of a body that a client takes.
pub const MAX_BODY: usize = 1 << 20;

/// The most bytes of status line and headers.
const MAX_HEAD: usize = 64 << 10;

/// Shorter than the gateway's own `Keep-Alive: timeout=8`, so that it rarely closes what a request is just sent on.
const MAX_IDLE: Duration = Duration::from_secs(5);

/// Where the gateway is: `https://host` or `http://host`, with a port if that is not the usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
}

/// Why text is not a [`BaseUrl`]: it is not scheme, host and port, or it is more than that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected https://host:port or http://host:port, without a path, found {found:?}")]
pub struct BaseUrlError {
    /// What was given.
    found: String,
}

impl BaseUrl {
    /// Whether it is reached by TLS.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let error = || BaseUrlError { found: text.into() };
        let uri: Uri = text.trim_end_matches('/').parse().map_err(|_| error())?;
        let is_root = uri.path() == "/" && uri.query().is_none() && !text.contains('#');
        let parts = uri.into_parts();
        let scheme = parts.scheme.filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme));
        let authority = parts.authority.filter(|authority| {
            let host = authority.host();
            let host_and_port = match authority.port_u16() {
                Some(0) => return false,
                Some(port) => format!("{host}:{port}"),
                None => host.into(),
            };
            !host.is_empty() && authority.as_str() == host_and_port
        });
        match (scheme, authority) {
            (Some(scheme), Some(authority)) if is_root => Ok(Self { scheme, authority }),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// When a call must have ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    timeout: Duration,
}

impl Deadline {
    pub(crate) fn after(timeout: Duration) -> Self {
        Self { at: Instant::now() + timeout, timeout }
    }

    /// Waits for `future`, but no longer.
    pub(crate) async fn bound<T>(self, future: impl Future<Output = T>) -> Result<T, Error> {
        timeout_at(self.at, future).await.map_err(|_| Kind::Timeout(self.timeout).into())
    }
}

/// Connections to one gateway, kept for the next request.
#[derive(Debug)]
pub(crate) struct Transport {
    base_url: BaseUrl,
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Transport {
    /// # Errors
    /// If TLS is needed and there is no authority to trust.
    pub(crate) fn new(base_url: BaseUrl, connect_timeout: Duration) -> Result<Self, NoAuthorities> {
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

    /// Sends the request and takes in the answer, whatever it says.
    ///
    /// The body of a refusal is a courtesy: if it does not come whole, the status is still an answer.
    pub(crate) async fn exchange(
        &self,
        request: &SignedRequest,
        deadline: Deadline,
    ) -> Result<Answer, Error> {
        let response = deadline.bound(self.http.request(self.on_the_wire(request))).await?;
        let (head, body) = response.map_err(|error| self.failure(error))?.into_parts();
        let body = match collect(body, deadline).await {
            Err(_) if !head.status.is_success() => Bytes::new(),
            body => body?,
        };
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    fn on_the_wire(&self, request: &SignedRequest) -> http::Request<Full<Bytes>> {
        let uri = Uri::builder()
            .scheme(self.base_url.scheme.clone())
            .authority(self.base_url.authority.clone())
            .path_and_query(request.target().path_and_query().clone());
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
        Err(error) => Err(cut_short(error)),
    }
}

fn cut_short(error: Cause) -> Error {
    if error.is::<LengthLimitError>() {
        Kind::TooLarge { limit: MAX_BODY }.into()
    } else {
        Kind::Transport(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_scheme_host_and_port() {
        for text in [
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[::1]:8080",
            "HTTP://mock:1",
            "https://api.mch.weixin.qq.com",
        ] {
            assert!(text.parse::<BaseUrl>().is_ok(), "{text}");
        }
        let slash: BaseUrl = "http://127.0.0.1:8080/".parse().unwrap();
        assert_eq!(slash.to_string(), "http://127.0.0.1:8080");
    }

    #[test]
    fn what_would_not_be_signed_or_sent_as_given_is_no_base_url() {
        for text in [
            "",
            "/",
            "127.0.0.1:8080",
            "localhost",
            "ftp://localhost",
            "http://",
            "http://:8080",
            "http://localhost:",
            "http://localhost:0",
            "http://localhost:99999",
            "http://user@localhost",
            "http://localhost/v3",
            "http://localhost?a=b",
            "http://localhost#a",
            "http://local host",
        ] {
            assert!(text.parse::<BaseUrl>().is_err(), "{text:?}");
        }
    }
}
