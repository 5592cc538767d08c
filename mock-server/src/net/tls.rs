//! HTTPS: who the mock says it is, and how a connection becomes a secret one.

mod authority;
mod handshake;

pub use crate::net::tls::authority::{Authority, AuthorityError};
pub(crate) use crate::net::tls::handshake::{Handshake, Tls};
