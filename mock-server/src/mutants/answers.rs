//! What is answered: status, headers and body.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, DATE, SERVER, X_CONTENT_TYPE_OPTIONS},
};
use serde_json::{Value, json};
use wechatpay_protocol::{REQUEST_ID, SCHEME, WECHATPAY_SIGNATURE_TYPE};

use super::{
    Fault::{Answers, Body},
    Mutant, mutant,
};
use crate::stages::{receive::Received, respond::Answer};

pub(super) const MUTANTS: &[Mutant] = &[
    mutant(
        "204-as-200",
        "a change gets 200 with {}",
        Answers(|_, a| if a.status == 204 { a.with_body("{}".into()) } else { a }),
    ),
    mutant(
        "204-without-content-type",
        "an empty answer has no Content-Type",
        Answers(|_, a| if a.status == 204 { without(a, &CONTENT_TYPE) } else { a }),
    ),
    mutant("404-with-body", "an unknown path gets a body", Answers(|_, a| with_page(a, 404))),
    mutant("405-with-body", "a wrong method gets a body", Answers(|_, a| with_page(a, 405))),
    mutant(
        "404-with-request-id",
        "an unknown path gets a Request-ID",
        Answers(|_, a| if a.status == 404 && a.body.is_empty() { with(a, REQUEST_ID, "08F2-0") } else { a }),
    ),
    mutant("without-request-id", "no answer has a Request-ID", Answers(|_, a| without(a, &REQUEST_ID))),
    mutant(
        "refusal-without-request-id",
        "a refusal has no Request-ID",
        Answers(|_, a| if a.status.is_success() { a } else { without(a, &REQUEST_ID) }),
    ),
    mutant("date-in-iso-8601", "Date is as in JSON", Answers(|_, a| with(a, DATE, "2026-01-01T00:00:00Z"))),
    mutant("without-server", "no answer has a Server", Answers(|_, a| without(a, &SERVER))),
    mutant(
        "without-cache-control",
        "no answer has a Cache-Control",
        Answers(|_, a| without(a, &CACHE_CONTROL)),
    ),
    mutant(
        "without-nosniff",
        "no answer has X-Content-Type-Options",
        Answers(|_, a| without(a, &X_CONTENT_TYPE_OPTIONS)),
    ),
    mutant(
        "without-content-language",
        "no answer has a Content-Language",
        Answers(|_, a| without(a, &CONTENT_LANGUAGE)),
    ),
    mutant(
        "without-keep-alive",
        "no answer has a Keep-Alive",
        Answers(|_, a| without(a, &HeaderName::from_static("keep-alive"))),
    ),
    mutant(
        "content-language-fixed",
        "Content-Language is zh-CN whatever the language is",
        Answers(|_, a| if a.body.is_empty() { a } else { with(a, CONTENT_LANGUAGE, "zh-CN") }),
    ),
    mutant(
        "content-type-without-charset",
        "Content-Type has no charset",
        Answers(|_, a| if a.status.is_success() { with(a, CONTENT_TYPE, "application/json") } else { a }),
    ),
    mutant(
        "refusal-with-signature-header",
        "a refusal has a Wechatpay-… header",
        Answers(|_, a| if a.status.is_success() { a } else { with(a, WECHATPAY_SIGNATURE_TYPE, SCHEME) }),
    ),
    mutant("401-as-403", "a wrong signature gets 403", Answers(|_, a| with_status(a, 401, 403))),
    mutant("400-as-422", "a wrong field gets 422", Answers(|_, a| with_status(a, 400, 422))),
    mutant("403-as-400", "a merchant without permission gets 400", Answers(|_, a| with_status(a, 403, 400))),
    mutant(
        "code-in-lower-case",
        "the codes of refusals are in lower case",
        Body(|_, b| text(b, "/code", str::to_lowercase)),
    ),
    mutant(
        "message-with-full-stop",
        "messages end in a full stop",
        Body(|_, b| text(b, "/message", |message| format!("{message}。"))),
    ),
    mutant(
        "sign-error-without-detail",
        "a wrong signature is refused without detail",
        Body(|_, b| {
            if b["code"] == "SIGN_ERROR" {
                remove(b, "", "detail");
            }
        }),
    ),
    mutant(
        "sign-error-as-documented",
        "the issue of a wrong signature is not nested",
        Body(|_, b| {
            if b["detail"]["detail"]["issue"].is_string() {
                b["detail"]["issue"] = b["detail"]["detail"]["issue"].take();
                remove(b, "/detail", "detail");
            }
        }),
    ),
    mutant(
        "sign-message-in-full",
        "truncated_sign_message is not truncated",
        Body(|r, b| {
            let body = String::from_utf8_lossy(&r.body);
            text(b, "/detail/sign_information/truncated_sign_message", |shown| {
                format!("{}\n{body}\n", shown.trim_end())
            });
        }),
    ),
    mutant(
        "sign-message-length-less-one",
        "sign_message_length leaves the last newline out",
        Body(|_, b| number(b, "/detail/sign_information/sign_message_length", |length| length - 1)),
    ),
    mutant(
        "sign-message-length-in-characters",
        "sign_message_length counts characters",
        Body(|r, b| {
            let more = r.body.len() - String::from_utf8_lossy(&r.body).chars().count();
            number(b, "/detail/sign_information/sign_message_length", |length| length - more as i64);
        }),
    ),
    mutant(
        "sign-error-without-query",
        "the url of a wrong signature has no query",
        Body(|r, b| text(b, "/detail/sign_information/url", |_| r.path().into())),
    ),
    mutant(
        "field-without-detail",
        "a wrong field is refused without detail",
        Body(|_, b| {
            if b["code"] == "PARAM_ERROR" {
                remove(b, "", "detail");
            }
        }),
    ),
    mutant(
        "value-always-text",
        "detail.value is always a text",
        Body(|_, b| {
            if let Some(value) = b.pointer_mut("/detail/value").filter(|value| !value.is_string()) {
                *value = value.to_string().into();
            }
        }),
    ),
    mutant(
        "unknown-field-with-location",
        "the detail of an undocumented field has a location",
        Body(|_, b| {
            if let Some(location) = b.pointer_mut("/detail/location").filter(|location| location.is_null()) {
                *location = "body".into();
            }
        }),
    ),
    mutant(
        "field-without-place",
        "the detail of a wrong field does not say which",
        Body(|_, b| remove(b, "/detail", "field")),
    ),
    mutant(
        "list-with-other-data",
        "the associated_data in the list of certificates is another",
        Body(|_, b| text(b, "/data/0/encrypt_certificate/associated_data", |_| "certificates".into())),
    ),
    mutant(
        "list-with-other-tag",
        "the last byte of a listed certificate's tag is another",
        Body(|_, b| text(b, "/data/0/encrypt_certificate/ciphertext", with_last_byte_altered)),
    ),
    mutant(
        "list-in-utc",
        "the times in the list of certificates are said to be UTC",
        Body(|_, b| text(b, "/data/0/expire_time", |time| time.replace("+08:00", "Z"))),
    ),
    mutant(
        "list-with-unix-times",
        "the times in the list of certificates are Unix seconds",
        Body(|_, b| text(b, "/data/0/expire_time", |_| "3786911999".into())),
    ),
    mutant(
        "list-without-expiry",
        "a listed certificate has no expire_time",
        Body(|_, b| remove(b, "/data/0", "expire_time")),
    ),
    mutant(
        "list-with-serial-in-lower-case",
        "the serial_no in the list is in lower case",
        Body(|_, b| text(b, "/data/0/serial_no", str::to_lowercase)),
    ),
    mutant(
        "list-with-other-serial",
        "the serial_no in the list is not the certificate's",
        Body(|_, b| text(b, "/data/0/serial_no", |_| "2A6D1E0C94F7B83350AC4D7E91B2F6083C5D7A19".into())),
    ),
    mutant(
        "list-empty",
        "the list of certificates is empty",
        Body(|_, b| {
            if b["data"].is_array() {
                b["data"] = json!([]);
            }
        }),
    ),
    mutant("card-without-id", "a member's card has no card_id", Body(|_, b| remove(b, "", "card_id"))),
    mutant(
        "card-with-points-as-text",
        "a member's points are a text",
        Body(|_, b| {
            if b["bonus_value"].is_number() {
                b["bonus_value"] = b["bonus_value"].to_string().into();
            }
        }),
    ),
    mutant(
        "card-of-another",
        "a member's card has another code",
        Body(|_, b| {
            if b["card_id"].is_string() {
                b["code"] = "478515832666".into();
            }
        }),
    ),
    mutant(
        "echo-trimmed",
        "echo_message comes back without spaces around it",
        Body(|_, b| text(b, "/echo_message", |message| message.trim().into())),
    ),
    mutant(
        "echo-in-ascii",
        "echo_message comes back without its Chinese characters",
        Body(|_, b| text(b, "/echo_message", |message| message.replace(|it: char| !it.is_ascii(), "?"))),
    ),
];

/// The answer with something else in its JSON; one without JSON stays as it is.
pub(super) fn with_json(received: &Received, answer: Answer, alter: fn(&Received, &mut Value)) -> Answer {
    let Ok(mut body) = serde_json::from_slice(&answer.body) else { return answer };
    alter(received, &mut body);
    answer.with_body(body.to_string().into())
}

fn with(mut answer: Answer, name: HeaderName, value: &'static str) -> Answer {
    answer.headers.insert(name, HeaderValue::from_static(value));
    answer
}

fn without(mut answer: Answer, name: &HeaderName) -> Answer {
    answer.headers.remove(name);
    answer
}

fn with_status(mut answer: Answer, from: u16, to: u16) -> Answer {
    if answer.status == from {
        answer.status = StatusCode::from_u16(to).unwrap_or_default();
    }
    answer
}

/// With a body, if it has none and this status.
fn with_page(answer: Answer, status: u16) -> Answer {
    if answer.status == status && answer.body.is_empty() { answer.with_body("{}".into()) } else { answer }
}

/// Puts what `alter` makes of the text there in its place, if there is one.
fn text(body: &mut Value, pointer: &str, alter: impl Fn(&str) -> String) {
    if let Some(value) = body.pointer_mut(pointer)
        && let Some(text) = value.as_str()
    {
        *value = alter(text).into();
    }
}

/// The same for a number.
fn number(body: &mut Value, pointer: &str, alter: impl Fn(i64) -> i64) {
    if let Some(value) = body.pointer_mut(pointer)
        && let Some(number) = value.as_i64()
    {
        *value = alter(number).into();
    }
}

fn remove(body: &mut Value, parent: &str, name: &str) {
    if let Some(parent) = body.pointer_mut(parent).and_then(Value::as_object_mut) {
        parent.remove(name);
    }
}

fn with_last_byte_altered(base64: &str) -> String {
    let mut bytes = BASE64_STANDARD.decode(base64).unwrap_or_default();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    BASE64_STANDARD.encode(bytes)
}
