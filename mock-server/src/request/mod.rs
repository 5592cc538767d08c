//! The stages from bytes to a valid request: receive, route, authenticate, validate.
//!
//! Each stage takes the result of the stage before it, and returns the input of the next one or the error that ends the
//! exchange. Only [`authenticate`] creates an `AuthenticatedRequest`, and only [`validate`] creates a `ValidRequest`,
//! so an operation never gets a request that skipped a check.

pub(crate) mod authenticate;
pub(crate) mod diagnose;
pub(crate) mod receive;
pub(crate) mod route;
pub(crate) mod validate;
