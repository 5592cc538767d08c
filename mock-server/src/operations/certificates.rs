//! `GET /v3/certificates`: the platform certificates, each encrypted with the merchant's APIv3 key.

use std::iter;

use serde_json::{Value, json};
use wechatpay_protocol::{Apiv3Key, Certificate, Nonce, Resource};

use crate::{
    api::{error::ApiError, operation_error::OperationError},
    operations::Context,
    random::Randomness,
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// The length of an AES-GCM nonce, in bytes.
const NONCE: usize = 12;

pub(super) fn list(
    context: &Context<'_>,
    request: &ValidRequest,
    _: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let merchant = request.merchant();
    if !merchant.trust.has_platform_certificate() {
        return Err(OperationError::NoPlatformCertificate.into());
    }
    let certificates = context.merchants.platform_certificates.listed(context.now);
    let data: Value = certificates
        .zip(nonces(context.randomness))
        .map(|(one, nonce)| entry(one.certificate(), &merchant.apiv3_key, &nonce))
        .collect();
    Ok(OperationResponse::ok(json!({ "data": data })))
}

/// An endless iterator of AES-GCM nonces: two from each 32 random digits.
fn nonces(randomness: &Randomness) -> impl Iterator<Item = String> {
    iter::repeat_with(|| Nonce::from_random(randomness.bytes())).flat_map(|random| {
        let digits = random.as_str();
        [digits[..NONCE].to_owned(), digits[NONCE..2 * NONCE].to_owned()]
    })
}

fn entry(certificate: &Certificate, key: &Apiv3Key, nonce: &str) -> Value {
    json!({
        "serial_no": certificate.serial_no().as_str(),
        "effective_time": certificate.not_before().to_rfc3339(),
        "expire_time": certificate.not_after().to_rfc3339(),
        "encrypt_certificate": Resource::encrypt(key, nonce, "certificate", certificate.pem().as_bytes()),
    })
}
