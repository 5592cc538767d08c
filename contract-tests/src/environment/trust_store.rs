//! The authorities to trust, as the PKCS#12 store that Java reads.

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry};
use rustls::pki_types::{CertificateDer, pem::PemObject};

/// Protects nothing: a trust store has only certificates, but Java requires a password.
pub(super) const PASSWORD: &str = "changeit";

/// Rounds of key derivation. One, because nothing in the store is secret.
const ROUNDS: u32 = 1;

/// A PKCS#12 store of these certificates, each of them trusted.
///
/// Certificates that cannot be parsed are left out: some systems have malformed ones.
///
/// # Errors
/// If the store cannot be encoded or encrypted.
pub(super) fn pkcs12(authorities: &[CertificateDer<'_>]) -> Result<Vec<u8>, p12_keystore::error::Error> {
    let mut store = KeyStore::new();
    for (number, authority) in authorities.iter().enumerate() {
        let certificate = match Certificate::from_der(authority) {
            Ok(certificate) => certificate,
            Err(error) => {
                tracing::debug!("left out of the trust store, as it cannot be parsed: {error}");
                continue;
            }
        };
        store.add_entry(&format!("authority-{number}"), KeyStoreEntry::Certificate(certificate));
    }
    store.writer(PASSWORD).encryption_iterations(ROUNDS).mac_iterations(ROUNDS).write()
}

/// The certificates in a PEM text; other kinds of entries are skipped.
pub(super) fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok).collect()
}
