//! TLS: which authorities are believed when the gateway says who it is.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// There is no authority to believe, so that nobody would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected authorities to trust, the machine's or those of SSL_CERT_FILE, found none{problems}")]
pub struct NoAuthorities {
    problems: String,
}

/// The authorities that the machine trusts, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR` if these are set: so a mock's
/// authority is trusted by one process alone.
///
/// # Errors
/// [`NoAuthorities`], with what can't be read, if there is none. What can't be read among others is left out.
pub fn system_authorities() -> Result<RootCertStore, NoAuthorities> {
    let found = rustls_native_certs::load_native_certs();
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(found.certs);
    if authorities.is_empty() {
        return Err(NoAuthorities {
            problems: found.errors.iter().map(|error| format!("; {error}")).collect(),
        });
    }
    Ok(authorities)
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
