//! What a command needs, in files and variables, so that it reaches a mock in place of the gateway, whatever it is written
//! in.

mod trust_store;
mod variables;

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use wechatpay_protocol::Credentials;

use crate::{
    AuthorityError, MockServer, WriteError, credentials_env,
    environment::variables::{RequestFields, php_ini},
    write_credentials,
};

/// Why a command can't be told how to reach a mock.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The credentials can't be written.
    #[error("cannot write the credentials")]
    Credentials(#[from] WriteError),
    /// There is no authority for HTTPS.
    #[error("cannot make a certificate authority")]
    Authority(#[from] AuthorityError),
    /// The machine's own authorities, or the mock's, can't be put into a store for Java.
    #[error("cannot make a trust store of {certificates} certificates")]
    TrustStore {
        /// How many there are.
        certificates: usize,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file can't be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Writes a merchant's credentials and the authorities to trust into `folder`, and returns the variables that say so to
/// a command: the credentials as `wechatpay-mock keys` has them, the mock as a proxy, the authorities for each
/// ecosystem, and `WECHATPAY_BASE_URL`. The files must stay as long as the command runs.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use wechatpay_mock::{MockServer, environment};
///
/// let gateway = MockServer::builder().start().await?;
/// let folder = tempfile::tempdir()?;
/// let variables = environment::prepare(&gateway, &gateway.credentials(), folder.path()).await?;
/// let base_url = variables.iter().find(|(name, _)| name == "WECHATPAY_BASE_URL");
/// assert_eq!(base_url.unwrap().1, *gateway.url());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`EnvironmentError`] if something can't be made or written, or `folder` has credentials already.
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
        .map_err(|source| EnvironmentError::Write { path: php_ini_dir.clone(), source })?;
    write(php_ini_dir.join("wechatpay-mock.ini"), php_ini(&bundle).as_bytes())?;
    let facts = RequestFields {
        mock: mock.address(),
        authority: &write(folder.join("ca.pem"), authority.as_bytes())?,
        bundle: &bundle,
        trust_store: &write(folder.join("ca.p12"), &store)?,
        trust_store_password: trust_store::PASSWORD,
        php_ini_dir: &php_ini_dir,
    };
    let own = credentials_env(credentials, folder).into_iter().map(|(name, value)| (name, value.into()));
    let others = variables::variables(&facts).into_iter().map(|(name, value)| (name.to_owned(), value));
    Ok(own.chain(others).collect())
}

/// The authorities that the machine trusts, for hosts that are called without the mock. PEM.
fn system_authorities() -> Option<String> {
    fs::read_to_string(openssl_probe::probe().cert_file?).ok()
}

fn write(path: PathBuf, content: &[u8]) -> Result<PathBuf, EnvironmentError> {
    match fs::write(&path, content) {
        Ok(()) => Ok(path),
        Err(source) => Err(EnvironmentError::Write { path, source }),
    }
}
