//! The only source of chance in the mock: nonces and request IDs come from it.

/// Where random bytes come from.
#[derive(Clone)]
pub struct Randomness(Source);

#[derive(Clone, Copy)]
enum Source {
    System,
    Fixed([u8; 16]),
}

impl Randomness {
    /// A generator for each thread, made for keys and nonces, and seeded by the operating system now and then: asking that
    /// each time would be a system call for 16 bytes.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// The same bytes each time, so that a whole answer can be compared to the byte. Never for anything else:
    /// certificates encrypted with one nonce twice are no longer secret.
    pub fn fixed(bytes: [u8; 16]) -> Self {
        Self(Source::Fixed(bytes))
    }

    /// The next sixteen bytes.
    pub(crate) fn bytes(&self) -> [u8; 16] {
        match self.0 {
            Source::System => rand::random(),
            Source::Fixed(bytes) => bytes,
        }
    }
}

impl std::fmt::Debug for Randomness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Randomness")
    }
}
