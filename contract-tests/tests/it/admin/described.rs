//! Checks each call and its response against the OpenAPI document.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::Validator;
use serde_json::{Value, json};
use wechatpay_mock::admin_openapi;
use wechatpay_protocol::Credentials;

use super::Response;
use crate::support::RawResponse;

/// `operationId` and status.
pub(super) type Seen = (String, u16);

/// The document.
pub(super) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&admin_openapi()).unwrap());

/// Returns the response if it matches the document; panics otherwise.
#[track_caller]
pub(super) fn check(method: &str, target: &str, body: &str, received: &RawResponse) -> Response {
    let status: u16 = received.status().parse().unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let operation = operation(method, path);
    let response = match &operation {
        Some(operation) => &operation["responses"][received.status()],
        None => refusal(status),
    };
    let response = resolved(response);
    let head = received.head.to_lowercase();
    let is_sent = |media_type: &str| head.contains(&format!("\r\ncontent-type: {media_type}"));
    let (media_type, content) = response["content"]
        .as_object()
        .and_then(|content| content.iter().find(|(name, _)| is_sent(name)).or(content.iter().next()))
        .unwrap_or_else(|| panic!("{method} {target}: the document has no {status} {}", received.to_text()));
    check_head(response, media_type, &received.head);

    let text = String::from_utf8(received.body.clone()).unwrap();
    let value = match media_type.as_str() {
        "application/json" => serde_json::from_str(&text).unwrap(),
        _ => Value::String(text.clone()),
    };
    check_value(&content["schema"], &value, &format!("the response {status} to {method} {target}"));

    let id = operation.map(|operation| operation["operationId"].as_str().unwrap());
    if let Some(operation) = operation.filter(|_| status < 300) {
        check_query(operation, query);
        if !body.is_empty() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            check_value(
                schema,
                &serde_json::from_str(body).unwrap(),
                &format!("the body of {method} {target}"),
            );
        }
    }
    let has_secrets = [("make_merchant", 201), ("show_credentials", 200), ("export_state", 200)];
    if !id.is_some_and(|id| has_secrets.contains(&(id, status))) {
        check_secrets(&text);
    }
    Response {
        status,
        head: received.head.clone(),
        body: value,
        text,
        seen: id.map(|id| (id.into(), status)),
    }
}

/// The described operation of that call, if there is one.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = if path == "/__mock" { "/__mock/" } else { path };
    let is_like = |template: &str| {
        let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        template.len() == path.len()
            && template.iter().zip(path).all(|(expected, found)| {
                *expected == found || (expected.starts_with('{') && !found.is_empty())
            })
    };
    let mut paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let (_, item) = paths.find(|(template, _)| is_like(template))?;
    let name = item.as_object().unwrap().keys().find(|name| name.to_uppercase() == method)?;
    item.get(name)
}

/// The response of a refused call that is not described.
fn refusal(status: u16) -> &'static Value {
    let name = match status {
        400 => "bad_request",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not_found",
        405 => "method_not_allowed",
        _ => panic!("{status} for a call that is not described"),
    };
    &DOCUMENT["components"]["responses"][name]
}

/// The target of a `$ref`, or the value itself.
pub(super) fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        None => value,
        Some(reference) => DOCUMENT.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
    }
}

#[track_caller]
fn check_head(response: &Value, media_type: &str, head: &str) {
    let values = |name: &str| -> Vec<&str> {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    };
    assert_eq!(values("Cache-Control"), ["no-store"], "{head}");
    // A long list is sent in chunks.
    assert_eq!(values("Content-Length").len() + values("Transfer-Encoding").len(), 1, "{head}");
    let [content_type] = values("Content-Type")[..] else { panic!("{head}") };
    match media_type {
        "application/json" => assert_eq!(content_type, "application/json; charset=utf-8"),
        other => assert_eq!(content_type.split(';').next(), Some(other)),
    }
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        let [value] = values(name)[..] else { panic!("expected one {name}, found {head}") };
        check_value(&header["schema"], &value.into(), name);
    }
    for name in ["Server", "Request-ID", "Wechatpay-Signature", "Wechatpay-Serial", "Mock-Diagnosis"] {
        assert!(values(name).is_empty(), "{head}");
    }
}

/// Every query parameter is described and has a valid value.
#[track_caller]
fn check_query(operation: &'static Value, query: &str) {
    let described = operation["parameters"].as_array().into_iter().flatten().map(resolved);
    let described: Vec<_> = described.filter(|parameter| parameter["in"] == "query").collect();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let parameter = described.iter().find(|parameter| parameter["name"] == name).unwrap();
        let texts = [
            Some(json!(value)),
            value.parse().ok().map(|number: u64| json!(number)),
            value.parse().ok().map(|is_so: bool| json!(is_so)),
        ];
        let validator = validator(&parameter["schema"]);
        assert!(texts.iter().flatten().any(|value| validator.is_valid(value)), "{name}={value}");
    }
}

#[track_caller]
fn check_value(schema: &Value, value: &Value, what: &str) {
    let errors: Vec<_> = validator(schema)
        .iter_errors(value)
        .map(|error| format!("{} {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what} does not match the document: {errors:#?}\n{value:#}");
}

/// A validator for a schema of the document. Each is compiled only once, as that is slow.
fn validator(schema: &Value) -> Arc<Validator> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap();
    let validator = compiled.entry(schema.to_string()).or_insert_with(|| {
        // The components let references resolve as in the document.
        let standalone = json!({ "allOf": [schema], "components": DOCUMENT["components"] });
        Arc::new(jsonschema::draft202012::options().should_validate_formats(true).build(&standalone).unwrap())
    });
    Arc::clone(validator)
}

/// The text has no secrets.
#[track_caller]
fn check_secrets(text: &str) {
    let development = Credentials::development();
    assert!(!text.contains("PRIVATE KEY"), "{text}");
    assert!(!text.contains(development.apiv3_key.expose()), "{text}");
}
