//! A merchant as the gateway knows it.

use std::ops::Deref;

use lru::LruCache;
use parking_lot::Mutex;
use wechatpay_protocol::{
    Authorization, Certificate, DecryptingKey, Nonce, RequestMessage, SerialNo, SigningKey, VerifyingKey,
};

use super::MerchantConfig;

/// A merchant: its configuration, and the nonces that it has used.
#[derive(Debug)]
pub(crate) struct Merchant {
    config: MerchantConfig,
    nonces: Mutex<LruCache<String, ()>>,
}

/// The most nonces that are remembered for each merchant; the oldest is evicted first. (own choice)
const NONCES: usize = 10_000;

/// The number of characters of a nonce, all visible ASCII, that are remembered; real nonces have 32. (own choice)
const NONCE_KEPT: usize = 64;

impl Merchant {
    pub(crate) fn new(config: MerchantConfig) -> Self {
        Self { config, nonces: Mutex::new(LruCache::unbounded()) }
    }

    /// Forgets the nonces.
    pub(crate) fn reset(&self) {
        self.nonces.lock().clear();
    }

    pub(crate) fn certificate(&self) -> &Certificate {
        self.config.certificate.certificate()
    }

    pub(crate) fn serial_no(&self) -> &SerialNo {
        self.certificate().serial_no()
    }

    pub(crate) fn key(&self) -> &VerifyingKey {
        self.certificate().verifying_key()
    }

    /// The `Authorization` that it sends with the request of this message; `None` if its private key is not configured.
    pub(crate) fn authorization(&self, message: &RequestMessage<'_>, nonce: &Nonce) -> Option<Authorization> {
        let key = SigningKey::from_pem(self.certificate.private_key()?).ok()?;
        let signature = key.sign(&message.to_bytes());
        Some(Authorization::new(&self.mchid, self.serial_no(), message.timestamp, nonce, &signature))
    }

    /// The key that decrypts what is encrypted for it; `None` if its private key is not configured.
    pub(crate) fn decrypting_key(&self) -> Option<DecryptingKey> {
        DecryptingKey::from_pem(self.certificate.private_key()?).ok()
    }

    /// Remembers a nonce. Returns whether it is one of the remembered nonces.
    pub(crate) fn use_nonce(&self, nonce_str: &str) -> bool {
        let kept = nonce_str.get(..NONCE_KEPT).unwrap_or(nonce_str);
        let mut nonces = self.nonces.lock();
        let was_used = nonces.put(kept.into(), ()).is_some();
        if nonces.len() > NONCES {
            nonces.pop_lru();
        }
        was_used
    }
}

impl Deref for Merchant {
    type Target = MerchantConfig;

    fn deref(&self) -> &MerchantConfig {
        &self.config
    }
}
