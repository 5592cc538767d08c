//! A certificate with its private key.

use wechatpay_protocol::{Certificate, CertificateError, KeyError, SerialNo, SigningKey};
use wechatpay_texts::Text;

/// Why two PEM texts are not a certificate and its private key.
///
/// Never quotes a key.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum KeyPairError {
    /// The certificate can't be used.
    #[text(transparent)]
    Certificate(#[from] CertificateError),
    /// The private key can't be used.
    #[text(transparent)]
    PrivateKey(#[from] KeyError),
    /// The key belongs to another certificate.
    #[text("expected the private key of the certificate {serial_no}, found another key")]
    Mismatch {
        /// The certificate's serial number.
        serial_no: SerialNo,
    },
}

/// Parses both, and checks that they are a pair.
pub(crate) fn pair(certificate: &str, private_key: &str) -> Result<(Certificate, SigningKey), KeyPairError> {
    let certificate = Certificate::from_pem(certificate)?;
    let key = SigningKey::from_pem(private_key)?;
    if *certificate.verifying_key() != key.verifying_key() {
        return Err(KeyPairError::Mismatch { serial_no: certificate.serial_no().clone() });
    }
    Ok((certificate, key))
}

#[cfg(test)]
mod tests {
    use wechatpay_protocol::Credentials;

    use super::*;

    const OTHER_KEY: &str = include_str!("../../../fixtures/credentials/other_key.pem");

    #[test]
    fn a_certificate_pairs_with_its_own_key_only() {
        let merchant = Credentials::development();
        assert!(pair(&merchant.merchant_certificate, &merchant.merchant_key).is_ok());
        let serial_no = merchant.merchant_serial;
        let mismatched = pair(&merchant.merchant_certificate, OTHER_KEY);
        assert_eq!(mismatched.unwrap_err(), KeyPairError::Mismatch { serial_no });
    }

    #[test]
    fn the_error_says_which_half_is_invalid() {
        let merchant = Credentials::development();
        let swapped = pair(&merchant.merchant_key, &merchant.merchant_certificate);
        assert!(matches!(swapped, Err(KeyPairError::Certificate(_))));
        let no_key = pair(&merchant.merchant_certificate, "no key");
        assert!(matches!(no_key, Err(KeyPairError::PrivateKey(_))));
    }
}
