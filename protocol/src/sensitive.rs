//! Sensitive fields: RSAES-OAEP with SHA-1 and MGF1-SHA-1, in Base64. (documented)

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use rsa::{
    PrivateKey, PublicKey,
    oaep::Oaep,
    pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey},
    traits::PublicKeyParts,
};
use sha1::Sha1;

use crate::{
    KeyError, Malformed,
    signature::{decode_base64, private_key_der, public_key_der},
};

/// Why a sensitive field could not be encrypted or decrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SensitiveError {
    /// The ciphertext is not Base64.
    #[error(transparent)]
    Ciphertext(#[from] Malformed),
    /// The text does not fit into one block of the key.
    #[error("expected at most {longest} bytes, found {found}")]
    TooLong {
        /// The most that the key takes.
        longest: usize,
        /// The length of the text.
        found: usize,
    },
    /// The ciphertext was made for another key, with another padding, or altered.
    #[error("decryption failed: made for another key, with another padding, or altered")]
    Unauthentic,
}

/// The public key of whoever shall read a sensitive field.
#[derive(Clone)]
pub struct EncryptingKey(PublicKey);

impl EncryptingKey {
    /// Reads the first public key in PEM: SPKI (`PUBLIC KEY`), or the key of a `CERTIFICATE`.
    ///
    /// # Errors
    /// [`KeyError`], also for keys under 2048 and over 8192 bits.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let key = PublicKey::from_pkcs1_der(&public_key_der(text)?);
        key.map(Self).map_err(|_| KeyError::Content { expected: "an RSA public key" })
    }

    /// Encrypts one field. The result differs each time.
    ///
    /// # Errors
    /// [`SensitiveError::TooLong`] for more than the key's length less 42 bytes: 214 bytes for 2048 bits.
    pub fn encrypt(&self, plaintext: &str) -> Result<String, SensitiveError> {
        let longest = self.0.size().saturating_sub(42);
        if plaintext.len() > longest {
            return Err(SensitiveError::TooLong { longest, found: plaintext.len() });
        }
        let ciphertext = self.0.oaep_encrypt::<Sha1>(plaintext.as_bytes());
        Ok(BASE64_STANDARD.encode(ciphertext.expect("a text that fits into the key's block is encrypted")))
    }
}

impl fmt::Debug for EncryptingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptingKey(RSA, public)")
    }
}

/// The private key that sensitive fields were encrypted for.
pub struct DecryptingKey(PrivateKey);

impl DecryptingKey {
    /// Reads the first private key in PEM: PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// [`KeyError`], also for keys under 2048 and over 8192 bits.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let key = PrivateKey::from_pkcs1_der(&private_key_der(text)?);
        key.map(Self).map_err(|_| KeyError::Content { expected: "an RSA private key" })
    }

    /// Decrypts one field.
    ///
    /// # Errors
    /// [`SensitiveError::Ciphertext`] if it is not Base64, otherwise [`SensitiveError::Unauthentic`], without saying
    /// why: a difference there would help whoever guesses.
    pub fn decrypt(&self, ciphertext: &str) -> Result<Vec<u8>, SensitiveError> {
        let ciphertext = decode_base64("ciphertext", ciphertext)?;
        self.0.decrypt(Oaep::<Sha1>::new(), &ciphertext).map_err(|_| SensitiveError::Unauthentic)
    }
}

impl fmt::Debug for DecryptingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecryptingKey(RSA, private)")
    }
}
