//! HTTPS: the mock's certificate authority, and the handshake.

mod authority;
mod handshake;

pub use crate::net::tls::authority::{Authority, AuthorityError};
pub(crate) use crate::net::tls::handshake::{Handshake, Tls};
