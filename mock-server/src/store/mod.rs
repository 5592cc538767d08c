//! The mock's state: documents by merchant, kind and ID, and the used request numbers.
//!
//! The store knows no products. An operation reads documents and puts changed ones into a [`Documents`], which belongs
//! to one request. [`Store::commit`] keeps all changes at once, or none if another request changed one of the documents
//! in the meantime.

mod documents;
mod memory;

use std::sync::Arc;

use serde_json::Value;

pub(crate) use documents::{Documents, NumberUse};
pub(crate) use memory::Store;

/// Identifies a document of a merchant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The kind of the document, such as `member_card`.
    pub(crate) kind: &'static str,
    /// The document's ID, unique within its kind.
    pub(crate) id: String,
}

/// A stored document with its version, which is compared at the next change.
#[derive(Clone, Debug)]
struct Document {
    version: u64,
    value: Arc<Value>,
}

/// The version of a document that does not exist.
const ABSENT: u64 = 0;

/// The content of a request as 16 bytes of SHA-256: enough to tell whether a request number is used again for the same
/// content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of the JSON of `content`.
    pub(crate) fn of(content: &impl serde::Serialize) -> Self {
        use sha2::{Digest, Sha256};
        let json =
            serde_json::to_vec(content).expect("contents are structs and values, which always serialize");
        let mut first = [0; 16];
        first.copy_from_slice(&Sha256::digest(json)[..16]);
        Self(first)
    }
}

/// Another request changed one of the documents after it was read and before the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conflict;
