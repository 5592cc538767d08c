//! The encrypted fields of an exchange in plain text, for callers on this machine only.

use std::{fmt, sync::Arc};

use axum::{
    Extension,
    extract::{Path, State},
};
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use wechatpay_openapi::{Contract, Location, Operation, RequestBody, Schema};
use wechatpay_protocol::WECHATPAY_SERIAL;
use wechatpay_texts::text;

use crate::{
    admin::{
        Caller,
        control::{Control, Stop},
        error::{AdminError, Error},
        extract::Segment,
        long::Long,
        replay::check_whole,
    },
    api::{error::ApiError, host::is_loopback},
    journal::Exchange,
    merchants::{Merchant, Merchants},
    request::{all_in_query, multipart::upload_meta},
};

/// The encrypted fields of an exchange. They are decrypted for this response only.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Decrypted {
    /// What the merchant encrypted for the gateway.
    request: Vec<Field>,
    /// What the gateway encrypted for the merchant.
    answer: Vec<Field>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DecryptedField)]
struct Field {
    /// A JSON pointer into the body; of a parameter in the query, `query.NAME`.
    pointer: String,
    /// null if it can't be decrypted.
    #[schema(required)]
    text: Option<String>,
    /// Why it can't be decrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").field("pointer", &self.pointer).finish_non_exhaustive()
    }
}

/// Shows the encrypted fields of an exchange in plain text, to callers on this machine only.
#[utoipa::path(
    get,
    path = "/__mock/exchanges/{number}/decrypted",
    params(("number" = u64, Path, description = "The exchange's number.", minimum = 1, example = 1)),
    responses(
        (status = 200, description = "The fields that the contract marks as encrypted.", body = Decrypted),
        (status = 409, description = "The journal cut a body.", body = Error),
        (status = 503, description = "It takes too long, or too many responses wait to be read.", body = Error)
    )
)]
pub(in crate::admin) async fn show_decrypted(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<String>,
) -> Result<Long, AdminError> {
    if let Some(address) = caller.address.filter(|address| !is_loopback(address.ip())) {
        return Err(AdminError::Far { found: address.ip().to_string() });
    }
    let exchange = control.exchange(Segment(number).number()?)?;
    check_whole(exchange.number, &exchange.request.body, exchange.request.body_length)?;
    check_whole(exchange.number, &exchange.response_body, exchange.response_body_length)?;
    let decrypted = control
        .on_thread(move |control, stop| {
            let gateway = &control.gateway;
            Decrypted::of(&gateway.contract, &gateway.merchants, &exchange, stop)
        })
        .await?;
    Long::of(&control, &decrypted)
}

impl Decrypted {
    /// `None` if the work is stopped.
    fn of(contract: &Contract, merchants: &Merchants, exchange: &Exchange, stop: &Stop) -> Option<Self> {
        let operation = exchange.operation.as_deref().and_then(|id| contract.operation(id));
        let merchant = exchange.mchid.as_ref().and_then(|mchid| merchants.merchant(mchid.as_str()));
        let Some((operation, merchant)) = operation.zip(merchant) else { return Some(Self::default()) };
        let serial = exchange.request.headers.text(&WECHATPAY_SERIAL);
        let of_gateway = |text: &str| {
            let key = merchants.encryption_key(&merchant, serial, exchange.checked_at.clock);
            let text = key.and_then(|key| merchants.decrypt(&merchant, key, text));
            text.map_err(|fault| ApiError::Sensitive(fault).reason())
        };
        let of_merchant = |text: &str| of_merchant(&merchant, text);
        Some(Self {
            request: fields(encrypted_in_request(operation, exchange), of_gateway, stop)?,
            answer: fields(encrypted_in_answer(operation, exchange), of_merchant, stop)?,
        })
    }
}

fn of_merchant(merchant: &Merchant, text: &str) -> Result<String, String> {
    let no_key = || text!("the mock does not have the merchant's private key");
    let key = merchant.decrypting_key().ok_or_else(no_key)?;
    let text = key.decrypt(text).map_err(|error| error.to_string())?;
    String::from_utf8(text).map_err(|_| text!("its text is not UTF-8"))
}

fn fields(
    encrypted: Vec<(String, String)>,
    decrypt: impl Fn(&str) -> Result<String, String>,
    stop: &Stop,
) -> Option<Vec<Field>> {
    let field = |(pointer, text): (String, String)| {
        let decrypted = (!stop.is_set()).then(|| decrypt(&text))?;
        let (text, problem) =
            decrypted.map_or_else(|problem| (None, Some(problem)), |text| (Some(text), None));
        Some(Field { pointer, text, problem })
    };
    encrypted.into_iter().map(field).collect()
}

/// The encrypted texts of a request, each with its place.
fn encrypted_in_request(operation: &Operation, exchange: &Exchange) -> Vec<(String, String)> {
    let request = &exchange.request;
    let mut found = Vec::new();
    for parameter in operation.parameters() {
        if parameter.location == Location::Query && parameter.is_sensitive() {
            let sent: Vec<_> = all_in_query(request.query(), &parameter.name).collect();
            let value = (!sent.is_empty()).then(|| parameter.read_all(&sent).ok()).flatten();
            let text = value.as_ref().and_then(Value::as_str).filter(|text| !text.is_empty());
            found.extend(text.map(|text| (format!("query.{}", parameter.name), text.to_owned())));
        }
    }
    let body = match operation.request_body() {
        None => None,
        Some(RequestBody::Json(schema)) => Some((schema, &request.body[..])),
        Some(RequestBody::Multipart(form)) => {
            let content_type = request.headers.text(&CONTENT_TYPE).unwrap_or_default();
            form.meta().zip(upload_meta(content_type, &request.body))
        }
    };
    found.extend(body.into_iter().flat_map(|(schema, body)| encrypted(schema, body)));
    found
}

/// The encrypted texts of an answer, each with its place.
fn encrypted_in_answer(operation: &Operation, exchange: &Exchange) -> Vec<(String, String)> {
    let status = exchange.status.map(|status| status.as_u16().to_string());
    let response = status.and_then(|status| operation.responses().get(&status));
    let schema = response.and_then(|response| response.schema());
    schema.map_or_else(Vec::new, |schema| encrypted(schema, &exchange.response_body))
}

fn encrypted(schema: &Schema, body: &[u8]) -> Vec<(String, String)> {
    let body = str::from_utf8(body).ok().and_then(|body| schema.parse(body).ok()).unwrap_or_default();
    let pointers = schema.sensitive(&body).into_iter();
    let text = |pointer: String| Some((body.pointer(&pointer)?.as_str()?.to_owned(), pointer));
    pointers.filter_map(text).map(|(text, pointer)| (pointer, text)).collect()
}
