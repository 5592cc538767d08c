//! Why a client can't be built.

use std::time::Duration;

use wechatpay_protocol::{BaseUrlError, Certificate, CertificateError, KeyError, SerialNo, Timestamp};
use wechatpay_texts::{Phrase, Text};

use crate::tls::NoAuthoritiesError;

/// Why a [`Builder`](crate::Builder) can't build a client. Never quotes a key.
///
/// `whose` names the key or certificate that is wrong, such as `the merchant's private key`.
#[derive(Debug, Text, thiserror::Error)]
#[expect(missing_docs, reason = "the names of the fields say it all")]
pub enum ConfigurationError {
    /// The base URL is invalid.
    #[text("the base URL")]
    BaseUrl(#[source] BaseUrlError),
    /// There is no certificate authority for TLS.
    #[text("TLS")]
    Tls(#[source] NoAuthoritiesError),
    /// A timeout is zero, or longer than a day.
    #[text("{what}: expected more than 0 s and at most a day, found {found:?}")]
    Timeout { what: Phrase, found: Duration },
    /// A key can't be read.
    #[text("{whose}")]
    Key { whose: Phrase, source: KeyError },
    /// A certificate can't be read.
    #[text("{whose}")]
    Certificate { whose: Phrase, source: CertificateError },
    /// A certificate has another serial number than the credentials say.
    #[text("{whose} has the serial number {found}, the credentials say {configured}")]
    SerialNo { whose: Phrase, configured: SerialNo, found: SerialNo },
    /// The merchant's certificate is for another key.
    #[text("the merchant's certificate {serial_no} is not for the merchant's private key")]
    KeyPair { serial_no: SerialNo },
    /// The credentials lack the key that should be trusted.
    #[text("{whose} should be trusted, but the credentials have none")]
    NoKey { whose: Phrase },
    /// The platform certificate that should be trusted is not valid now.
    #[text(
        "the platform certificate is valid from {from} to {to}, and now it is {now}",
        from = certificate.not_before().to_rfc3339(),
        to = certificate.not_after().to_rfc3339(),
        now = now.to_rfc3339()
    )]
    NotInForce { certificate: Box<Certificate>, now: Timestamp },
}
