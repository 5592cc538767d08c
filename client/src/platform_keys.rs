//! WeChat Pay's public keys, by the names that answers give them.

use std::collections::HashMap;

use serde::Deserialize;
use wechatpay_protocol::{
    Apiv3Key, Certificate, CertificateError, Credentials, KeyId, ParseError, Resource, ResourceError,
    SerialNo, Timestamp, VerifyingKey,
};

use crate::ConfigurationError;

/// The keys whose signatures are believed: public keys for good, certificates while they are in force.
#[derive(Clone, Debug, Default)]
pub struct PlatformKeys(HashMap<KeyId, PlatformKey>);

#[derive(Clone, Debug)]
enum PlatformKey {
    Public(VerifyingKey),
    Certified(Certificate),
}

impl PlatformKeys {
    /// Every key of WeChat Pay's that the credentials hold: the public key, the platform certificate, or both.
    ///
    /// # Errors
    /// [`ConfigurationError`] if one can't be read, or a certificate has another serial number than it is filed
    /// under.
    pub fn of(credentials: &Credentials) -> Result<Self, ConfigurationError> {
        let mut keys: Self = public_key_of(credentials)?.into_iter().collect();
        keys.0.extend(certificate_of(credentials)?.map(certified));
        Ok(keys)
    }

    /// The same keys, certificates too for good.
    #[cfg(feature = "mutants")]
    pub(crate) fn for_good(&self) -> Self {
        let keys = self.0.iter().map(|(id, key)| match key {
            PlatformKey::Public(key) => (id.clone(), key.clone()),
            PlatformKey::Certified(certificate) => (id.clone(), certificate.verifying_key().clone()),
        });
        keys.collect()
    }

    /// The name of some key.
    #[cfg(feature = "mutants")]
    pub(crate) fn any(&self) -> Option<&KeyId> {
        self.0.keys().next()
    }

    /// The key with that name, if it is to be believed at that time.
    pub fn get(&self, id: &KeyId, at: Timestamp) -> Option<&VerifyingKey> {
        match self.0.get(id)? {
            PlatformKey::Public(key) => Some(key),
            PlatformKey::Certified(certificate) => {
                certificate.is_in_force(at).then(|| certificate.verifying_key())
            }
        }
    }
}

impl FromIterator<(KeyId, VerifyingKey)> for PlatformKeys {
    fn from_iter<I: IntoIterator<Item = (KeyId, VerifyingKey)>>(keys: I) -> Self {
        Self(keys.into_iter().map(|(id, key)| (id, PlatformKey::Public(key))).collect())
    }
}

impl FromIterator<Certificate> for PlatformKeys {
    fn from_iter<I: IntoIterator<Item = Certificate>>(certificates: I) -> Self {
        Self(certificates.into_iter().map(certified).collect())
    }
}

/// Why a list of certificates is not believed.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    /// The body is not the documented JSON.
    #[error("expected {{\"data\": [{{\"serial_no\": …, \"encrypt_certificate\": {{…}}}}]}}")]
    Json(#[source] serde_json::Error),
    /// A serial number is not one.
    #[error("entry {entry}: its serial_no")]
    SerialNo {
        /// Which entry, counted from 1.
        entry: usize,
        /// What is wrong with it.
        source: ParseError,
    },
    /// A certificate can't be decrypted with the APIv3 key.
    #[error("certificate {serial_no}: cannot be decrypted")]
    Decryption {
        /// The entry's serial number.
        serial_no: SerialNo,
        /// Why not.
        source: ResourceError,
    },
    /// What was decrypted is not PEM text of a certificate.
    #[error("certificate {serial_no}: cannot be read")]
    Certificate {
        /// The entry's serial number.
        serial_no: SerialNo,
        /// Why not; `None` if it is not even text.
        source: Option<CertificateError>,
    },
    /// The certificate has another serial number than its entry.
    #[error("certificate {serial_no}: its own serial number is {found}")]
    OtherSerialNo {
        /// The entry's serial number.
        serial_no: SerialNo,
        /// The certificate's.
        found: SerialNo,
    },
    /// No certificate is in force.
    #[error("no certificate of the {listed} listed is in force at {}", now.to_rfc3339())]
    NoneInForce {
        /// How many are listed.
        listed: usize,
        /// The client's clock.
        now: Timestamp,
    },
}

#[derive(Deserialize)]
struct CertificateList {
    data: Vec<CertificateEntry>,
}

#[derive(Deserialize)]
struct CertificateEntry {
    serial_no: String,
    encrypt_certificate: Resource,
}

/// The certificates in the body of `GET /v3/certificates` that are in force, newest first; at least one.
///
/// Decryption proves that whoever made the list knows the APIv3 key. The answer's signature is another matter, to
/// be verified with one of these.
///
/// A certificate of yesterday or tomorrow is left out, since a change-over may list either. One that can't be
/// decrypted, or is not the one it is said to be, condemns the whole list.
pub(crate) fn certificates_in(
    body: &[u8],
    key: &Apiv3Key,
    now: Timestamp,
) -> Result<Vec<Certificate>, CertificatesError> {
    let list: CertificateList = serde_json::from_slice(body).map_err(CertificatesError::Json)?;
    let opened = list.data.iter().enumerate().map(|(index, entry)| open(index + 1, entry, key));
    let mut certificates = opened.collect::<Result<Vec<_>, _>>()?;
    certificates.retain(|certificate| certificate.is_in_force(now));
    certificates.sort_by_key(|certificate| std::cmp::Reverse(certificate.not_before()));
    if certificates.is_empty() {
        return Err(CertificatesError::NoneInForce { listed: list.data.len(), now });
    }
    Ok(certificates)
}

fn open(number: usize, entry: &CertificateEntry, key: &Apiv3Key) -> Result<Certificate, CertificatesError> {
    let serial_no: SerialNo =
        entry.serial_no.parse().map_err(|source| CertificatesError::SerialNo { entry: number, source })?;
    let pem = match entry.encrypt_certificate.decrypt(key) {
        Ok(plaintext) => String::from_utf8(plaintext),
        Err(source) => return Err(CertificatesError::Decryption { serial_no, source }),
    };
    let certificate = match pem.map(|pem| Certificate::from_pem(&pem)) {
        Ok(Ok(certificate)) => certificate,
        Ok(Err(source)) => {
            return Err(CertificatesError::Certificate { serial_no, source: Some(source) });
        }
        Err(_) => return Err(CertificatesError::Certificate { serial_no, source: None }),
    };
    match certificate.serial_no() {
        found if *found == serial_no => Ok(certificate),
        found => Err(CertificatesError::OtherSerialNo { found: found.clone(), serial_no }),
    }
}

pub(crate) fn public_key_of(
    credentials: &Credentials,
) -> Result<Option<(KeyId, VerifyingKey)>, ConfigurationError> {
    let Some((id, pem)) = &credentials.public_key else { return Ok(None) };
    let key = VerifyingKey::from_pem(pem).map_err(ConfigurationError::PublicKey)?;
    Ok(Some((id.clone().into(), key)))
}

pub(crate) fn certificate_of(credentials: &Credentials) -> Result<Option<Certificate>, ConfigurationError> {
    let Some((serial_no, pem)) = &credentials.platform_certificate else { return Ok(None) };
    let certificate = Certificate::from_pem(pem).map_err(ConfigurationError::PlatformCertificate)?;
    if certificate.serial_no() != serial_no {
        return Err(ConfigurationError::PlatformSerial {
            configured: serial_no.clone(),
            found: certificate.serial_no().clone(),
        });
    }
    Ok(Some(certificate))
}

fn certified(certificate: Certificate) -> (KeyId, PlatformKey) {
    (certificate.serial_no().clone().into(), PlatformKey::Certified(certificate))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);
    const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000000012026010100000000000001";
    const SERIAL_NO: &str = "6B02BF8E93D977998EC83F5E1A7E346B7265A191";
    const STRANGER: &str = include_str!("../../fixtures/credentials/other_cert.pem");

    fn listed(serial_no: &str, pem: &str) -> Value {
        let key = Credentials::development().apiv3_key;
        let resource = Resource::encrypt(&key, "61f9c719728a", "certificate", pem.as_bytes());
        json!({
            "serial_no": serial_no,
            "effective_time": "2020-01-01T08:00:00+08:00",
            "expire_time": "2090-01-01T07:59:59+08:00",
            "encrypt_certificate": resource,
        })
    }

    fn platform() -> Value {
        let (serial_no, pem) = Credentials::development().platform_certificate.unwrap();
        listed(serial_no.as_str(), &pem)
    }

    fn read(entries: &[Value], now: Timestamp) -> Result<Vec<Certificate>, CertificatesError> {
        let body = json!({ "data": entries }).to_string();
        certificates_in(body.as_bytes(), &Credentials::development().apiv3_key, now)
    }

    #[test]
    fn credentials_hold_a_public_key_and_a_certificate() {
        let keys = PlatformKeys::of(&Credentials::development()).unwrap();
        assert!(keys.get(&PUBLIC_KEY_ID.parse().unwrap(), NOW).is_some());
        assert!(keys.get(&SERIAL_NO.parse().unwrap(), NOW).is_some());
    }

    #[test]
    fn a_certificate_is_believed_while_in_force_and_a_public_key_always() {
        let keys = PlatformKeys::of(&Credentials::development()).unwrap();
        let long_ago = Timestamp::from_unix(0);
        assert!(keys.get(&PUBLIC_KEY_ID.parse().unwrap(), long_ago).is_some());
        assert!(keys.get(&SERIAL_NO.parse().unwrap(), long_ago).is_none());
    }

    #[test]
    fn a_listed_certificate_is_decrypted_and_named_by_its_serial_number() {
        let certificates = read(&[platform()], NOW).unwrap();
        assert_eq!(certificates[0].serial_no().as_str(), SERIAL_NO);
    }

    #[test]
    fn a_certificate_under_anothers_serial_number_condemns_the_list() {
        let (serial_no, _) = Credentials::development().platform_certificate.unwrap();
        let swapped = listed(serial_no.as_str(), STRANGER);
        let error = read(&[platform(), swapped], NOW).unwrap_err();
        assert!(matches!(error, CertificatesError::OtherSerialNo { .. }), "{error}");
    }

    #[test]
    fn an_altered_certificate_condemns_the_list() {
        let mut altered = platform();
        altered["encrypt_certificate"]["associated_data"] = "another".into();
        let error = read(&[altered, platform()], NOW).unwrap_err();
        assert!(matches!(error, CertificatesError::Decryption { .. }), "{error}");
    }

    #[test]
    fn a_certificate_out_of_force_is_left_out() {
        let long_ago = Timestamp::from_unix(0);
        let error = read(&[platform()], long_ago).unwrap_err();
        assert!(matches!(error, CertificatesError::NoneInForce { listed: 1, .. }), "{error}");
        assert!(matches!(read(&[], NOW), Err(CertificatesError::NoneInForce { listed: 0, .. })));
    }

    #[test]
    fn what_is_not_the_documented_json_is_refused() {
        for body in ["", "[]", "{}", "{\"data\":[{}]}", "{\"data\":null}"] {
            let result = certificates_in(body.as_bytes(), &Credentials::development().apiv3_key, NOW);
            assert!(matches!(result, Err(CertificatesError::Json(_))), "{body}");
        }
        assert!(matches!(
            read(&[listed("not hex", STRANGER)], NOW),
            Err(CertificatesError::SerialNo { entry: 1, .. })
        ));
        let serial_no = Credentials::development().merchant_serial;
        assert!(matches!(
            read(&[listed(serial_no.as_str(), "no PEM")], NOW),
            Err(CertificatesError::Certificate { source: Some(_), .. })
        ));
    }
}
