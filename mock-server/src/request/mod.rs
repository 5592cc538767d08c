//! The stages from bytes to a valid request: receive, route, authenticate, validate.
//!
//! Each stage takes the result of the stage before it, and returns the input of the next one or the error that ends the
//! exchange. Only [`authenticate`] creates an `AuthenticatedRequest`, and only [`validate`] creates a `ValidRequest`,
//! so an operation never gets a request that skipped a check.

pub(crate) mod authenticate;
pub(crate) mod body;
pub(crate) mod diagnose;
pub(crate) mod multipart;
pub(crate) mod not_http;
pub(crate) mod place;
pub(crate) mod receive;
pub(crate) mod route;
pub(crate) mod validate;

use percent_encoding::percent_decode_str;

/// The parameters of a query: names and values, both still percent-encoded. A name without `=` has an empty value.
pub(crate) fn query_pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// The value of the first parameter with this name, still percent-encoded.
pub(crate) fn in_query<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    all_in_query(query, name).next()
}

/// The values of all parameters with this name, still percent-encoded.
pub(crate) fn all_in_query<'q>(query: &'q str, name: &str) -> impl Iterator<Item = &'q str> {
    let is_wanted = move |sent: &str| percent_decode_str(sent).decode_utf8_lossy() == name;
    query_pairs(query).filter(move |(sent, _)| is_wanted(sent)).map(|(_, value)| value)
}
