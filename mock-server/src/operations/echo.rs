//! `POST /v3/security/echo`: the gateway's own test of signing and encryption.

use serde_json::json;
use wechatpay_protocol::{EncryptingKey, WECHATPAY_SERIAL};

use crate::{
    api::{
        Warning,
        error::{ApiError, SensitiveFault},
    },
    operations::Context,
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

pub(super) fn echo(
    context: &Context<'_>,
    request: &ValidRequest,
    _: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let field = |name: &str| request.body()[name].as_str();
    let refused = ApiError::Sensitive;
    let serial = request.header(&WECHATPAY_SERIAL).filter(|serial| !serial.is_empty());
    let serial = serial.ok_or(refused(SensitiveFault::SerialAbsent))?;
    let key = context.merchants.named_key(request.merchant(), serial, context.now);
    let key = key.ok_or(refused(SensitiveFault::SerialUnknown))?;

    let mut body = json!({ "echo_message": field("echo_message") });
    if let Some(encrypted) = field("encrypted_echo_message") {
        let undecryptable = |_| refused(SensitiveFault::Undecryptable);
        let message = key.decrypting.decrypt(encrypted).map_err(undecryptable)?;
        let message = String::from_utf8(message).map_err(|_| refused(SensitiveFault::Undecryptable))?;
        let merchants_key = EncryptingKey::from_pem(request.merchant().certificate().pem());
        let again = merchants_key.ok().and_then(|key| key.encrypt(&message).ok());
        body["encrypted_echo_message"] = again.ok_or(refused(SensitiveFault::Undecryptable))?.into();
    }
    let mut outcome = OperationResponse::ok(body);
    outcome.warnings.extend(field("notify_url").map(|_| Warning::NoNotification));
    Ok(outcome)
}
