//! Which of WeChat Pay's keys a client trusts.

use std::sync::{Arc, PoisonError, RwLock};

use wechatpay_protocol::{Certificate, Credentials, KeyId, Timestamp, VerifyingKey};

use crate::{
    ConfigurationError, PlatformKeys,
    platform_keys::{certificate_of, public_key_of},
};

/// Which of WeChat Pay's keys to trust, and to ask for in `Wechatpay-Serial`.
///
/// Answers by any other key are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The public key in the credentials.
    PublicKey,
    /// The platform certificate in the credentials.
    Certificate,
    /// The platform certificates that `GET /v3/certificates` lists: downloaded before the first call, and once more
    /// when an answer names another certificate, as happens when WeChat Pay changes over to a new one.
    Downloaded,
}

/// The keys trusted at one moment.
#[derive(Debug, Default)]
pub(crate) struct Trusted {
    /// What requests ask for.
    pub(crate) named: Option<KeyId>,
    pub(crate) keys: PlatformKeys,
}

impl Trusted {
    /// Certificates, newest first.
    pub(crate) fn certificates(certificates: &[Certificate]) -> Self {
        let newest = certificates.first().map(|certificate| certificate.serial_no().clone());
        Self { named: newest.map(KeyId::from), keys: certificates.iter().cloned().collect() }
    }

    fn public_key(id: KeyId, key: VerifyingKey) -> Self {
        Self { named: Some(id.clone()), keys: PlatformKeys::from_iter([(id, key)]) }
    }
}

/// The keys trusted now; a download replaces them all at once.
#[derive(Debug)]
pub(crate) struct KeyRing {
    current: RwLock<Arc<Trusted>>,
    is_downloaded: bool,
}

impl KeyRing {
    /// The keys that `trust` means; without it, the first that the credentials have of public key, certificate,
    /// and the APIv3 key to download with.
    ///
    /// Reads every key in the credentials, also those that are not trusted: a broken one is a mistake worth
    /// knowing about.
    pub(crate) fn new(
        trust: Option<Trust>,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Result<Self, ConfigurationError> {
        let public_key = public_key_of(credentials)?;
        let certificate = certificate_of(credentials)?;
        let trust = trust.unwrap_or(match (&public_key, &certificate) {
            (Some(_), _) => Trust::PublicKey,
            (None, Some(_)) => Trust::Certificate,
            (None, None) => Trust::Downloaded,
        });
        let trusted = match trust {
            Trust::PublicKey => {
                let (id, key) = public_key.ok_or(ConfigurationError::NoPublicKey)?;
                Trusted::public_key(id, key)
            }
            Trust::Certificate => {
                let certificate = certificate.ok_or(ConfigurationError::NoPlatformCertificate)?;
                if !certificate.is_in_force(now) {
                    return Err(ConfigurationError::NotInForce { now, certificate: certificate.into() });
                }
                Trusted::certificates(&[certificate])
            }
            Trust::Downloaded => Trusted::default(),
        };
        Ok(Self { current: RwLock::new(trusted.into()), is_downloaded: trust == Trust::Downloaded })
    }

    pub(crate) fn current(&self) -> Arc<Trusted> {
        // A poisoned lock still holds a whole value: it is only ever replaced at once.
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn is_downloaded(&self) -> bool {
        self.is_downloaded
    }

    pub(crate) fn replace(&self, trusted: Trusted) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = trusted.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);

    fn named(trust: Option<Trust>, credentials: &Credentials) -> Option<String> {
        let ring = KeyRing::new(trust, credentials, NOW).unwrap();
        ring.current().named.as_ref().map(ToString::to_string)
    }

    #[test]
    fn the_public_key_goes_before_the_certificate_and_that_before_a_download() {
        let mut credentials = Credentials::development();
        assert!(named(None, &credentials).unwrap().starts_with("PUB_KEY_ID_"));
        credentials.public_key = None;
        assert!(named(None, &credentials).unwrap().starts_with("6B02BF8E"));
        credentials.platform_certificate = None;
        assert_eq!(named(None, &credentials), None);
    }

    #[test]
    fn only_the_chosen_key_is_trusted() {
        let credentials = Credentials::development();
        let ring = KeyRing::new(Some(Trust::Certificate), &credentials, NOW).unwrap();
        let (id, _) = credentials.public_key.unwrap();
        assert!(ring.current().keys.get(&id.into(), NOW).is_none());
    }

    #[test]
    fn a_key_that_the_credentials_lack_cannot_be_trusted() {
        let mut credentials = Credentials::development();
        credentials.public_key = None;
        credentials.platform_certificate = None;
        assert!(matches!(
            KeyRing::new(Some(Trust::PublicKey), &credentials, NOW),
            Err(ConfigurationError::NoPublicKey)
        ));
        assert!(matches!(
            KeyRing::new(Some(Trust::Certificate), &credentials, NOW),
            Err(ConfigurationError::NoPlatformCertificate)
        ));
    }

    #[test]
    fn a_certificate_out_of_force_cannot_be_trusted() {
        let long_ago = Timestamp::from_unix(0);
        let ring = KeyRing::new(Some(Trust::Certificate), &Credentials::development(), long_ago);
        assert!(matches!(ring, Err(ConfigurationError::NotInForce { .. })));
    }
}
