//! Receives a request: its head and body as sent, within the limits of size and time.

use std::{mem, net::SocketAddr};

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Version,
    header::{AUTHORIZATION, CONNECTION, EXPECT, HOST},
    uri::Authority,
};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::{sync::Semaphore, time::timeout};
use wechatpay_protocol::WECHATPAY_SERIAL;

use crate::{
    api::{error::ApiError, host::Host},
    limits::Limits,
};

/// A request as it arrived: not decoded, not normalized, so that its signature can be verified.
#[derive(Clone, Debug)]
pub(crate) struct RawRequest {
    /// The HTTP method.
    pub(crate) method: Method,
    /// Path and query as sent.
    pub(crate) target: String,
    /// The headers as sent.
    pub(crate) headers: HeaderMap,
    /// The HTTP version.
    pub(crate) version: Version,
    /// The body; empty if it did not arrive completely.
    pub(crate) body: Bytes,
    /// The length of the body as sent, in bytes.
    pub(crate) body_length: usize,
    /// The sender's address, and whether it uses TLS.
    pub(crate) peer: Peer,
    /// Whether the peer wants to keep the connection open.
    pub(crate) keeps_alive: bool,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// `None` on an in-memory connection.
    pub(crate) address: Option<SocketAddr>,
    /// Whether it uses TLS.
    pub(crate) is_tls: bool,
}

impl Peer {
    /// The scheme of its URLs.
    pub(crate) fn scheme(self) -> &'static str {
        if self.is_tls { "https" } else { "http" }
    }
}

impl RawRequest {
    /// The target without its query.
    pub(crate) fn path(&self) -> &str {
        path_of(&self.target)
    }

    /// The header with this name, if there is exactly one and it is visible ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        single(&self.headers, name)
    }

    /// Scheme and host that it was sent to, if that is not one of the gateway's own names: what leads back to this mock
    /// without a proxy.
    pub(crate) fn own_origin(&self) -> Option<String> {
        let host = self.header(HOST.as_str())?;
        let is_gateways = host.parse().is_ok_and(|host| Host::of(&host).is_ok_and(|host| host.is_gateways()));
        (!is_gateways).then(|| format!("{}://{host}", self.peer.scheme()))
    }

    /// The gateway key that should sign the response, if the client names one.
    pub(crate) fn wechatpay_serial(&self) -> Option<&str> {
        self.header(WECHATPAY_SERIAL.as_str())
    }

    /// The query without its `?`; empty if there is none.
    pub(crate) fn query(&self) -> &str {
        query_of(&self.target)
    }
}

fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut found = headers.get_all(name).iter();
    let first = found.next()?;
    found.next().is_none().then(|| first.to_str().ok())?
}

/// An authority without user information, which may hold a password.
pub(crate) fn host_and_port(authority: &Authority) -> &str {
    let text = authority.as_str();
    text.rsplit_once('@').map_or(text, |(_, rest)| rest)
}

/// A target without its query.
pub(crate) fn path_of(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

/// A target's query without its `?`; empty if there is none.
pub(crate) fn query_of(target: &str) -> &str {
    target.split_once('?').map_or("", |(_, query)| query)
}

/// Receives the complete request. Returns its head even if its body cannot be received.
pub(crate) async fn receive<B>(
    request: Request<B>,
    peer: Peer,
    limits: &Limits,
    room: &Semaphore,
) -> (RawRequest, Result<(), ApiError>)
where
    B: Body<Data = Bytes> + Unpin,
{
    receive_within(request, peer, limits, room, |_| limits.body).await
}

/// The same with a limit of the body that depends on the head.
pub(crate) async fn receive_within<B>(
    request: Request<B>,
    peer: Peer,
    limits: &Limits,
    room: &Semaphore,
    most: impl FnOnce(&RawRequest) -> usize,
) -> (RawRequest, Result<(), ApiError>)
where
    B: Body<Data = Bytes> + Unpin,
{
    let (head, mut body) = request.into_parts();
    let target = head.uri.path_and_query().map_or_else(|| head.uri.to_string(), ToString::to_string);
    let keeps_alive = keeps_alive(head.version, &head.headers);
    let mut headers = head.headers;
    if let (Version::HTTP_2, Some(authority)) = (head.version, head.uri.authority()) {
        // HTTP/2 has the authority instead of `Host`.
        if let Ok(host) = host_and_port(authority).parse() {
            headers.entry(HOST).or_insert(host);
        }
    }
    let mut received = RawRequest {
        method: head.method,
        target,
        headers,
        version: head.version,
        body: Bytes::new(),
        body_length: 0,
        peer,
        keeps_alive,
    };
    let verdict = if head_size(&received) > limits.head {
        Err((ApiError::HeadTooLarge { limit: limits.head }, Rest::Unread))
    } else {
        let expects_continue = received.headers.contains_key(EXPECT);
        let reading = read(&mut body, most(&received), expects_continue, room);
        timeout(limits.body_timeout, reading).await.unwrap_or(Err((ApiError::BodyTimeout, Rest::Unread)))
    };
    let verdict = verdict.and_then(|body| match received.headers.get_all(AUTHORIZATION).iter().count() {
        0 | 1 => Ok(body),
        // The web server in front of the application also closes the connection.
        found => Err((ApiError::AuthorizationRepeated { found }, Rest::Unread)),
    });
    match verdict {
        Ok(body) => {
            received.body_length = body.len();
            received.body = body;
            (received, Ok(()))
        }
        Err((rejection, rest)) => {
            // The unread rest of a request would be read as the next request.
            received.keeps_alive &= rest == Rest::Read;
            (received, Err(rejection))
        }
    }
}

/// Whether a refused body was still read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Read,
    Unread,
}

/// HTTP/1.1 keeps a connection open unless a header closes it; HTTP/1.0 closes it unless a header keeps it open.
fn keeps_alive(version: Version, headers: &HeaderMap) -> bool {
    let has_option = |wanted: &str| {
        let values = headers.get_all(CONNECTION).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|option| option.trim().eq_ignore_ascii_case(wanted))
    };
    if version == Version::HTTP_10 { has_option("keep-alive") } else { !has_option("close") }
}

/// The size of the request line and headers on the wire. hyper has its own limit, but only checks it between reads.
fn head_size(received: &RawRequest) -> usize {
    let headers =
        received.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    received.method.as_str().len()
        + received.target.len()
        + "  HTTP/1.1\r\n\r\n".len()
        + headers.sum::<usize>()
}

/// The most bytes of a body over the limit that are read and dropped, as a multiple of the limit. If the connection
/// were closed while a client is still sending, the client would not see the response.
const DRAINED: usize = 8;

/// Bodies up to this size, in bytes, are always read at once; only larger ones wait for a permit, once more than this has
/// arrived. A peer that sends nothing keeps none.
const SMALL_BODY: usize = 8 * 1024;

/// The number of larger bodies that are read at once, so that many slow peers can neither take all memory nor keep
/// ordinary requests waiting. (own choice)
pub(crate) const LARGE_BODIES: usize = 16;

async fn read<B>(
    body: &mut B,
    limit: usize,
    expects_continue: bool,
    room: &Semaphore,
) -> Result<Bytes, (ApiError, Rest)>
where
    B: Body<Data = Bytes> + Unpin,
{
    let too_large = |rest| (ApiError::BodyTooLarge { limit }, rest);
    let most = limit.saturating_mul(DRAINED);
    let size = body.size_hint();
    if size.lower() > limit as u64 && (expects_continue || size.lower() > most as u64) {
        return Err(too_large(Rest::Unread));
    }

    let mut permit = None;
    // Most bodies arrive in one piece, which is not copied; several pieces are joined.
    let mut first = Bytes::new();
    let mut joined = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let broken = |_| (ApiError::BodyBroken, Rest::Unread);
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        length += data.len();
        if permit.is_none() && length > SMALL_BODY {
            permit = room.acquire().await.ok();
        }
        if length > most {
            return Err(too_large(Rest::Unread));
        }
        if length > limit {
            (first, joined) = (Bytes::new(), Vec::new());
        } else if first.is_empty() && joined.is_empty() {
            first = data;
        } else {
            joined.extend_from_slice(&mem::take(&mut first));
            joined.extend_from_slice(&data);
        }
    }
    match length {
        _ if length > limit => Err(too_large(Rest::Read)),
        _ if joined.is_empty() => Ok(first),
        _ => Ok(joined.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::{Pin, pin},
        task::{Context, Poll},
        time::Duration,
    };

    use http::HeaderValue;
    use http_body::Frame;

    use super::*;

    static SPACES: [u8; SMALL_BODY] = [b' '; SMALL_BODY];

    /// A body in pieces, without a length, that never ends.
    struct Endless(Vec<&'static [u8]>);

    impl Body for Endless {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            match self.0.pop() {
                Some(piece) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(piece))))),
                None => Poll::Pending,
            }
        }
    }

    async fn permits_of(pieces: Vec<&'static [u8]>) -> usize {
        let room = Semaphore::new(1);
        let mut body = Endless(pieces);
        let mut reading = pin!(read(&mut body, 1024 * 1024, false, &room));
        assert!(timeout(Duration::from_secs(1), &mut reading).await.is_err(), "the body never ends");
        room.available_permits()
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_body_that_has_grown_large_takes_a_permit() {
        assert_eq!(permits_of(Vec::new()).await, 1);
        assert_eq!(permits_of(vec![&SPACES[..60], &SPACES[60..]]).await, 1);
        assert_eq!(permits_of(vec![&SPACES[..1], &SPACES]).await, 0);
    }

    #[test]
    fn a_repeated_header_has_no_value() {
        let mut headers = HeaderMap::new();
        headers.append("wechatpay-serial", HeaderValue::from_static("1"));
        assert_eq!(single(&headers, "Wechatpay-Serial"), Some("1"));
        headers.append("wechatpay-serial", HeaderValue::from_static("2"));
        assert_eq!(single(&headers, "Wechatpay-Serial"), None);
    }
}
