//! The names of keys: a certificate's serial number, a public key's ID, and either of the two as in
//! `Wechatpay-Serial`.

use std::{fmt, str::FromStr};

use wechatpay_texts::{phrase, text};

use crate::ParseError;

/// The serial number of an X.509 certificate: upper-case hex digits without leading zeros, in practice 40.
///
/// Lower case is accepted, because some SDKs send it, and printed in upper case, the only form in the documentation.
/// (own choice)
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SerialNo(String);

impl SerialNo {
    /// The serial number with these big-endian bytes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        base16ct::upper::encode_string(bytes).parse()
    }

    /// The upper-case hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SerialNo {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = text.bytes().position(|byte| !byte.is_ascii_hexdigit());
        let digits = text.trim_start_matches('0');
        if wrong.is_none() && (1..=40).contains(&digits.len()) {
            return Ok(Self(digits.to_ascii_uppercase()));
        }
        let at = wrong.unwrap_or(if digits.is_empty() { text.len() } else { text.len() - digits.len() + 40 });
        Err(ParseError::new(
            phrase!("certificate serial number"),
            || text!("1 to 40 hex digits, not all zero"),
            text.as_bytes(),
            at,
        ))
    }
}

impl fmt::Display for SerialNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ID of a WeChat Pay public key: `PUB_KEY_ID_` and digits. (documented)
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicKeyId(String);

impl PublicKeyId {
    const PREFIX: &str = "PUB_KEY_ID_";

    /// The ID with its prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicKeyId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let malformed = |at| {
            ParseError::new(
                phrase!("public key ID"),
                || text!("PUB_KEY_ID_ and 1 to 64 digits"),
                text.as_bytes(),
                at,
            )
        };
        let digits = text.strip_prefix(Self::PREFIX).ok_or_else(|| malformed(0))?;
        let start = Self::PREFIX.len();
        match digits.bytes().position(|byte| !byte.is_ascii_digit()) {
            Some(wrong) => Err(malformed(start + wrong)),
            None if digits.is_empty() => Err(malformed(start)),
            None if digits.len() > 64 => Err(malformed(start + 64)),
            None => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for PublicKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One of WeChat Pay's keys, as named in `Wechatpay-Serial`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyId {
    /// The key of the platform certificate with this serial number.
    Certificate(SerialNo),
    /// The public key with this ID.
    PublicKey(PublicKeyId),
}

impl KeyId {
    /// The header's value.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Certificate(serial_no) => serial_no.as_str(),
            Self::PublicKey(id) => id.as_str(),
        }
    }
}

impl FromStr for KeyId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.starts_with(PublicKeyId::PREFIX) {
            text.parse().map(Self::PublicKey)
        } else {
            text.parse().map(Self::Certificate)
        }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<SerialNo> for KeyId {
    fn from(serial_no: SerialNo) -> Self {
        Self::Certificate(serial_no)
    }
}

impl From<PublicKeyId> for KeyId {
    fn from(id: PublicKeyId) -> Self {
        Self::PublicKey(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_is_printed_in_upper_case_without_leading_zeros() {
        let serial_no: SerialNo = "00ab01".parse().unwrap();
        assert_eq!(serial_no.to_string(), "AB01");
    }

    #[test]
    fn an_error_in_a_key_id_names_the_byte() {
        let error = |text: &str| text.parse::<KeyId>().unwrap_err().to_string();
        assert_eq!(
            error("AB-01"),
            "certificate serial number: expected 1 to 40 hex digits, not all zero, found `-01` at byte 2"
        );
        assert_eq!(
            error("PUB_KEY_ID_"),
            "public key ID: expected PUB_KEY_ID_ and 1 to 64 digits, found the end at byte 11"
        );
        for text in ["", "0", &"A".repeat(41), &format!("PUB_KEY_ID_{}", "1".repeat(65)), "PUB_KEY_ID_1a"] {
            assert!(text.parse::<KeyId>().is_err(), "{text}");
        }
    }
}
