//! RSA keys in PEM, as PKCS#1 DER: the form that both cryptographic libraries read for signatures, and `sensitive` wraps.

use rsa::{
    pkcs1,
    pkcs8::{self, der::Decode, spki},
};
use rustls_pki_types::pem::SectionKind;
use zeroize::Zeroizing;

use wechatpay_texts::{Phrase, Text, phrase};

use crate::pem::{self, PemError};

/// Why a key can't be used.
///
/// Never quotes a key.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum KeyError {
    /// The text has no key in PEM.
    #[text(transparent)]
    Pem(#[from] PemError),
    /// The content does not match the PEM label.
    #[text("expected {expected}, found other data within the PEM armour")]
    Content {
        /// The kind of content that the label names.
        expected: Phrase,
    },
    /// The key is for another algorithm.
    #[text("expected an RSA key, found one for the algorithm with OID {oid}")]
    NotRsa {
        /// The algorithm's object identifier.
        oid: String,
    },
    /// The key is too small to be safe, or larger than any in use.
    #[text("expected an RSA key of 2048 to 8192 bits, found {bits} bits")]
    Size {
        /// The length of the modulus.
        bits: usize,
    },
}

/// The PKCS#1 DER of the first private key in PEM. Checks its size.
pub(crate) fn private_key_der(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let expected = phrase!("PRIVATE KEY or RSA PRIVATE KEY");
    let (is_pkcs8, der) = pem::section(text, expected, |kind| match kind {
        SectionKind::PrivateKey => Some(true),
        SectionKind::RsaPrivateKey => Some(false),
        _ => None,
    })?;
    let der = Zeroizing::new(der);
    let pkcs1 = if is_pkcs8 {
        let info = pkcs8::PrivateKeyInfoRef::from_der(&der)
            .map_err(|_| KeyError::Content { expected: phrase!("a PKCS#8 private key") })?;
        check_algorithm(info.algorithm.oid)?;
        Zeroizing::new(info.private_key.as_bytes().to_vec())
    } else {
        der
    };
    let key = pkcs1::RsaPrivateKey::from_der(&pkcs1)
        .map_err(|_| KeyError::Content { expected: phrase!("a PKCS#1 RSA private key") })?;
    check_size(&key.modulus)?;
    Ok(pkcs1)
}

/// The PKCS#1 DER of the first public key or certificate in PEM. Checks its size.
pub(crate) fn public_key_der(text: &str) -> Result<Vec<u8>, KeyError> {
    let expected = phrase!("PUBLIC KEY or CERTIFICATE");
    let (is_certificate, der) = pem::section(text, expected, |kind| match kind {
        SectionKind::Certificate => Some(true),
        SectionKind::PublicKey => Some(false),
        _ => None,
    })?;
    if !is_certificate {
        return spki_content(&der);
    }
    let certificate = x509_cert::Certificate::from_der(&der)
        .map_err(|_| KeyError::Content { expected: phrase!("an X.509 certificate") })?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    check_algorithm(key.algorithm.oid)?;
    checked_public_key(key.subject_public_key.raw_bytes())
}

/// The PKCS#1 DER in a `SubjectPublicKeyInfo`. Checks its size.
pub(crate) fn spki_content(der: &[u8]) -> Result<Vec<u8>, KeyError> {
    let key = spki::SubjectPublicKeyInfoRef::from_der(der)
        .map_err(|_| KeyError::Content { expected: phrase!("a public key (SPKI)") })?;
    check_algorithm(key.algorithm.oid)?;
    checked_public_key(key.subject_public_key.raw_bytes())
}

fn checked_public_key(pkcs1: &[u8]) -> Result<Vec<u8>, KeyError> {
    let key = pkcs1::RsaPublicKey::from_der(pkcs1)
        .map_err(|_| KeyError::Content { expected: phrase!("an RSA public key") })?;
    check_size(&key.modulus)?;
    Ok(pkcs1.into())
}

fn check_algorithm(oid: spki::ObjectIdentifier) -> Result<(), KeyError> {
    if oid == pkcs1::ALGORITHM_OID { Ok(()) } else { Err(KeyError::NotRsa { oid: oid.to_string() }) }
}

fn check_size(modulus: &pkcs1::UintRef<'_>) -> Result<(), KeyError> {
    let bytes = modulus.as_bytes();
    let unused = bytes.first().map_or(0, |first| first.leading_zeros() as usize);
    match bytes.len() * 8 - unused {
        2048..=8192 => Ok(()),
        bits => Err(KeyError::Size { bits }),
    }
}
