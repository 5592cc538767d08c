//! The random string that makes each signature differ.

use std::{fmt, str::FromStr};

use crate::Malformed;

/// A `nonce_str`: visible ASCII without `"`, at least one character; 32 is usual. (documented: any random string)
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nonce(String);

impl Nonce {
    /// Sixteen random bytes as the gateway writes its own nonces: 32 lower-case hex digits.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(base16ct::lower::encode_string(&bytes))
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Nonce {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match text.bytes().position(|byte| !byte.is_ascii_graphic() || byte == b'"') {
            None if !text.is_empty() => Ok(Self(text.into())),
            wrong => Err(Malformed::new(
                "nonce_str",
                "visible ASCII characters without `\"`",
                text.as_bytes(),
                wrong.unwrap_or(0),
            )),
        }
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
