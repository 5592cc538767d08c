//! `POST /v3/security/echo`: the gateway's own test of signing and encrypting.

use serde::Deserialize;
use serde_json::json;
use wechatpay_protocol::{EncryptingKey, WECHATPAY_SERIAL};

use super::Outcome;
use crate::{
    gateway::Gateway,
    journal::Warning,
    rejection::{Rejection, SensitiveFault},
    stages::validate::ValidRequest,
};

#[derive(Deserialize)]
struct Echo {
    notify_url: Option<String>,
    echo_message: String,
    encrypted_echo_message: Option<String>,
}

pub(super) fn echo(gateway: &Gateway, request: &ValidRequest) -> Result<Outcome, Rejection> {
    let echo: Echo = request.body_as()?;
    let refused = Rejection::Sensitive;
    let serial = request.header(&WECHATPAY_SERIAL).filter(|serial| !serial.is_empty());
    let serial = serial.ok_or(refused(SensitiveFault::SerialAbsent))?;
    let key = gateway.identity.named_key(request.merchant(), serial, gateway.clock.now());
    let key = key.ok_or(refused(SensitiveFault::SerialUnknown))?;

    let mut body = json!({ "echo_message": echo.echo_message });
    if let Some(encrypted) = echo.encrypted_echo_message {
        let undecryptable = |_| refused(SensitiveFault::Undecryptable);
        let message = key.decrypting.decrypt(&encrypted).map_err(undecryptable)?;
        let message = String::from_utf8(message).map_err(|_| refused(SensitiveFault::Undecryptable))?;
        let merchants_key = EncryptingKey::from_pem(request.merchant().certificate().pem());
        let again = merchants_key.ok().and_then(|key| key.encrypt(&message).ok());
        body["encrypted_echo_message"] = again.ok_or(refused(SensitiveFault::Undecryptable))?.into();
    }
    let mut outcome = Outcome::ok(body);
    outcome.warnings.extend(echo.notify_url.map(|_| Warning::NoNotification));
    Ok(outcome)
}
