//! Writes a merchant's credentials as files, with the names that the merchant platform uses.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use wechatpay_protocol::Credentials;
use wechatpay_texts::Text;

use crate::merchants::whole_file::{PUBLIC, SECRET, WholeFile};

/// Why credentials were not written.
#[derive(Debug, Text, thiserror::Error)]
pub enum WriteError {
    /// A file exists already.
    #[text("expected no file at {path}, found one; nothing was written (--force overwrites)", path = _0.display())]
    Exists(PathBuf),
    /// A file or folder cannot be written.
    #[text("cannot write {path}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// Writes `apiclient_key.pem`, `apiclient_cert.pem`, `pub_key.pem`, `wechatpay_<SERIAL>.pem`, `credentials.json` and
/// `env` into `dir`, which is created if necessary. Secret files get mode 0600, others 0644, whatever the umask. Returns
/// the paths.
///
/// # Errors
/// [`WriteError::Exists`] if one of them exists and `overwrite` is false; then nothing is written. If a file cannot be
/// written, for example because the disk is full, none appears.
pub fn write_credentials(
    credentials: &Credentials,
    dir: &Path,
    overwrite: bool,
) -> Result<Vec<PathBuf>, WriteError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| WriteError::Io { path, source }
    };
    create_dir(dir).map_err(failed(dir))?;
    let dir = dir.canonicalize().map_err(failed(dir))?;
    let files = files(credentials, &dir);
    let taken = files.iter().map(|file| dir.join(&file.name)).find(|path| path.symlink_metadata().is_ok());
    match taken {
        Some(path) if !overwrite => return Err(WriteError::Exists(path)),
        _ => {}
    }
    let written: Result<Vec<_>, WriteError> = files
        .iter()
        .map(|file| {
            let path = dir.join(&file.name);
            let whole = WholeFile::write(&path, &file.content, file.mode).map_err(failed(&path))?;
            Ok((path, whole))
        })
        .collect();
    written?
        .into_iter()
        .map(|(path, whole)| match whole.appear(overwrite) {
            Ok(()) => Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(WriteError::Exists(path)),
            Err(error) => Err(failed(&path)(error)),
        })
        .collect()
}

/// Creates a folder and its parents, writable by their owner only.
fn create_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
    builder.recursive(true).create(dir)
}

struct File {
    name: String,
    content: String,
    mode: u32,
}

fn files(credentials: &Credentials, dir: &Path) -> Vec<File> {
    let names = credentials.to_file();
    let public =
        |name: &str, content: &str| File { name: name.into(), content: content.into(), mode: PUBLIC };
    let secret = |name: &str, content: String| File { name: name.into(), content, mode: SECRET };
    let json = serde_json::to_string_pretty(&names).expect("names and numbers always serialize") + "\n";

    let mut files = vec![
        secret(&names.merchant_key, credentials.merchant_key.clone()),
        public(&names.merchant_certificate, &credentials.merchant_certificate),
    ];
    let certificate = names.platform_certificate.as_ref().zip(credentials.platform_certificate.as_ref());
    files.extend(certificate.map(|(name, (_, pem))| public(name, pem)));
    let public_key = names.public_key.as_ref().zip(credentials.public_key.as_ref());
    files.extend(public_key.map(|(name, (_, pem))| public(name, pem)));
    files.extend([
        secret("credentials.json", json),
        secret("env", export_lines(credentials_env(credentials, dir))),
    ]);
    files
}

/// `export` lines for a POSIX shell.
pub(crate) fn export_lines(variables: impl IntoIterator<Item = (String, String)>) -> String {
    let variables = variables.into_iter();
    variables.map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', r"'\''"))).collect()
}

/// The environment variables that [`write_credentials`] writes to `env`: `WECHATPAY_MCHID` and so on. Paths are
/// those of files in `dir`.
pub fn credentials_env(credentials: &Credentials, dir: &Path) -> Vec<(String, String)> {
    const FILES: [&str; 4] = ["MERCHANT_KEY", "MERCHANT_CERTIFICATE", "PLATFORM_CERTIFICATE", "PUBLIC_KEY"];
    let is_file = |name: &str| FILES.iter().any(|file| name == format!("WECHATPAY_{file}"));
    let variables = credentials.to_file().to_env().into_iter();
    variables
        .map(|(name, value)| {
            let value = if is_file(&name) { dir.join(value).display().to_string() } else { value };
            (name, value)
        })
        .collect()
}
