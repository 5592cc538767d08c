//! WeChat Pay's keys, by the names that responses give them.

use wechatpay_protocol::{Certificate, Credentials, KeyId, SerialNo, Timestamp, VerifyingKey};
use wechatpay_texts::{Phrase, phrase};

use crate::ConfigurationError;

/// The keys whose signatures are trusted: public keys always, certificates while they are valid.
///
/// The first is preferred: requests name it in `Wechatpay-Serial`.
#[derive(Clone, Debug, Default)]
pub struct PlatformKeys(Vec<(KeyId, PlatformKey)>);

#[derive(Clone, Debug)]
enum PlatformKey {
    Public(VerifyingKey),
    Certified(Certificate),
}

impl PlatformKeys {
    /// All of WeChat Pay's keys in the credentials: the public key, the platform certificate, or both.
    ///
    /// # Errors
    /// [`ConfigurationError`] if one can't be read, or the certificate has another serial number than the credentials
    /// say.
    pub fn of(credentials: &Credentials) -> Result<Self, ConfigurationError> {
        let mut keys = Self::from_iter(public_key_of(credentials)?);
        keys.0.extend(certificate_of(credentials)?.map(certified));
        Ok(keys)
    }

    /// The key with this name, if it may be trusted at that time.
    pub fn get(&self, id: &KeyId, at: Timestamp) -> Option<&VerifyingKey> {
        self.0.iter().filter(|(known, _)| known == id).find_map(|(_, key)| match key {
            PlatformKey::Public(key) => Some(key),
            PlatformKey::Certified(certificate) => {
                certificate.is_in_force(at).then(|| certificate.verifying_key())
            }
        })
    }

    pub(crate) fn preferred(&self) -> Option<&KeyId> {
        self.0.first().map(|(id, _)| id)
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

fn certified(certificate: Certificate) -> (KeyId, PlatformKey) {
    (certificate.serial_no().clone().into(), PlatformKey::Certified(certificate))
}

pub(crate) fn public_key_of(
    credentials: &Credentials,
) -> Result<Option<(KeyId, VerifyingKey)>, ConfigurationError> {
    let Some((id, pem)) = &credentials.public_key else { return Ok(None) };
    let whose = phrase!("WeChat Pay's public key");
    let key = VerifyingKey::from_pem(pem).map_err(|source| ConfigurationError::Key { whose, source })?;
    Ok(Some((id.clone().into(), key)))
}

pub(crate) fn certificate_of(credentials: &Credentials) -> Result<Option<Certificate>, ConfigurationError> {
    let Some((serial_no, pem)) = &credentials.platform_certificate else { return Ok(None) };
    read_certificate(phrase!("the platform certificate"), serial_no, pem).map(Some)
}

/// Reads a certificate that must have this serial number.
pub(crate) fn read_certificate(
    whose: Phrase,
    serial_no: &SerialNo,
    pem: &str,
) -> Result<Certificate, ConfigurationError> {
    let certificate =
        Certificate::from_pem(pem).map_err(|source| ConfigurationError::Certificate { whose, source })?;
    match certificate.serial_no() {
        found if found == serial_no => Ok(certificate),
        found => {
            Err(ConfigurationError::SerialNo { whose, configured: serial_no.clone(), found: found.clone() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);

    #[test]
    fn a_certificate_is_trusted_while_it_is_valid_and_a_public_key_always() {
        let keys = PlatformKeys::of(&Credentials::development()).unwrap();
        let public_key = "PUB_KEY_ID_0119000000012026010100000000000001".parse().unwrap();
        let certificate = "6B02BF8E93D977998EC83F5E1A7E346B7265A191".parse().unwrap();
        for (id, at, is_trusted) in [
            (&public_key, NOW, true),
            (&certificate, NOW, true),
            (&public_key, Timestamp::from_unix(0), true),
            (&certificate, Timestamp::from_unix(0), false),
        ] {
            assert_eq!(keys.get(id, at).is_some(), is_trusted, "{id} at {at}");
        }
    }
}
