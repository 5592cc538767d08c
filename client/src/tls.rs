//! TLS: which authorities are believed when the gateway says who it is.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// The authorities that the machine trusts, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR` if these are set: so a mock's
/// authority is trusted by one process alone.
///
/// What can't be read is left out. Without any, no server is believed.
pub fn system_authorities() -> RootCertStore {
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    authorities
}

/// TLS 1.2 and 1.3, with servers that one of these authorities vouches for.
pub fn config(authorities: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has what TLS 1.2 and 1.3 need")
        .with_root_certificates(authorities)
        .with_no_client_auth()
}
