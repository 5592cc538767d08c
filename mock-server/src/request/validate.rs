//! Checks that a request matches the contract: check 11.

use std::sync::Arc;

use http::HeaderName;
use serde_json::Value;
use wechatpay_openapi::{Constraint, Location, Operation, Schema};

use crate::{
    api::{Warning, error::ApiError},
    merchants::Merchant,
    policies::UnknownField,
    request::{authenticate::AuthenticatedRequest, in_query},
};

/// A request that a merchant signed and that matches the contract. Only [`validate`] creates one.
pub(crate) struct ValidRequest {
    authenticated: AuthenticatedRequest,
    /// The sent parameters of the contract: names and decoded values.
    parameters: Vec<(&'static str, String)>,
    /// The JSON of the body; `null` for an operation without one.
    body: Value,
    /// Warnings about the request, although it is valid.
    warnings: Vec<Warning>,
}

impl ValidRequest {
    pub(crate) fn operation(&self) -> &'static Operation {
        self.authenticated.operation()
    }

    pub(crate) fn merchant(&self) -> &Arc<Merchant> {
        self.authenticated.merchant()
    }

    /// The sent parameters: names and decoded values.
    pub(crate) fn parameters(&self) -> &[(&'static str, String)] {
        &self.parameters
    }

    /// The JSON of the body, which matches the operation's schema; `null` for an operation without one.
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

    /// A header of the request, if there is exactly one and it is visible ASCII.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.authenticated.received().header(name.as_str())
    }

    /// Warnings about the request, although it is valid.
    pub(crate) fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// Check 11: the parameters of the path, the query and the headers, then the body.
pub(crate) fn validate(
    request: AuthenticatedRequest,
    unknown_field: UnknownField,
) -> Result<ValidRequest, ApiError> {
    let (operation, received) = (request.operation(), request.received());
    let in_path = operation.path().values(received.path()).unwrap_or_default();
    let mut parameters = Vec::with_capacity(operation.parameters().len());
    for parameter in operation.parameters() {
        let name = parameter.name.as_str();
        let sent = match parameter.location {
            Location::Path => in_path.iter().find(|(known, _)| *known == name).map(|(_, value)| *value),
            Location::Query => in_query(received.query(), name),
            Location::Header => received.header(name),
            Location::Body => None,
        };
        match sent {
            Some(sent) => parameters.push((name, text(parameter.parse(sent)?))),
            None if parameter.is_required => {
                return Err(parameter.error(Constraint::Required).into());
            }
            None => {}
        }
    }

    let mut warnings = Vec::new();
    let body = match operation.body() {
        Some(schema) => body(schema, &received.body, unknown_field, &mut warnings)?,
        None => Value::Null,
    };
    Ok(ValidRequest { authenticated: request, parameters, body, warnings })
}

/// The value of a parameter as text.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn body(
    schema: &Schema,
    sent: &[u8],
    unknown_field: UnknownField,
    warnings: &mut Vec<Warning>,
) -> Result<Value, ApiError> {
    if let Err(error) = str::from_utf8(sent) {
        let reason = format!("/body: expected UTF-8, found other bytes from byte {} on", error.valid_up_to());
        return Err(ApiError::NotUtf8 { reason });
    }
    let mut value = schema
        .parse(sent)
        .map_err(|error| ApiError::NotJson { reason: format!("/body: expected JSON, found {error}") })?;
    let mut checked = schema.check(&value);
    if let Err(error) = &checked
        && matches!(error.constraint, Constraint::Documented { .. })
        && unknown_field == UnknownField::Warn
    {
        // The remaining fields may break another rule.
        let removed = schema.remove_unknown(&mut value);
        warnings
            .extend(removed.iter().map(|error| Warning::UnknownFields { pointers: error.unknown_fields() }));
        checked = schema.check(&value);
    }
    checked?;
    Ok(value)
}
