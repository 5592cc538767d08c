//! `POST /v3/security/echo`: the gateway's own test of signing and encryption.

use serde_json::json;
use wechatpay_protocol::{EncryptingKey, WECHATPAY_SERIAL};
use wechatpay_texts::{Both, text};

use crate::{
    api::error::{ApiError, SensitiveFault},
    operations::Context,
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

pub(super) fn echo(
    context: &Context<'_>,
    request: &ValidRequest,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let field = |name: &str| request.body()[name].as_str();
    let merchant = request.merchant();
    let serial = request.header(&WECHATPAY_SERIAL);
    let key = context.merchants.encryption_key(merchant, serial, context.now).map_err(ApiError::Sensitive)?;

    let mut body = json!({ "echo_message": field("echo_message") });
    if let Some(encrypted) = field("encrypted_echo_message") {
        let message = match request.plain()["encrypted_echo_message"].as_str() {
            Some(message) if message != encrypted => message.to_owned(),
            // An empty text is not encrypted.
            _ => context.merchants.decrypt(merchant, key, encrypted).map_err(ApiError::Sensitive)?,
        };
        let again = EncryptingKey::from_pem(merchant.certificate().pem()).ok();
        let again = again.and_then(|key| key.encrypt(&message).ok()).ok_or_else(|| {
            let reason = Both::of(|| {
                text!("expected a text that fits in one block of the merchant's key, found a longer one")
            });
            ApiError::Sensitive(SensitiveFault::Undecryptable { reason })
        })?;
        body["encrypted_echo_message"] = again.into();
    }
    if let Some(url) = field("notify_url") {
        let mut told = json!({ "echo_message": body["echo_message"] });
        if let Some(encrypted) = body.get("encrypted_echo_message") {
            told["encrypt_echo_message"] = encrypted.clone();
        }
        context.send(merchant, documents, "SECURITY_ECHO.SUCCESS", Some(url), &told);
    }
    Ok(OperationResponse::ok(body))
}
