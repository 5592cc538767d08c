//! What stands for something longer.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Sixteen bytes of a hash, which stand for something longer: enough to tell it from everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 16]);

impl Fingerprint {
    pub(crate) fn of(content: &impl Serialize) -> Self {
        // Contents are plain structs of strings and numbers, which always serialize.
        let hash: [u8; 32] = Sha256::digest(serde_json::to_vec(content).unwrap_or_default()).into();
        let mut first = [0; 16];
        first.copy_from_slice(&hash[..16]);
        Self(first)
    }
}
