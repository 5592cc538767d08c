//! Texts that are encrypted for a merchant.

use wechatpay_protocol::EncryptingKey;
use wechatpay_texts::{Both, text};

use crate::{
    api::error::{ApiError, SensitiveFault},
    merchants::Merchant,
};

/// A text, encrypted for the merchant's certificate.
///
/// # Errors
/// If the certificate's key is too small for it.
pub(super) fn for_merchant(merchant: &Merchant, text: &str) -> Result<String, ApiError> {
    let key = EncryptingKey::from_pem(merchant.certificate().pem()).ok();
    key.and_then(|key| key.encrypt(text).ok()).ok_or_else(|| {
        let bytes = text.len();
        let reason = Both::of(|| text!("expected a merchant's certificate that encrypts {bytes} bytes"));
        ApiError::Sensitive(SensitiveFault::Undecryptable { reason })
    })
}
