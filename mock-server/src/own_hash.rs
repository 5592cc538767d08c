//! Tables whose keys are hashes already.

use std::hash::{BuildHasherDefault, Hasher};

/// Takes a key's 64 bits for its hash, as they are. Whoever can choose them can make a table slow: they must come of a
/// hash whose own key nobody knows.
#[derive(Default)]
pub(crate) struct OwnHash(u64);

/// Makes [`OwnHash`].
pub(crate) type ByOwnHash = BuildHasherDefault<OwnHash>;

impl Hasher for OwnHash {
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    /// For keys of tests, which are no hashes.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
