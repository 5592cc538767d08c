//! Calls `/__mock/` on a running mock, for `healthcheck`, `open`, `logs`, `clock`, `env`, `fault`, `pay`, `replay`, `state` and `trigger`.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use clap::Args;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header::AUTHORIZATION};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use tokio::time::timeout;
use wechatpay_protocol::{BaseUrl, BaseUrlError, display::printable};
use wechatpay_texts::{Text, phrase, text};

use crate::{
    options::{DEFAULT_ADDRESS, address},
    output::Failure,
};

/// How long a response may take, on top of the time that the mock was asked to wait.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(3);
/// Enough for a page of 1,000 exchanges.
const MAX_BODY: usize = 16 << 20;
/// Characters of a message that are shown.
const MAX_MESSAGE: usize = 2_000;

/// Which mock to call.
#[derive(Debug, Args)]
pub(crate) struct MockOptions {
    /// URL of the mock [default: the address in WECHATPAY_MOCK_LISTEN, or http://127.0.0.1:8080]
    #[arg(long, global = true, value_name = "URL", env = "WECHATPAY_MOCK_URL", value_parser = http_url)]
    url: Option<BaseUrl>,
    /// Address of a mock on this machine, from the variable that `serve` reads
    #[arg(long, hide = true, value_name = "ADDRESS", env = "WECHATPAY_MOCK_LISTEN", value_parser = address)]
    listen: Option<SocketAddr>,
    /// The mock's admin token
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        env = "WECHATPAY_MOCK_ADMIN_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
}

/// Why a call to a mock failed.
#[derive(Debug, Text, thiserror::Error)]
pub(crate) enum MockError {
    #[text("cannot connect to a mock at {url}; is it running on that port?")]
    NotThere { url: BaseUrl, source: Box<dyn Error + Send + Sync> },
    #[text("expected a response from {url} within {seconds} s, found none", seconds = limit.as_secs())]
    Timeout { url: BaseUrl, limit: Duration },
    #[text("expected an HTTP response from {url}, found something else; is another program on that port?")]
    NotHttp { url: BaseUrl, source: Box<dyn Error + Send + Sync> },
    #[text("{message}")]
    Refused { status: StatusCode, message: String },
    #[text("expected JSON from {url}, found something else; is it a mock?")]
    NotJson { url: BaseUrl, source: serde_json::Error },
    #[text("WECHATPAY_MOCK_LISTEN has port 0, so it does not say where the mock is; use --url")]
    NoPort(#[from] BaseUrlError),
    #[text("--token or WECHATPAY_MOCK_ADMIN_TOKEN: expected visible ASCII characters, found others")]
    BadToken,
}

/// A mock to call. Reuses its connection.
#[derive(Debug)]
pub(crate) struct MockClient {
    pub(crate) url: BaseUrl,
    token: Option<HeaderValue>,
    http: Client<HttpConnector, Full<Bytes>>,
}

impl MockOptions {
    /// Whether the user says which mock to call.
    pub(crate) fn is_named(&self) -> bool {
        self.url.is_some() || self.listen.is_some()
    }

    /// Returns a client for that mock.
    ///
    /// # Errors
    /// [`MockError::BadToken`] or [`MockError::NoPort`].
    pub(crate) fn client(&self) -> Result<MockClient, MockError> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => url_of(self.listen.unwrap_or(DEFAULT_ADDRESS))?,
        };
        let bearer = |token: &String| HeaderValue::try_from(format!("Bearer {token}"));
        let token = self.token.as_ref().map(bearer).transpose().map_err(|_| MockError::BadToken)?;
        Ok(MockClient { token, ..MockClient::new(url) })
    }
}

/// The URL of a mock on this machine that listens on this address; over loopback if it listens on every address.
///
/// # Errors
/// [`BaseUrlError`] if the port is 0.
pub(crate) fn url_of(listen: SocketAddr) -> Result<BaseUrl, BaseUrlError> {
    let ip = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, listen.port())).parse()
}

fn http_url(text: &str) -> Result<BaseUrl, String> {
    match text.parse::<BaseUrl>() {
        Ok(url) if !url.is_https() => Ok(url),
        Ok(_) => {
            Err(text!("expected a URL such as http://127.0.0.1:8080; a mock accepts http on the same port"))
        }
        Err(error) => Err(error.to_string()),
    }
}

impl MockClient {
    pub(crate) fn new(url: BaseUrl) -> Self {
        let http = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        Self { url, token: None, http }
    }

    /// Calls a path below `/__mock/` and returns the status and body, whatever they are.
    ///
    /// # Errors
    /// [`MockError`] if no response arrives within `limit`.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        limit: Duration,
    ) -> Result<(StatusCode, Bytes), MockError> {
        let body = body.map(Value::to_string).unwrap_or_default();
        self.send_bytes(method, path, body.into(), limit, MAX_BODY).await
    }

    /// The same with this body, and at most so many bytes in the response.
    async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        limit: Duration,
        most: usize,
    ) -> Result<(StatusCode, Bytes), MockError> {
        let not_http = |source| MockError::NotHttp { url: self.url.clone(), source };
        let mut request = Request::new(Full::new(body));
        let uri = format!("{}/__mock/{path}", self.url).parse::<Uri>();
        (*request.method_mut(), *request.uri_mut()) = (method, uri.map_err(|error| not_http(error.into()))?);
        if let Some(token) = &self.token {
            request.headers_mut().insert(AUTHORIZATION, token.clone());
        }
        let exchange = async {
            let response = self.http.request(request).await.map_err(|error| {
                if error.is_connect() {
                    MockError::NotThere { url: self.url.clone(), source: error.into() }
                } else {
                    not_http(error.into())
                }
            })?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, most).collect().await.map_err(not_http)?;
            Ok((head.status, body.to_bytes()))
        };
        let late = |_| MockError::Timeout { url: self.url.clone(), limit };
        timeout(limit, exchange).await.map_err(late)?
    }

    /// Calls a path below `/__mock/` and returns its JSON.
    ///
    /// # Errors
    /// [`MockError`] if no response arrives, its status is not 2xx, or its body is not JSON.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        limit: Duration,
    ) -> Result<Value, MockError> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let body = self.call_with_bytes(method, path, body.into(), limit, MAX_BODY).await?;
        serde_json::from_slice(&body).map_err(|source| MockError::NotJson { url: self.url.clone(), source })
    }

    /// The same with this body, and at most so many bytes in the response, which are returned as they are.
    ///
    /// # Errors
    /// [`MockError`] if no response arrives, or its status is not 2xx.
    pub(crate) async fn call_with_bytes(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        limit: Duration,
        most: usize,
    ) -> Result<Bytes, MockError> {
        let (status, body) = self.send_bytes(method, path, body, limit, most).await?;
        if status.is_success() {
            return Ok(body);
        }
        let json: Result<Value, _> = serde_json::from_slice(&body);
        let message =
            json.ok().and_then(|json| Some(printable(json["message"].as_str()?, MAX_MESSAGE).into_owned()));
        let message = message.unwrap_or_else(|| match status {
            StatusCode::NOT_FOUND => {
                text!("{url} has no /__mock/; a mock serves it on a loopback address, or on any address if it has a token", url = self.url)
            }
            _ => text!("{url} returned {status}", url = self.url),
        });
        Err(MockError::Refused { status, message })
    }
}

/// Treats a call that the mock rejected as malformed as wrong usage, and any other error as a failed call.
pub(crate) fn call_failed(error: MockError) -> Failure {
    match error {
        MockError::Refused { status: StatusCode::BAD_REQUEST, .. }
        | MockError::BadToken
        | MockError::NoPort(_) => error.into(),
        MockError::NotThere { .. } => Failure::check(error)
            .with_hint(Some(phrase!("`wechatpay-mock` starts a mock; --url calls one elsewhere"))),
        _ => Failure::check(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mock_that_listens_everywhere_is_called_on_the_loopback_interface() {
        for (listen, url) in [
            ("0.0.0.0:8080", "http://127.0.0.1:8080"),
            ("[::]:8080", "http://[::1]:8080"),
            ("192.0.2.7:1", "http://192.0.2.7:1"),
        ] {
            assert_eq!(url_of(listen.parse().unwrap()).unwrap().to_string(), url);
        }
        assert!(url_of("127.0.0.1:0".parse().unwrap()).is_err());
    }
}
