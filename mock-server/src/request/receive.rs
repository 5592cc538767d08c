//! Bytes become a request: head and body as sent, within limits of size and time.

use std::{mem, net::SocketAddr};

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Version,
    header::{CONNECTION, EXPECT, HOST},
};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::{sync::Semaphore, time::timeout};
use wechatpay_protocol::WECHATPAY_SERIAL;

use crate::{api::error::ApiError, limits::Limits};

/// A request as it came: nothing decoded, nothing normalized, so that its signature can be checked.
#[derive(Clone, Debug)]
pub(crate) struct RawRequest {
    /// The method.
    pub(crate) method: Method,
    /// Path and query as sent.
    pub(crate) target: String,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The version of HTTP.
    pub(crate) version: Version,
    /// The body; empty if it did not arrive whole.
    pub(crate) body: Bytes,
    /// Bytes of the body as sent.
    pub(crate) body_length: usize,
    /// Who sent it, and how.
    pub(crate) peer: Peer,
    /// Whether the peer means to use the connection again.
    pub(crate) keeps_alive: bool,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Unknown on a connection that is no socket's.
    pub(crate) address: Option<SocketAddr>,
    /// Whether it speaks TLS.
    pub(crate) is_tls: bool,
}

impl Peer {
    /// How its URLs begin.
    pub(crate) fn scheme(self) -> &'static str {
        if self.is_tls { "https" } else { "http" }
    }
}

impl RawRequest {
    /// The target without its query.
    pub(crate) fn path(&self) -> &str {
        path_of(&self.target)
    }

    /// Which of the gateway's keys the client wants the response signed with.
    pub(crate) fn wechatpay_serial(&self) -> Option<&str> {
        self.headers.get(WECHATPAY_SERIAL)?.to_str().ok()
    }

    /// The query without its `?`; empty if there is none.
    pub(crate) fn query(&self) -> &str {
        query_of(&self.target)
    }
}

/// A target without its query.
pub(crate) fn path_of(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

/// A target's query without its `?`; empty if there is none.
pub(crate) fn query_of(target: &str) -> &str {
    target.split_once('?').map_or("", |(_, query)| query)
}

/// Reads the whole request. What is known of it comes back even if its body can't be had.
pub(crate) async fn receive<B>(
    request: Request<B>,
    peer: Peer,
    limits: &Limits,
    room: &Semaphore,
) -> (RawRequest, Result<(), ApiError>)
where
    B: Body<Data = Bytes> + Unpin,
{
    let (head, mut body) = request.into_parts();
    let target = head.uri.path_and_query().map_or_else(|| head.uri.to_string(), ToString::to_string);
    let keeps_alive = keeps_alive(head.version, &head.headers);
    let mut headers = head.headers;
    if let (Version::HTTP_2, Some(authority)) = (head.version, head.uri.authority()) {
        // Where HTTP/1.1 has `Host`, HTTP/2 has this.
        if let Ok(host) = authority.as_str().parse() {
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
        let waits_for_consent = received.headers.contains_key(EXPECT);
        let reading = read(&mut body, limits.body, waits_for_consent, room);
        timeout(limits.body_timeout, reading).await.unwrap_or(Err((ApiError::BodyTimeout, Rest::Unread)))
    };
    match verdict {
        Ok(body) => {
            received.body_length = body.len();
            received.body = body;
            (received, Ok(()))
        }
        Err((rejection, rest)) => {
            // What is left unread of a request would be taken for the next one.
            received.keeps_alive &= rest == Rest::Read;
            (received, Err(rejection))
        }
    }
}

/// Whether a body that is refused was read to its end all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Read,
    Unread,
}

/// HTTP/1.1 keeps a connection unless told to close it, HTTP/1.0 closes it unless told to keep it.
fn keeps_alive(version: Version, headers: &HeaderMap) -> bool {
    let says = |wanted: &str| {
        let values = headers.get_all(CONNECTION).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|option| option.trim().eq_ignore_ascii_case(wanted))
    };
    if version == Version::HTTP_10 { says("keep-alive") } else { !says("close") }
}

/// Size of request line and headers on the wire. hyper has a limit of its own, but only looks at it between reads.
fn head_size(received: &RawRequest) -> usize {
    let headers =
        received.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    received.method.as_str().len()
        + received.target.len()
        + "  HTTP/1.1\r\n\r\n".len()
        + headers.sum::<usize>()
}

/// Bytes of a body over the limit that are read and dropped, as a multiple of the limit. A client that is still
/// sending would not see the answer if the connection were closed under it.
const DRAINED: usize = 8;

/// Bodies up to this size are read whenever they come; only larger ones wait for one another.
const SMALL_BODY: u64 = 8 * 1024;

/// Larger bodies that are read at once, so that many peers who send theirs slowly can't take all memory, nor keep
/// ordinary requests waiting. (own choice)
pub(crate) const LARGE_BODIES: usize = 16;

async fn read<B>(
    body: &mut B,
    limit: usize,
    waits_for_consent: bool,
    room: &Semaphore,
) -> Result<Bytes, (ApiError, Rest)>
where
    B: Body<Data = Bytes> + Unpin,
{
    let too_large = |rest| (ApiError::BodyTooLarge { limit }, rest);
    let size = body.size_hint();
    if size.lower() > limit as u64 && (waits_for_consent || size.lower() > (limit * DRAINED) as u64) {
        return Err(too_large(Rest::Unread));
    }
    let is_small = size.exact().is_some_and(|size| size <= SMALL_BODY);
    let _room = if is_small { None } else { room.acquire().await.ok() };

    // One piece, as most bodies come, stays where it is; several are put together.
    let mut whole = Bytes::new();
    let mut pieces = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let broken = |_| (ApiError::BodyBroken, Rest::Unread);
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        length += data.len();
        if length > limit * DRAINED {
            return Err(too_large(Rest::Unread));
        }
        if length > limit {
            (whole, pieces) = (Bytes::new(), Vec::new());
        } else if whole.is_empty() && pieces.is_empty() {
            whole = data;
        } else {
            pieces.extend_from_slice(&mem::take(&mut whole));
            pieces.extend_from_slice(&data);
        }
    }
    match length {
        _ if length > limit => Err(too_large(Rest::Read)),
        _ if pieces.is_empty() => Ok(whole),
        _ => Ok(pieces.into()),
    }
}
