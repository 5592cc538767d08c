//! TLS: which servers are trusted to be the gateway.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use wechatpay_texts::Text;

/// There is no certificate authority, so no server could be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
#[text("expected certificate authorities to trust, from the system or SSL_CERT_FILE, found none{problems}")]
pub struct NoAuthoritiesError {
    problems: String,
}

/// The certificate authorities that the system trusts, or those in `SSL_CERT_FILE` and `SSL_CERT_DIR` if these are set:
/// a single process can thus trust the CA of a mock.
///
/// # Errors
/// [`NoAuthoritiesError`] if none is readable. Unreadable ones among others are ignored.
pub fn system_authorities() -> Result<RootCertStore, NoAuthoritiesError> {
    let found = rustls_native_certs::load_native_certs();
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(found.certs);
    if authorities.is_empty() {
        let problems = found.errors.iter().map(|error| format!("; {error}")).collect();
        return Err(NoAuthoritiesError { problems });
    }
    Ok(authorities)
}

/// TLS 1.2 and 1.3 with servers that one of these authorities certifies.
pub fn config(authorities: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider supports TLS 1.2 and 1.3")
        .with_root_certificates(authorities)
        .with_no_client_auth()
}
