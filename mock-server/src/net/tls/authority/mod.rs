//! The certificate authority for HTTPS: generated on the user's machine at first use, never shipped.
//!
//! A machine that trusts it trusts anyone who has its key. So only its owner can read the key, its name says that it
//! belongs to a local mock, it expires after two years, and its name constraints limit it to the hosts that the mock
//! answers for.

mod certificates;
mod files;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rcgen::{Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use wechatpay_texts::{Phrase, Text, phrase, text};

use crate::{
    api::host::Host,
    net::tls::authority::files::{Existing, StoredCertificate},
};

/// A certificate authority for the hosts that a mock answers for.
///
/// ```
/// use wechatpay_mock::Authority;
///
/// let authority = Authority::in_memory(&[])?;
/// assert!(authority.pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// # Ok::<(), wechatpay_mock::AuthorityError>(())
/// ```
pub struct Authority {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    expires: Duration,
}

/// Why an authority could not be made, read or removed.
#[derive(Debug, Text, thiserror::Error)]
pub enum AuthorityError {
    /// A file can't be read, written or removed.
    #[text("cannot {what} {path}", path = path.display())]
    Io {
        /// What failed: read, write, remove.
        what: Phrase,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file has the wrong content.
    #[text(
        "{path}: expected {expected}, found something else; run `wechatpay-mock ca --delete`; the next use creates a new authority",
        path = path.display()
    )]
    InvalidFile {
        /// The file.
        path: PathBuf,
        /// What it should contain.
        expected: Phrase,
    },
    /// Its certificate does not permit a host.
    #[text(
        "the authority in {dir} was made for {known}, not for {missing}; run `wechatpay-mock ca --delete`: the next use creates a new authority, which clients must then trust instead of the old one",
        dir = dir.display()
    )]
    HostNotPermitted {
        /// The authority's folder.
        dir: PathBuf,
        /// The hosts that its certificate permits.
        known: String,
        /// The host that it does not permit.
        missing: Host,
    },
    /// The key or the certificate cannot be created.
    #[text("cannot create a certificate authority: {0}")]
    CannotCreate(String),
}

impl AuthorityError {
    pub(super) fn cannot_create(error: impl fmt::Display) -> Self {
        Self::CannotCreate(error.to_string())
    }
}

impl Authority {
    /// An authority in memory, for these hosts and those that a mock always answers for.
    ///
    /// # Errors
    /// [`AuthorityError::CannotCreate`] if the system provides no random bytes.
    pub fn in_memory(hosts: &[Host]) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate().map_err(AuthorityError::cannot_create)?;
        let (certificate, expires) = certificates::authority(&key, hosts)?;
        let (pem, der) = (certificate.pem(), certificate.der().clone());
        Ok(Self { pem, der, issuer: certificates::issuer(key), expires })
    }

    /// The authority in a folder, for these hosts and those that a mock always answers for. Creates it if there is
    /// none, and renews its certificate if that has expired or is about to.
    ///
    /// # Errors
    /// [`AuthorityError`] if the folder can't be read or written, or its authority does not permit a host.
    pub fn open(dir: &Path, hosts: &[Host]) -> Result<Self, AuthorityError> {
        let key = files::key(dir)?;
        let new = || certificates::authority(&key, hosts).map(|(certificate, _)| certificate.pem());
        let stored = match files::certificate(dir, &key)? {
            None => files::write_certificate(dir, &key, &new()?, Existing::Stays)?,
            Some(stored) if stored.info.is_expiring()? => {
                let warning = text!(
                    "the certificate authority in {dir} has expired or is about to; its certificate was renewed, and clients must trust the new one",
                    dir = dir.display()
                );
                tracing::warn!("{warning}");
                files::write_certificate(dir, &key, &new()?, Existing::IsReplaced)?
            }
            Some(stored) => stored,
        };
        let StoredCertificate { pem, der, info } = stored;
        if let Some(missing) = certificates::own(hosts).into_iter().find(|host| !info.hosts.contains(host)) {
            let known =
                info.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(phrase!(", ").text());
            return Err(AuthorityError::HostNotPermitted { dir: dir.into(), known, missing });
        }
        Ok(Self { pem, der, issuer: certificates::issuer(key), expires: info.expires })
    }

    /// Removes the authority from a folder; other files stay. Returns false if there was none.
    ///
    /// # Errors
    /// [`AuthorityError::Io`] if it can't be removed.
    pub fn delete(dir: &Path) -> Result<bool, AuthorityError> {
        files::delete(dir)
    }

    /// The path of the certificate in an authority's folder.
    pub fn certificate_path(dir: &Path) -> PathBuf {
        files::certificate_path(dir)
    }

    /// The folder in the user's data directory where the command keeps the authority; `None` if the user has no home.
    pub fn user_dir() -> Option<PathBuf> {
        use etcetera::BaseStrategy;
        let strategy = etcetera::choose_base_strategy().ok()?;
        Some(strategy.data_dir().join("wechatpay-mock").join("ca"))
    }

    /// Its certificate, as PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Its certificate, as DER.
    pub(crate) fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// A certificate for these hosts and those that a mock always answers for, with its private key.
    pub(crate) fn certify(
        &self,
        hosts: &[Host],
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), AuthorityError> {
        let key = KeyPair::generate().map_err(AuthorityError::cannot_create)?;
        let certificate = certificates::server(&key, hosts, &self.issuer, self.expires)?;
        Ok((certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
    }
}

/// Does not show the private key.
impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("pem", &self.pem).finish_non_exhaustive()
    }
}
