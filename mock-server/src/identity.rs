//! Who is who: the merchants that the mock knows, and the keys it signs with. Parsed once, at start.

mod pair;
mod platform;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Deserialize;
use wechatpay_protocol::{Apiv3Key, Certificate, KeyId, Mchid, SerialNo, Timestamp, VerifyingKey};

use crate::{
    config::{CertificateStatus, Config, MerchantConfig},
    state::Ledger,
};

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
    merchants: HashMap<Mchid, Arc<Merchant>>,
    pub(crate) platform_certificates: PlatformCertificates,
    public_key: PublicKeyPair,
}

/// A merchant, as the gateway knows it.
#[derive(Debug)]
pub(crate) struct Merchant {
    pub(crate) mchid: Mchid,
    pub(crate) trust: TrustMode,
    pub(crate) certificate: Certificate,
    pub(crate) certificate_status: CertificateStatus,
    pub(crate) apiv3_key: Apiv3Key,
    ledger: Mutex<Ledger>,
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
            (merchant.mchid.clone(), Arc::new(Merchant::new(merchant, ledger)))
        };
        Self {
            merchants: config.merchants().iter().map(merchant).collect(),
            platform_certificates: config.platform_certificates.clone(),
            public_key: config.public_key.clone(),
        }
    }

    /// The merchant with that number.
    pub(crate) fn merchant(&self, mchid: &str) -> Option<&Arc<Merchant>> {
        self.merchants.get(&mchid.parse::<Mchid>().ok()?)
    }

    /// Every merchant, in no order.
    pub(crate) fn merchants(&self) -> impl Iterator<Item = &Arc<Merchant>> {
        self.merchants.values()
    }

    /// The key that has an ID in place of a certificate.
    pub(crate) fn public_key(&self) -> &PlatformKey {
        self.public_key.key()
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
        merchant: &Mchid,
        wanted: Option<&str>,
        now: Timestamp,
    ) -> Option<&PlatformKey> {
        let trust = self.merchants.get(merchant)?.trust;
        if !trust.has_platform_certificate() {
            return Some(self.public_key.key());
        }
        let certificates = &self.platform_certificates;
        let signing = || certificates.signing(now);
        Some(match wanted.and_then(|name| name.parse().ok()) {
            Some(KeyId::PublicKey(_)) if trust.has_public_key() => self.public_key.key(),
            Some(KeyId::Certificate(serial_no)) => {
                certificates.named(&serial_no, now).unwrap_or_else(signing).key()
            }
            _ => signing().key(),
        })
    }
}

impl Merchant {
    fn new(config: &MerchantConfig, ledger: Ledger) -> Self {
        Self {
            mchid: config.mchid.clone(),
            trust: config.trust,
            certificate: config.certificate.certificate().clone(),
            certificate_status: config.certificate_status,
            apiv3_key: config.apiv3_key.clone(),
            ledger: Mutex::new(ledger),
        }
    }

    pub(crate) fn serial_no(&self) -> &SerialNo {
        self.certificate.serial_no()
    }

    pub(crate) fn key(&self) -> &VerifyingKey {
        self.certificate.verifying_key()
    }

    /// What is stored for this merchant, locked. Held while an operation looks and changes, never across a signature
    /// or a wait.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Nothing that is done while it is held can panic, so it is whole even if it should be poisoned.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
