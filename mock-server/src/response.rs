//! From a result to a response: its headers and body, and its signature.

pub(crate) mod body;
pub(crate) mod respond;
pub(crate) mod sign;
