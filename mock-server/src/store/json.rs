//! The JSON of a document.

use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// A document as text: smaller than a tree of values, read by its type, and kept in this form by every backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonText(Arc<str>);

impl JsonText {
    /// The JSON of a document.
    pub(crate) fn of(document: &impl Serialize) -> Self {
        let text = serde_json::to_string(document)
            .expect("documents are structs and values, which always serialize");
        Self(text.into())
    }

    /// A text that is known to be JSON.
    #[cfg_attr(
        not(any(feature = "redis", feature = "sqlite")),
        expect(dead_code, reason = "only backends that last keep texts")
    )]
    pub(super) fn known(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What it is as a `T`; `None` if it is none. A `T` with few fields skips the others.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.0).ok()
    }

    /// It as a tree of values, to be shown.
    pub(crate) fn to_value(&self) -> Value {
        self.read().unwrap_or_default()
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
