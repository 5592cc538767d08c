//! What there is to go by: the request as it came, and every key that the mock knows.

use std::sync::LazyLock;

use http::header::{AUTHORIZATION, HOST};
use wechatpay_protocol::{Authorization, Certificate, Credentials, RequestMessage};

use crate::{
    contract::Contract,
    forensics::{Case, Diagnosis, KeyHolder, KnownKey, TIME_LIMIT, diagnose},
    merchants::{Merchant, Merchants},
    request::receive::RawRequest,
};

/// Diagnoses a request whose signature did not match; `None` if it can't be understood so far.
pub(crate) fn diagnose_request(
    received: &RawRequest,
    contract: &'static Contract,
    merchants: &Merchants,
) -> Option<Diagnosis> {
    let authorization = Authorization::parse(received.headers.get(AUTHORIZATION)?.as_bytes()).ok()?;
    let merchant = merchants.merchant(authorization.mchid())?;
    let operation = contract.at(received.path()).find(|operation| operation.method == received.method);
    let case = Case {
        message: RequestMessage {
            method: received.method.as_str(),
            target: &received.target,
            timestamp: authorization.timestamp(),
            nonce_str: authorization.nonce_str(),
            body: &received.body,
        },
        signature: authorization.signature(),
        mchid: authorization.mchid(),
        serial_no: authorization.serial_no(),
        host: received.headers.get(HOST).and_then(|host| host.to_str().ok()),
        template: operation.map(|operation| operation.path.as_str()),
        key: merchant.key(),
        other_keys: other_keys(merchants, &merchant),
    };
    diagnose(&case, TIME_LIMIT)
}

/// Every key but this merchant's: the gateway's own, the other merchants', and the public ones.
fn other_keys(merchants: &Merchants, merchant: &Merchant) -> Vec<KnownKey> {
    let gateways = merchants
        .platform_keys()
        .map(|key| KnownKey { holder: KeyHolder::Gateway(key.id.to_string()), key: key.key.verifying_key() });
    let others = merchants.merchants().into_iter().filter(|other| other.mchid != merchant.mchid);
    let others = others.map(|other| KnownKey {
        holder: KeyHolder::Merchant(other.mchid.to_string()),
        key: other.key().clone(),
    });
    gateways.chain(PUBLIC_KEYS.iter().cloned()).chain(others.take(OTHER_MERCHANTS)).collect()
}

/// The most merchants whose keys are tried.
const OTHER_MERCHANTS: usize = 48;

/// Keys that are in everybody's hands.
static PUBLIC_KEYS: LazyLock<[KnownKey; 2]> = LazyLock::new(|| {
    let key = |holder, certificate: &str| {
        let certificate = Certificate::from_pem(certificate).expect("the development certificates are valid");
        KnownKey { holder, key: certificate.verifying_key().clone() }
    };
    [
        key(KeyHolder::Development, &Credentials::development().merchant_certificate),
        key(KeyHolder::Stranger, include_str!("../../../fixtures/credentials/other_cert.pem")),
    ]
});
