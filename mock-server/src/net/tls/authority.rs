//! The certificate authority that HTTPS needs: made on the user's machine at first use, and never shipped.
//!
//! Whoever trusts it trusts whoever has its key. So the key is readable by its owner alone, the authority says in its
//! name that it is a local mock's, it ends after two years, and it can only speak for the hosts that the mock stands
//! for.

mod certificates;
mod files;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rcgen::{Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::net::{
    host::Host,
    tls::authority::files::{Files, Known},
};

/// A certificate authority for the hosts that a mock stands for.
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
    ends: Duration,
}

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file can't be read, written or removed.
    #[error("cannot {what} {}", .path.display())]
    Io {
        /// What could not be done.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{}: expected {expected}, found something else; `wechatpay-mock ca --delete` removes it, and the next use makes another", .path.display())]
    NotOne {
        /// Which file.
        path: PathBuf,
        /// What should be in it.
        expected: &'static str,
    },
    /// It can't speak for every host.
    #[error("the authority in {} was made for {known}, and can't speak for {missing}; `wechatpay-mock ca --delete` removes it, the next use makes another, and whoever trusted the old one must trust the new one", .dir.display())]
    NotForHost {
        /// The authority's folder.
        dir: PathBuf,
        /// The hosts that it can speak for.
        known: String,
        /// The host that it can't.
        missing: Host,
    },
    /// The system gives no key, or no time.
    #[error("cannot make a certificate authority: {0}")]
    ProvisionError(String),
}

impl AuthorityError {
    pub(super) fn not_made(error: impl fmt::Display) -> Self {
        Self::ProvisionError(error.to_string())
    }
}

impl Authority {
    /// One that is gone with the process, for these hosts and those that a mock always stands for.
    ///
    /// # Errors
    /// [`AuthorityError::ProvisionError`] if the system gives no key.
    pub fn in_memory(hosts: &[Host]) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate().map_err(AuthorityError::not_made)?;
        let (certificate, ends) = certificates::authority(&key, hosts)?;
        let (pem, der) = (certificate.pem(), certificate.der().clone());
        Ok(Self { pem, der, issuer: certificates::issuer(key), ends })
    }

    /// That of a folder, for these hosts and those that a mock always stands for. Makes it if there is none. If it has
    /// ended or soon will, makes another certificate of the same key.
    ///
    /// # Errors
    /// [`AuthorityError`] if the folder can't be read or written, or has an authority that can't speak for a host.
    pub fn open(dir: &Path, hosts: &[Host]) -> Result<Self, AuthorityError> {
        let files = Files::of(dir);
        let key = files.key()?;
        let made = || certificates::authority(&key, hosts).map(|(certificate, _)| certificate.pem());
        let known = match files.certificate(&key)? {
            None => files.add_certificate(&key, &made()?)?,
            Some(known) if known.facts.is_over()? => {
                tracing::warn!(
                    "the certificate authority in {} has ended or soon will: another is made, and whoever trusted the old one must trust the new one",
                    dir.display()
                );
                files.replace_certificate(&key, &made()?)?
            }
            Some(known) => known,
        };
        let Known { pem, der, facts } = known;
        if let Some(missing) = certificates::own(hosts).into_iter().find(|host| !facts.hosts.contains(host)) {
            let known = facts.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(AuthorityError::NotForHost { dir: dir.into(), known, missing });
        }
        Ok(Self { pem, der, issuer: certificates::issuer(key), ends: facts.ends })
    }

    /// Removes that of a folder. Whether there was one. Other files in the folder stay.
    ///
    /// # Errors
    /// [`AuthorityError::Io`] if it can't be removed.
    pub fn delete(dir: &Path) -> Result<bool, AuthorityError> {
        Files::of(dir).delete()
    }

    /// Where the certificate is, in an authority's folder.
    pub fn certificate_path(dir: &Path) -> PathBuf {
        Files::of(dir).certificate_path()
    }

    /// The folder that belongs to the user, where the commands keep the authority; none if the user has no home.
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

    /// A certificate for these hosts and those that a mock always stands for, with its private key.
    pub(crate) fn certify(
        &self,
        hosts: &[Host],
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), AuthorityError> {
        let key = KeyPair::generate().map_err(AuthorityError::not_made)?;
        let certificate = certificates::server(&key, hosts, &self.issuer, self.ends)?;
        Ok((certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
    }
}

/// Does not show the private key.
impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("pem", &self.pem).finish_non_exhaustive()
    }
}
