//! Sensitive fields: RSAES-OAEP with SHA-1 and MGF1-SHA-1, in Base64. (documented)

mod padding;

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use rsa::{
    PrivateKey, PublicKey,
    oaep::Oaep,
    pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey},
    traits::PublicKeyParts,
};
use sha1::Sha1;

use wechatpay_texts::{Text, phrase};

use crate::{
    KeyError, ParseError,
    key_der::{private_key_der, public_key_der},
    signature::decode_base64,
};

pub use padding::Padding;

/// Why a sensitive field can't be encrypted or decrypted.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum SensitiveError {
    /// The ciphertext is not Base64.
    #[text(transparent)]
    Ciphertext(#[from] ParseError),
    /// The text does not fit in one block of the key.
    #[text("expected at most {longest} bytes, found {found}")]
    TooLong {
        /// The maximum, in bytes.
        longest: usize,
        /// The length of the text, in bytes.
        found: usize,
    },
    /// The ciphertext is for another key, has another padding, or was altered.
    #[text("decryption failed: made for another key, with another padding, or altered")]
    Unauthentic,
}

/// The recipient's public key, which encrypts sensitive fields.
#[derive(Clone)]
pub struct EncryptingKey(PublicKey);

impl EncryptingKey {
    /// Reads the first public key in PEM: SPKI (`PUBLIC KEY`), or the key of a `CERTIFICATE`.
    ///
    /// # Errors
    /// [`KeyError`], also for keys under 2048 and over 8192 bits.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let key = PublicKey::from_pkcs1_der(&public_key_der(text)?);
        key.map(Self).map_err(|_| KeyError::Content { expected: phrase!("an RSA public key") })
    }

    /// Encrypts one field. The result differs each time.
    ///
    /// # Errors
    /// [`SensitiveError::TooLong`] for more than the key's length minus 42 bytes, which is 214 bytes for 2048 bits.
    pub fn encrypt(&self, plaintext: &str) -> Result<String, SensitiveError> {
        let longest = self.0.size().saturating_sub(42);
        if plaintext.len() > longest {
            return Err(SensitiveError::TooLong { longest, found: plaintext.len() });
        }
        let ciphertext = self.0.oaep_encrypt::<Sha1>(plaintext.as_bytes());
        Ok(BASE64_STANDARD.encode(ciphertext.expect("a text that fits in one block can be encrypted")))
    }
}

impl fmt::Debug for EncryptingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptingKey(RSA, public)")
    }
}

/// The recipient's private key, which decrypts sensitive fields.
pub struct DecryptingKey(PrivateKey);

impl DecryptingKey {
    /// Reads the first private key in PEM: PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// [`KeyError`], also for keys under 2048 and over 8192 bits.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let key = PrivateKey::from_pkcs1_der(&private_key_der(text)?);
        key.map(Self).map_err(|_| KeyError::Content { expected: phrase!("an RSA private key") })
    }

    /// Decrypts one field.
    ///
    /// # Errors
    /// [`SensitiveError::Ciphertext`] if it is not Base64, otherwise always [`SensitiveError::Unauthentic`]: a reason
    /// would give attackers a padding oracle.
    pub fn decrypt(&self, ciphertext: &str) -> Result<Vec<u8>, SensitiveError> {
        let ciphertext = decode_base64(phrase!("ciphertext"), ciphertext)?;
        self.0.decrypt(Oaep::<Sha1>::new(), &ciphertext).map_err(|_| SensitiveError::Unauthentic)
    }
}

impl fmt::Debug for DecryptingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecryptingKey(RSA, private)")
    }
}
