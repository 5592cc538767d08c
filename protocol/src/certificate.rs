//! X.509 certificates, as far as the protocol reads them.

use rustls_pki_types::pem::SectionKind;
use x509_cert::der::{Decode, Encode};

use wechatpay_texts::{Phrase, Text};

use crate::{
    KeyError, ParseError, SerialNo, Timestamp, VerifyingKey,
    pem::{self, PemError},
};

/// A certificate with an RSA key: a merchant's, or a platform certificate.
///
/// The issuer's signature is not verified: a platform certificate is trusted because of its source.
#[derive(Clone, Debug)]
pub struct Certificate {
    pem: String,
    serial_no: SerialNo,
    not_before: Timestamp,
    not_after: Timestamp,
    key: VerifyingKey,
}

/// Why text is not a usable [`Certificate`].
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum CertificateError {
    /// The text has no certificate in PEM.
    #[text(transparent)]
    Pem(#[from] PemError),
    /// The content is not a certificate.
    #[text("expected an X.509 certificate, found other data within the PEM armour")]
    Content,
    /// The key can't be used.
    #[text("the certificate's key can't be used")]
    Key(#[from] KeyError),
    /// The serial number is zero, or longer than 20 bytes.
    #[text(transparent)]
    SerialNo(#[from] ParseError),
}

impl Certificate {
    /// Reads the first certificate in PEM.
    ///
    /// # Errors
    /// [`CertificateError`], also for keys that [`VerifyingKey`] refuses.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        let ((), der) = pem::section(text, Phrase::name("CERTIFICATE"), |kind| {
            (kind == SectionKind::Certificate).then_some(())
        })?;
        let certificate = x509_cert::Certificate::from_der(&der).map_err(|_| CertificateError::Content)?;
        let content = certificate.tbs_certificate();
        let key = content.subject_public_key_info().to_der().map_err(|_| CertificateError::Content)?;
        let validity = content.validity();
        Ok(Self {
            pem: pem::without_mark(text).into(),
            serial_no: SerialNo::from_bytes(content.serial_number().as_bytes())?,
            not_before: Timestamp::from_unix(validity.not_before.to_unix_duration().as_secs()),
            not_after: Timestamp::from_unix(validity.not_after.to_unix_duration().as_secs()),
            key: VerifyingKey::from_spki_der(&key)?,
        })
    }

    /// The PEM text that it was read from.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The serial number.
    pub fn serial_no(&self) -> &SerialNo {
        &self.serial_no
    }

    /// The first second in which it is valid.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last second in which it is valid.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether it is valid at that time.
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&at)
    }

    /// The certified key.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.key
    }
}
