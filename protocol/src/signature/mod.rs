//! SHA-256 with RSASSA-PKCS1-v1_5 and keys of at least 2048 bits.
//!
//! `aws-lc-rs` signs and verifies, because it is ten times as fast as the pure Rust implementation of the `rsa` crate.
//! The latter only parses keys here, and is the second implementation in the tests.

mod recovered;

use std::{fmt, str::FromStr};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use rsa::{
    pkcs1::DecodeRsaPublicKey,
    pkcs8::{self, EncodePublicKey},
};

use wechatpay_texts::{Phrase, Text, phrase, text};

use crate::{
    KeyError, ParseError,
    key_der::{private_key_der, public_key_der, spki_content},
};

pub(crate) use recovered::mask;
pub use recovered::{HashAlgorithm, Recovered};

/// The bytes of a signature. Its text form is standard Base64 with padding and without line breaks. (documented)
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Signature(Vec<u8>);

impl Signature {
    /// The signature with these bytes.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for Signature {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        decode_base64(phrase!("signature"), text).map(Self)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

/// Decodes standard Base64 strictly. The error names the first wrong byte.
pub(crate) fn decode_base64(what: Phrase, text: &str) -> Result<Vec<u8>, ParseError> {
    use base64::DecodeError::{InvalidByte, InvalidLastSymbol};
    BASE64_STANDARD.decode(text).map_err(|error| {
        let at = match error {
            InvalidByte(at, _) => at,
            InvalidLastSymbol { offset, .. } => offset,
            _ => text.len(),
        };
        ParseError::new(what, || text!("standard Base64 with padding"), text.as_bytes(), at)
    })
}

/// The key did not make this signature over this message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("the signature does not match: another message or another key was signed")]
pub struct SignatureError;

/// An RSA private key that signs.
pub struct SigningKey {
    pair: KeyPair,
}

impl SigningKey {
    /// Reads the first private key in PEM: PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// [`KeyError`], also for keys under 2048 and over 8192 bits.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let pkcs1 = private_key_der(text)?;
        let pair = KeyPair::from_der(&pkcs1)
            .map_err(|_| KeyError::Content { expected: phrase!("an RSA private key") })?;
        Ok(Self { pair })
    }

    /// Signs the SHA-256 digest of `message`. The same message always gives the same signature.
    pub fn sign(&self, message: &[u8]) -> Signature {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .expect("a checked RSA key signs any message into a buffer of its own length");
        Signature(signature)
    }

    /// The public key of the pair.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey::from_pkcs1(self.pair.public_key().as_ref())
            .expect("the public half of a checked key is a key")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} bits, private)", self.pair.public_modulus_len() * 8)
    }
}

/// An RSA public key that verifies.
#[derive(Clone)]
pub struct VerifyingKey {
    key: ParsedPublicKey,
    pkcs1: Vec<u8>,
}

impl VerifyingKey {
    /// Reads the first public key in PEM: SPKI (`PUBLIC KEY`), or the key of a `CERTIFICATE`.
    ///
    /// # Errors
    /// [`KeyError`], also for keys under 2048 and over 8192 bits.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        Self::from_pkcs1(&public_key_der(text)?)
    }

    /// Reads a `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// [`KeyError`], also for keys under 2048 and over 8192 bits.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_pkcs1(&spki_content(der)?)
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der)
            .map_err(|_| KeyError::Content { expected: phrase!("an RSA public key") })?;
        Ok(Self { key, pkcs1: der.into() })
    }

    /// The key in PEM (`PUBLIC KEY`), the form in which merchants download the gateway's key.
    pub fn to_pem(&self) -> String {
        let checked = "a checked key is a key";
        let key = rsa::PublicKey::from_pkcs1_der(&self.pkcs1).expect(checked);
        key.to_public_key_pem(pkcs8::LineEnding::LF).expect(checked)
    }

    /// Checks that this key's private half signed the SHA-256 digest of `message`.
    ///
    /// # Errors
    /// [`SignatureError`] for any reason: another length, another message, another key or another padding.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        self.key.verify_sig(message, signature.as_bytes()).map_err(|_| SignatureError)
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.pkcs1 == other.pkcs1
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey(RSA, public)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Credentials, DecryptingKey, EncryptingKey};

    #[test]
    fn an_error_in_base64_names_its_byte() {
        for (text, at) in [("ab*d", 2), ("abcdeR==", 5), ("abc", 3)] {
            let error = decode_base64(phrase!("signature"), text).unwrap_err().to_string();
            assert!(error.ends_with(&format!("at byte {at}")), "{text}: {error}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let merchant = Credentials::development();
        let key = SigningKey::from_pem(&merchant.merchant_key).unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey(2048 bits, private)");
        let shown = format!("{merchant:?}");
        assert!(!shown.contains("PRIVATE") && !shown.contains(merchant.apiv3_key.expose()), "{shown}");
    }

    #[test]
    fn a_certificate_in_place_of_a_private_key_is_named() {
        let certificate = Credentials::development().merchant_certificate;
        assert_eq!(
            SigningKey::from_pem(&certificate).unwrap_err().to_string(),
            "expected PEM with PRIVATE KEY or RSA PRIVATE KEY, found -----BEGIN CERTIFICATE----- in line 1"
        );
        assert_eq!(
            SigningKey::from_pem("abc").unwrap_err().to_string(),
            "expected PEM with PRIVATE KEY or RSA PRIVATE KEY, found no line -----BEGIN …-----"
        );
    }

    #[test]
    fn a_key_under_2048_bits_is_refused() {
        use rsa::{pkcs1::EncodeRsaPrivateKey, pkcs8::EncodePrivateKey};
        let key = rsa::PrivateKey::new(&mut rsa::rand_core::UnwrapErr(getrandom::SysRng), 1024).unwrap();
        let ending = pkcs8::LineEnding::LF;
        let private = [key.to_pkcs8_pem(ending).unwrap(), key.to_pkcs1_pem(ending).unwrap()];
        let public = key.to_public_key().to_public_key_pem(ending).unwrap();
        let refused = private
            .iter()
            .flat_map(|pem| {
                [SigningKey::from_pem(pem).unwrap_err(), DecryptingKey::from_pem(pem).unwrap_err()]
            })
            .chain([
                VerifyingKey::from_pem(&public).unwrap_err(),
                EncryptingKey::from_pem(&public).unwrap_err(),
            ]);
        for error in refused {
            assert_eq!(error.to_string(), "expected an RSA key of 2048 to 8192 bits, found 1024 bits");
        }
    }

    #[test]
    fn pkcs1_and_pkcs8_are_the_same_key() {
        use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
        let pkcs8 = Credentials::development().merchant_key;
        let key = rsa::PrivateKey::from_pkcs1_der(&private_key_der(&pkcs8).unwrap()).unwrap();
        let pkcs1 = key.to_pkcs1_pem(pkcs8::LineEnding::CRLF).unwrap();
        let [one, other] = [&pkcs8, &*pkcs1].map(|pem| SigningKey::from_pem(pem).unwrap());
        assert_eq!(one.sign(b"message"), other.sign(b"message"));
        assert_eq!(one.verifying_key(), other.verifying_key());
    }

    #[test]
    fn a_public_key_is_printed_as_openssl_prints_it() {
        let key =
            SigningKey::from_pem(include_str!("../../../fixtures/credentials/pub_key_private.pem")).unwrap();
        let (_, public_key) = Credentials::development().public_key.unwrap();
        assert_eq!(key.verifying_key().to_pem(), public_key);
    }

    #[test]
    fn a_key_for_another_algorithm_is_named() {
        const ELLIPTIC: &str = "-----BEGIN PRIVATE KEY-----\n\
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDRQlNKgNC8hB3DbC\n\
            sR4bxKR1zA17lmrj4jsdfISuXG+hRANCAARKDbJqe1O6rtxTAqt3XNiHt/pgE2kH\n\
            0FBh1zcKO13k02td1EcpeO9FvjT4CafpgnAEY5LDY5qatSHvgId05GFO\n\
            -----END PRIVATE KEY-----\n";
        assert_eq!(
            SigningKey::from_pem(ELLIPTIC).unwrap_err().to_string(),
            "expected an RSA key, found one for the algorithm with OID 1.2.840.10045.2.1"
        );
    }
}
