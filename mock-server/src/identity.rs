//! Who is who: the merchants that the mock knows, and the keys it signs with. Parsed once, at start.

mod merchant;
mod pair;
mod platform;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use serde::Deserialize;
use wechatpay_protocol::{Credentials, KeyId, Mchid, Timestamp};

use crate::{
    config::{Config, MerchantConfig, NoCredentials},
    state::Ledger,
};

pub(crate) use merchant::Merchant;
pub use merchant::NotMade;
pub use pair::PairError;
pub(crate) use pair::pair;
pub(crate) use platform::PlatformKey;
pub use platform::{PlatformCertificate, PlatformCertificates, PublicKeyPair};

/// Which of the gateway's keys a merchant trusts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustMode {
    /// The platform certificates only.
    PlatformCertificate,
    /// The public key only, as every merchant who registered since late 2024.
    PublicKey,
    /// Both, as a merchant who switches from the one to the other.
    #[default]
    Both,
}

/// Everything that the mock knows about keys.
#[derive(Debug)]
pub(crate) struct Identity {
    configured: HashMap<Mchid, Arc<Merchant>>,
    /// Those that were made at run time. They come and go.
    made: RwLock<HashMap<Mchid, Arc<Merchant>>>,
    pub(crate) platform_certificates: PlatformCertificates,
    public_key: PublicKeyPair,
}

impl TrustMode {
    pub(crate) const ALL: [Self; 3] = [Self::PlatformCertificate, Self::PublicKey, Self::Both];

    /// Whether the merchant has the platform certificates.
    pub fn has_platform_certificate(self) -> bool {
        matches!(self, Self::PlatformCertificate | Self::Both)
    }

    /// Whether the merchant has the public key.
    pub fn has_public_key(self) -> bool {
        matches!(self, Self::PublicKey | Self::Both)
    }
}

impl fmt::Display for TrustMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PlatformCertificate => "platform-certificate",
            Self::PublicKey => "public-key",
            Self::Both => "both",
        })
    }
}

impl Identity {
    /// The merchants and keys of a configuration, each merchant with its part of the seed.
    pub(crate) fn new(config: &Config) -> Self {
        let merchant = |merchant: &MerchantConfig| {
            let ledger = Ledger::new(&merchant.mchid, config.seed.as_ref(), config.limits.request_numbers);
            (merchant.mchid.clone(), Arc::new(Merchant::new(merchant.clone(), ledger)))
        };
        Self {
            configured: config.merchants().iter().map(merchant).collect(),
            made: RwLock::default(),
            platform_certificates: config.platform_certificates.clone(),
            public_key: config.public_key.clone(),
        }
    }

    /// The merchant with that number.
    pub(crate) fn merchant(&self, mchid: &str) -> Option<Arc<Merchant>> {
        self.configured.get(mchid).cloned().or_else(|| self.made().get(mchid).cloned())
    }

    /// Every merchant, by number.
    pub(crate) fn merchants(&self) -> Vec<Arc<Merchant>> {
        let mut all: Vec<_> = self.configured.values().chain(self.made().values()).cloned().collect();
        all.sort_by(|one, other| one.mchid.as_str().cmp(other.mchid.as_str()));
        all
    }

    /// Whether the merchant is one of the configuration's, which stay.
    pub(crate) fn is_configured(&self, mchid: &Mchid) -> bool {
        self.configured.contains_key(mchid)
    }

    /// Takes a merchant in, unless there is one with that number or there are `most` already.
    pub(crate) fn add(&self, merchant: Arc<Merchant>, most: usize) -> Result<(), NotMade> {
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        self.check_room_among(&made, &merchant.mchid, most)?;
        made.insert(merchant.mchid.clone(), merchant);
        Ok(())
    }

    /// Whether one with that number would be taken in, now; if not, why.
    pub(crate) fn check_room(&self, mchid: &Mchid, most: usize) -> Result<(), NotMade> {
        self.check_room_among(&self.made(), mchid, most)
    }

    fn check_room_among(
        &self,
        made: &HashMap<Mchid, Arc<Merchant>>,
        mchid: &Mchid,
        most: usize,
    ) -> Result<(), NotMade> {
        if made.len() >= most {
            return Err(NotMade::TooMany { most });
        }
        if self.is_configured(mchid) || made.contains_key(mchid) {
            return Err(NotMade::Taken { mchid: mchid.clone() });
        }
        Ok(())
    }

    /// Removes a merchant that was made at run time; `None` if there is none with that number.
    pub(crate) fn remove(&self, mchid: &Mchid) -> Option<Arc<Merchant>> {
        self.made.write().unwrap_or_else(PoisonError::into_inner).remove(mchid)
    }

    /// Removes all of them.
    pub(crate) fn remove_made(&self) {
        self.made.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn made(&self) -> RwLockReadGuard<'_, HashMap<Mchid, Arc<Merchant>>> {
        self.made.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every key that the mock may sign with.
    pub(crate) fn platform_keys(&self) -> impl Iterator<Item = &PlatformKey> {
        let certificates = self.platform_certificates.all().map(PlatformCertificate::key);
        certificates.chain([self.public_key.key()])
    }

    /// The key that has an ID in place of a certificate.
    pub(crate) fn public_key(&self) -> &PublicKeyPair {
        &self.public_key
    }

    /// What a merchant needs to call the mock at that time.
    pub(crate) fn credentials(
        &self,
        merchant: &Merchant,
        at: Timestamp,
    ) -> Result<Credentials, NoCredentials> {
        merchant.config.credentials(&self.platform_certificates, &self.public_key, at)
    }

    /// The key that has this name, if the merchant has it and it is in force: the one that a merchant encrypts with.
    pub(crate) fn named_key(&self, merchant: &Merchant, name: &str, now: Timestamp) -> Option<&PlatformKey> {
        let trust = merchant.trust;
        match name.parse().ok()? {
            KeyId::PublicKey(id) => {
                (trust.has_public_key() && id == *self.public_key.id()).then(|| self.public_key.key())
            }
            KeyId::Certificate(serial_no) => {
                let certificate = self.platform_certificates.named(&serial_no, now);
                certificate.filter(|_| trust.has_platform_certificate()).map(PlatformCertificate::key)
            }
        }
    }

    /// The key that signs the answer to a request of this merchant whose `Wechatpay-Serial` says `wanted`.
    ///
    /// Any `PUB_KEY_ID_…` gets the public key (documented), the serial number of a platform certificate in force
    /// gets that certificate's key (SDK), all else the certificate that signs at the time, as far as the merchant has
    /// them. A merchant that has the public key only gets nothing else.
    pub(crate) fn signing_key(
        &self,
        merchant: &Merchant,
        wanted: Option<&str>,
        now: Timestamp,
    ) -> &PlatformKey {
        if !merchant.trust.has_platform_certificate() {
            return self.public_key.key();
        }
        let certificates = &self.platform_certificates;
        let signing = || certificates.signing(now);
        match wanted.and_then(|name| name.parse().ok()) {
            Some(KeyId::PublicKey(_)) if merchant.trust.has_public_key() => self.public_key.key(),
            Some(KeyId::Certificate(serial_no)) => {
                certificates.named(&serial_no, now).unwrap_or_else(signing).key()
            }
            _ => signing().key(),
        }
    }
}
