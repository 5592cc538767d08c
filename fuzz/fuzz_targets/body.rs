//! Any bytes as the body of a correctly signed change of rights: 204 or 400, nothing else.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wechatpay_contract::case::SAMPLE_TARGET;
use wechatpay_fuzz::{NOW, responses};
use wechatpay_protocol::{Authorization, Credentials, Nonce, RequestMessage, SigningKey};

static MERCHANT: LazyLock<Credentials> = LazyLock::new(Credentials::development);
static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_pem(&MERCHANT.merchant_key).expect("the development key is valid"));

fuzz_target!(|body: &[u8]| {
    let nonce_str = Nonce::from_random([0; 16]);
    let message = RequestMessage {
        method: "PATCH",
        target: SAMPLE_TARGET,
        timestamp: NOW,
        nonce_str: nonce_str.as_str(),
        body,
    };
    let signature = KEY.sign(&message.to_bytes());
    let authorization =
        Authorization::new(&MERCHANT.mchid, &MERCHANT.merchant_serial, NOW, &nonce_str, &signature);
    let head = format!(
        "PATCH {SAMPLE_TARGET} HTTP/1.1\r\nHost: mock\r\nAccept: */*\r\nUser-Agent: fuzz\r\n\
         Content-Length: {}\r\nAuthorization: {authorization}\r\n\r\n",
        body.len()
    );
    let responses = responses(&[head.as_bytes(), body].concat());
    let status = &responses[..responses.len().min(12)];
    assert!(matches!(status, b"HTTP/1.1 204" | b"HTTP/1.1 400"), "{}", responses.escape_ascii());
});
