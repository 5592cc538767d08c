//! The merchants that may call, and the keys that the gateway signs with.

mod config;
pub(crate) mod credentials_dir;
mod kept;
mod key_pair;
mod merchant;
mod platform;
pub(crate) mod provision;
mod sensitive;
pub(crate) mod whole_file;

use std::{collections::HashMap, fmt, sync::Arc};

use parking_lot::{RwLock, RwLockReadGuard};
use serde::Deserialize;
use wechatpay_protocol::{Credentials, KeyId, Mchid, Timestamp};

pub use config::{ApiCertificate, Apiv2Key, CertificateStatus, MerchantConfig, MerchantKind, NoCredentials};
pub(crate) use kept::Kept;
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
    /// The public key only, like every merchant that registered since late 2024.
    PublicKey,
    /// Both, like a merchant that is switching from one to the other.
    #[default]
    Both,
}

/// The merchants, and the keys that the mock signs with.
#[derive(Debug)]
pub(crate) struct Merchants {
    configured: HashMap<Mchid, Arc<Merchant>>,
    /// The first of the configured merchants.
    first: Option<Mchid>,
    /// The merchants that were created at run time.
    created: RwLock<HashMap<Mchid, Arc<Merchant>>>,
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
            first: merchants.first().map(|config| config.mchid.clone()),
            created: RwLock::default(),
            platform_certificates,
            public_key,
        }
    }

    /// The merchant with this mchid.
    pub(crate) fn merchant(&self, mchid: &str) -> Option<Arc<Merchant>> {
        self.configured.get(mchid).cloned().or_else(|| self.created().get(mchid).cloned())
    }

    /// The first of the configured merchants, if there is one.
    pub(crate) fn first(&self) -> Option<Arc<Merchant>> {
        self.merchant(self.first.as_ref()?.as_str())
    }

    /// Every merchant, sorted by mchid.
    pub(crate) fn merchants(&self) -> Vec<Arc<Merchant>> {
        let mut all: Vec<_> = self.configured.values().chain(self.created().values()).cloned().collect();
        all.sort_by(|one, other| one.mchid.as_str().cmp(other.mchid.as_str()));
        all
    }

    /// Whether the merchant is configured, and so cannot be removed.
    pub(crate) fn is_configured(&self, mchid: &Mchid) -> bool {
        self.configured.contains_key(mchid)
    }

    /// Whether the merchant was created at run time.
    pub(crate) fn is_created(&self, mchid: &Mchid) -> bool {
        self.created().contains_key(mchid)
    }

    /// Adds a merchant, unless its mchid is taken or `most` merchants were already created.
    pub(crate) fn add(&self, config: MerchantConfig, most: usize) -> Result<Arc<Merchant>, ProvisionError> {
        let mut created = self.created.write();
        self.check_room_among(&created, &config.mchid, most)?;
        let merchant = Arc::new(Merchant::new(config));
        created.insert(merchant.mchid.clone(), Arc::clone(&merchant));
        Ok(merchant)
    }

    /// Checks whether a merchant with this mchid could be added now.
    pub(crate) fn check_room(&self, mchid: &Mchid, most: usize) -> Result<(), ProvisionError> {
        self.check_room_among(&self.created(), mchid, most)
    }

    fn check_room_among(
        &self,
        created: &HashMap<Mchid, Arc<Merchant>>,
        mchid: &Mchid,
        most: usize,
    ) -> Result<(), ProvisionError> {
        if created.len() >= most {
            return Err(ProvisionError::TooMany { most });
        }
        if self.is_configured(mchid) || created.contains_key(mchid) {
            return Err(ProvisionError::Taken { mchid: mchid.clone() });
        }
        Ok(())
    }

    /// Removes a merchant that was created at run time. Returns whether it existed.
    pub(crate) fn remove(&self, mchid: &Mchid) -> bool {
        self.created.write().remove(mchid).is_some()
    }

    /// Removes all merchants that were created at run time. Returns their mchids.
    pub(crate) fn remove_created(&self) -> Vec<Mchid> {
        self.created.write().drain().map(|(mchid, _)| mchid).collect()
    }

    /// Forgets the nonces of this merchant, or of all merchants.
    pub(crate) fn reset(&self, mchid: Option<&Mchid>) {
        match mchid {
            Some(mchid) => self.merchant(mchid.as_str()).iter().for_each(|merchant| merchant.reset()),
            None => self.merchants().iter().for_each(|merchant| merchant.reset()),
        }
    }

    fn created(&self) -> RwLockReadGuard<'_, HashMap<Mchid, Arc<Merchant>>> {
        self.created.read()
    }

    /// Every key that the mock may sign with.
    pub(crate) fn platform_keys(&self) -> impl Iterator<Item = &PlatformKey> {
        let certificates = self.platform_certificates.all().map(PlatformCertificate::key);
        certificates.chain([self.public_key.key()])
    }

    /// The key pair that has an ID instead of a certificate.
    pub(crate) fn public_key(&self) -> &PublicKeyPair {
        &self.public_key
    }

    /// The merchant's credentials at that time.
    pub(crate) fn credentials(
        &self,
        merchant: &Merchant,
        at: Timestamp,
    ) -> Result<Credentials, NoCredentials> {
        merchant.credentials(&self.platform_certificates, &self.public_key, at)
    }

    /// The same with this private key.
    pub(crate) fn credentials_with_key(
        &self,
        merchant: &Merchant,
        merchant_key: String,
        at: Timestamp,
    ) -> Credentials {
        merchant.credentials_with_key(merchant_key, &self.platform_certificates, &self.public_key, at)
    }

    /// The key with this serial number or ID, which the merchant encrypts with; `None` if the merchant does not trust
    /// it, or its certificate is not valid.
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

    /// The key that signs the response to a request of this merchant with `wanted` in its `Wechatpay-Serial`.
    ///
    /// Any `PUB_KEY_ID_…` selects the public key (documented). The serial number of a valid platform certificate
    /// selects that certificate's key (SDK). Everything else selects the certificate that signs at the time. A merchant
    /// that trusts only one kind of key always gets that kind.
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

    /// The key that signs the merchant's callbacks: of one that trusts both kinds, the public key's pair if `is_pair`.
    pub(crate) fn callback_key(&self, merchant: &Merchant, is_pair: bool, now: Timestamp) -> &PlatformKey {
        let (has_certificate, has_pair) =
            (merchant.trust.has_platform_certificate(), merchant.trust.has_public_key());
        if has_pair && (is_pair || !has_certificate) {
            self.public_key.key()
        } else {
            self.platform_certificates.signing(now).key()
        }
    }

    /// A key of the other kind.
    pub(crate) fn other_kind_of(&self, key: &PlatformKey, now: Timestamp) -> &PlatformKey {
        match key.id {
            KeyId::Certificate(_) => self.public_key.key(),
            KeyId::PublicKey(_) => self.platform_certificates.signing(now).key(),
        }
    }
}
