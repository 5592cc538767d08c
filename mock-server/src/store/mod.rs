//! What is remembered: documents by merchant, kind and key, and the request numbers that were used.
//!
//! No product is known here. An operation reads documents and puts changed ones into a [`Documents`], which belongs to
//! one request; [`Store::commit`] keeps all of it at once, or nothing if a document was changed by another request in the
//! meantime.

mod documents;
mod memory;

use std::sync::Arc;

use serde_json::Value;

pub(crate) use documents::{Documents, NumberUse};
pub(crate) use memory::Store;

/// Names a document of a merchant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// What the document is, such as `member_card`.
    pub(crate) kind: &'static str,
    /// Which one it is.
    pub(crate) id: String,
}

/// A document as it was stored, with the version that its next change must name.
#[derive(Clone, Debug)]
struct Document {
    version: u64,
    value: Arc<Value>,
}

/// The version of a document that does not exist.
const ABSENT: u64 = 0;

/// What a request was about, as 16 bytes of SHA-256: enough to tell whether a request number is used again for the same
/// content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of what this serializes to.
    pub(crate) fn of(content: &impl serde::Serialize) -> Self {
        use sha2::{Digest, Sha256};
        let json =
            serde_json::to_vec(content).expect("contents are structs and values, which always serialize");
        let mut first = [0; 16];
        first.copy_from_slice(&Sha256::digest(json)[..16]);
        Self(first)
    }
}

/// A document that was read was changed by another request before the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conflict;
