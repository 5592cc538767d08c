//! A merchant's credentials, from files or from the environment.
//!
//! `wechatpay-mock keys` writes both forms: a folder with a `credentials.json` that names key files, and variables
//! `WECHATPAY_…`. A `credentials.json` may also hold the keys themselves, as in the response of a mock that has created
//! a merchant.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use wechatpay_protocol::{Credentials, CredentialsError, CredentialsFile};
use wechatpay_texts::Text;

/// Why credentials can't be loaded. Never quotes a key.
#[derive(Debug, Text, thiserror::Error)]
pub enum LoadError {
    /// A file can't be read.
    #[text("cannot read {path}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is not a `credentials.json`.
    // Without the parser's own message, which may quote a key.
    #[text("{path}, line {line}, column {column}: expected the JSON of a credentials.json", path = path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The line of the error, counted from 1.
        line: usize,
        /// The column of the error, counted from 1.
        column: usize,
    },
    /// The credentials are incomplete or wrong.
    #[text(transparent)]
    Credentials(#[from] CredentialsError),
}

/// The credentials at `path` if there is one, else those in the environment, else the development merchant's.
///
/// # Errors
/// See [`load`] and [`from_env`].
pub fn find(path: Option<&Path>) -> Result<Credentials, LoadError> {
    match path {
        Some(path) => load(path),
        None => Ok(from_env()?.unwrap_or_else(Credentials::development)),
    }
}

/// Loads a `credentials.json`, or a folder that contains one. It names other files relative to its own folder.
///
/// # Errors
/// [`LoadError`] names the file or the field.
pub fn load(path: &Path) -> Result<Credentials, LoadError> {
    let path = if path.is_dir() { path.join("credentials.json") } else { path.into() };
    let json = fs::read_to_string(&path).map_err(|source| LoadError::File { path: path.clone(), source })?;
    let json = json.trim_start_matches('\u{feff}');
    let file: CredentialsFile = serde_json::from_str(json).map_err(|error| LoadError::Json {
        path: path.clone(),
        line: error.line(),
        column: error.column(),
    })?;
    if file.is_inline() {
        return Ok(Credentials::from_inline(&file)?);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok(Credentials::load(&file, |name| fs::read(folder.join(name)))?)
}

/// Loads the environment's credentials; `None` without `WECHATPAY_MCHID`. Files are relative to the current folder.
///
/// # Errors
/// [`LoadError`] names what is missing or wrong.
pub fn from_env() -> Result<Option<Credentials>, LoadError> {
    let value = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let Some(file) = CredentialsFile::from_env(value)? else { return Ok(None) };
    Ok(Some(Credentials::load(&file, |name| fs::read(name))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/credentials");

    #[test]
    fn a_folder_and_its_file_are_the_same_credentials() {
        let development = Credentials::development();
        for path in [FOLDER.into(), format!("{FOLDER}/credentials.json")] {
            let credentials = load(Path::new(&path)).unwrap();
            assert_eq!(credentials.merchant_key, development.merchant_key);
            assert_eq!(credentials.public_key, development.public_key);
        }
    }

    #[test]
    fn a_file_may_hold_the_keys_themselves() {
        let inline = Credentials::development().to_inline();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("merchant.json");
        fs::write(&path, serde_json::to_string(&inline).unwrap()).unwrap();
        assert!(load(&path).unwrap().to_inline() == inline);
    }

    #[test]
    fn a_folder_without_credentials_is_named() {
        let error = find(Some(Path::new("/nonexistent/keys"))).unwrap_err();
        assert_eq!(error.to_string(), "cannot read /nonexistent/keys");
    }
}
