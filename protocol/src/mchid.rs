//! The merchant number.

use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

use wechatpay_texts::{Phrase, text};

use crate::ParseError;

/// A merchant number: 1 to 32 decimal digits, usually ten. (documented)
///
/// Cheap to clone: clones share the digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mchid(Arc<str>);

impl Mchid {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Mchid {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for Mchid {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = text.bytes().position(|byte| !byte.is_ascii_digit());
        match wrong {
            None if (1..=32).contains(&text.len()) => Ok(Self(text.into())),
            _ => {
                let at = wrong.unwrap_or(text.len().min(32));
                Err(ParseError::new(
                    Phrase::name("mchid"),
                    || text!("1 to 32 decimal digits"),
                    text.as_bytes(),
                    at,
                ))
            }
        }
    }
}

impl fmt::Display for Mchid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
