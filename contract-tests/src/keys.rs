//! A cache of parsed keys: checking a private key takes longer than a call.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use wechatpay_protocol::{KeyError, SigningKey, VerifyingKey};

/// Keys by their PEM. A run has only a few: those of one or two merchants, and the gateway's.
type Known<K> = LazyLock<Mutex<HashMap<String, Arc<K>>>>;

/// The private key in this PEM.
pub(crate) fn signing_key(pem: &str) -> Result<Arc<SigningKey>, KeyError> {
    static KNOWN: Known<SigningKey> = LazyLock::new(Mutex::default);
    read_once(&KNOWN, pem, SigningKey::from_pem)
}

/// The public key in this PEM, which may be a certificate's.
pub(crate) fn verifying_key(pem: &str) -> Result<Arc<VerifyingKey>, KeyError> {
    static KNOWN: Known<VerifyingKey> = LazyLock::new(Mutex::default);
    read_once(&KNOWN, pem, VerifyingKey::from_pem)
}

fn read_once<K>(
    known: &Known<K>,
    pem: &str,
    read: fn(&str) -> Result<K, KeyError>,
) -> Result<Arc<K>, KeyError> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = known.get(pem) {
        return Ok(Arc::clone(key));
    }
    let key = Arc::new(read(pem)?);
    known.insert(pem.into(), Arc::clone(&key));
    Ok(key)
}
