//! The only source of chance in the mock: nonces and request IDs come from it.

use std::sync::Arc;

/// Where random bytes come from.
#[derive(Clone)]
pub struct Randomness(Arc<dyn Fn() -> [u8; 16] + Send + Sync>);

impl Randomness {
    /// The operating system's.
    pub fn system() -> Self {
        Self(Arc::new(|| {
            let mut bytes = [0; 16];
            getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
            bytes
        }))
    }

    /// The same bytes each time, so that a whole answer can be compared to the byte. Never for anything else:
    /// certificates encrypted with one nonce twice are no longer secret.
    pub fn fixed(bytes: [u8; 16]) -> Self {
        Self(Arc::new(move || bytes))
    }

    /// The next sixteen bytes.
    pub(crate) fn bytes(&self) -> [u8; 16] {
        (self.0)()
    }
}

impl std::fmt::Debug for Randomness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Randomness")
    }
}
