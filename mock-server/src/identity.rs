//! Who is who: the merchants that the mock knows, and the keys it signs with. Parsed once, at start.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use wechatpay_protocol::{
    Apiv3Key, Certificate, Credentials, DecryptingKey, KeyId, Mchid, PublicKeyId, SerialNo, SigningKey,
    VerifyingKey,
};

use crate::state::Ledger;

/// Everything that the mock knows about keys.
#[derive(Debug)]
pub(crate) struct Identity {
    merchants: HashMap<String, Arc<Merchant>>,
    /// The key pair of the platform certificate.
    pub(crate) platform_certificate: PlatformCertificate,
    /// The key pair that has an ID in place of a certificate.
    pub(crate) public_key: PlatformKey,
}

/// A merchant, as the gateway knows it.
#[derive(Debug)]
pub(crate) struct Merchant {
    pub(crate) mchid: Mchid,
    pub(crate) certificate: Certificate,
    pub(crate) apiv3_key: Apiv3Key,
    ledger: Mutex<Ledger>,
}

/// A platform certificate together with its private key.
#[derive(Debug)]
pub(crate) struct PlatformCertificate {
    pub(crate) certificate: Certificate,
    pub(crate) key: PlatformKey,
}

/// A key that the gateway signs with, and the name that answers carry for it.
#[derive(Debug)]
pub(crate) struct PlatformKey {
    pub(crate) id: KeyId,
    pub(crate) key: SigningKey,
    /// The same key, for sensitive fields that were encrypted for it.
    pub(crate) decrypting: DecryptingKey,
}

impl Identity {
    /// The development merchant and the development keys of the gateway.
    pub(crate) fn development() -> Self {
        let merchant = Credentials::development();
        let valid = "the development credentials are valid";
        let certificate = Certificate::from_pem(&merchant.merchant_certificate).expect(valid);
        let (serial_no, platform) = merchant.platform_certificate.expect(valid);
        let (public_key_id, _) = merchant.public_key.expect(valid);
        let identity = Self {
            merchants: HashMap::from([(
                merchant.mchid.to_string(),
                Arc::new(Merchant {
                    mchid: merchant.mchid,
                    certificate,
                    apiv3_key: merchant.apiv3_key,
                    ledger: Mutex::new(Ledger::new(&Credentials::development().mchid, None)),
                }),
            )]),
            platform_certificate: PlatformCertificate {
                certificate: Certificate::from_pem(&platform).expect(valid),
                key: PlatformKey::new(serial_no, include_str!("../../fixtures/credentials/platform_key.pem")),
            },
            public_key: PlatformKey::new(
                public_key_id,
                include_str!("../../fixtures/credentials/pub_key_private.pem"),
            ),
        };
        debug_assert_eq!(
            *identity.platform_certificate.certificate.verifying_key(),
            identity.platform_certificate.key.key.verifying_key()
        );
        identity
    }

    /// The merchant with that number.
    pub(crate) fn merchant(&self, mchid: &str) -> Option<&Arc<Merchant>> {
        self.merchants.get(mchid)
    }

    /// The key that has this name, if the gateway has it.
    pub(crate) fn named_key(&self, name: &str) -> Option<&PlatformKey> {
        let name: KeyId = name.parse().ok()?;
        [&self.public_key, &self.platform_certificate.key].into_iter().find(|key| key.id == name)
    }

    /// The key that signs the answer to a request whose `Wechatpay-Serial` says `wanted`: the public-key pair for
    /// any `PUB_KEY_ID_…`, the platform certificate's for all else, an absent or unknown name included.
    /// (documented)
    pub(crate) fn signing_key(&self, wanted: Option<&str>) -> &PlatformKey {
        match wanted.map(str::parse::<PublicKeyId>) {
            Some(Ok(_)) => &self.public_key,
            _ => &self.platform_certificate.key,
        }
    }
}

impl Merchant {
    pub(crate) fn serial_no(&self) -> &SerialNo {
        self.certificate.serial_no()
    }

    pub(crate) fn key(&self) -> &VerifyingKey {
        self.certificate.verifying_key()
    }

    /// What is stored for this merchant, locked. Held while an operation looks and changes, never across a signature
    /// or a wait.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // A panic while it was held can't have left it half changed: each change is one assignment.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PlatformKey {
    fn new(id: impl Into<KeyId>, pem: &str) -> Self {
        let valid = "the development keys are valid";
        Self {
            id: id.into(),
            key: SigningKey::from_pem(pem).expect(valid),
            decrypting: DecryptingKey::from_pem(pem).expect(valid),
        }
    }
}
