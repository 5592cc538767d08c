//! Bytes become a request: head and body as sent, within limits of size and time.

use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap, Method, Request, Version,
    header::{CONNECTION, EXPECT},
};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::{limits::Limits, rejection::Rejection};

/// A request as it came: nothing decoded, nothing normalized, so that its signature can be checked.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method.
    pub method: Method,
    /// Path and query as sent.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; empty if it did not arrive whole.
    pub body: Bytes,
    /// Whether the peer means to use the connection again.
    pub(crate) keeps_alive: bool,
}

impl Received {
    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    /// The query without its `?`; empty if there is none.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}

/// Reads the whole request. What is known of it comes back even if its body can't be had.
pub(crate) async fn receive<B>(request: Request<B>, limits: &Limits) -> (Received, Result<(), Rejection>)
where
    B: Body<Data = Bytes> + Unpin,
{
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or_else(|| head.uri.to_string(), ToString::to_string);
    let keeps_alive = keeps_alive(head.version, &head.headers);
    let mut received =
        Received { method: head.method, target, headers: head.headers, body: Bytes::new(), keeps_alive };
    if head_size(&received) > limits.head {
        return (received, Err(Rejection::HeadTooLarge));
    }
    let waits_for_consent = received.headers.contains_key(EXPECT);
    let whole = timeout(limits.body_timeout, read(body, limits.body, waits_for_consent)).await;
    let verdict = whole.unwrap_or(Err(Rejection::BodyTimeout)).map(|body| received.body = body);
    (received, verdict)
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

async fn read<B>(mut body: B, limit: usize, waits_for_consent: bool) -> Result<Bytes, Rejection>
where
    B: Body<Data = Bytes> + Unpin,
{
    let too_large = Rejection::BodyTooLarge { limit };
    let announced = body.size_hint().lower();
    if announced > limit as u64 && (waits_for_consent || announced > (limit * DRAINED) as u64) {
        return Err(too_large);
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Rejection::BodyBroken)?.into_data() else { continue };
        length += data.len();
        if length > limit * DRAINED {
            return Err(too_large);
        }
        if length > limit {
            rest = BytesMut::new();
        } else if first.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
    }
    match length {
        length if length > limit => Err(too_large),
        _ if rest.is_empty() => Ok(first),
        _ => Ok(rest.freeze()),
    }
}
