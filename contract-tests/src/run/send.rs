//! The kit's HTTP/1.1 client: sends built or raw requests and returns the complete response.
//!
//! Built requests go through hyper. Raw bytes cannot, so their response is read here with httparse. Both report the
//! header names in their original case, which hyper does not keep.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tokio_util::io::InspectReader;
use wechatpay_client::{
    MAX_BODY,
    tls::{self, NoAuthoritiesError},
};
use wechatpay_protocol::{BaseUrl, display::error_chain};
use wechatpay_texts::text;

use crate::case::{BuiltRequest, Placeholders};

/// The maximum size of a response's status line and headers, in bytes.
const MAX_HEAD: usize = 64 << 10;

/// The maximum number of headers.
const MAX_HEADERS: usize = 100;

/// A complete response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The names of the headers in their original case.
    pub(crate) names: Vec<String>,
    pub(crate) body: Bytes,
}

/// A plain or a TLS connection.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection for S {}

/// Loaded once, because reading the machine's trusted authorities takes long.
static TLS: LazyLock<Result<Arc<ClientConfig>, NoAuthoritiesError>> =
    LazyLock::new(|| tls::system_authorities().map(|authorities| tls::config(authorities).into()));

async fn connect(url: &BaseUrl) -> Result<Box<dyn Connection>, String> {
    let failed = |error| text!("no connection to {host}: {error}", host = url.authority());
    let stream = TcpStream::connect((url.host(), url.port())).await.map_err(failed)?;
    over(url, stream).await
}

/// Begins to talk to the URL's host over an open connection: by TLS if the URL says so.
pub(crate) async fn over(url: &BaseUrl, stream: TcpStream) -> Result<Box<dyn Connection>, String> {
    let failed = |error| text!("no connection to {host}: {error}", host = url.authority());
    stream.set_nodelay(true).map_err(failed)?;
    if !url.is_https() {
        return Ok(Box::new(stream));
    }
    let host = url.host().to_owned();
    let name = host
        .try_into()
        .map_err(|error| text!("{host} is not a host name for TLS: {error}", host = url.host()))?;
    let config = TLS.as_ref().map_err(ToString::to_string)?;
    let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await.map_err(failed)?;
    Ok(Box::new(stream))
}

/// Sends a built request.
pub(crate) async fn built(
    url: &BaseUrl,
    method: &str,
    target: &str,
    headers: HeaderMap,
    body: Vec<u8>,
) -> Result<Response, String> {
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = method.parse::<Method>().map_err(|error| format!("{method}: {error}"))?;
    *request.uri_mut() = target.parse().map_err(|error| text!("{target} can't be sent: {error}"))?;
    *request.headers_mut() = headers;

    let received = Arc::new(Mutex::new(Vec::new()));
    let keep_head = {
        let received = Arc::clone(&received);
        move |bytes: &[u8]| {
            let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
            let room = MAX_HEAD.saturating_sub(received.len()).min(bytes.len());
            received.extend_from_slice(&bytes[..room]);
        }
    };
    let stream = TokioIo::new(InspectReader::new(connect(url).await?, keep_head));
    let handshake = hyper::client::conn::http1::handshake(stream).await;
    let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| error_chain(&error))?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await;
    let body = body.map_err(|error| text!("a body that breaks off: {error}"))?.to_bytes();
    connection.abort();
    let names = header_names(&received.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Response { status: head.status, headers: head.headers, names, body })
}

/// The names of a response's headers, skipping informational responses before it.
fn header_names(mut received: &[u8]) -> Vec<String> {
    while let Ok(Some((response, length))) = parse_head(received) {
        if !response.status.is_informational() {
            return response.names;
        }
        received = &received[length..];
    }
    Vec::new()
}

/// Sends bytes and reads one response.
pub(super) async fn raw(url: &BaseUrl, bytes: &[u8]) -> Result<Response, String> {
    exchange(connect(url).await?, bytes, MAX_BODY).await
}

/// Sends bytes and reads one response, whose body ends by its `Content-Length`, its last chunk, or with the connection.
pub(crate) async fn exchange(
    mut stream: Box<dyn Connection>,
    bytes: &[u8],
    max_body: usize,
) -> Result<Response, String> {
    // A server may respond and close before it has read everything, so a failed write is not an error.
    let _ = stream.write_all(bytes).await;
    let mut received = Vec::new();
    loop {
        if let Some((mut response, head)) = parse_head(&received)? {
            let length = response.headers.get(http::header::CONTENT_LENGTH);
            let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
            let has_none = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&response.status);
            let length = if has_none { Some(0) } else { length };
            let have = received.len() - head;
            if have > max_body {
                return Err(text!("a body of more than {max_body} bytes"));
            }
            match length {
                None if is_chunked(&response.headers) => {
                    if let Some(body) = unchunked(&received[head..])? {
                        response.body = body.into();
                        return Ok(response);
                    }
                    if !receive(&mut stream, &mut received).await? {
                        return Err(text!("a body that breaks off after {have} bytes"));
                    }
                }
                Some(length) if have >= length => {
                    response.body = Bytes::copy_from_slice(&received[head..head + length]);
                    return Ok(response);
                }
                _ if receive(&mut stream, &mut received).await? => {}
                Some(length) => return Err(text!("a body that breaks off after {have} of {length} bytes")),
                None => {
                    response.body = Bytes::copy_from_slice(&received[head..]);
                    return Ok(response);
                }
            }
        } else if received.len() > MAX_HEAD {
            return Err(text!("more than {most} bytes of headers", most = MAX_HEAD));
        } else if !receive(&mut stream, &mut received).await? {
            return Err(text!("the end of the connection"));
        }
    }
}

/// A response without its body, and the length of its head; `None` while the head is incomplete.
fn parse_head(received: &[u8]) -> Result<Option<(Response, usize)>, String> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut fields);
    let status = parsed.parse(received).map_err(|error| text!("something other than HTTP: {error}"))?;
    let httparse::Status::Complete(length) = status else { return Ok(None) };
    let status = StatusCode::from_u16(parsed.code.unwrap_or_default()).map_err(|error| error.to_string())?;
    let names = parsed.headers.iter().map(|field| field.name.to_owned()).collect();
    let mut headers = HeaderMap::new();
    for field in parsed.headers.iter() {
        let (name, value) = header(field.name, field.value)?;
        headers.append(name, value);
    }
    Ok(Some((Response { status, headers, names, body: Bytes::new() }, length)))
}

fn is_chunked(headers: &HeaderMap) -> bool {
    let encoding = headers.get(http::header::TRANSFER_ENCODING);
    encoding.is_some_and(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"chunked"))
}

/// The body in these chunks; `None` while they are incomplete.
fn unchunked(mut received: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let mut body = Vec::new();
    loop {
        let size = httparse::parse_chunk_size(received).map_err(|_| text!("a chunk without its size"))?;
        let httparse::Status::Complete((start, size)) = size else { return Ok(None) };
        if size == 0 {
            return Ok(Some(body));
        }
        let end = usize::try_from(size).ok().and_then(|size| start.checked_add(size));
        let Some(chunk) = end.and_then(|end| received.get(start..end)) else { return Ok(None) };
        body.extend_from_slice(chunk);
        // Each chunk ends with an empty line.
        let Some(rest) = received.get(start + chunk.len() + 2..) else { return Ok(None) };
        received = rest;
    }
}

/// Waits for more bytes; `false` at the end of the connection.
async fn receive(stream: &mut impl Connection, received: &mut Vec<u8>) -> Result<bool, String> {
    stream.read_buf(received).await.map(|length| length > 0).map_err(|error| error.to_string())
}

/// The headers of a built request: the usual ones, overridden by those of the case.
pub(super) fn headers(
    request: &BuiltRequest,
    url: &BaseUrl,
    authorization: Option<&str>,
    placeholders: &Placeholders,
) -> Result<HeaderMap, String> {
    let usual = [
        ("host", Some(url.authority().as_str())),
        ("user-agent", Some("wechatpay-contract")),
        ("accept", Some("application/json")),
        ("content-type", Some("application/json")),
        ("authorization", authorization),
    ];
    let of_case = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
    let mut headers = HeaderMap::new();
    for (name, value) in usual.into_iter().chain(of_case) {
        if let Some(value) = value {
            let (name, value) = header(name, placeholders.fill(value).as_bytes())?;
            headers.insert(name, value);
        } else {
            headers.remove(name);
        }
    }
    Ok(headers)
}

fn header(name: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue), String> {
    let value = HeaderValue::from_bytes(value).map_err(|error| format!("{name}: {error}"))?;
    Ok((name.parse().map_err(|error| format!("{name}: {error}"))?, value))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// The response read from a server that sends these bytes and closes the connection.
    async fn received(bytes: &str) -> Result<Response, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let response = async {
            let (mut peer, _) = listener.accept().await.unwrap();
            peer.write_all(bytes.as_bytes()).await.unwrap();
        };
        tokio::join!(raw(&url, b""), response).0
    }

    #[tokio::test]
    async fn a_body_has_its_declared_length_or_ends_with_the_connection() {
        for (bytes, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}more", "{}"),
            ("HTTP/1.1 200 OK\r\n\r\n{}", "{}"),
            ("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", ""),
            ("HTTP/1.1 204 No Content\r\n\r\nmore", ""),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", "{}"),
        ] {
            assert_eq!(received(bytes).await.unwrap().body, body, "{bytes}");
        }
    }

    #[tokio::test]
    async fn a_truncated_body_is_an_error() {
        for length in [3, usize::MAX] {
            let bytes = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{{}}");
            let problem = received(&bytes).await.unwrap_err();
            assert_eq!(problem, format!("a body that breaks off after 2 of {length} bytes"));
        }
    }
}
