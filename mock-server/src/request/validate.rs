//! Whether the request says what the contract allows: check 11.

use std::{borrow::Cow, sync::Arc};

use http::HeaderName;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    api::{Warning, error::ApiError},
    contract::{Operation, Parameter, Schema},
    field_fault::{Location, Rule},
    merchants::Merchant,
    policies::UnknownField,
    request::authenticate::AuthenticatedRequest,
};

/// A request that a merchant signed and that the contract allows. Made by [`validate`] alone.
pub(crate) struct ValidRequest {
    authenticated: AuthenticatedRequest,
    /// Parameters of path and query, decoded: names and values.
    parameters: Vec<(&'static str, String)>,
    /// The JSON of the body; `null` for an operation without one.
    body: Value,
    /// What is odd about the request all the same.
    warnings: Vec<Warning>,
}

impl ValidRequest {
    pub(crate) fn operation(&self) -> &'static Operation {
        self.authenticated.operation()
    }

    pub(crate) fn merchant(&self) -> &Arc<Merchant> {
        self.authenticated.merchant()
    }

    /// The parameters of path and query, decoded.
    pub(crate) fn parameters(&self) -> &[(&'static str, String)] {
        &self.parameters
    }

    /// The JSON of the body; `null` for an operation without one.
    pub(crate) fn body(&self) -> &Value {
        &self.body
    }

    /// The value of a parameter; empty if it is optional and absent.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.sent(name).unwrap_or_default()
    }

    /// The value of a parameter, if it was sent.
    pub(crate) fn sent(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// A header of the request, if it is there once and visible ASCII.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.authenticated.received().headers.get(name)?.to_str().ok()
    }

    /// What is odd about the request although it is valid.
    pub(crate) fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The body as the operation's own type, which takes whatever the contract's schema allows.
    pub(crate) fn body_as<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        T::deserialize(&self.body).map_err(|error| ApiError::NotJson { reason: error.to_string() })
    }
}

/// Check 11: the parameters of the path, those of the query, then the body.
pub(crate) fn validate(
    request: AuthenticatedRequest,
    unknown_field: UnknownField,
) -> Result<ValidRequest, ApiError> {
    let operation = request.operation();
    let mut parameters = Vec::with_capacity(operation.parameters.len());

    let sent = operation.path.values(request.received().path()).unwrap_or_default();
    for (parameter, value) in operation.parameters_in(Location::Path).zip(sent) {
        parameters.push((parameter.name.as_str(), parameter_value(parameter, value)?));
    }
    let query = query_pairs(request.received().query());
    for parameter in operation.parameters_in(Location::Query) {
        match query.iter().find(|(name, _)| *name == parameter.name) {
            Some((_, value)) => {
                parameters.push((parameter.name.as_str(), parameter_value(parameter, value)?));
            }
            None if parameter.required => return Err(parameter_fault(parameter, Rule::Required)),
            None => {}
        }
    }

    let mut warnings = Vec::new();
    let body = match &operation.body {
        Some(schema) => body(schema, &request.received().body, unknown_field, &mut warnings)?,
        None => Value::Null,
    };
    Ok(ValidRequest { authenticated: request, parameters, body, warnings })
}

fn parameter_value(parameter: &Parameter, sent: &str) -> Result<String, ApiError> {
    let malformed = || parameter_fault(parameter, Rule::PercentEncoding { found: sent.into() });
    if !has_whole_escapes(sent) {
        return Err(malformed());
    }
    let decoded = percent_decode_str(sent).decode_utf8().map_err(|_| malformed())?;
    let value = Value::String(decoded.into_owned());
    parameter.schema.check(&value, parameter.location, &parameter.pointer).map_err(ApiError::Field)?;
    match value {
        Value::String(text) => Ok(text),
        _ => Ok(String::new()),
    }
}

fn parameter_fault(parameter: &Parameter, rule: Rule) -> ApiError {
    let pointer = parameter.pointer.clone();
    ApiError::Field(Box::new(parameter.schema.fault_of(parameter.location, pointer, rule)))
}

/// Whether each `%` is followed by two hex digits.
fn has_whole_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes();
        digits.len() >= 2 && digits[..2].iter().all(u8::is_ascii_hexdigit)
    })
}

/// Names, decoded, and values, still percent-encoded.
fn query_pairs(query: &str) -> Vec<(Cow<'_, str>, &str)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (percent_decode_str(name).decode_utf8_lossy(), value))
        .collect()
}

fn body(
    schema: &Schema,
    sent: &[u8],
    unknown_field: UnknownField,
    warnings: &mut Vec<Warning>,
) -> Result<Value, ApiError> {
    let mut value = serde_json::from_slice(sent)
        .map_err(|error| ApiError::NotJson { reason: format!("/body: expected JSON, found {error}") })?;
    // Taken as if they were not there: the fields left may break a rule themselves.
    while let Err(fault) = schema.check(&value, Location::Body, "") {
        match &fault.rule {
            Rule::Documented { parent, .. } if unknown_field == UnknownField::Warn => {
                schema.retain_known(&mut value, parent);
                warnings.push(Warning::UnknownFields { pointers: fault.unknown_fields() });
            }
            _ => return Err(ApiError::Field(fault)),
        }
    }
    Ok(value)
}
