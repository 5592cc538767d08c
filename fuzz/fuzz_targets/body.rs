//! Any bytes as the body of a rightly signed change of rights: 204 or 400, nothing else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wechatpay_contract::{
    case::SAMPLE_TARGET,
    sign::{Sign, ToSign},
};
use wechatpay_fuzz::{NOW, answers};
use wechatpay_protocol::Credentials;

fuzz_target!(|body: &[u8]| {
    let to_sign = ToSign {
        method: "PATCH",
        target: SAMPLE_TARGET,
        body,
        now: NOW,
        nonce_str: "5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
    };
    let signed = Sign::Valid.sign(&to_sign, &Credentials::development()).expect("the development key signs");
    let head = format!(
        "PATCH {SAMPLE_TARGET} HTTP/1.1\r\nHost: mock\r\nAccept: */*\r\nUser-Agent: fuzz\r\n\
         Content-Length: {}\r\nAuthorization: {}\r\n\r\n",
        body.len(),
        signed.authorization.unwrap_or_default()
    );
    let answers = answers(&[head.as_bytes(), body].concat());
    let status = &answers[..answers.len().min(12)];
    assert!(matches!(status, b"HTTP/1.1 204" | b"HTTP/1.1 400"), "{}", answers.escape_ascii());
});
