//! The request that an operation's examples make.

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use wechatpay_contract::generate::GeneratedRequest;
use wechatpay_openapi::{Location, Operation, Parameter};

/// A request with the example of each parameter and of the body.
pub(super) fn example(operation: &Operation) -> GeneratedRequest {
    let in_path = parameters(operation, Location::Path);
    let value = |name| in_path.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
    let path = operation.path().fill(operation.path().names().map(value));
    let query = parameters(operation, Location::Query);
    let query: Vec<_> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let target = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    let body = operation.body().and_then(|_| operation.example());
    let headers = operation.parameters().iter().filter(|it| it.location == Location::Header);
    GeneratedRequest {
        operation_id: operation.id().into(),
        method: operation.method().clone(),
        target,
        headers: headers.map(|it| (it.name.clone(), text(&example_of(it)))).collect(),
        body: body.map_or_else(Bytes::new, |body| body.to_string().into()),
    }
}

/// The parameters in this place, percent-encoded: those that are required or have an example. Of a list, each item.
fn parameters(operation: &Operation, location: Location) -> Vec<(&str, String)> {
    let parameters = operation.parameters().iter();
    let sent = parameters.filter(|it| it.location == location && (it.is_required || it.example.is_some()));
    let items = sent.flat_map(|it| {
        let items = match example_of(it) {
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
