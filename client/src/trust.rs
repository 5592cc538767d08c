//! Which of WeChat Pay's keys a client trusts.

use std::sync::{Arc, PoisonError, RwLock};

use wechatpay_protocol::{Credentials, Timestamp};
use wechatpay_texts::phrase;

use crate::{
    ConfigurationError, PlatformKeys,
    platform_keys::{certificate_of, public_key_of},
};

/// Which of WeChat Pay's keys to trust, and to request in `Wechatpay-Serial`.
///
/// A response signed with any other key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The public key in the credentials.
    PublicKey,
    /// The platform certificate in the credentials.
    Certificate,
    /// The platform certificates that `GET /v3/certificates` lists. They are downloaded before the first call, and
    /// again when a response names an unknown certificate, because WeChat Pay replaces its certificates over time.
    Downloaded,
}

/// The keys that are trusted now. A download replaces all of them at once.
#[derive(Debug)]
pub(crate) struct KeyRing {
    current: RwLock<Arc<PlatformKeys>>,
    is_downloaded: bool,
}

impl KeyRing {
    /// The keys that `trust` selects. The default is the public key if the credentials have one, else their platform
    /// certificate, else a download.
    ///
    /// Reads every key in the credentials, also those that are not trusted, to report any that is broken.
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
        let keys = match trust {
            Trust::PublicKey => {
                let whose = phrase!("WeChat Pay's public key");
                PlatformKeys::from_iter([public_key.ok_or(ConfigurationError::NoKey { whose })?])
            }
            Trust::Certificate => {
                let whose = phrase!("the platform certificate");
                let certificate = certificate.ok_or(ConfigurationError::NoKey { whose })?;
                if !certificate.is_in_force(now) {
                    return Err(ConfigurationError::NotInForce { now, certificate: certificate.into() });
                }
                PlatformKeys::from_iter([certificate])
            }
            Trust::Downloaded => PlatformKeys::default(),
        };
        Ok(Self { current: RwLock::new(keys.into()), is_downloaded: trust == Trust::Downloaded })
    }

    pub(crate) fn current(&self) -> Arc<PlatformKeys> {
        // Ignores poisoning: the value is only ever replaced as a whole.
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the keys come from downloads, not from the credentials.
    pub(crate) fn is_downloaded(&self) -> bool {
        self.is_downloaded
    }

    pub(crate) fn replace(&self, keys: PlatformKeys) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = keys.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);

    fn preferred(credentials: &Credentials) -> Option<String> {
        let ring = KeyRing::new(None, credentials, NOW).unwrap();
        ring.current().preferred().map(ToString::to_string)
    }

    #[test]
    fn the_default_is_the_public_key_then_the_certificate_then_a_download() {
        let mut credentials = Credentials::development();
        assert!(preferred(&credentials).unwrap().starts_with("PUB_KEY_ID_"));
        credentials.public_key = None;
        assert!(preferred(&credentials).unwrap().starts_with("6B02BF8E"));
        credentials.platform_certificate = None;
        assert_eq!(preferred(&credentials), None);
    }

    #[test]
    fn keys_of_the_credentials_are_not_downloaded() {
        let mut credentials = Credentials::development();
        let is_downloaded = |credentials: &_| KeyRing::new(None, credentials, NOW).unwrap().is_downloaded();
        assert!(!is_downloaded(&credentials));
        credentials.public_key = None;
        credentials.platform_certificate = None;
        assert!(is_downloaded(&credentials));
    }

    #[test]
    fn only_the_chosen_key_is_trusted() {
        let credentials = Credentials::development();
        let ring = KeyRing::new(Some(Trust::Certificate), &credentials, NOW).unwrap();
        let (id, _) = credentials.public_key.unwrap();
        assert!(ring.current().get(&id.into(), NOW).is_none());
    }

    #[test]
    fn a_key_that_the_credentials_lack_cannot_be_trusted() {
        let mut credentials = Credentials::development();
        credentials.public_key = None;
        credentials.platform_certificate = None;
        for trust in [Trust::PublicKey, Trust::Certificate] {
            let ring = KeyRing::new(Some(trust), &credentials, NOW);
            assert!(matches!(ring, Err(ConfigurationError::NoKey { .. })));
        }
    }

    #[test]
    fn a_certificate_that_is_not_valid_now_cannot_be_trusted() {
        let long_ago = Timestamp::from_unix(0);
        let ring = KeyRing::new(Some(Trust::Certificate), &Credentials::development(), long_ago);
        assert!(matches!(ring, Err(ConfigurationError::NotInForce { .. })));
    }
}
