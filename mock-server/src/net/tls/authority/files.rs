//! The authority's two files, in one of the user's folders.
//!
//! Any number of processes can create them at once: each file is written atomically, and the first one wins. Clients
//! that trust one certificate accept any other with the same key, so the processes only have to agree on the key.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rcgen::KeyPair;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use wechatpay_texts::{Phrase, phrase, text};

use crate::{
    merchants::whole_file::{SECRET, WholeFile},
    net::tls::authority::{AuthorityError, certificates::CertificateInfo},
};

const CERTIFICATE: &str = "wechatpay-mock-ca.pem";
const KEY: &str = "wechatpay-mock-ca-key.pem";

/// The certificate in the folder.
pub(super) struct StoredCertificate {
    pub(super) pem: String,
    pub(super) der: CertificateDer<'static>,
    pub(super) info: CertificateInfo,
}

/// What to do with a file that already exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    Stays,
    IsReplaced,
}

pub(super) fn certificate_path(dir: &Path) -> PathBuf {
    dir.join(CERTIFICATE)
}

/// Reads the key, or creates it if there is none.
pub(super) fn key(dir: &Path) -> Result<KeyPair, AuthorityError> {
    let path = dir.join(KEY);
    let pem = match read(&path)? {
        Some(pem) => {
            warn_if_exposed(&path);
            pem
        }
        None => {
            let new = KeyPair::generate().map_err(AuthorityError::cannot_create)?.serialize_pem();
            write(dir, &path, &new, Existing::Stays)?;
            read(&path)?.ok_or_else(|| removed(&path))?
        }
    };
    let invalid = |_| AuthorityError::InvalidFile { path, expected: phrase!("the authority's private key") };
    KeyPair::from_pem(&pem).map_err(invalid)
}

/// Warns if others than its owner can use the key. It is not refused: some file systems show such a mode
/// for every file.
#[cfg(unix)]
fn warn_if_exposed(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = path.metadata().map_or(0, |metadata| metadata.permissions().mode() & 0o777);
    if mode & 0o077 != 0 {
        let warning = text!(
            "{path}: expected a key that only its owner can use, found mode {mode:o}; anyone who has the key can pose as any host of this mock to its clients: run chmod 600, or `wechatpay-mock ca --delete` for a new authority",
            path = path.display()
        );
        tracing::warn!("{warning}");
    }
}

#[cfg(not(unix))]
fn warn_if_exposed(_: &Path) {}

/// Reads the certificate of this key, if there is one.
pub(super) fn certificate(dir: &Path, key: &KeyPair) -> Result<Option<StoredCertificate>, AuthorityError> {
    let path = certificate_path(dir);
    let Some(pem) = read(&path)? else { return Ok(None) };
    let stored = CertificateDer::from_pem_slice(pem.as_bytes()).ok().and_then(|der| {
        let info = CertificateInfo::of(&der).filter(|info| info.is_of(key))?;
        Some(StoredCertificate { pem, der, info })
    });
    let expected = phrase!("the authority's certificate, made with the key in the same folder");
    stored.map(Some).ok_or(AuthorityError::InvalidFile { path, expected })
}

/// Writes a certificate of this key. Returns the one in the folder afterwards, since another process may have been
/// first.
pub(super) fn write_certificate(
    dir: &Path,
    key: &KeyPair,
    pem: &str,
    existing: Existing,
) -> Result<StoredCertificate, AuthorityError> {
    let path = certificate_path(dir);
    write(dir, &path, pem, existing)?;
    certificate(dir, key)?.ok_or_else(|| removed(&path))
}

/// Removes both files, and the folder if it is then empty. Returns false if neither file existed.
pub(super) fn delete(dir: &Path) -> Result<bool, AuthorityError> {
    let mut is_deleted = false;
    for path in [certificate_path(dir), dir.join(KEY)] {
        match fs::remove_file(&path) {
            Ok(()) => is_deleted = true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(phrase!("remove"), &path)(error)),
        }
    }
    let _ = fs::remove_dir(dir);
    Ok(is_deleted)
}

/// Writes a file atomically, readable by its owner only.
fn write(dir: &Path, path: &Path, content: &str, existing: Existing) -> Result<(), AuthorityError> {
    create_dir(dir).map_err(failed(phrase!("make"), dir))?;
    let new = WholeFile::write(path, content, SECRET).map_err(failed(phrase!("write"), path))?;
    match new.appear(existing == Existing::IsReplaced) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(failed(phrase!("write"), path)(error))
        }
        _ => Ok(()),
    }
}

/// Creates a folder and its parents, readable by their owner only.
fn create_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

/// The text of a file, if it exists.
fn read(path: &Path) -> Result<Option<String>, AuthorityError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(phrase!("read"), path)(error)),
    }
}

fn failed(what: Phrase, path: &Path) -> impl FnOnce(io::Error) -> AuthorityError {
    let path = path.to_owned();
    move |source| AuthorityError::Io { what, path, source }
}

fn removed(path: &Path) -> AuthorityError {
    AuthorityError::CannotCreate(text!("{path} was removed meanwhile", path = path.display()))
}
