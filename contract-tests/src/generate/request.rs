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
    /// Path and query, percent-encoded: as on the wire and in the signed message, but for texts that must be encrypted.
    pub target: String,
    /// The headers that are parameters of the operation.
    pub headers: Vec<(String, String)>,
    /// The body; empty for an operation without one. Texts that must be encrypted are not yet.
    pub body: Bytes,
}

/// As text, to make failures readable.
impl fmt::Debug for GeneratedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.method, self.target, String::from_utf8_lossy(&self.body))
    }
}
