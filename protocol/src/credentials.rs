//! A merchant's credentials: its own key, the APIv3 key, and the gateway's public keys.

use std::{fmt, io};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use wechatpay_texts::Text;

use crate::{Apiv3Key, Mchid, ParseError, PemError, PublicKeyId, SerialNo, pem_text};

/// One merchant's credentials, with the content of every file as PEM text.
///
/// `Debug` shows neither the private key nor the APIv3 key.
#[derive(Clone)]
pub struct Credentials {
    /// The merchant's mchid.
    pub mchid: Mchid,
    /// Serial number of the merchant's certificate.
    pub merchant_serial: SerialNo,
    /// The merchant's private key.
    pub merchant_key: String,
    /// The merchant's certificate.
    pub merchant_certificate: String,
    /// The symmetric key that merchant and gateway share.
    pub apiv3_key: Apiv3Key,
    /// The gateway's platform certificate and its serial number, if the merchant has one.
    pub platform_certificate: Option<(SerialNo, String)>,
    /// The gateway's public key and its ID, if the merchant has one.
    pub public_key: Option<(PublicKeyId, String)>,
}

/// The form of `credentials.json`. Its keys and certificates are either names of files, relative to its own folder, or
/// the content of these files ([`Credentials::to_inline`]), never a mix of the two.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of Credentials")]
pub struct CredentialsFile {
    pub mchid: String,
    pub merchant_serial: String,
    pub merchant_key: String,
    pub merchant_certificate: String,
    pub apiv3_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_serial: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_certificate: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
}

/// Why credentials can't be read.
#[derive(Debug, Text, thiserror::Error)]
pub enum CredentialsError {
    /// A field is malformed.
    #[text("the field {field} of the credentials is malformed")]
    Field {
        /// The field of `credentials.json`.
        field: &'static str,
        /// The error in it.
        source: ParseError,
    },
    /// A field is missing that another one requires.
    #[text("credentials: expected the field {with} beside {field}, found none")]
    Half {
        /// The field that is present.
        field: &'static str,
        /// The field that is missing.
        with: &'static str,
    },
    /// The content of a file in place of its name.
    #[text(
        "the field {field} of the credentials: expected the name of a file, found PEM text (not shown); put it in a file"
    )]
    Content {
        /// The field.
        field: &'static str,
    },
    /// Something other than the content of a file.
    #[text("the field {field} of the credentials: expected PEM text, found something else (not shown)")]
    NoContent {
        /// The field.
        field: &'static str,
    },
    /// A file can't be read.
    #[text("cannot read {name}, which the field {field} of the credentials names")]
    File {
        /// The field that names the file.
        field: &'static str,
        /// The file's name.
        name: String,
        /// Why not.
        source: io::Error,
    },
    /// A file is not text.
    #[text("cannot use {name}, which the field {field} of the credentials names")]
    NotText {
        /// The field that names the file.
        field: &'static str,
        /// The file's name.
        name: String,
        /// What it is instead.
        source: PemError,
    },
}

const DEVELOPMENT_FILES: [(&str, &str); 4] = [
    ("apiclient_key.pem", include_str!("../../fixtures/credentials/apiclient_key.pem")),
    ("apiclient_cert.pem", include_str!("../../fixtures/credentials/apiclient_cert.pem")),
    ("pub_key.pem", include_str!("../../fixtures/credentials/pub_key.pem")),
    (
        "wechatpay_6B02BF8E93D977998EC83F5E1A7E346B7265A191.pem",
        include_str!("../../fixtures/credentials/wechatpay_6B02BF8E93D977998EC83F5E1A7E346B7265A191.pem"),
    ),
];

impl Credentials {
    /// The development merchant, which a mock knows with no configuration. Its keys are public and protect nothing.
    pub fn development() -> Self {
        let file: CredentialsFile =
            serde_json::from_str(include_str!("../../fixtures/credentials/credentials.json"))
                .expect("the development credentials are JSON of this form");
        let read = |name: &str| {
            let known = DEVELOPMENT_FILES.iter().find(|(known, _)| *known == name);
            known.map(|(_, content)| content.as_bytes().into()).ok_or_else(|| io::ErrorKind::NotFound.into())
        };
        Self::load(&file, read).expect("the development credentials are complete")
    }

    /// Reads credentials whose `file` names other files; `read` returns the content of a file by its name.
    ///
    /// # Errors
    /// [`CredentialsError`] names the field that is wrong and what is expected there.
    pub fn load(
        file: &CredentialsFile,
        read: impl Fn(&str) -> io::Result<Vec<u8>>,
    ) -> Result<Self, CredentialsError> {
        Self::assemble(file, |field, name| {
            if is_content(name) {
                return Err(CredentialsError::Content { field });
            }
            let bytes =
                read(name).map_err(|source| CredentialsError::File { field, name: name.into(), source })?;
            pem_text(&bytes).map_err(|source| CredentialsError::NotText { field, name: name.into(), source })
        })
    }

    /// Reads credentials from a `file` that holds all content itself, as [`Credentials::to_inline`] writes it and
    /// `POST /__mock/merchants` of a mock returns it.
    ///
    /// ```
    /// use wechatpay_protocol::Credentials;
    ///
    /// let inline = Credentials::development().to_inline();
    /// let credentials = Credentials::from_inline(&inline)?;
    /// assert!(credentials.merchant_key.contains("PRIVATE KEY"));
    /// # Ok::<(), wechatpay_protocol::CredentialsError>(())
    /// ```
    ///
    /// # Errors
    /// [`CredentialsError`] names the field that is wrong and what is expected there.
    pub fn from_inline(file: &CredentialsFile) -> Result<Self, CredentialsError> {
        Self::assemble(file, |field, text| {
            if is_content(text) { Ok(text.into()) } else { Err(CredentialsError::NoContent { field }) }
        })
    }

    fn assemble(
        file: &CredentialsFile,
        content: impl Fn(&'static str, &str) -> Result<String, CredentialsError>,
    ) -> Result<Self, CredentialsError> {
        let certificate = pair(
            ("platform_serial", &file.platform_serial),
            ("platform_certificate", &file.platform_certificate),
        )?;
        let public_key = pair(("public_key_id", &file.public_key_id), ("public_key", &file.public_key))?;
        Ok(Self {
            mchid: parse("mchid", &file.mchid)?,
            merchant_serial: parse("merchant_serial", &file.merchant_serial)?,
            merchant_key: content("merchant_key", &file.merchant_key)?,
            merchant_certificate: content("merchant_certificate", &file.merchant_certificate)?,
            apiv3_key: parse("apiv3_key", &file.apiv3_key)?,
            platform_certificate: match certificate {
                Some((serial, text)) => {
                    Some((parse("platform_serial", serial)?, content("platform_certificate", text)?))
                }
                None => None,
            },
            public_key: match public_key {
                Some((id, text)) => Some((parse("public_key_id", id)?, content("public_key", text)?)),
                None => None,
            },
        })
    }

    /// The form with the names of files. They are the names that the merchant platform uses.
    pub fn to_file(&self) -> CredentialsFile {
        let (platform_serial, platform_certificate) = self
            .platform_certificate
            .as_ref()
            .map(|(serial_no, _)| (serial_no.to_string(), format!("wechatpay_{serial_no}.pem")))
            .unzip();
        let (public_key_id, public_key) =
            self.public_key.as_ref().map(|(id, _)| (id.to_string(), "pub_key.pem".into())).unzip();
        CredentialsFile {
            mchid: self.mchid.to_string(),
            merchant_serial: self.merchant_serial.to_string(),
            merchant_key: "apiclient_key.pem".into(),
            merchant_certificate: "apiclient_cert.pem".into(),
            apiv3_key: self.apiv3_key.expose().into(),
            platform_serial,
            platform_certificate,
            public_key_id,
            public_key,
        }
    }

    /// The form with the content of files.
    pub fn to_inline(&self) -> CredentialsFile {
        CredentialsFile {
            merchant_key: self.merchant_key.clone(),
            merchant_certificate: self.merchant_certificate.clone(),
            platform_certificate: self.platform_certificate.as_ref().map(|(_, pem)| pem.clone()),
            public_key: self.public_key.as_ref().map(|(_, pem)| pem.clone()),
            ..self.to_file()
        }
    }
}

impl CredentialsFile {
    /// Whether it holds the content of files rather than their names.
    pub fn is_inline(&self) -> bool {
        is_content(&self.merchant_key)
    }

    /// The fields as environment variables: `WECHATPAY_MCHID`, `WECHATPAY_MERCHANT_SERIAL` and so on.
    pub fn to_env(&self) -> Vec<(String, String)> {
        let fields = serde_json::to_value(self).ok().and_then(|value| value.as_object().cloned());
        fields
            .into_iter()
            .flatten()
            .filter_map(|(field, value)| match value {
                Value::String(value) => Some((variable(&field), value)),
                _ => None,
            })
            .collect()
    }

    /// The reverse of [`CredentialsFile::to_env`]; `value` returns the value of a variable by its name. `None` without
    /// `WECHATPAY_MCHID`.
    ///
    /// # Errors
    /// [`CredentialsError::Half`] if another required variable is missing.
    pub fn from_env(value: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, CredentialsError> {
        let field = |field| value(&variable(field));
        let Some(mchid) = field("mchid") else { return Ok(None) };
        let required = |name| field(name).ok_or(CredentialsError::Half { field: "mchid", with: name });
        Ok(Some(Self {
            mchid,
            merchant_serial: required("merchant_serial")?,
            merchant_key: required("merchant_key")?,
            merchant_certificate: required("merchant_certificate")?,
            apiv3_key: required("apiv3_key")?,
            platform_serial: field("platform_serial"),
            platform_certificate: field("platform_certificate"),
            public_key_id: field("public_key_id"),
            public_key: field("public_key"),
        }))
    }
}

fn variable(field: &str) -> String {
    format!("WECHATPAY_{}", field.to_uppercase())
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("mchid", &self.mchid)
            .field("merchant_serial", &self.merchant_serial)
            .field("platform_serial", &self.platform_certificate.as_ref().map(|(serial_no, _)| serial_no))
            .field("public_key_id", &self.public_key.as_ref().map(|(id, _)| id))
            .finish_non_exhaustive()
    }
}

/// Whether the text is the content of a PEM file rather than its name.
fn is_content(name: &str) -> bool {
    name.contains('\n') || name.contains("-----BEGIN")
}

fn parse<T: std::str::FromStr<Err = ParseError>>(
    field: &'static str,
    text: &str,
) -> Result<T, CredentialsError> {
    text.parse().map_err(|source| CredentialsError::Field { field, source })
}

fn pair<'a>(
    first: (&'static str, &'a Option<String>),
    second: (&'static str, &'a Option<String>),
) -> Result<Option<(&'a String, &'a String)>, CredentialsError> {
    match (first.1, second.1) {
        (Some(one), Some(other)) => Ok(Some((one, other))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(CredentialsError::Half { field: first.0, with: second.0 }),
        (None, Some(_)) => Err(CredentialsError::Half { field: second.0, with: first.0 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_in_place_of_its_file_is_not_shown() {
        let key = Credentials::development().merchant_key;
        let file = CredentialsFile { merchant_key: key, ..Credentials::development().to_file() };
        let error = Credentials::load(&file, |_| Err(io::ErrorKind::NotFound.into())).unwrap_err();
        assert!(matches!(error, CredentialsError::Content { field: "merchant_key" }));
        assert!(!format!("{error} {error:?}").contains("BEGIN"));
    }

    #[test]
    fn a_file_in_der_is_named_and_one_with_a_byte_order_mark_is_read() {
        let development = Credentials::development();
        let load = |content: &[u8]| Credentials::load(&development.to_file(), |_| Ok(content.into()));
        let error = load(b"\x30\x82\x04\xa4").unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot use apiclient_key.pem, which the field merchant_key of the credentials names"
        );
        assert!(matches!(error, CredentialsError::NotText { source: PemError::NotText { .. }, .. }));
        let marked = format!("\u{feff}{}", development.merchant_key);
        assert_eq!(load(marked.as_bytes()).unwrap().merchant_key, development.merchant_key);
    }

    #[test]
    fn inline_credentials_read_back_the_same() {
        let inline = Credentials::development().to_inline();
        let read = Credentials::from_inline(&inline).unwrap();
        assert!(inline.is_inline() && !Credentials::development().to_file().is_inline());
        assert!(read.to_inline() == inline && read.public_key == Credentials::development().public_key);
    }

    #[test]
    fn a_file_name_in_place_of_its_content_is_refused() {
        let error = Credentials::from_inline(&Credentials::development().to_file()).unwrap_err();
        assert!(matches!(error, CredentialsError::NoContent { field: "merchant_key" }));
    }

    #[test]
    fn variables_read_back_the_same() {
        let file = Credentials::development().to_file();
        let variables = file.to_env();
        let value = |name: &str| Some(variables.iter().find(|(known, _)| known == name)?.1.clone());
        assert!(CredentialsFile::from_env(value).unwrap() == Some(file));
    }

    #[test]
    fn an_environment_without_an_mchid_has_no_credentials() {
        let value = |name: &str| (name == "WECHATPAY_PUBLIC_KEY").then(|| "pub_key.pem".into());
        assert!(CredentialsFile::from_env(value).unwrap().is_none());
    }

    #[test]
    fn an_mchid_requires_the_other_variables() {
        let error =
            CredentialsFile::from_env(|name| (name == "WECHATPAY_MCHID").then(|| "1900000001".into()));
        assert!(matches!(error, Err(CredentialsError::Half { with: "merchant_serial", .. })));
    }
}
