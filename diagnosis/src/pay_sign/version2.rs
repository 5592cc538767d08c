//! Signatures of API v2: a hash of sorted `key=value` pairs and a secret, in hex.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use wechatpay_protocol::HashAlgorithm;

use super::{Secret, lines::Handed};
use crate::{KnownMistake, ProvedMistake};

pub(super) static PROVED: [KnownMistake; 2] = [
    KnownMistake::new(
        "pay-signed-with-md5",
        "sign the four lines with the merchant's private key, signType RSA: this is the MD5 of API v2",
        "请用商户私钥对四行签名串签名（signType 为 RSA）：现在用的是 APIv2 的 MD5 签名",
    ),
    KnownMistake::new(
        "pay-signed-with-hmac-sha256",
        "sign the four lines with the merchant's private key, signType RSA: this is the HMAC-SHA256 of API v2",
        "请用商户私钥对四行签名串签名（signType 为 RSA）：现在用的是 APIv2 的 HMAC-SHA256 签名",
    ),
];

pub(super) static HINTS: [KnownMistake; 2] = [
    KnownMistake::new(
        "pay-sign-looks-like-md5",
        "32 hex digits are the form of an MD5 signature of API v2; sign the four lines with the merchant's private key",
        "32 位十六进制是 APIv2 的 MD5 签名；请用商户私钥对四行签名串签名",
    ),
    KnownMistake::new(
        "pay-sign-looks-like-hmac-sha256",
        "64 hex digits are the form of an HMAC-SHA256 of API v2; sign the four lines with the merchant's private key",
        "64 位十六进制是 APIv2 的 HMAC-SHA256 签名；请用商户私钥对四行签名串签名",
    ),
];

/// What it looks like.
pub(super) fn hint(signature: &str) -> Option<&'static KnownMistake> {
    let [md5, hmac] = &HINTS;
    match signature.len() {
        _ if !signature.bytes().all(|byte| byte.is_ascii_hexdigit()) => None,
        32 => Some(md5),
        64 => Some(hmac),
        _ => None,
    }
}

/// The mistake, if a known secret made it. Its variant is the secret.
pub(super) fn proved(handed: &Handed<'_>, signature: &str) -> Option<ProvedMistake> {
    let digest = digest(signature)?;
    let [md5, hmac] = &PROVED;
    let proved = |known, secret: &Secret<'_>| ProvedMistake { known, variants: vec![secret.kind.name()] };
    let texts = handed.key_values();
    handed.secrets.iter().find_map(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.text.as_bytes());
        let is_hmac = |text: &[u8]| hmac::sign(&key, text).as_ref() == digest;
        let with_key = |text: &String| format!("{text}&key={}", secret.text);
        let is_md5 = |text: &String| HashAlgorithm::Md5.digest(with_key(text).as_bytes()) == digest;
        if digest.len() == HashAlgorithm::Md5.digest_len() {
            return texts.iter().any(is_md5).then(|| proved(md5, secret));
        }
        let is_of = |text: &String| is_hmac(with_key(text).as_bytes()) || is_hmac(text.as_bytes());
        (is_hmac(&handed.message()) || texts.iter().any(is_of)).then(|| proved(hmac, secret))
    })
}

/// The bytes, if they are as many as those of MD5 or HMAC-SHA256.
fn digest(signature: &str) -> Option<Vec<u8>> {
    let hex = base16ct::mixed::decode_vec(signature).ok();
    let readings = hex.into_iter().chain(BASE64_STANDARD.decode(signature).ok());
    readings.into_iter().find(|bytes| matches!(bytes.len(), 16 | 32))
}
