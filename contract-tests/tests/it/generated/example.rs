//! The request that an operation's examples make.

use std::collections::BTreeMap;

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use wechatpay_contract::generate::GeneratedRequest;
use wechatpay_openapi::{Location, Operation, Parameter};

/// Values of parameters and of fields of the body, by name, in place of their examples.
pub(super) type Values = BTreeMap<String, Value>;

/// A request with the example of each parameter and of the body.
pub(super) fn example(operation: &Operation) -> GeneratedRequest {
    example_with(operation, &Values::new())
}

/// The same with other values.
pub(super) fn example_with(operation: &Operation, values: &Values) -> GeneratedRequest {
    let parameters = |location| parameters(operation, location, values);
    let in_path = parameters(Location::Path);
    let value = |name| in_path.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
    let path = operation.path().fill(operation.path().names().map(value));
    let query = parameters(Location::Query);
    let query: Vec<_> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let target = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    let body = operation.body().and_then(|_| operation.example()).cloned().map(|mut body| {
        set(&mut body, values);
        body
    });
    let headers = operation.parameters().iter().filter(|it| it.location == Location::Header);
    GeneratedRequest {
        operation_id: operation.id().into(),
        method: operation.method().clone(),
        target,
        headers: headers.map(|it| (it.name.clone(), text(&example_of(it)))).collect(),
        body: body.map_or_else(Bytes::new, |body| body.to_string().into()),
    }
}

/// Sets the fields of these names, wherever they are outside lists.
fn set(body: &mut Value, values: &Values) {
    for (name, field) in body.as_object_mut().into_iter().flatten() {
        match values.get(name) {
            Some(value) if !(field.is_object() || field.is_array()) => *field = value.clone(),
            _ => set(field, values),
        }
    }
}

/// The parameters in this place, percent-encoded: those that are required or have an example or another value. Of a
/// list, each item.
fn parameters<'o>(operation: &'o Operation, location: Location, values: &Values) -> Vec<(&'o str, String)> {
    let parameters = operation.parameters().iter();
    let is_sent = |it: &Parameter| it.is_required || it.example.is_some() || values.contains_key(&it.name);
    let sent = parameters.filter(|it| it.location == location && is_sent(it));
    let items = sent.flat_map(|it| {
        let items = match values.get(&it.name).cloned().unwrap_or_else(|| example_of(it)) {
            Value::Array(items) => items,
            other => vec![other],
        };
        items
            .into_iter()
            .map(|item| (it.name.as_str(), utf8_percent_encode(&text(&item), NON_ALPHANUMERIC).to_string()))
    });
    items.collect()
}

fn example_of(parameter: &Parameter) -> Value {
    parameter.example.clone().unwrap_or_else(|| parameter.schema.sample(&mut |_| None))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), Into::into)
}
