//! HTTPS: who the mock says it is, and how a connection becomes a secret one.

mod authority;
mod handshake;

pub use authority::{Authority, AuthorityError};
pub(crate) use handshake::{Handshake, Tls};
