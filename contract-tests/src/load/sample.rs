//! What answers say: that of a few verified, and why a request was refused. Never while anything is being timed.

use wechatpay_client::{Answer, PlatformKeys, verify};
use wechatpay_protocol::{Credentials, KeyId, Timestamp, VerifyingKey};

use super::{LoadError, answer, tally::Kept};
use crate::run::send::because;

/// The header in which a mock says what is wrong with a signature.
const DIAGNOSIS: &str = "mock-diagnosis";

/// The gateway's keys that the credentials have.
pub(super) fn keys(credentials: &Credentials) -> Result<PlatformKeys, LoadError> {
    let certificate = credentials.platform_certificate.iter();
    let certificate = certificate.map(|(serial_no, pem)| (KeyId::from(serial_no.clone()), pem));
    let public_key = credentials.public_key.iter().map(|(id, pem)| (KeyId::from(id.clone()), pem));
    let keys = certificate.chain(public_key).map(|(id, pem)| Ok((id, VerifyingKey::from_pem(pem)?)));
    let keys: Vec<_> = keys.collect::<Result<_, _>>().map_err(LoadError::Key)?;
    if keys.is_empty() { Err(LoadError::NoKey) } else { Ok(keys.into_iter().collect()) }
}

/// Verifies an answer as the client does, by the time at which it came.
pub(super) fn check(kept: &Kept, keys: &PlatformKeys) -> Result<(), String> {
    let answer = answer::read(&kept.received)?;
    verify(&answer, keys, kept.at).map(drop).map_err(|error| match error.unverified() {
        Some(reason) => because(reason),
        None => because(&error),
    })
}

/// What an answer that is no 2xx says, such as `401 SIGN_ERROR: 签名错误`, with a mock's diagnosis if it has one.
pub(super) fn refusal(received: &[u8]) -> String {
    let answer = match answer::read(received) {
        Ok(answer) => answer,
        Err(problem) => return problem,
    };
    let diagnosis = answer.headers.get(DIAGNOSIS).and_then(|value| value.to_str().ok());
    let diagnosis = diagnosis.map_or(String::new(), |name| format!(" (Mock-Diagnosis: {name})"));
    said(&answer) + &diagnosis
}

fn said(answer: &Answer) -> String {
    // No key is needed to see a refusal: nobody signs one.
    let verified = verify(answer, &PlatformKeys::default(), Timestamp::from_unix(0));
    let rejection = verified.as_ref().err().and_then(|error| error.rejection());
    rejection.map_or_else(|| answer.status.to_string(), ToString::to_string)
}
