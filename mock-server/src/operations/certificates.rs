//! `GET /v3/certificates`: the platform certificates, each encrypted with the merchant's APIv3 key.

use serde_json::{Value, json};
use wechatpay_protocol::{Apiv3Key, Certificate, Nonce, Resource};

use super::Outcome;
use crate::{
    business::BusinessRefusal, gateway::Gateway, rejection::Rejection, stages::validate::ValidRequest,
};

/// Bytes of a nonce of AES-GCM.
const NONCE: usize = 12;

pub(super) fn list(gateway: &Gateway, request: &ValidRequest) -> Result<Outcome, Rejection> {
    let merchant = request.merchant();
    if !merchant.trust.has_platform_certificate() {
        return Err(Rejection::Business(BusinessRefusal::NoPlatformCertificate));
    }
    let random = Nonce::from_random(gateway.randomness.bytes());
    // 32 digits are a nonce for each of two certificates, and there are no more.
    let nonces = [&random.as_str()[..NONCE], &random.as_str()[NONCE..2 * NONCE]];
    let certificates = gateway.identity.platform_certificates.listed(gateway.clock.now());
    let data: Value = certificates
        .zip(nonces)
        .map(|(one, nonce)| entry(one.certificate(), &merchant.apiv3_key, nonce))
        .collect();
    Ok(Outcome::ok(json!({ "data": data })))
}

fn entry(certificate: &Certificate, key: &Apiv3Key, nonce: &str) -> Value {
    json!({
        "serial_no": certificate.serial_no().as_str(),
        "effective_time": certificate.not_before().to_rfc3339(),
        "expire_time": certificate.not_after().to_rfc3339(),
        "encrypt_certificate": Resource::encrypt(key, nonce, "certificate", certificate.pem().as_bytes()),
    })
}
