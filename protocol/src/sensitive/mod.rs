//! Sensitive fields: RSAES-OAEP with SHA-1 and MGF1-SHA-1, in Base64. (documented)
//!
//! `aws-lc-rs` encrypts and decrypts, in constant time and ten times as fast as the `rsa` crate. With the latter, [`Padding`] finds out
//! why a field can't be decrypted.

mod padding;

use std::{fmt, sync::Arc};

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use rsa::{
    pkcs1,
    pkcs8::{
        PrivateKeyInfoRef,
        der::{
            Encode,
            asn1::{BitStringRef, OctetStringRef},
        },
        spki::SubjectPublicKeyInfoRef,
    },
};
use zeroize::Zeroizing;

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
pub struct EncryptingKey(Arc<OaepPublicEncryptingKey>);

impl EncryptingKey {
    /// Reads the first public key in PEM: SPKI (`PUBLIC KEY`), or the key of a `CERTIFICATE`.
    ///
    /// # Errors
    /// [`KeyError`], also for keys under 2048 and over 8192 bits.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let key = encrypting(&public_key_der(text)?)
            .ok_or(KeyError::Content { expected: phrase!("an RSA public key") })?;
        Ok(Self(Arc::new(key)))
    }

    /// Encrypts one field. The result differs each time.
    ///
    /// # Errors
    /// [`SensitiveError::TooLong`] for more than the key's length minus 42 bytes, which is 214 bytes for 2048 bits.
    pub fn encrypt(&self, plaintext: &str) -> Result<String, SensitiveError> {
        let longest = self.0.max_plaintext_size(&OAEP_SHA1_MGF1SHA1);
        if plaintext.len() > longest {
            return Err(SensitiveError::TooLong { longest, found: plaintext.len() });
        }
        let mut ciphertext = vec![0; self.0.ciphertext_size()];
        let ciphertext = self.0.encrypt(&OAEP_SHA1_MGF1SHA1, plaintext.as_bytes(), &mut ciphertext, None);
        Ok(BASE64_STANDARD.encode(ciphertext.expect("a text that fits in one block can be encrypted")))
    }
}

impl fmt::Debug for EncryptingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptingKey(RSA, public)")
    }
}

/// The key in this PKCS#1. [`PublicEncryptingKey`] reads SPKI only.
fn encrypting(pkcs1: &[u8]) -> Option<OaepPublicEncryptingKey> {
    let subject_public_key = BitStringRef::from_bytes(pkcs1).ok()?;
    let spki =
        SubjectPublicKeyInfoRef { algorithm: pkcs1::ALGORITHM_ID, subject_public_key }.to_der().ok()?;
    OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(&spki).ok()?).ok()
}

/// The recipient's private key, which decrypts sensitive fields.
pub struct DecryptingKey {
    key: OaepPrivateDecryptingKey,
    pkcs1: Zeroizing<Vec<u8>>,
}

impl DecryptingKey {
    /// Reads the first private key in PEM: PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// [`KeyError`], also for keys under 2048 and over 8192 bits.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let pkcs1 = private_key_der(text)?;
        let key = decrypting(&pkcs1).ok_or(KeyError::Content { expected: phrase!("an RSA private key") })?;
        Ok(Self { key, pkcs1 })
    }

    /// Decrypts one field.
    ///
    /// # Errors
    /// [`SensitiveError::Ciphertext`] if it is not Base64, otherwise always [`SensitiveError::Unauthentic`]: a reason
    /// would give attackers a padding oracle.
    pub fn decrypt(&self, ciphertext: &str) -> Result<Vec<u8>, SensitiveError> {
        let ciphertext = decode_base64(phrase!("ciphertext"), ciphertext)?;
        let mut plaintext = vec![0; self.key.min_output_size()];
        let length = match self.key.decrypt(&OAEP_SHA1_MGF1SHA1, &ciphertext, &mut plaintext, None) {
            Ok(plaintext) => plaintext.len(),
            Err(_) => return Err(SensitiveError::Unauthentic),
        };
        plaintext.truncate(length);
        Ok(plaintext)
    }
}

impl fmt::Debug for DecryptingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecryptingKey(RSA, private)")
    }
}

/// The key in this PKCS#1. [`PrivateDecryptingKey`] reads PKCS#8 only.
fn decrypting(pkcs1: &[u8]) -> Option<OaepPrivateDecryptingKey> {
    let key = OctetStringRef::new(pkcs1).ok()?;
    let pkcs8 = Zeroizing::new(PrivateKeyInfoRef::new(pkcs1::ALGORITHM_ID, key).to_der().ok()?);
    OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(&pkcs8).ok()?).ok()
}
