//! A merchant's credentials: files in a folder or names in the environment, as `wechatpay-mock keys` writes them, or all in
//! one file, as a mock answers who makes a merchant.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};
use wechatpay_protocol::{Credentials, CredentialsError, CredentialsFile};

/// Why there are no credentials to be had.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file can't be read.
    #[error("cannot read {path}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is not a `credentials.json`.
    // Without the parser's own words, which quote what it found: it may be a key.
    #[error("{path}, line {line}, column {column}: expected the JSON of a credentials.json", path = .path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where it is not.
        line: usize,
        /// Where it is not.
        column: usize,
    },
    /// The environment names a merchant, and not all that it needs.
    #[error("the environment has {VARIABLE_OF_MCHID}, but not all that goes with it (as WECHATPAY_…)")]
    Environment(#[source] serde_json::Error),
    /// What is there makes no credentials.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
}

const VARIABLE_OF_MCHID: &str = "WECHATPAY_MCHID";

/// Reads `path`, which is a `credentials.json` or a folder with one; the names of files in it are relative to its
/// own folder. It may have what is in the files in place of their names.
///
/// # Errors
/// [`LoadError`] names the file or the field. It never quotes a key.
pub fn load(path: &Path) -> Result<Credentials, LoadError> {
    let path = if path.is_dir() { path.join("credentials.json") } else { path.into() };
    let json = fs::read_to_string(&path).map_err(|source| LoadError::File { path: path.clone(), source })?;
    let file: CredentialsFile = serde_json::from_str(&json).map_err(|error| LoadError::Json {
        path: path.clone(),
        line: error.line(),
        column: error.column(),
    })?;
    if file.is_inline() {
        return Ok(Credentials::from_inline(&file)?);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok(Credentials::load(&file, |name| fs::read_to_string(folder.join(name)))?)
}

/// Reads the environment, if it names a merchant; the names of files are relative to the current folder.
///
/// # Errors
/// [`LoadError`] says what is missing or wrong. It never quotes a key.
pub fn from_env() -> Result<Option<Credentials>, LoadError> {
    from_variables(|name| env::var(name).ok().filter(|value| !value.is_empty()))
}

fn from_variables(value: impl Fn(&str) -> Option<String>) -> Result<Option<Credentials>, LoadError> {
    if value(VARIABLE_OF_MCHID).is_none() {
        return Ok(None);
    }
    let fields: Map<String, Value> = every_variable()
        .filter_map(|name| {
            let field = name.strip_prefix("WECHATPAY_")?.to_lowercase();
            Some((field, value(&name)?.into()))
        })
        .collect();
    let file: CredentialsFile = serde_json::from_value(fields.into()).map_err(LoadError::Environment)?;
    Ok(Some(Credentials::load(&file, |name| fs::read_to_string(name))?))
}

/// The development merchant has every field there is.
fn every_variable() -> impl Iterator<Item = String> {
    Credentials::development().to_file().to_env().into_iter().map(|(name, _)| name)
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
    fn a_file_that_has_the_keys_in_it_is_taken_as_it_is() {
        let inline = Credentials::development().to_inline();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("merchant.json");
        fs::write(&path, serde_json::to_string(&inline).unwrap()).unwrap();
        assert!(load(&path).unwrap().to_inline() == inline);
    }

    #[test]
    fn the_environment_of_a_merchant_names_files_by_their_paths() {
        let variables = Credentials::development().to_file().to_env();
        let value = |name: &str| {
            let (_, value) = variables.iter().find(|(known, _)| known == name)?;
            Some(if value.ends_with(".pem") { format!("{FOLDER}/{value}") } else { value.clone() })
        };
        let credentials = from_variables(value).unwrap().unwrap();
        assert_eq!(credentials.platform_certificate, Credentials::development().platform_certificate);
    }

    #[test]
    fn an_environment_without_a_merchant_says_nothing() {
        let value = |name: &str| (name == "WECHATPAY_PUBLIC_KEY").then(|| "pub_key.pem".into());
        assert!(from_variables(value).unwrap().is_none());
    }

    #[test]
    fn half_a_merchant_in_the_environment_is_an_error() {
        let error = from_variables(|name| (name == VARIABLE_OF_MCHID).then(|| "1900000001".into()));
        assert!(matches!(error, Err(LoadError::Environment(_))));
    }

    #[test]
    fn a_folder_without_credentials_is_named() {
        let error = load(Path::new("/nonexistent/keys")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read /nonexistent/keys");
    }
}
