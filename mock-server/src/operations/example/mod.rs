//! Every operation without rules of its own: answers from the contract's examples, with the request's own values in the
//! fields of the same name.
//!
//! Identifiers and times are made in the shape of their examples. The same request gets the same identifiers, and on the
//! same day of the mock's clock the same times. Encrypted fields differ each time, as encryption does.

mod file;
mod fresh;
mod same_name;

use http::StatusCode;
use serde_json::Value;
use wechatpay_openapi::{Field, Operation, ResponseBody};
use wechatpay_protocol::{EncryptingKey, Timestamp};

use crate::{
    api::error::ApiError,
    merchants::Merchant,
    operations::Context,
    request::validate::ValidRequest,
    response::{Content, OperationResponse},
    store::Documents,
};

pub(super) use file::{compressed, is_compressed};
pub(super) use fresh::{Fresh, content};
pub(super) use same_name::{SameName, is_single, only, typed};

pub(super) fn answer(
    context: &Context<'_>,
    request: &ValidRequest,
    _: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    Ok(made(context, request))
}

/// The answer, which needs no documents.
pub(super) fn made(context: &Context<'_>, request: &ValidRequest) -> OperationResponse {
    let maker = Maker::of(request, context.now);
    let mut response = respond(request.operation(), &mut |field| {
        file::address(request, field).or_else(|| maker.value(field))
    });
    if let Content::File(content) = &mut response.body {
        *content = file::content(request);
    }
    response
}

/// The successful response of an operation, with these values where its schema allows them.
pub(super) fn respond(
    operation: &Operation,
    value: &mut dyn FnMut(&Field<'_>) -> Option<Value>,
) -> OperationResponse {
    let success = operation.success().and_then(|(status, body)| Some((status.parse().ok()?, body)));
    let (status, body) = match success {
        None => (StatusCode::NO_CONTENT, Content::Empty),
        Some((status, ResponseBody::Empty)) => (status, Content::Empty),
        Some((status, ResponseBody::File)) => (status, Content::File(file::plain())),
        Some((status, ResponseBody::Json(schema))) => (status, Content::Json(schema.sample(value))),
    };
    OperationResponse { status, body, is_signed: operation.is_signed(), warnings: Vec::new() }
}

/// Makes the values of an answer's fields.
pub(super) struct Maker<'v> {
    pub(super) merchant: &'v Merchant,
    /// Where fields get the value of the same name: the first that has one counts.
    pub(super) sources: Vec<SameName<'v>>,
    pub(super) fresh: Fresh,
}

impl<'v> Maker<'v> {
    /// Of the answer to this request.
    pub(super) fn of(request: &'v ValidRequest, now: Timestamp) -> Self {
        let sources = vec![SameName::of(request)];
        Self { merchant: request.merchant(), sources, fresh: Fresh::of(request, now) }
    }

    /// The value of a field; `None` if its example is as good.
    pub(super) fn value(&self, field: &Field<'_>) -> Option<Value> {
        if field.schema["x-sensitive"] == true {
            return self.encrypted(field);
        }
        let same_name = self.sources.iter().find_map(|source| source.value(field));
        same_name.or_else(|| self.mchid(field)).or_else(|| self.fresh.value(field))
    }

    /// The merchant's own number.
    fn mchid(&self, field: &Field<'_>) -> Option<Value> {
        let is_own = matches!(field.name, "mchid" | "sp_mchid" | "combine_mchid");
        is_own.then(|| self.merchant.mchid.as_str().into())
    }

    /// A text for this field, encrypted for the merchant's certificate.
    fn encrypted(&self, field: &Field<'_>) -> Option<Value> {
        // A field without a value stays without one.
        if !field.is_required && field.example().is_none() {
            return None;
        }
        let sent = self.sources.iter().find_map(|source| source.plain(field));
        let text = sent.unwrap_or_else(|| sensitive_text(field.name));
        let key = EncryptingKey::from_pem(self.merchant.certificate().pem()).ok()?;
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
