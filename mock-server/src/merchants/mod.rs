//! Who may call, and with which keys the gateway answers.

mod config;
pub(crate) mod credentials_dir;
mod key_pair;
mod merchant;
mod platform;
pub(crate) mod provision;

use std::{collections::HashMap, fmt, sync::Arc};

use parking_lot::{RwLock, RwLockReadGuard};
use serde::Deserialize;
use wechatpay_protocol::{Credentials, KeyId, Mchid, Timestamp};

pub use config::{ApiCertificate, CertificateStatus, MerchantConfig, MerchantKind, NoCredentials};
pub use key_pair::KeyPairError;
pub(crate) use key_pair::pair;
pub(crate) use merchant::Merchant;
pub(crate) use platform::PlatformKey;
pub use platform::{PlatformCertificate, PlatformCertificates, PublicKeyPair};
pub use provision::ProvisionError;

/// Which of the gateway's keys a merchant trusts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize, utoipa::ToSchema)]
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

/// The merchants, and the keys that the mock signs with.
#[derive(Debug)]
pub(crate) struct Merchants {
    configured: HashMap<Mchid, Arc<Merchant>>,
    /// Those that were made at run time. They come and go.
    made: RwLock<HashMap<Mchid, Arc<Merchant>>>,
    pub(crate) platform_certificates: PlatformCertificates,
    public_key: PublicKeyPair,
}

impl TrustMode {
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

impl Merchants {
    /// These merchants, and these keys of the gateway.
    pub(crate) fn new(
        merchants: &[MerchantConfig],
        platform_certificates: PlatformCertificates,
        public_key: PublicKeyPair,
    ) -> Self {
        let known = |config: &MerchantConfig| (config.mchid.clone(), Arc::new(Merchant::new(config.clone())));
        Self {
            configured: merchants.iter().map(known).collect(),
            made: RwLock::default(),
            platform_certificates,
            public_key,
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

    /// Adds a merchant, unless there is one with that number or there are `most` already.
    pub(crate) fn add(&self, config: MerchantConfig, most: usize) -> Result<Arc<Merchant>, ProvisionError> {
        let mut made = self.made.write();
        self.check_room_among(&made, &config.mchid, most)?;
        let merchant = Arc::new(Merchant::new(config));
        made.insert(merchant.mchid.clone(), Arc::clone(&merchant));
        Ok(merchant)
    }

    /// Whether one with that number would be taken in, now; if not, why.
    pub(crate) fn check_room(&self, mchid: &Mchid, most: usize) -> Result<(), ProvisionError> {
        self.check_room_among(&self.made(), mchid, most)
    }

    fn check_room_among(
        &self,
        made: &HashMap<Mchid, Arc<Merchant>>,
        mchid: &Mchid,
        most: usize,
    ) -> Result<(), ProvisionError> {
        if made.len() >= most {
            return Err(ProvisionError::TooMany { most });
        }
        if self.is_configured(mchid) || made.contains_key(mchid) {
            return Err(ProvisionError::Taken { mchid: mchid.clone() });
        }
        Ok(())
    }

    /// Removes a merchant that was made at run time. Whether there was one with that number.
    pub(crate) fn remove(&self, mchid: &Mchid) -> bool {
        self.made.write().remove(mchid).is_some()
    }

    /// Removes all merchants that were made at run time. Returns their numbers.
    pub(crate) fn remove_made(&self) -> Vec<Mchid> {
        self.made.write().drain().map(|(mchid, _)| mchid).collect()
    }

    /// Forgets the nonces of this merchant, or of all.
    pub(crate) fn reset(&self, mchid: Option<&Mchid>) {
        match mchid {
            Some(mchid) => self.merchant(mchid.as_str()).iter().for_each(|merchant| merchant.reset()),
            None => self.merchants().iter().for_each(|merchant| merchant.reset()),
        }
    }

    fn made(&self) -> RwLockReadGuard<'_, HashMap<Mchid, Arc<Merchant>>> {
        self.made.read()
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
        merchant.credentials(&self.platform_certificates, &self.public_key, at)
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
