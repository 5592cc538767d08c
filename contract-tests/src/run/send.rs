//! Sends a request as it is, and takes the whole answer.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri,
    uri::{Authority, Scheme},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use wechatpay_client::{
    MAX_BODY,
    tls::{self, NoAuthoritiesError},
};
use wechatpay_protocol::Timestamp;

use super::recorded::{Beginning, Recorded};

use crate::case::{MadeRequest, Placeholders};

/// The most bytes of a raw answer's status line and headers.
const MAX_HEAD: usize = 64 << 10;

/// The most headers of a raw answer.
const MAX_HEADERS: usize = 100;

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The names of the headers, in the letters in which they were sent.
    pub(crate) names: Vec<String>,
    pub(crate) body: Bytes,
}

/// What was sent, as far as it matters for the answer, and the answer.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) answer: Answer,
    pub(crate) placeholders: Placeholders,
    /// The server's time when it was sent, and when the answer was there.
    pub(crate) times: [Timestamp; 2],
    /// The message that was signed, if one was.
    pub(crate) signed_message: Option<Vec<u8>>,
}

/// Host and port of a server, and whether it is spoken to by TLS.
pub(crate) struct Host {
    authority: Authority,
    is_https: bool,
}

/// A connection, secret or not.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection for S {}

impl Host {
    pub(crate) fn of(base_url: &str) -> Result<Self, String> {
        let uri: Uri = base_url.parse().map_err(|error| format!("{base_url} is not a URL: {error}"))?;
        let is_https = uri.scheme() == Some(&Scheme::HTTPS);
        match uri.into_parts().authority {
            Some(authority) => Ok(Self { authority, is_https }),
            None => Err(format!("expected a host in {base_url}, found none")),
        }
    }

    /// As it stands in the URL.
    pub(crate) fn as_written(&self) -> &str {
        self.authority.as_str()
    }

    pub(crate) async fn connect(&self) -> Result<Box<dyn Connection>, String> {
        let name = self.authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = self.authority.port_u16().unwrap_or(if self.is_https { 443 } else { 80 });
        let failed = |error| format!("no connection to {}: {error}", self.authority);
        let stream = TcpStream::connect((name, port)).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        if !self.is_https {
            return Ok(Box::new(stream));
        }
        let name =
            name.to_owned().try_into().map_err(|error| format!("{name} is no name for TLS: {error}"))?;
        let config = TLS.as_ref().map_err(ToString::to_string)?;
        let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await.map_err(failed)?;
        Ok(Box::new(stream))
    }
}

/// Read once: the authorities that the machine trusts are many.
static TLS: LazyLock<Result<Arc<ClientConfig>, NoAuthoritiesError>> =
    LazyLock::new(|| tls::system_authorities().map(|authorities| tls::config(authorities).into()));

/// Sends a request that the kit makes.
pub(crate) async fn made(
    host: &Host,
    method: &str,
    target: &str,
    headers: HeaderMap,
    body: Vec<u8>,
) -> Result<Answer, String> {
    let mut message = Request::new(Full::new(Bytes::from(body)));
    *message.method_mut() = method.parse::<Method>().map_err(|error| format!("{method}: {error}"))?;
    *message.uri_mut() = target.parse().map_err(|error| format!("{target} can't be sent: {error}"))?;
    *message.headers_mut() = headers;

    let stream = host.connect().await?;
    let beginning = Beginning::default();
    let stream = Recorded { stream, beginning: beginning.clone(), limit: MAX_HEAD };
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(message).await.map_err(|error| because(&error))?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await;
    let body = body.map_err(|error| format!("a body that breaks off: {error}"))?.to_bytes();
    connection.abort();
    Ok(Answer { status: head.status, headers: head.headers, names: names(&beginning.bytes()), body })
}

/// The names of an answer's headers, after any that only ask for patience.
fn names(mut received: &[u8]) -> Vec<String> {
    while let Ok(Some((answer, length))) = head(received) {
        if !answer.status.is_informational() {
            return answer.names;
        }
        received = &received[length..];
    }
    Vec::new()
}

/// Sends bytes, and reads one answer, whose body ends as `Content-Length` says, or with the connection.
pub(super) async fn raw(host: &Host, bytes: &[u8]) -> Result<Answer, String> {
    let mut stream = host.connect().await?;
    // A server that refuses early may close before it has read everything; its answer counts all the same.
    let _ = stream.write_all(bytes).await;
    let mut received = Vec::new();
    loop {
        if let Some((mut answer, head)) = head(&received)? {
            let length = answer.headers.get(http::header::CONTENT_LENGTH);
            let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
            let have = received.len() - head;
            if have > MAX_BODY {
                return Err(format!("a body of more than {MAX_BODY} bytes"));
            }
            match length {
                Some(length) if have >= length => {
                    answer.body = Bytes::copy_from_slice(&received[head..head + length]);
                    return Ok(answer);
                }
                _ if receive(&mut stream, &mut received).await? => {}
                Some(length) => return Err(format!("a body that breaks off after {have} of {length} bytes")),
                None => {
                    answer.body = Bytes::copy_from_slice(&received[head..]);
                    return Ok(answer);
                }
            }
        } else if received.len() > MAX_HEAD {
            return Err(format!("more than {MAX_HEAD} bytes of headers"));
        } else if !receive(&mut stream, &mut received).await? {
            return Err("the end of the connection".into());
        }
    }
}

/// An answer without its body, and where that begins; `None` as long as the headers have no end.
pub(crate) fn head(received: &[u8]) -> Result<Option<(Answer, usize)>, String> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut fields);
    let parsing = parsed.parse(received).map_err(|error| format!("something else than HTTP: {error}"))?;
    let httparse::Status::Complete(length) = parsing else { return Ok(None) };
    let status = StatusCode::from_u16(parsed.code.unwrap_or_default()).map_err(|error| error.to_string())?;
    let names = parsed.headers.iter().map(|field| field.name.to_owned()).collect();
    let mut headers = HeaderMap::new();
    for field in parsed.headers.iter() {
        let name: HeaderName = field.name.parse().map_err(|error| format!("{}: {error}", field.name))?;
        let value = HeaderValue::from_bytes(field.value).map_err(|error| format!("{name}: {error}"))?;
        headers.append(name, value);
    }
    Ok(Some((Answer { status, headers, names, body: Bytes::new() }, length)))
}

/// Waits for more bytes; `false` at the end.
async fn receive(stream: &mut impl Connection, received: &mut Vec<u8>) -> Result<bool, String> {
    stream.read_buf(received).await.map(|length| length > 0).map_err(|error| error.to_string())
}

/// The headers of a request that the kit makes: the usual ones, and what the case says otherwise.
pub(super) fn headers(
    request: &MadeRequest,
    host: &Host,
    authorization: Option<&str>,
    placeholders: &Placeholders,
) -> Result<HeaderMap, String> {
    let usual = [
        ("host", Some(host.as_written())),
        ("user-agent", Some("wechatpay-contract")),
        ("accept", Some("application/json")),
        ("content-type", Some("application/json")),
        ("authorization", authorization),
    ];
    let mut headers = HeaderMap::new();
    let own = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
    for (name, value) in usual.into_iter().chain(own) {
        let name: HeaderName = name.parse().map_err(|error| format!("{name}: {error}"))?;
        let Some(value) = value else {
            headers.remove(name);
            continue;
        };
        let value = placeholders.fill(value);
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|error| format!("{name}: {error}"))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// An error with all that caused it.
pub(crate) fn because(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// What is made of these bytes, sent by a server that then closes the connection.
    async fn taken(bytes: &str) -> Result<Answer, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = Host::of(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let answer = async {
            let (mut peer, _) = listener.accept().await.unwrap();
            peer.write_all(bytes.as_bytes()).await.unwrap();
        };
        tokio::join!(raw(&host, b""), answer).0
    }

    #[tokio::test]
    async fn a_body_is_as_long_as_it_says_or_else_goes_on_to_the_end() {
        for (bytes, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}more", "{}"),
            ("HTTP/1.1 200 OK\r\n\r\n{}", "{}"),
            ("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", ""),
        ] {
            assert_eq!(taken(bytes).await.unwrap().body, body, "{bytes}");
        }
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_no_answer_however_long_it_says_to_be() {
        for length in [3, usize::MAX] {
            let bytes = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{{}}");
            let problem = taken(&bytes).await.unwrap_err();
            assert_eq!(problem, format!("a body that breaks off after 2 of {length} bytes"));
        }
    }
}
