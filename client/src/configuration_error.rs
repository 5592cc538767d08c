//! Why a client can't be built.

use std::time::Duration;

use wechatpay_protocol::{BaseUrlError, Certificate, CertificateError, KeyError, SerialNo, Timestamp};

use crate::tls::NoAuthoritiesError;

/// Why a [`Builder`](crate::Builder) can't build a client. Never quotes a key.
///
/// `whose` names the key or certificate that is wrong, such as `the merchant's private key`.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the names of the fields say it all")]
pub enum ConfigurationError {
    /// The base URL is invalid.
    #[error("the base URL")]
    BaseUrl(#[source] BaseUrlError),
    /// There is no certificate authority for TLS.
    #[error("TLS")]
    Tls(#[source] NoAuthoritiesError),
    /// A timeout is zero, or longer than a day.
    #[error("{what}: expected more than 0 s and at most a day, found {found:?}")]
    Timeout { what: &'static str, found: Duration },
    /// A key can't be read.
    #[error("{whose}")]
    Key { whose: &'static str, source: KeyError },
    /// A certificate can't be read.
    #[error("{whose}")]
    Certificate { whose: &'static str, source: CertificateError },
    /// A certificate has another serial number than the credentials say.
    #[error("{whose} has the serial number {found}, the credentials say {configured}")]
    SerialNo { whose: &'static str, configured: SerialNo, found: SerialNo },
    /// The merchant's certificate is for another key.
    #[error("the merchant's certificate {serial_no} is not for the merchant's private key")]
    KeyPair { serial_no: SerialNo },
    /// The credentials lack the key that should be trusted.
    #[error("{whose} should be trusted, but the credentials have none")]
    NoKey { whose: &'static str },
    /// The platform certificate that should be trusted is not valid now.
    #[error(
        "the platform certificate is valid from {} to {}, and now it is {}",
        certificate.not_before().to_rfc3339(), certificate.not_after().to_rfc3339(), now.to_rfc3339()
    )]
    NotInForce { certificate: Box<Certificate>, now: Timestamp },
}
