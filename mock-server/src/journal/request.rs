//! A request as the journal keeps it.

use bytes::Bytes;
use http::{Method, Version};

use crate::{
    journal::Headers,
    request::receive::{Peer, RawRequest, path_of, query_of},
};

/// A request as it arrived: not decoded, not normalized. Only a fragment (`#…`), which a request must not have, is
/// lost.
#[derive(Clone, Debug)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// Path and query as sent.
    pub target: Box<str>,
    /// The headers as sent, except for credentials that are not the gateway's.
    pub headers: Headers,
    /// The HTTP version.
    pub version: Version,
    /// The body; empty if it did not arrive completely. The journal may have cut it.
    pub body: Bytes,
    /// The length of the body as sent, in bytes.
    pub body_length: usize,
    /// The sender's address, and whether it uses TLS.
    pub(crate) peer: Peer,
}

impl Request {
    /// Copies a request, with at most `most_of_a_body` bytes of its body. Without the copy, the whole buffer that the
    /// connection was read into, 8 KiB or more, would stay in memory.
    pub(super) fn keep(received: &RawRequest, most_of_a_body: usize) -> Self {
        Self {
            method: received.method.clone(),
            target: received.target.as_str().into(),
            headers: Headers::from(&received.headers),
            version: received.version,
            body: beginning(&received.body, most_of_a_body),
            body_length: received.body_length,
            peer: received.peer,
        }
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        path_of(&self.target)
    }

    /// The query without its `?`; empty if there is none.
    pub fn query(&self) -> &str {
        query_of(&self.target)
    }

    /// Whether it arrived over TLS.
    pub fn is_tls(&self) -> bool {
        self.peer.is_tls
    }
}

/// A copy of the beginning of a body.
pub(super) fn beginning(body: &Bytes, most: usize) -> Bytes {
    Bytes::copy_from_slice(&body[..body.len().min(most)])
}
