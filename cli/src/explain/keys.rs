//! The keys to verify with: those that the user gives, those of `keys`, or the development credentials. Never a private
//! key.

use std::{
    env, fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use wechatpay_mock::diagnosis::{KeyHolder, KnownKey};
use wechatpay_protocol::{
    Certificate, CertificateError, Credentials, CredentialsError, CredentialsFile, KeyError, KeyId,
    ParseError, PemError, PublicKeyId, VerifyingKey, pem_text,
};
use wechatpay_texts::Text;

use super::capture::has_private_key;

/// The most bytes of a file with a key. (own choice)
const MAX_BYTES: u64 = 1024 * 1024;

/// The variable with the APIv3 key.
const APIV3_KEY: &str = "WECHATPAY_APIV3_KEY";

/// All keys.
pub(crate) struct Keys {
    pub(super) keys: Vec<Key>,
    /// The APIv3 key as it was given, whatever it is.
    pub(super) apiv3_key: Option<String>,
    pub(super) source: Source,
}

/// Where the keys come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Given,
    Credentials,
    Development,
}

/// A certificate's key, or a public key.
pub(super) struct Key {
    /// `None` for a public key that was given without its ID.
    pub(super) id: Option<KeyId>,
    pub(super) owner: Owner,
    pub(super) key: VerifyingKey,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Owner {
    Merchant(String),
    Gateway,
    /// The user did not say.
    Unknown,
}

/// What the user gave.
pub(crate) struct Given<'a> {
    pub(crate) certificates: &'a [PathBuf],
    pub(crate) public_keys: &'a [PathBuf],
    pub(crate) public_key_ids: &'a [PublicKeyId],
    pub(crate) apiv3_key_file: Option<&'a Path>,
    pub(crate) credentials: Option<&'a Path>,
}

/// Why keys can't be used. Never quotes a key.
#[derive(Debug, Text, thiserror::Error)]
pub(crate) enum KeysError {
    #[text("cannot read {path}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[text("{path}: expected at most 1 MiB, found more", path = path.display())]
    TooLarge { path: PathBuf },
    #[text(
        "{path}: expected a certificate, a public key or an APIv3 key, found a private key (not shown); explain needs none, \
         and has not used it: give apiclient_cert.pem in place of apiclient_key.pem",
        path = path.display()
    )]
    PrivateKey { path: PathBuf },
    #[text("cannot use {path}", path = path.display())]
    NotText { path: PathBuf, source: PemError },
    #[text("cannot use {path}", path = path.display())]
    Certificate { path: PathBuf, source: CertificateError },
    #[text("cannot use {path}", path = path.display())]
    PublicKey { path: PathBuf, source: KeyError },
    #[text("{path}, line {line}, column {column}: expected the JSON of a credentials.json", path = path.display())]
    Json { path: PathBuf, line: usize, column: usize },
    #[text("the field public_key_id of the credentials is malformed")]
    PublicKeyId(#[source] ParseError),
    #[text(transparent)]
    Credentials(#[from] CredentialsError),
    #[text("expected a --public-key for each --public-key-id, found {ids} IDs and {keys} keys")]
    TooManyIds { ids: usize, keys: usize },
}

impl Keys {
    /// Reads the keys.
    ///
    /// # Errors
    /// [`KeysError`] names the file.
    pub(crate) fn find(given: &Given<'_>) -> Result<Self, KeysError> {
        let mut keys = Vec::new();
        for path in given.certificates {
            keys.push(key(path, &text(path)?, Owner::Unknown, None)?);
        }
        let (ids, count) = (given.public_key_ids, given.public_keys.len());
        if ids.len() > count {
            return Err(KeysError::TooManyIds { ids: ids.len(), keys: count });
        }
        for (index, path) in given.public_keys.iter().enumerate() {
            keys.push(key(path, &text(path)?, Owner::Unknown, ids.get(index).cloned())?);
        }
        let found = if keys.is_empty() {
            Self::of_credentials(given.credentials)?
        } else {
            Self { keys, apiv3_key: None, source: Source::Given }
        };
        let from_env = || env::var(APIV3_KEY).ok().filter(|key| !key.is_empty());
        let apiv3_key = match (given.apiv3_key_file, found.source) {
            (Some(path), _) => Some(one_line(&text(path)?)),
            (None, Source::Development) => from_env().or(found.apiv3_key),
            (None, Source::Given | Source::Credentials) => found.apiv3_key.or_else(from_env),
        };
        Ok(Self { apiv3_key, ..found })
    }

    fn of_credentials(path: Option<&Path>) -> Result<Self, KeysError> {
        if let Some(path) = path {
            let path = if path.is_dir() { path.join("credentials.json") } else { path.into() };
            // It may hold the private key itself, which is not used.
            let json = any_text(&path)?;
            let file: CredentialsFile = serde_json::from_str(&json).map_err(|error| KeysError::Json {
                path: path.clone(),
                line: error.line(),
                column: error.column(),
            })?;
            return Self::of_file(&file, path.parent().unwrap_or(Path::new("")));
        }
        let value = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        if let Some(file) = CredentialsFile::from_env(value)? {
            return Self::of_file(&file, Path::new(""));
        }
        let development = Self::of_file(&Credentials::development().to_inline(), Path::new(""))?;
        Ok(Self { source: Source::Development, ..development })
    }

    /// Reads all but the private key.
    fn of_file(file: &CredentialsFile, folder: &Path) -> Result<Self, KeysError> {
        let merchant = Owner::Merchant(file.mchid.clone());
        let id = file.public_key_id.as_deref().map(str::parse).transpose().map_err(KeysError::PublicKeyId)?;
        let named = [
            (Some(&file.merchant_certificate), merchant, None),
            (file.platform_certificate.as_ref(), Owner::Gateway, None),
            (file.public_key.as_ref(), Owner::Gateway, id),
        ];
        let mut keys = Vec::new();
        for (name, owner, id) in named {
            let Some(name) = name else { continue };
            let path = folder.join(if file.is_inline() { "credentials.json" } else { name });
            let content = if file.is_inline() { name.clone() } else { text(&path)? };
            keys.push(key(&path, &content, owner, id)?);
        }
        Ok(Self { keys, apiv3_key: Some(file.apiv3_key.clone()), source: Source::Credentials })
    }
}

impl Key {
    /// `certificate 5CC5…`, `public key PUB_KEY_ID_…`, in English and Chinese.
    pub(super) fn names(&self) -> [String; 2] {
        match &self.id {
            Some(KeyId::Certificate(serial)) => [format!("certificate {serial}"), format!("证书 {serial}")],
            Some(KeyId::PublicKey(id)) => [format!("public key {id}"), format!("公钥 {id}")],
            None => ["the public key".into(), "公钥".into()],
        }
    }

    /// Whether a header with this value means this key, as far as that is known.
    pub(super) fn is_named(&self, serial: &str) -> bool {
        match &self.id {
            Some(id) => serial.parse().is_ok_and(|serial: KeyId| serial == *id),
            None => false,
        }
    }

    pub(super) fn known(&self) -> KnownKey {
        let holder = match (&self.owner, &self.id) {
            (Owner::Merchant(mchid), _) => KeyHolder::Merchant(mchid.clone()),
            (Owner::Gateway, Some(id)) => KeyHolder::Gateway(id.to_string()),
            (Owner::Gateway | Owner::Unknown, _) => {
                KeyHolder::Given(self.id.as_ref().map(ToString::to_string))
            }
        };
        KnownKey { holder, key: self.key.clone() }
    }
}

/// The key in a file: of a certificate, or a public key.
fn key(path: &Path, text: &str, owner: Owner, id: Option<PublicKeyId>) -> Result<Key, KeysError> {
    if text.contains("-----BEGIN CERTIFICATE-----") {
        let certificate = Certificate::from_pem(text)
            .map_err(|source| KeysError::Certificate { path: path.into(), source })?;
        let id = Some(certificate.serial_no().clone().into());
        return Ok(Key { id, owner, key: certificate.verifying_key().clone() });
    }
    let key =
        VerifyingKey::from_pem(text).map_err(|source| KeysError::PublicKey { path: path.into(), source })?;
    Ok(Key { id: id.map(Into::into), owner, key })
}

/// The text of a file, which must have no private key.
fn text(path: &Path) -> Result<String, KeysError> {
    let text = any_text(path)?;
    if has_private_key(text.as_bytes()) { Err(KeysError::PrivateKey { path: path.into() }) } else { Ok(text) }
}

fn any_text(path: &Path) -> Result<String, KeysError> {
    let failed = |source| KeysError::File { path: path.into(), source };
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(KeysError::TooLarge { path: path.into() });
    }
    pem_text(&bytes).map_err(|source| KeysError::NotText { path: path.into(), source })
}

/// The text without the newline at its end, which editors write.
fn one_line(text: &str) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text).into()
}
