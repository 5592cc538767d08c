//! A response as received.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// A response as received, not verified yet.
#[derive(Clone, Debug)]
pub struct RawResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The exact bytes of the body.
    pub body: Bytes,
}
