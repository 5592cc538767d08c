//! Every operation without rules of its own: answers from the contract's examples, with the request's own values in the
//! fields of the same name.
//!
//! Identifiers and times are made in the shape of their examples. The same request gets the same identifiers, and on the
//! same day of the mock's clock the same times. Encrypted fields differ each time, as encryption does.

mod fresh;
mod same_name;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use wechatpay_openapi::{Field, ResponseBody};
use wechatpay_protocol::EncryptingKey;

use crate::{
    api::error::ApiError,
    operations::Context,
    request::validate::ValidRequest,
    response::{Content, OperationResponse},
    store::Documents,
};

use fresh::Fresh;
use same_name::SameName;

/// What a file holds. (own choice)
const FILE: &[u8] = b"mock\n";

pub(super) fn answer(
    context: &Context<'_>,
    request: &ValidRequest,
    _: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let operation = request.operation();
    let success = operation.responses().iter().find_map(|(status, body)| {
        let status = status.parse::<StatusCode>().ok()?;
        status.is_success().then_some((status, body))
    });
    let (status, body) = match success {
        None => (StatusCode::NO_CONTENT, Content::Empty),
        Some((status, ResponseBody::Empty)) => (status, Content::Empty),
        Some((status, ResponseBody::File)) => (status, Content::File(Bytes::from_static(FILE))),
        Some((status, ResponseBody::Json(schema))) => {
            let maker = Maker::new(context, request);
            (status, Content::Json(schema.sample(&mut |field| maker.value(field))))
        }
    };
    Ok(OperationResponse { status, body, is_signed: operation.is_signed(), warnings: Vec::new() })
}

/// Makes the values of an answer's fields.
struct Maker<'r> {
    request: &'r ValidRequest<'r>,
    same_name: SameName<'r>,
    fresh: Fresh,
}

impl<'r> Maker<'r> {
    fn new(context: &Context<'_>, request: &'r ValidRequest) -> Self {
        Self { request, same_name: SameName::of(request), fresh: Fresh::new(request, context.now) }
    }

    /// The value of a field; `None` if its example is as good.
    fn value(&self, field: &Field<'_>) -> Option<Value> {
        if field.schema["x-sensitive"] == true {
            return self.encrypted(field);
        }
        self.same_name.value(field).or_else(|| self.mchid(field)).or_else(|| self.fresh.value(field))
    }

    /// The merchant's own number.
    fn mchid(&self, field: &Field<'_>) -> Option<Value> {
        let is_own = matches!(field.name, "mchid" | "sp_mchid" | "combine_mchid");
        is_own.then(|| self.request.merchant().mchid.as_str().into())
    }

    /// A text for this field, encrypted for the merchant's certificate.
    fn encrypted(&self, field: &Field<'_>) -> Option<Value> {
        // A field without a value stays without one.
        if !field.is_required && field.example().is_none() {
            return None;
        }
        let sent = self.same_name.plain(field);
        let text = sent.unwrap_or_else(|| sensitive_text(field.name));
        let key = EncryptingKey::from_pem(self.request.merchant().certificate().pem()).ok()?;
        key.encrypt(text).ok().map(Value::from)
    }
}

/// A plausible text for an encrypted field. (own choice)
fn sensitive_text(name: &str) -> &'static str {
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    match () {
        () if has(&["phone", "mobile", "tel"]) => "13800138000",
        () if has(&["mail"]) => "mock@example.com",
        () if has(&["id_card", "id_no", "credential", "cert"]) => "11010519491231002X",
        () if has(&["account_no", "card_no", "account_number", "bank"]) => "6222000000000000000",
        () if has(&["address"]) => "广东省深圳市南山区",
        () => "张三",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sensitive_text_is_like_its_field() {
        for (name, expected) in
            [("payer_phone", "13800138000"), ("merchant_id_no", "11010519491231002X"), ("user_name", "张三")]
        {
            assert_eq!(sensitive_text(name), expected);
        }
    }
}
