//! Files that appear whole or not at all, with modes that do not depend on the umask.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// The mode of a file that only its owner may read.
pub(crate) const SECRET: u32 = 0o600;
/// The mode of a file that everyone may read.
pub(crate) const PUBLIC: u32 = 0o644;

/// A file that is written completely, but does not have its name yet. Dropping it removes it.
pub(crate) struct WholeFile {
    unnamed: NamedTempFile,
    path: PathBuf,
}

impl WholeFile {
    /// Writes the content beside `path`, under another name.
    ///
    /// # Errors
    /// If the folder cannot be written to, or the disk is full.
    pub(crate) fn write(path: &Path, content: &str, mode: u32) -> io::Result<Self> {
        let folder = path.parent().unwrap_or("".as_ref());
        let mut unnamed = NamedTempFile::with_prefix_in(".new-", folder)?;
        unnamed.write_all(content.as_bytes())?;
        set_mode(&unnamed, mode)?;
        // Some file systems only report now that the disk is full.
        unnamed.as_file().sync_all()?;
        Ok(Self { unnamed, path: path.into() })
    }

    /// Gives the file its name. Replaces a file or link with that name if `overwrite`.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if there is a file and it must not be replaced.
    pub(crate) fn appear(self, overwrite: bool) -> io::Result<()> {
        let Self { unnamed, path } = self;
        let named = if overwrite { unnamed.persist(path) } else { unnamed.persist_noclobber(path) };
        named.map(drop).map_err(|error| error.error)
    }
}

#[cfg(unix)]
fn set_mode(file: &NamedTempFile, mode: u32) -> io::Result<()> {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};
    file.as_file().set_permissions(Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &NamedTempFile, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_has_its_name_only_once_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let file = WholeFile::write(&path, "new", SECRET).unwrap();
        assert!(!path.exists());
        file.appear(false).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        drop(WholeFile::write(&path, "dropped", SECRET).unwrap());
        let other = WholeFile::write(&path, "other", SECRET).unwrap();
        assert_eq!(other.appear(false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        WholeFile::write(&path, "other", SECRET).unwrap().appear(true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "other");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
