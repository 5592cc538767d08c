//! The random string that makes every signature different.

use std::{fmt, str::FromStr};

use wechatpay_texts::{Phrase, text};

use crate::ParseError;

/// A `nonce_str`: visible ASCII without `"`, at least one character and usually 32. (documented: any random string)
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nonce(String);

impl Nonce {
    /// Sixteen random bytes as 32 lower-case hex digits, the form of the gateway's own nonces.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(base16ct::lower::encode_string(&bytes))
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Nonce {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.bytes().position(|byte| !byte.is_ascii_graphic() || byte == b'"') {
            None if !text.is_empty() => Ok(Self(text.into())),
            wrong => {
                let expected = || text!("visible ASCII characters without `\"`");
                Err(ParseError::new(Phrase::name("nonce_str"), expected, text.as_bytes(), wrong.unwrap_or(0)))
            }
        }
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
