//! The mock's source of randomness, for nonces, request IDs and certificates.

/// The source of random bytes.
#[derive(Clone)]
pub struct Randomness(Source);

#[derive(Clone, Copy)]
enum Source {
    System,
    Fixed([u8; 16]),
}

impl Randomness {
    /// A cryptographic generator for each thread, reseeded by the operating system from time to time. This saves a
    /// system call for each nonce.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// The same bytes every time, so that tests can compare complete responses byte by byte. Use it for nothing else:
    /// it encrypts two certificates with the same nonce, so they are no longer secret.
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
