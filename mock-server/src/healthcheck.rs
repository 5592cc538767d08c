//! Asks a running mock whether it is well, for containers.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use bytes::Bytes;
use http::{
    Request, StatusCode, Uri,
    header::{CONNECTION, HOST},
    uri::Scheme,
};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

/// How long the whole check may take.
const TIME_LIMIT: Duration = Duration::from_secs(3);

/// Far more than the answer has.
const MOST_OF_THE_ANSWER: usize = 64 * 1024;

/// Where a mock answers: `http://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    host: String,
    port: u16,
    /// Before the mock's own paths, without a slash at its end.
    path: String,
}

/// Why the mock is not known to be well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unhealthy {
    #[error("unhealthy: expected a mock at {url}, cannot connect; is it running, on that port?")]
    NotThere { url: BaseUrl, source: io::Error },
    #[error("unhealthy: expected {url} to answer within {} s, it did not", TIME_LIMIT.as_secs())]
    TooLate { url: BaseUrl },
    #[error("unhealthy: expected an answer in HTTP from {url}, found none; is something else on that port?")]
    NotHttp { url: BaseUrl, source: Box<dyn std::error::Error + Send + Sync> },
    #[error(
        "unhealthy: expected 200 from {url}/__mock/health, found {status}; is it a mock, and of this version?"
    )]
    Status { url: BaseUrl, status: StatusCode },
    #[error("unhealthy: expected {{\"status\":\"ok\"}} from {url}/__mock/health, found {found}")]
    NotOk { url: BaseUrl, found: String },
}

impl BaseUrl {
    /// Where to reach a mock of this machine that listens there: one that listens everywhere, on the loopback interface.
    pub(crate) fn of(listen: SocketAddr) -> Self {
        let address = match listen.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
            address => address,
        };
        Self { host: address.to_string(), port: listen.port(), path: String::new() }
    }

    /// # Errors
    /// A sentence for whoever wrote it, if it is no URL of the form `http://HOST:PORT`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let expected = "expected a URL such as http://127.0.0.1:8080";
        let uri: Uri = text.parse().map_err(|error| format!("{expected}, found {error}"))?;
        match (uri.scheme(), uri.host()) {
            (Some(scheme), Some(host)) if *scheme == Scheme::HTTP && uri.query().is_none() => Ok(Self {
                host: host.trim_matches(['[', ']']).into(),
                port: uri.port_u16().unwrap_or(80),
                path: uri.path().trim_end_matches('/').into(),
            }),
            (Some(scheme), _) if *scheme == Scheme::HTTPS => {
                Err(format!("{expected}, found https; a mock answers http on the same port"))
            }
            _ => Err(expected.into()),
        }
    }

    /// Host and port as they stand in a URL.
    fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority(), self.path)
    }
}

/// Asks the mock whether it is well.
///
/// # Errors
/// [`Unhealthy`] unless it says so within 3 seconds.
pub(crate) async fn check(url: &BaseUrl) -> Result<(), Unhealthy> {
    let too_late = |_| Unhealthy::TooLate { url: url.clone() };
    let (status, body) = timeout(TIME_LIMIT, ask(url)).await.map_err(too_late)??;
    if status != StatusCode::OK {
        return Err(Unhealthy::Status { url: url.clone(), status });
    }
    let answer: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
    match answer.as_ref().and_then(|answer| answer.get("status")) {
        Some(status) if status == "ok" => Ok(()),
        _ => {
            let found = String::from_utf8_lossy(&body[..body.len().min(100)]).replace(char::is_control, " ");
            Err(Unhealthy::NotOk { url: url.clone(), found })
        }
    }
}

/// Status and body of the answer.
async fn ask(url: &BaseUrl) -> Result<(StatusCode, Bytes), Unhealthy> {
    let not_there = |source| Unhealthy::NotThere { url: url.clone(), source };
    let stream = TcpStream::connect((url.host.as_str(), url.port)).await.map_err(not_there)?;
    let exchange = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let request = Request::get(format!("{}/__mock/health", url.path))
            .header(HOST, url.authority())
            .header(CONNECTION, "close")
            .body(Empty::<Bytes>::new())?;
        // What goes wrong with the connection, the answer says as well.
        tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, MOST_OF_THE_ANSWER).collect().await?;
        Ok((head.status, body.to_bytes()))
    };
    exchange.await.map_err(|source| Unhealthy::NotHttp { url: url.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_on_the_loopback_interface() {
        for (listen, url) in [
            ("0.0.0.0:8080", "http://127.0.0.1:8080"),
            ("[::]:8080", "http://[::1]:8080"),
            ("192.0.2.7:1", "http://192.0.2.7:1"),
        ] {
            assert_eq!(BaseUrl::of(listen.parse().unwrap()).to_string(), url);
        }
    }

    #[test]
    fn a_url_is_printed_as_it_was_read() {
        for url in ["http://mock:8080", "http://[::1]:8080", "http://127.0.0.1:80/under/here"] {
            assert_eq!(BaseUrl::parse(url).unwrap().to_string(), url);
        }
        assert_eq!(BaseUrl::parse("http://mock/").unwrap().to_string(), "http://mock:80");
    }

    #[test]
    fn what_is_no_base_url_is_refused_with_an_example() {
        for text in ["", "mock", "mock:8080", "/health", "https://mock", "ftp://mock", "http://mock/?a=b"] {
            let problem = BaseUrl::parse(text).unwrap_err();
            assert!(problem.contains("http://127.0.0.1:8080"), "{text}: {problem}");
        }
    }
}
