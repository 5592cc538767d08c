//! What stands for something longer.

use std::{
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::LazyLock,
};

/// Sixteen bytes of a hash, which stand for something longer: enough to tell it from everything else.
///
/// The hash has keys that nobody knows, so that nobody can make two things with one fingerprint. They are those of the
/// process: a fingerprint means nothing outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint([u64; 2]);

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Not the half that has chosen the part: it is alike for all that are there.
        state.write_u64(self.0[1]);
    }
}

impl Fingerprint {
    pub(crate) fn of(content: impl Hash) -> Self {
        static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(|| [RandomState::new(), RandomState::new()]);
        Self(KEYS.each_ref().map(|key| key.hash_one(&content)))
    }

    /// A number below this one, the same for the same thing, and as often as any other.
    pub(super) fn below(self, count: usize) -> usize {
        (self.0[0] % count as u64) as usize
    }
}
