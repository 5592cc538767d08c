//! X.509 certificates, as far as this protocol looks into them.

use rustls_pki_types::pem::SectionKind;
use x509_cert::der::{Decode, Encode};

use crate::{
    KeyError, Malformed, SerialNo, Timestamp, VerifyingKey,
    pem::{self, PemError},
};

/// A certificate with an RSA key: a merchant's, or a platform certificate.
///
/// Its issuer's signature is not looked at: neither side of the protocol does. Trust in a platform certificate
/// comes from where it was got.
#[derive(Clone, Debug)]
pub struct Certificate {
    pem: String,
    serial_no: SerialNo,
    not_before: Timestamp,
    not_after: Timestamp,
    key: VerifyingKey,
}

/// Why text is not a [`Certificate`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The text is not PEM of a certificate.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The PEM's content is not a certificate.
    #[error("expected an X.509 certificate, found other data within the PEM armour")]
    Content,
    /// Its key can't be used.
    #[error("the certificate's key can't be used")]
    Key(#[from] KeyError),
    /// Its serial number can't be named in a header.
    #[error(transparent)]
    SerialNo(#[from] Malformed),
}

impl Certificate {
    /// Reads the first certificate in PEM.
    ///
    /// # Errors
    /// [`CertificateError`], also for keys that [`VerifyingKey`] refuses.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        let ((), der) =
            pem::section(text, "CERTIFICATE", |kind| (kind == SectionKind::Certificate).then_some(()))?;
        let certificate = x509_cert::Certificate::from_der(&der).map_err(|_| CertificateError::Content)?;
        let content = certificate.tbs_certificate();
        let key = content.subject_public_key_info().to_der().map_err(|_| CertificateError::Content)?;
        let validity = content.validity();
        Ok(Self {
            pem: text.into(),
            serial_no: SerialNo::from_bytes(content.serial_number().as_bytes())?,
            not_before: Timestamp::from_unix(validity.not_before.to_unix_duration().as_secs()),
            not_after: Timestamp::from_unix(validity.not_after.to_unix_duration().as_secs()),
            key: VerifyingKey::from_spki_der(&key)?,
        })
    }

    /// The text it was read from.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Its serial number.
    pub fn serial_no(&self) -> &SerialNo {
        &self.serial_no
    }

    /// The first second in which it is in force.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last second in which it is in force.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether it is in force at that time.
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&at)
    }

    /// The key it certifies.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.key
    }
}
