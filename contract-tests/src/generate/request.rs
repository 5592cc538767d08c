//! A generated request.

use std::fmt;

use bytes::Bytes;
use http::Method;

/// A request, before it is signed.
#[derive(Clone, PartialEq, Eq)]
pub struct GeneratedRequest {
    /// The `operationId`.
    pub operation_id: String,
    /// The method.
    pub method: Method,
    /// Path and query, percent-encoded: as on the wire and in the signed message.
    pub target: String,
    /// The body; empty for an operation without one.
    pub body: Bytes,
}

/// As text, to make failures readable.
impl fmt::Debug for GeneratedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.method, self.target, String::from_utf8_lossy(&self.body))
    }
}
