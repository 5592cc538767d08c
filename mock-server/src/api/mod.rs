//! The gateway's vocabulary: its errors, what a request is warned about, and the texts of both in every language.

pub(crate) mod error;
mod field_error;
pub(crate) mod injected_error;
pub(crate) mod language;
mod messages;
pub(crate) mod operation_error;
mod warning;

pub use warning::Warning;
