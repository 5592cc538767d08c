//! From a received request to one that a merchant signed and the contract allows: receive, route, authenticate, validate.
//!
//! Each stage takes what the stage before it made, and returns what the next one needs, or the error that ends the
//! exchange. Only [`authenticate`] makes an `AuthenticatedRequest` and only [`validate`] a `ValidRequest`, so an operation
//! cannot be given a request that skipped a check.

pub(crate) mod authenticate;
pub(crate) mod diagnose;
pub(crate) mod receive;
pub(crate) mod route;
pub(crate) mod validate;
