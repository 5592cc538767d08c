//! The certificate authority that HTTPS needs: made on the user's machine at first use, and never shipped.
//!
//! Whoever trusts it trusts whoever has its key. So the key is readable by its owner alone, the authority says in its
//! name that it is a local mock's, it ends after two years, and it can only speak for the hosts that the mock stands
//! for.

use std::{
    fmt, fs, io,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
    SanType, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};
use x509_cert::{
    der::Decode,
    ext::pkix::{NameConstraints as Constraints, name::GeneralName},
};

use crate::host::Host;

/// Names of the files in the authority's folder.
const CERTIFICATE: &str = "wechatpay-mock-ca.pem";
const KEY: &str = "wechatpay-mock-ca-key.pem";

/// What a user sees in a list of authorities.
const NAME: &str = "wechatpay-mock local CA (TEST ONLY)";

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long an authority holds. (own choice)
const AUTHORITY_HOLDS: Duration = Duration::from_secs(2 * 365 * DAY.as_secs());
/// How long a certificate holds that it makes at each start: systems refuse longer ones than about a year. (own choice)
const CERTIFICATE_HOLDS: Duration = Duration::from_secs(365 * DAY.as_secs());
/// How long before its end an authority is made anew. (own choice)
const RENEWED_BEFORE: Duration = Duration::from_secs(7 * DAY.as_secs());

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
    certificate: CertificateDer<'static>,
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
    NotMade(String),
}

impl AuthorityError {
    pub(super) fn not_made(error: impl fmt::Display) -> Self {
        Self::NotMade(error.to_string())
    }
}

impl Authority {
    /// One that is gone with the process, for these hosts and those that a mock always stands for.
    ///
    /// # Errors
    /// [`AuthorityError::NotMade`] if the system gives no key.
    pub fn in_memory(hosts: &[Host]) -> Result<Self, AuthorityError> {
        let (key, certificate, ends) = make(hosts)?;
        Ok(Self::new(certificate.pem(), certificate.der().clone(), key, ends))
    }

    /// That of a folder, for these hosts and those that a mock always stands for. Makes it if there is none, or if it
    /// has ended or soon will.
    ///
    /// # Errors
    /// [`AuthorityError`] if the folder can't be read or written, or has an authority that can't speak for a host.
    pub fn open(dir: &Path, hosts: &[Host]) -> Result<Self, AuthorityError> {
        match Self::read(dir)? {
            Some((authority, known)) if authority.ends > since_1970()? + RENEWED_BEFORE => {
                let missing = own(hosts).into_iter().find(|host| !known.contains(host));
                match missing {
                    None => Ok(authority),
                    Some(missing) => {
                        let known = known.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                        Err(AuthorityError::NotForHost { dir: dir.into(), known, missing })
                    }
                }
            }
            Some(_) => {
                tracing::warn!(
                    "the certificate authority in {} has ended or soon will: another is made, and whoever trusted the old one must trust the new one",
                    dir.display()
                );
                Self::delete(dir)?;
                Self::make_in(dir, hosts)
            }
            None => Self::make_in(dir, hosts),
        }
    }

    /// Removes that of a folder. Whether there was one. Other files in the folder stay.
    ///
    /// # Errors
    /// [`AuthorityError::Io`] if it can't be removed.
    pub fn delete(dir: &Path) -> Result<bool, AuthorityError> {
        let mut is_deleted = false;
        for name in [CERTIFICATE, KEY] {
            let path = dir.join(name);
            match fs::remove_file(&path) {
                Ok(()) => is_deleted = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(AuthorityError::Io { what: "remove", path, source }),
            }
        }
        // It stays if there is anything else in it.
        let _ = fs::remove_dir(dir);
        Ok(is_deleted)
    }

    /// Where the certificate is, in an authority's folder.
    pub fn certificate_path(dir: &Path) -> PathBuf {
        dir.join(CERTIFICATE)
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
        &self.certificate
    }

    /// A certificate for these hosts and those that a mock always stands for, with its private key.
    pub(crate) fn certify(
        &self,
        hosts: &[Host],
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), AuthorityError> {
        let now = since_1970()?;
        let key = KeyPair::generate().map_err(AuthorityError::not_made)?;
        let mut params = CertificateParams::default();
        params.subject_alt_names = own(hosts).iter().map(san).collect::<Result<_, _>>()?;
        params.not_before = date_time_ymd(1970, 1, 1) + (now - HOUR);
        params.not_after = date_time_ymd(1970, 1, 1) + self.ends.min(now + CERTIFICATE_HOLDS);
        params.distinguished_name = name("wechatpay-mock (TEST ONLY)");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).map_err(AuthorityError::not_made)?;
        Ok((certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
    }

    fn new(pem: String, certificate: CertificateDer<'static>, key: KeyPair, ends: Duration) -> Self {
        Self { pem, certificate, issuer: Issuer::new(params(), key), ends }
    }

    /// Reads that of a folder, and which hosts it can speak for.
    fn read(dir: &Path) -> Result<Option<(Self, Vec<Host>)>, AuthorityError> {
        let (Some(pem), Some(key)) = (text(&dir.join(CERTIFICATE))?, text(&dir.join(KEY))?) else {
            return Ok(None);
        };
        let not_one = |name, expected| AuthorityError::NotOne { path: dir.join(name), expected };
        let key = KeyPair::from_pem(&key).map_err(|_| not_one(KEY, "the authority's private key"))?;
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).ok();
        let known = certificate.as_ref().and_then(|certificate| known(certificate));
        let (Some(certificate), Some((ends, hosts))) = (certificate, known) else {
            return Err(not_one(CERTIFICATE, "the authority's certificate"));
        };
        Ok(Some((Self::new(pem, certificate, key, ends), hosts)))
    }

    /// Makes one in a folder. Of two that do so at once, one finds the other's.
    fn make_in(dir: &Path, hosts: &[Host]) -> Result<Self, AuthorityError> {
        let failed = |what, path: &Path| {
            let path = path.to_owned();
            move |source| AuthorityError::Io { what, path, source }
        };
        let (key, certificate, _) = make(hosts)?;
        let parent = dir.parent().unwrap_or(dir);
        fs::create_dir_all(parent).map_err(failed("make", parent))?;
        // Both files are there, or none: a folder appears with what is in it.
        let new =
            tempfile::Builder::new().prefix(".ca-").tempdir_in(parent).map_err(failed("write to", parent))?;
        for (name, content) in [(CERTIFICATE, certificate.pem()), (KEY, key.serialize_pem())] {
            let path = new.path().join(name);
            write_secret(&path, &content).map_err(failed("write", &path))?;
        }
        // Fails if another is there by now, or the folder was made by hand.
        if fs::rename(new.path(), dir).is_err() && Self::read(dir)?.is_none() {
            for name in [KEY, CERTIFICATE] {
                let path = dir.join(name);
                fs::rename(new.path().join(name), &path).map_err(failed("write", &path))?;
            }
        }
        match Self::read(dir)? {
            Some((authority, _)) => Ok(authority),
            None => Err(AuthorityError::NotMade(format!("{} was removed meanwhile", dir.display()))),
        }
    }
}

/// Does not show the private key.
impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("pem", &self.pem).finish_non_exhaustive()
    }
}

/// A new key, its certificate, and when that ends.
fn make(hosts: &[Host]) -> Result<(KeyPair, Certificate, Duration), AuthorityError> {
    let now = since_1970()?;
    let ends = now + AUTHORITY_HOLDS;
    let key = KeyPair::generate().map_err(AuthorityError::not_made)?;
    let mut params = params();
    params.not_before = date_time_ymd(1970, 1, 1) + (now - HOUR);
    params.not_after = date_time_ymd(1970, 1, 1) + ends;
    let permitted_subtrees = own(hosts).iter().map(subtree).collect();
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    let certificate = params.self_signed(&key).map_err(AuthorityError::not_made)?;
    Ok((key, certificate, ends))
}

/// What is the same in every authority.
fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "wechatpay-mock");
    name.push(DnType::CommonName, common_name);
    name
}

/// Those hosts and the ones that a mock always stands for, each once.
fn own(hosts: &[Host]) -> Vec<Host> {
    let mut own: Vec<Host> = Host::always_own().collect();
    for host in hosts {
        if !own.contains(host) {
            own.push(host.clone());
        }
    }
    own
}

fn san(host: &Host) -> Result<SanType, AuthorityError> {
    Ok(match host {
        Host::Address(address) => SanType::IpAddress(*address),
        Host::Name(name) => SanType::DnsName(name.as_str().try_into().map_err(AuthorityError::not_made)?),
    })
}

fn subtree(host: &Host) -> GeneralSubtree {
    match host {
        Host::Address(address) => {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, bits))
        }
        Host::Name(name) => GeneralSubtree::DnsName(name.as_str().into()),
    }
}

/// When an authority's certificate ends, and which hosts it can speak for.
fn known(certificate: &CertificateDer<'_>) -> Option<(Duration, Vec<Host>)> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    let (_, constraints) = certificate.tbs_certificate().get_extension::<Constraints>().ok()??;
    let hosts = constraints.permitted_subtrees?.into_iter().filter_map(|subtree| match subtree.base {
        GeneralName::DnsName(name) => name.as_str().parse().ok(),
        GeneralName::IpAddress(bytes) => match bytes.as_bytes() {
            [a, b, c, d, ..] if bytes.as_bytes().len() == 8 => Some(Host::Address([*a, *b, *c, *d].into())),
            bytes if bytes.len() == 32 => {
                Some(Host::Address(<[u8; 16]>::try_from(&bytes[..16]).ok()?.into()))
            }
            _ => None,
        },
        _ => None,
    });
    let ends = certificate.tbs_certificate().validity().not_after.to_unix_duration();
    Some((ends, hosts.collect()))
}

fn since_1970() -> Result<Duration, AuthorityError> {
    // A clock before 1971 could not be counted back from.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    if now < 365 * DAY {
        return Err(AuthorityError::NotMade("the machine's clock stands before 1971: set it".into()));
    }
    Ok(now)
}

/// The text of a file, if it is there.
fn text(path: &Path) -> Result<Option<String>, AuthorityError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AuthorityError::Io { what: "read", path: path.into(), source }),
    }
}

/// Writes a new file that its owner alone can read.
fn write_secret(path: &Path, content: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content.as_bytes())
}
