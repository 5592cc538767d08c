//! The authorities that a command shall trust, in the form that Java reads.

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry};
use rustls::pki_types::{CertificateDer, pem::PemObject};

/// It guards nothing: a trust store holds certificates, and Java wants a password.
pub(super) const PASSWORD: &str = "changeit";

/// Rounds of turning the password into a key. What is public needs none.
const ROUNDS: u32 = 1;

/// A PKCS#12 store of these certificates, each of them trusted.
///
/// Those that can't be read are left out: systems have some that are odd.
///
/// # Errors
/// If there is no memory or chance for it.
pub(super) fn pkcs12(authorities: &[CertificateDer<'_>]) -> Result<Vec<u8>, p12_keystore::error::Error> {
    let mut store = KeyStore::new();
    for (number, authority) in authorities.iter().enumerate() {
        let certificate = match Certificate::from_der(authority) {
            Ok(certificate) => certificate,
            Err(error) => {
                tracing::debug!("an authority is not in the trust store, as it can't be read: {error}");
                continue;
            }
        };
        store.add_entry(&format!("authority-{number}"), KeyStoreEntry::Certificate(certificate));
    }
    store.writer(PASSWORD).encryption_iterations(ROUNDS).mac_iterations(ROUNDS).write()
}

/// The certificates of a PEM text; others than certificates are passed over.
pub(super) fn certificates(pem: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok).collect()
}
