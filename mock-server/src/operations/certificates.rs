//! `GET /v3/certificates`: the platform certificates, each encrypted with the merchant's APIv3 key.

use serde_json::json;
use wechatpay_protocol::{Nonce, Resource};

use super::Outcome;
use crate::{gateway::Gateway, stages::validate::ValidRequest};

pub(super) fn list(gateway: &Gateway, request: &ValidRequest) -> Outcome {
    let certificate = &gateway.identity.platform_certificate.certificate;
    let nonce = &Nonce::from_random(gateway.randomness.bytes()).to_string()[..12];
    let encrypted =
        Resource::encrypt(&request.merchant().apiv3_key, nonce, "certificate", certificate.pem().as_bytes());
    Outcome::ok(json!({
        "data": [{
            "serial_no": certificate.serial_no().as_str(),
            "effective_time": certificate.not_before().to_rfc3339(),
            "expire_time": certificate.not_after().to_rfc3339(),
            "encrypt_certificate": encrypted,
        }]
    }))
}
