//! Data encrypted with the APIv3 key: platform certificates in responses, and the content of notifications.

use std::{fmt, str::FromStr};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, UnboundKey};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use wechatpay_texts::{Text, phrase, text};

use crate::{ParseError, signature::decode_base64};

/// A merchant's APIv3 key: 32 visible ASCII characters that merchant and gateway share. (documented)
///
/// Neither `Debug` nor any error shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Apiv3Key(Zeroizing<String>);

impl Apiv3Key {
    const LENGTH: usize = 32;

    /// The key itself, for writing it to the merchant's files.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM, self.0.as_bytes());
        LessSafeKey::new(key.expect("an APIv3 key has the length of an AES-256 key"))
    }
}

impl FromStr for Apiv3Key {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let malformed = |found: &dyn Fn() -> String, at| {
            ParseError::secret(phrase!("APIv3 key"), || text!("32 visible ASCII characters"), found, at)
        };
        if let Some(at) = text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            return Err(malformed(&|| text!("another byte (not shown)"), at));
        }
        if text.len() != Self::LENGTH {
            let found = || text!("{length} bytes (not shown)", length = text.len());
            return Err(malformed(&found, text.len().min(Self::LENGTH)));
        }
        Ok(Self(Zeroizing::new(text.into())))
    }
}

impl fmt::Debug for Apiv3Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Apiv3Key(secret)")
    }
}

/// Data encrypted with the APIv3 key by AES-256-GCM, in its JSON form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Always [`Resource::ALGORITHM`].
    pub algorithm: String,
    /// 12 bytes of text.
    pub nonce: String,
    /// Authenticated together with the data; at most 15 bytes, may be empty or absent. (documented)
    #[serde(default)]
    pub associated_data: String,
    /// The encrypted data followed by its 16-byte tag, in Base64.
    pub ciphertext: String,
}

/// Why a [`Resource`] can't be decrypted.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum ResourceError {
    /// The algorithm is another one.
    #[text("expected the algorithm {algorithm}, found `{found}`", algorithm = Resource::ALGORITHM)]
    Algorithm {
        /// The algorithm that it names.
        found: String,
    },
    /// The nonce has another length.
    #[text("expected a nonce of 12 bytes, found {found}")]
    Nonce {
        /// The length in bytes.
        found: usize,
    },
    /// The ciphertext is not Base64.
    #[text(transparent)]
    Ciphertext(#[from] ParseError),
    /// The key, the nonce, the associated data or the ciphertext is not the original one.
    #[text("decryption failed: another APIv3 key, or the data was altered")]
    Unauthentic,
}

impl Resource {
    /// The only algorithm in use.
    pub const ALGORITHM: &str = "AEAD_AES_256_GCM";

    /// Encrypts `plaintext`. No nonce may be used twice with one key.
    ///
    /// # Panics
    /// If `nonce` does not have 12 bytes, which is a bug in the caller.
    pub fn encrypt(key: &Apiv3Key, nonce: &str, associated_data: &str, plaintext: &[u8]) -> Self {
        let gcm_nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce.as_bytes());
        let mut data = plaintext.to_vec();
        key.cipher()
            .seal_in_place_append_tag(
                gcm_nonce.expect("a nonce of 12 bytes"),
                Aad::from(associated_data.as_bytes()),
                &mut data,
            )
            .expect("a plaintext under 64 GiB");
        Self {
            algorithm: Self::ALGORITHM.into(),
            nonce: nonce.into(),
            associated_data: associated_data.into(),
            ciphertext: BASE64_STANDARD.encode(data),
        }
    }

    /// Decrypts the data and checks that nothing was altered.
    ///
    /// # Errors
    /// [`ResourceError`] names the part that is wrong. A wrong key can't be distinguished from altered data.
    pub fn decrypt(&self, key: &Apiv3Key) -> Result<Vec<u8>, ResourceError> {
        if self.algorithm != Self::ALGORITHM {
            return Err(ResourceError::Algorithm { found: self.algorithm.clone() });
        }
        let nonce: [u8; NONCE_LEN] =
            self.nonce.as_bytes().try_into().map_err(|_| ResourceError::Nonce { found: self.nonce.len() })?;
        let mut data = decode_base64(phrase!("ciphertext"), &self.ciphertext)?;
        let nonce = aws_lc_rs::aead::Nonce::assume_unique_for_key(nonce);
        let plaintext = key
            .cipher()
            .open_in_place(nonce, Aad::from(self.associated_data.as_bytes()), &mut data)
            .map_err(|_| ResourceError::Unauthentic)?;
        Ok(plaintext.to_vec())
    }
}
