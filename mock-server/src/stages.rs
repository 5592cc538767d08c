//! The stages of an exchange, a file each, in the order in which a request meets them.
//!
//! Each takes what the stage before made and returns what the next needs, or the [`Rejection`] that ends the
//! exchange. The types carry the progress: an operation can only be given a [`validate::ValidRequest`], which is made
//! of an [`authenticate::AuthenticatedRequest`] only, so none can forget to check a signature.
//!
//! [`Rejection`]: crate::rejection::Rejection

pub(crate) mod receive;

pub(crate) mod route;

pub(crate) mod authenticate;

pub(crate) mod validate;

pub(crate) mod apply;

pub(crate) mod respond;

pub(crate) mod sign;
