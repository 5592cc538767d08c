//! Points a command in any language at a mock: the files and environment variables that make it call the mock in place
//! of the gateway.

mod executable;

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use tempfile::{NamedTempFile, TempDir};
use wechatpay_mock::{Environment, MockServer, Program, WriteError, credentials_env, write_credentials};
use wechatpay_protocol::Credentials;
use wechatpay_texts::Text;

pub use crate::environment::executable::executable;

/// Why a command can't be pointed at a mock.
#[derive(Debug, Text, thiserror::Error)]
pub enum EnvironmentError {
    /// The credentials cannot be written.
    #[text("cannot write the credentials")]
    Credentials(#[from] WriteError),
    /// The mock has no environment for the command.
    #[text("the mock has no environment for the command")]
    Mock(#[from] wechatpay_mock::EnvironmentError),
    /// The folder's path can't be in a variable.
    #[text("expected a folder with a path in Unicode, found {path}", path = _0.display())]
    Folder(PathBuf),
    /// The content of a file is not in Base64.
    #[text(
        "expected the content of {file} in Base64, found something else; is it a mock of another version?"
    )]
    Content {
        /// The file.
        file: String,
    },
    /// A file cannot be written.
    #[text("cannot write {path}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A temporary folder for [`prepare`], which only its owner can enter, whatever the umask.
///
/// # Errors
/// If it cannot be made.
pub fn folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("wechatpay-mock-");
    // Never open to others, not even at first.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let folder = builder.tempdir()?;
    set_mode(folder.path(), 0o700)?;
    Ok(folder)
}

/// Writes a merchant's credentials and the CAs to trust into `folder`, and returns the environment variables to
/// pass to a command: the credentials as `wechatpay-mock keys` writes them, the mock as a proxy, the authorities for
/// each ecosystem, what redirects clients in Node that read no proxy, and `WECHATPAY_BASE_URL`. Keep the folder until the
/// command has ended.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use wechatpay_contract::environment;
/// use wechatpay_mock::MockServer;
///
/// let gateway = MockServer::builder().start().await?;
/// let folder = environment::folder()?;
/// let variables = environment::prepare(&gateway, &gateway.credentials(), folder.path()).await?;
/// assert_eq!(variables["WECHATPAY_BASE_URL"], gateway.url());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`EnvironmentError`] if a file cannot be made or written, or `folder` has credentials already.
pub async fn prepare(
    mock: &MockServer,
    credentials: &Credentials,
    folder: &Path,
) -> Result<BTreeMap<String, String>, EnvironmentError> {
    write_credentials(credentials, folder, false)?;
    let environment = mock.environment(&program(folder)?).await?;
    write(&environment, folder)?;
    let mut variables = environment.variables;
    variables.extend(credentials_env(credentials, folder));
    Ok(variables)
}

/// A program in the environment of this process, whose files are in `folder`: what a mock is asked about.
///
/// # Errors
/// [`EnvironmentError::Folder`]
pub fn program(folder: &Path) -> Result<Program, EnvironmentError> {
    let not_unicode = || EnvironmentError::Folder(folder.into());
    let folder = folder.to_str().ok_or_else(not_unicode)?.into();
    // It may call other hosts, too.
    let authorities = system_authorities().unwrap_or_default();
    let text = |(name, value)| Option::zip(os_text(name), os_text(value));
    Ok(Program { folder, authorities, ..Program::default() }.with_variables(env::vars_os().filter_map(text)))
}

/// Writes the files of an environment into its folder. Each appears whole, so that programs which use the folder already find
/// either the old or the new one.
///
/// # Errors
/// [`EnvironmentError::Content`] or [`EnvironmentError::Write`]
pub fn write(environment: &Environment, folder: &Path) -> Result<(), EnvironmentError> {
    for (name, content) in &environment.files {
        let path = folder.join(name);
        let unusable = || EnvironmentError::Content { file: name.clone() };
        // Nothing that a mock says may name a file elsewhere.
        let is_name = Path::new(name).file_name().is_some_and(|only| only == name.as_str());
        let content = BASE64_STANDARD.decode(content).ok().filter(|_| is_name).ok_or_else(unusable)?;
        write_whole(&path, &content).map_err(|source| EnvironmentError::Write { path, source })?;
    }
    Ok(())
}

fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::with_prefix_in(".new-", path.parent().unwrap_or("".as_ref()))?;
    file.write_all(content)?;
    set_mode(file.path(), 0o644)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn os_text(text: std::ffi::OsString) -> Option<String> {
    text.into_string().ok()
}

/// The CAs that this machine trusts, in PEM.
fn system_authorities() -> Option<String> {
    fs::read_to_string(openssl_probe::probe().cert_file?).ok()
}

/// Sets the mode of a file or folder, which would otherwise depend on the umask.
#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}
