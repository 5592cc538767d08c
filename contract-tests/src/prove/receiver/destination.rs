//! Where requests are sent: hosts that are allowed, resolved once. Reads the answer to each.

use std::{fmt, net::SocketAddr, pin::pin, time::Duration};

use bytes::Bytes;
use http::{StatusCode, header};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use wechatpay_protocol::BaseUrl;
use wechatpay_texts::{phrase, text};

use super::{DestinationError, ReceiverUrl};
use crate::run::send;

/// The most bytes of an answer's body that are read.
const MAX_BODY: usize = 64 << 10;

/// A URL that may be called, and its addresses.
#[derive(Clone, Debug)]
pub(super) struct Destination {
    url: ReceiverUrl,
    addresses: Vec<SocketAddr>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// A complete response.
    Answered(Answered),
    /// The connection ended without a complete response.
    Broken { reason: String },
    /// There was no complete response in time.
    TimedOut,
    /// There was no connection.
    Unreachable { reason: String },
}

/// The parts of a response that matter.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    /// Where a redirect leads to.
    pub(super) location: Option<String>,
    pub(super) is_html: bool,
    pub(super) body: Bytes,
}

impl Destination {
    /// Looks the host up, once: a name that later leads elsewhere changes nothing.
    pub(super) async fn resolve(url: ReceiverUrl, allowed: &[String]) -> Result<Self, DestinationError> {
        let (host, port) = (url.server().host().to_owned(), url.server().port());
        let is_allowed = allowed.iter().any(|name| name.eq_ignore_ascii_case(&host));
        if !is_allowed && !url.server().is_loopback() {
            return Err(DestinationError::NotAllowed { host });
        }
        let found = lookup_host((host.as_str(), port)).await;
        let found = found.map_err(|source| DestinationError::Unknown { host: host.clone(), source })?;
        // `localhost` is this machine, whatever a name server says.
        let addresses: Vec<_> = found.filter(|found| is_allowed || found.ip().is_loopback()).collect();
        if addresses.is_empty() {
            Err(DestinationError::Elsewhere { host })
        } else {
            Ok(Self { url, addresses })
        }
    }

    pub(super) fn server(&self) -> &BaseUrl {
        self.url.server()
    }

    pub(super) fn target(&self) -> &str {
        self.url.target()
    }

    /// Whether something accepts connections there.
    pub(super) async fn accepts(&self) -> bool {
        TcpStream::connect(self.addresses.as_slice()).await.is_ok()
    }

    /// Sends a whole request and waits for its answer. After the limit it waits as long again, so that what a slow receiver
    /// does late is not taken for an effect of the next request.
    pub(super) async fn send(&self, request: &[u8], limit: Duration) -> Answer {
        let exchange = async {
            let stream = match TcpStream::connect(self.addresses.as_slice()).await {
                Ok(stream) => stream,
                Err(error) => return Answer::Unreachable { reason: error.to_string() },
            };
            let stream = match send::over(self.server(), stream).await {
                Ok(stream) => stream,
                Err(reason) => return Answer::Unreachable { reason },
            };
            match send::exchange(stream, request, MAX_BODY).await {
                Ok(response) => Answer::Answered(Answered::of(&response)),
                Err(reason) => Answer::Broken { reason },
            }
        };
        let mut exchange = pin!(exchange);
        match timeout(limit, &mut exchange).await {
            Ok(answer) => answer,
            Err(_) => {
                let _ = timeout(limit, exchange).await;
                Answer::TimedOut
            }
        }
    }

    /// Sends a request without a body, and returns the body of a 2xx.
    pub(super) async fn call(&self, method: &str, limit: Duration) -> Result<Bytes, String> {
        let request = format!(
            "{method} {} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\nContent-Length: 0\r\n\r\n",
            self.target(),
            self.server().authority()
        );
        match self.send(request.as_bytes(), limit).await {
            Answer::Answered(answered) if answered.status.is_success() => Ok(answered.body),
            answer => Err(format!("{method} {} {answer}", self.url)),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

impl Answered {
    fn of(response: &send::Response) -> Self {
        let text = |name| response.headers.get(name).and_then(|value| value.to_str().ok());
        let content_type = text(header::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
        Self {
            status: response.status,
            location: text(header::LOCATION).map(Into::into),
            is_html: content_type.starts_with("text/html"),
            body: response.body.clone(),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(Answered { status, location: Some(location), .. }) => {
                f.write_str(&text!("answered {status}, to {location}", status = status.as_u16()))
            }
            Self::Answered(Answered { status, .. }) => {
                f.write_str(&text!("answered {status}", status = status.as_u16()))
            }
            Self::Broken { reason } => f.write_str(&text!("gave no answer: {reason}")),
            Self::TimedOut => phrase!("gave no answer in time").fmt(f),
            Self::Unreachable { reason } => f.write_str(&text!("could not be reached: {reason}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolve(url: &str, allowed: &[&str]) -> Result<Destination, DestinationError> {
        let allowed: Vec<_> = allowed.iter().map(ToString::to_string).collect();
        Destination::resolve(url.parse().unwrap(), &allowed).await
    }

    #[tokio::test]
    async fn only_this_machine_and_allowed_hosts_are_called() {
        for url in
            ["http://127.0.0.1:3000/", "http://[::1]:3000/", "http://LOCALHOST:3000/", "http://127.9.9.9/"]
        {
            assert!(resolve(url, &[]).await.is_ok(), "{url}");
        }
        for url in [
            "http://192.0.2.1/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://2130706433/",
            "http://0x7f.1/",
        ] {
            let error = resolve(url, &["192.0.2.2", "example.com"]).await.unwrap_err();
            assert!(matches!(error, DestinationError::NotAllowed { .. }), "{url}: {error}");
        }
        assert!(resolve("http://192.0.2.1/", &["192.0.2.1"]).await.is_ok());
    }
}
