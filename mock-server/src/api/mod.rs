//! The words that all parts share: the gateway's hosts, its errors with their texts in every language, and the mock's
//! warnings.

pub(crate) mod error;
mod field_error;
pub(crate) mod host;
pub(crate) mod injected_error;
pub(crate) mod language;
mod messages;
pub(crate) mod non_null;
pub(crate) mod operation_error;
pub(crate) mod own_error;
pub(crate) mod sign_information;
pub(crate) mod suggest;
mod warning;

pub use warning::Warning;
