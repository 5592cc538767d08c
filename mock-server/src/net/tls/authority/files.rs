//! The two files of an authority, in a folder of the user's.
//!
//! Any number of processes may make them at once. Each file appears whole, and the first stays: whoever comes second
//! takes what is there. A certificate can always be made anew from the key, and any of them vouches for the others, so
//! that only the key must be agreed on.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use rcgen::KeyPair;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tempfile::NamedTempFile;

use crate::net::tls::authority::{AuthorityError, certificates::RequestFields};

/// Their names.
const CERTIFICATE: &str = "wechatpay-mock-ca.pem";
const KEY: &str = "wechatpay-mock-ca-key.pem";

/// The authority's files.
pub(super) struct Files<'a> {
    dir: &'a Path,
}

/// A certificate, as it is written and as it is understood.
pub(super) struct Known {
    pub(super) pem: String,
    pub(super) der: CertificateDer<'static>,
    pub(super) facts: RequestFields,
}

impl<'a> Files<'a> {
    pub(super) fn of(dir: &'a Path) -> Self {
        Self { dir }
    }

    pub(super) fn certificate_path(&self) -> PathBuf {
        self.dir.join(CERTIFICATE)
    }

    fn key_path(&self) -> PathBuf {
        self.dir.join(KEY)
    }

    /// The key, which is made if there is none.
    pub(super) fn key(&self) -> Result<KeyPair, AuthorityError> {
        let path = self.key_path();
        let pem = match text(&path)? {
            Some(pem) => pem,
            None => {
                let made = KeyPair::generate().map_err(AuthorityError::not_made)?.serialize_pem();
                self.write(&path, &made, Existing::Stays)?;
                text(&path)?.ok_or_else(|| removed(&path))?
            }
        };
        let not_one = |_| AuthorityError::NotOne { path, expected: "the authority's private key" };
        KeyPair::from_pem(&pem).map_err(not_one)
    }

    /// The certificate of this key, if there is one.
    pub(super) fn certificate(&self, key: &KeyPair) -> Result<Option<Known>, AuthorityError> {
        let path = self.certificate_path();
        let Some(pem) = text(&path)? else { return Ok(None) };
        let known = CertificateDer::from_pem_slice(pem.as_bytes()).ok().and_then(|der| {
            let facts = RequestFields::of(&der).filter(|facts| facts.is_of(key))?;
            Some(Known { pem, der, facts })
        });
        let expected = "the authority's certificate, made with the key beside it";
        known.map(Some).ok_or(AuthorityError::NotOne { path, expected })
    }

    /// Writes a certificate of this key, unless another process has just done so. Returns the one that is there.
    pub(super) fn add_certificate(&self, key: &KeyPair, pem: &str) -> Result<Known, AuthorityError> {
        self.write(&self.certificate_path(), pem, Existing::Stays)?;
        self.certificate(key)?.ok_or_else(|| removed(&self.certificate_path()))
    }

    /// Writes a certificate of this key in place of the one that is there.
    pub(super) fn replace_certificate(&self, key: &KeyPair, pem: &str) -> Result<Known, AuthorityError> {
        self.write(&self.certificate_path(), pem, Existing::Goes)?;
        self.certificate(key)?.ok_or_else(|| removed(&self.certificate_path()))
    }

    /// Removes both. Whether there was one of them.
    pub(super) fn delete(&self) -> Result<bool, AuthorityError> {
        let mut is_deleted = false;
        for path in [self.certificate_path(), self.key_path()] {
            match fs::remove_file(&path) {
                Ok(()) => is_deleted = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(AuthorityError::Io { what: "remove", path, source }),
            }
        }
        // It stays if there is anything else in it.
        let _ = fs::remove_dir(self.dir);
        Ok(is_deleted)
    }

    /// Writes a file that its owner alone can read. It appears with all that is in it.
    fn write(&self, path: &Path, content: &str, existing: Existing) -> Result<(), AuthorityError> {
        let failed = |what, path: &Path| {
            let path = path.to_owned();
            move |source| AuthorityError::Io { what, path, source }
        };
        make_dir(self.dir).map_err(failed("make", self.dir))?;
        // A file that is made so is its owner's alone.
        let mut new =
            NamedTempFile::with_prefix_in(".new-", self.dir).map_err(failed("write to", self.dir))?;
        new.write_all(content.as_bytes()).map_err(failed("write", path))?;
        let written = match existing {
            Existing::Goes => new.persist(path),
            Existing::Stays => new.persist_noclobber(path),
        };
        match written {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(failed("write", path)(error.error)),
        }
    }
}

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Existing {
    Stays,
    Goes,
}

fn removed(path: &Path) -> AuthorityError {
    AuthorityError::ProvisionError(format!("{} was removed meanwhile", path.display()))
}

/// Makes a folder, and those around it, that its owner alone can look into.
fn make_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

/// The text of a file, if it is there.
fn text(path: &Path) -> Result<Option<String>, AuthorityError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AuthorityError::Io { what: "read", path: path.into(), source }),
    }
}
