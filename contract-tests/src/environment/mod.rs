//! Points a command in any language at a mock: the files and environment variables that make it call the mock in place
//! of the gateway.

mod program;
mod trust_store;
mod variables;

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::json;
use tempfile::TempDir;
use wechatpay_mock::{
    AuthorityError, GATEWAY_HOSTS, MockServer, WriteError, credentials_env, write_credentials,
};
use wechatpay_protocol::Credentials;

pub use crate::environment::program::program;
use crate::environment::variables::{Files, php_ini};

/// Why a command can't be pointed at a mock.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The credentials cannot be written.
    #[error("cannot write the credentials")]
    Credentials(#[from] WriteError),
    /// The CA for HTTPS cannot be created.
    #[error("cannot create a certificate authority")]
    Authority(#[from] AuthorityError),
    /// The CAs of the system and the mock cannot be put into a trust store for Java.
    #[error("cannot make a trust store of {certificates} certificates")]
    TrustStore {
        /// The number of certificates.
        certificates: usize,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file cannot be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// What Node loads before a program: it connects to the mock in place of the gateway.
const PRELOAD: &str = include_str!("preload.cjs");

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
/// let base_url = variables.iter().find(|(name, _)| name == "WECHATPAY_BASE_URL");
/// assert_eq!(base_url.unwrap().1, *gateway.url());
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
) -> Result<Vec<(String, OsString)>, EnvironmentError> {
    write_credentials(credentials, folder, false)?;
    let authority = mock.ca_pem().await?;
    let bundle = system_authorities().unwrap_or_default() + "\n" + &authority;
    let certificates = trust_store::certificates(&bundle);
    let store = trust_store::pkcs12(&certificates).map_err(|source| EnvironmentError::TrustStore {
        certificates: certificates.len(),
        source: source.into(),
    })?;

    let bundle = write(folder.join("ca-bundle.pem"), bundle.as_bytes())?;
    let php_ini_dir = folder.join("php");
    fs::create_dir(&php_ini_dir)
        .and_then(|()| set_mode(&php_ini_dir, 0o755))
        .map_err(|source| EnvironmentError::Write { path: php_ini_dir.clone(), source })?;
    write(php_ini_dir.join("wechatpay-mock.ini"), php_ini(&bundle).as_bytes())?;
    let files = Files {
        mock: mock.address(),
        authority: &write(folder.join("ca.pem"), authority.as_bytes())?,
        bundle: &bundle,
        trust_store: &write(folder.join("ca.p12"), &store)?,
        trust_store_password: trust_store::PASSWORD,
        php_ini_dir: &php_ini_dir,
        preload: &write(folder.join("preload.cjs"), preload(mock).as_bytes())?,
    };
    let own = credentials_env(credentials, folder).into_iter().map(|(name, value)| (name, value.into()));
    let others = variables::variables(&files).into_iter().map(|(name, value)| (name.to_owned(), value));
    Ok(own.chain(others).collect())
}

/// [`PRELOAD`] with what it reads.
fn preload(mock: &MockServer) -> String {
    let (address, hosts) = (mock.address(), GATEWAY_HOSTS);
    let mock = json!({ "host": address.ip(), "port": address.port(), "gatewayHosts": hosts });
    format!("const mock = {mock};\n{PRELOAD}")
}

/// The CAs that this machine trusts, in PEM: the command may call other hosts too.
fn system_authorities() -> Option<String> {
    fs::read_to_string(openssl_probe::probe().cert_file?).ok()
}

fn write(path: PathBuf, content: &[u8]) -> Result<PathBuf, EnvironmentError> {
    match fs::write(&path, content).and_then(|()| set_mode(&path, 0o644)) {
        Ok(()) => Ok(path),
        Err(source) => Err(EnvironmentError::Write { path, source }),
    }
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
