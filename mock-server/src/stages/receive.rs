//! Bytes become a request: head and body as sent, within limits of size and time.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Version,
    header::{CONNECTION, EXPECT, HOST},
};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::{sync::Semaphore, time::timeout};

use crate::{limits::Limits, rejection::Rejection};

/// A request as it came: nothing decoded, nothing normalized, so that its signature can be checked.
///
/// One thing does not come through HTTP's own types: a fragment (`#…`), which has no place in a request.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method.
    pub method: Method,
    /// Path and query as sent.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The version of HTTP.
    pub version: Version,
    /// The body; empty if it did not arrive whole.
    pub body: Bytes,
    /// Bytes of the body as sent.
    pub body_length: usize,
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

impl Received {
    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    /// Whether it came over TLS.
    pub fn is_tls(&self) -> bool {
        self.peer.is_tls
    }

    /// The query without its `?`; empty if there is none.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}

/// Reads the whole request. What is known of it comes back even if its body can't be had.
pub(crate) async fn receive<B>(
    request: Request<B>,
    peer: Peer,
    limits: &Limits,
    room: &Semaphore,
) -> (Received, Result<(), Rejection>)
where
    B: Body<Data = Bytes> + Unpin,
{
    let (head, mut body) = request.into_parts();
    let target = head.uri.path_and_query().map_or_else(|| head.uri.to_string(), ToString::to_string);
    let keeps_alive = keeps_alive(head.version, &head.headers);
    let mut headers = apart(&head.headers);
    if let (Version::HTTP_2, Some(authority)) = (head.version, head.uri.authority()) {
        // Where HTTP/1.1 has `Host`, HTTP/2 has this.
        if let Ok(host) = authority.as_str().parse() {
            headers.entry(HOST).or_insert(host);
        }
    }
    let mut received = Received {
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
        Err((Rejection::HeadTooLarge, Rest::Unread))
    } else {
        let waits_for_consent = received.headers.contains_key(EXPECT);
        let reading = read(&mut body, limits.body, waits_for_consent, room);
        timeout(limits.body_timeout, reading).await.unwrap_or(Err((Rejection::BodyTimeout, Rest::Unread)))
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

/// The same headers in memory of their own. As they come, they are parts of the buffer that the connection was read
/// into: 8 KiB or more, which would stay for as long as the journal keeps any of them.
fn apart(headers: &HeaderMap) -> HeaderMap {
    let values = headers.values().map(HeaderValue::as_bytes).collect::<Vec<_>>().concat();
    let mut values = Bytes::from(values);
    let mut copies = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let copy = HeaderValue::from_maybe_shared(values.split_to(value.len()));
        copies.append(name, copy.unwrap_or_else(|_| value.clone()));
    }
    copies
}

/// Size of request line and headers on the wire. hyper has a limit of its own, but only looks at it between reads.
fn head_size(received: &Received) -> usize {
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
) -> Result<Bytes, (Rejection, Rest)>
where
    B: Body<Data = Bytes> + Unpin,
{
    let too_large = |rest| (Rejection::BodyTooLarge { limit }, rest);
    let size = body.size_hint();
    if size.lower() > limit as u64 && (waits_for_consent || size.lower() > (limit * DRAINED) as u64) {
        return Err(too_large(Rest::Unread));
    }
    let is_small = size.exact().is_some_and(|size| size <= SMALL_BODY);
    let _room = if is_small { None } else { room.acquire().await.ok() };

    // Copied, as the headers are, and for the same reason.
    let mut whole = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let broken = |_| (Rejection::BodyBroken, Rest::Unread);
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        length += data.len();
        if length > limit * DRAINED {
            return Err(too_large(Rest::Unread));
        }
        if length > limit {
            whole = Vec::new();
        } else {
            whole.extend_from_slice(&data);
        }
    }
    if length > limit { Err(too_large(Rest::Read)) } else { Ok(whole.into_boxed_slice().into()) }
}
