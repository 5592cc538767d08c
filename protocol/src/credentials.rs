//! What a merchant holds: its own key, the APIv3 key, and the gateway's public keys.

use std::{fmt, io};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Apiv3Key, Malformed, Mchid, PublicKeyId, SerialNo};

/// One merchant's credentials, with the content of every file as PEM text.
///
/// `Debug` shows neither the private key nor the APIv3 key.
#[derive(Clone)]
pub struct Credentials {
    /// The merchant number.
    pub mchid: Mchid,
    /// Serial number of the merchant's certificate.
    pub merchant_serial: SerialNo,
    /// The merchant's private key.
    pub merchant_key: String,
    /// The merchant's certificate.
    pub merchant_certificate: String,
    /// The key that both sides encrypt with.
    pub apiv3_key: Apiv3Key,
    /// The gateway's platform certificate and its serial number, where the merchant has one.
    pub platform_certificate: Option<(SerialNo, String)>,
    /// The gateway's public key and its ID, where the merchant has one.
    pub public_key: Option<(PublicKeyId, String)>,
}

/// The same in `credentials.json`: names of files, relative to its own folder, in place of their contents. The other way
/// round where there are no files ([`Credentials::to_inline`]): their contents, in place of their names.
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

/// Why credentials could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A field has not the form it should have.
    #[error("the field {field} of the credentials is malformed")]
    Field {
        /// The field of `credentials.json`.
        field: &'static str,
        /// What is wrong with it.
        source: Malformed,
    },
    /// Of two fields that go together there is one.
    #[error("credentials: expected the field {with} beside {field}, found none")]
    Half {
        /// The field that is there.
        field: &'static str,
        /// The field that is not.
        with: &'static str,
    },
    /// Where the name of a file is expected there is the content of one.
    #[error(
        "the field {field} of the credentials: expected the name of a file, found PEM text (not shown); put it in a file"
    )]
    Content {
        /// The field.
        field: &'static str,
    },
    /// Where the content of a file is expected there is something else.
    #[error("the field {field} of the credentials: expected PEM text, found something else (not shown)")]
    NoContent {
        /// The field.
        field: &'static str,
    },
    /// A file that is named could not be read.
    #[error("cannot read {name}, which the field {field} of the credentials names")]
    File {
        /// The field that names it.
        field: &'static str,
        /// Its name.
        name: String,
        /// Why not.
        source: io::Error,
    },
}

macro_rules! development {
    ($name:literal) => {
        include_str!(concat!("../../fixtures/credentials/", $name))
    };
}

impl Credentials {
    /// The development merchant that a mock knows when it is told nothing else. Its keys are public: they protect
    /// nothing.
    pub fn development() -> Self {
        let content = |name: &str| match name {
            "apiclient_key.pem" => Ok(development!("apiclient_key.pem").into()),
            "apiclient_cert.pem" => Ok(development!("apiclient_cert.pem").into()),
            "pub_key.pem" => Ok(development!("pub_key.pem").into()),
            "wechatpay_6B02BF8E93D977998EC83F5E1A7E346B7265A191.pem" => {
                Ok(development!("wechatpay_6B02BF8E93D977998EC83F5E1A7E346B7265A191.pem").into())
            }
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        let file: CredentialsFile = serde_json::from_str(development!("credentials.json"))
            .expect("the development credentials are JSON of this form");
        Self::load(&file, content).expect("the development credentials are complete")
    }

    /// Takes over what `file` says, with `content` giving the content of each file that it names.
    ///
    /// # Errors
    /// [`CredentialsError`] names the field that is wrong and what would be right.
    pub fn load(
        file: &CredentialsFile,
        content: impl Fn(&str) -> io::Result<String>,
    ) -> Result<Self, CredentialsError> {
        Self::assemble(file, |field, name| {
            if is_content(name) {
                return Err(CredentialsError::Content { field });
            }
            content(name).map_err(|source| CredentialsError::File { field, name: name.into(), source })
        })
    }

    /// Takes over what [`Credentials::to_inline`] made, as `POST /__mock/merchants` of a mock answers it.
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
    /// [`CredentialsError`] names the field that is wrong and what would be right.
    pub fn from_inline(file: &CredentialsFile) -> Result<Self, CredentialsError> {
        Self::assemble(file, |field, text| {
            if is_content(text) { Ok(text.into()) } else { Err(CredentialsError::NoContent { field }) }
        })
    }

    /// Takes over what `file` says, with `read` giving the content that each of its fields stands for.
    fn assemble(
        file: &CredentialsFile,
        read: impl Fn(&'static str, &str) -> Result<String, CredentialsError>,
    ) -> Result<Self, CredentialsError> {
        let platform_certificate = pair(
            ("platform_serial", &file.platform_serial),
            ("platform_certificate", &file.platform_certificate),
        )?;
        let public_key = pair(("public_key_id", &file.public_key_id), ("public_key", &file.public_key))?;
        Ok(Self {
            mchid: field("mchid", &file.mchid)?,
            merchant_serial: field("merchant_serial", &file.merchant_serial)?,
            merchant_key: read("merchant_key", &file.merchant_key)?,
            merchant_certificate: read("merchant_certificate", &file.merchant_certificate)?,
            apiv3_key: field("apiv3_key", &file.apiv3_key)?,
            platform_certificate: platform_certificate
                .map(|(serial, name)| {
                    Ok((field("platform_serial", serial)?, read("platform_certificate", name)?))
                })
                .transpose()?,
            public_key: public_key
                .map(|(id, name)| Ok((field("public_key_id", id)?, read("public_key", name)?)))
                .transpose()?,
        })
    }

    /// The form of `credentials.json`, with the file names that merchants know from the merchant platform.
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

    /// The form of `credentials.json`, with the content of each file in place of its name.
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
    /// Whether it has the content of each file in place of its name, as [`Credentials::to_inline`] writes it.
    pub fn is_inline(&self) -> bool {
        is_content(&self.merchant_key)
    }

    /// The fields as environment variables: `WECHATPAY_MCHID`, `WECHATPAY_MERCHANT_SERIAL`, …
    pub fn to_env(&self) -> Vec<(String, String)> {
        let fields = serde_json::to_value(self).ok().and_then(|value| value.as_object().cloned());
        fields
            .into_iter()
            .flatten()
            .filter_map(|(field, value)| match value {
                Value::String(value) => Some((format!("WECHATPAY_{}", field.to_uppercase()), value)),
                _ => None,
            })
            .collect()
    }
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

/// Whether text that should name a file looks like what should be in it.
fn is_content(name: &str) -> bool {
    name.contains('\n') || name.contains("-----BEGIN")
}

fn field<T: std::str::FromStr<Err = Malformed>>(
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
    fn what_is_written_inline_is_read_back() {
        let inline = Credentials::development().to_inline();
        let read = Credentials::from_inline(&inline).unwrap();
        assert!(inline.is_inline() && !Credentials::development().to_file().is_inline());
        assert!(read.to_inline() == inline && read.public_key == Credentials::development().public_key);
    }

    #[test]
    fn the_name_of_a_file_in_place_of_its_content_is_refused() {
        let error = Credentials::from_inline(&Credentials::development().to_file()).unwrap_err();
        assert!(matches!(error, CredentialsError::NoContent { field: "merchant_key" }));
    }
}
