//! Requests of an operation.

use bytes::Bytes;
use http::Method;
use proptest::{prelude::*, sample::Index};
use serde_json::Value;
use wechatpay_openapi::{ContractError, Location, Operation, PathTemplate};

use super::{
    parameter::{EncodedValues, Parameter, SEPARATOR},
    request::GeneratedRequest,
    schema::{Schema, Values},
    violation::{Rule, Violation},
};

/// Makes requests of one operation of the contract.
#[derive(Clone, Debug)]
pub struct Generator {
    operation_id: String,
    method: Method,
    path: PathTemplate,
    parameters: Vec<Parameter>,
    body: Option<Schema>,
    /// The fields of the body that the gateway reads together with the path.
    with_path: Vec<String>,
}

/// Requests that break one rule of the contract, and no other.
#[derive(Clone, Debug)]
pub struct InvalidRequests {
    /// The rule, and the field.
    pub violation: Violation,
    /// The requests.
    pub requests: BoxedStrategy<GeneratedRequest>,
}

impl Generator {
    /// A generator for this operation.
    ///
    /// # Errors
    /// [`ContractError`] if no values can be made by one of its schemas.
    pub fn new(operation: &Operation) -> Result<Self, ContractError> {
        let parameters = operation.parameters().iter().map(Parameter::read);
        let parameters = parameters.collect::<Result<_, _>>();
        let body = operation.body().map(|schema| match Schema::read(schema.as_value())? {
            mut schema @ Schema { values: Values::Object(_), .. } => {
                if schema.title.is_empty() {
                    schema.title = "请求体".into();
                }
                Ok(schema)
            }
            _ => Err(ContractError::new("expected an object")),
        });
        let fields = operation.body().and_then(|schema| schema.as_value()["properties"].as_object());
        let with_path = fields.into_iter().flatten().filter(|(_, field)| field["x-with-path"] == true);
        let within = |error: ContractError| error.within(&operation.to_string());
        Ok(Self {
            with_path: with_path.map(|(name, _)| format!("/{name}")).collect(),
            operation_id: operation.id().into(),
            method: operation.method().clone(),
            path: operation.path().clone(),
            parameters: parameters.map_err(within)?,
            body: body.transpose().map_err(|error| within(error.within("body")))?,
        })
    }

    /// The operation's `operationId`.
    pub fn operation_id(&self) -> &str {
        &self.operation_id
    }

    /// Requests that break no rule of the contract. Optional parameters and fields are in some of them, limits are reached,
    /// and every character that the gateway allows occurs. The operation's own rules, such as whether a card exists, may
    /// be broken.
    pub fn valid_requests(&self) -> BoxedStrategy<GeneratedRequest> {
        self.requests(self.valid_parameters(), self.valid_body())
    }

    /// Every way to break exactly one rule of the contract.
    pub fn invalid_requests(&self) -> Vec<InvalidRequests> {
        let by_parameter = self.parameters.iter().enumerate().flat_map(|(index, parameter)| {
            parameter.invalid().into_iter().map(move |(violation, invalid)| {
                let mut values = self.valid_parameters();
                values[index] = invalid;
                InvalidRequests { violation, requests: self.requests(values, self.valid_body()) }
            })
        });
        let by_body = self.invalid_bodies().into_iter().map(|(violation, bodies)| InvalidRequests {
            violation,
            requests: self.requests(self.valid_parameters(), bodies),
        });
        by_parameter.chain(by_body).collect()
    }

    fn valid_parameters(&self) -> Vec<EncodedValues> {
        self.parameters.iter().map(Parameter::valid).collect()
    }

    fn valid_body(&self) -> BoxedStrategy<Bytes> {
        match &self.body {
            None => Just(Bytes::new()).boxed(),
            Some(schema) => written(schema.valid()),
        }
    }

    fn invalid_bodies(&self) -> Vec<(Violation, BoxedStrategy<Bytes>)> {
        let Some(schema) = &self.body else { return Vec::new() };
        let violation = |pointer: String, title, rule| {
            let is_in_path = rule == Rule::Required && self.with_path.contains(&pointer);
            let location = if is_in_path { Location::Path } else { Location::Body };
            Violation { location, pointer, title, rule }
        };
        let by_schema = schema.invalid().into_iter().map(|invalid| {
            (violation(invalid.pointer, invalid.title, invalid.rule), written(invalid.values))
        });
        let by_bytes = [
            (Rule::NotJson, truncated(self.valid_body())),
            (Rule::NotUtf8, with_a_stray_byte(self.valid_body())),
            (Rule::EmptyBody, Just(Bytes::new()).boxed()),
        ];
        let by_bytes = by_bytes
            .into_iter()
            .map(|(rule, bodies)| (violation(String::new(), schema.title.clone(), rule), bodies));
        by_schema.chain(by_bytes).collect()
    }

    fn requests(
        &self,
        parameters: Vec<EncodedValues>,
        body: BoxedStrategy<Bytes>,
    ) -> BoxedStrategy<GeneratedRequest> {
        let generator = self.clone();
        let request = move |(values, body): (Vec<Option<String>>, Bytes)| GeneratedRequest {
            operation_id: generator.operation_id.clone(),
            method: generator.method.clone(),
            target: generator.target(&values),
            headers: generator.headers(&values),
            body,
        };
        (parameters, body).prop_map(request).boxed()
    }

    /// Path and query with these values of the parameters.
    fn target(&self, values: &[Option<String>]) -> String {
        let sent = self.parameters.iter().zip(values).filter_map(|(it, value)| Some((it, value.as_deref()?)));
        let sent = sent.filter(|(it, _)| it.location != Location::Header);
        let (in_path, in_query): (Vec<_>, Vec<_>) = sent.partition(|(it, _)| it.location == Location::Path);
        let value = |name| in_path.iter().find(|(it, _)| it.name == name).map_or("", |(_, value)| *value);
        let path = self.path.fill(self.path.names().map(value));
        let query = in_query
            .iter()
            .flat_map(|(it, value)| value.split(SEPARATOR).map(move |value| format!("{}={value}", it.name)));
        let query: Vec<_> = query.collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// The headers among the parameters.
    fn headers(&self, values: &[Option<String>]) -> Vec<(String, String)> {
        let headers = self.parameters.iter().zip(values).filter(|(it, _)| it.location == Location::Header);
        headers.filter_map(|(it, value)| Some((it.name.clone(), value.clone()?))).collect()
    }
}

/// JSON as clients write it, with and without whitespace.
fn written(values: BoxedStrategy<Value>) -> BoxedStrategy<Bytes> {
    let write = |(value, is_pretty): (Value, bool)| {
        if is_pretty { format!("{value:#}").into() } else { value.to_string().into() }
    };
    (values, any::<bool>()).prop_map(write).boxed()
}

/// JSON objects that end early, by at least one character.
fn truncated(bodies: BoxedStrategy<Bytes>) -> BoxedStrategy<Bytes> {
    let cut = |(body, at): (Bytes, Index)| {
        let text = String::from_utf8_lossy(&body);
        let length = 1 + at.index(text.chars().count() - 1);
        text.chars().take(length).collect::<String>().into()
    };
    (bodies, any::<Index>()).prop_map(cut).boxed()
}

/// JSON objects with a name in them that is not UTF-8.
fn with_a_stray_byte(bodies: BoxedStrategy<Bytes>) -> BoxedStrategy<Bytes> {
    let insert = |body: Bytes| [b"{\"\xff\":1,", &body[1..]].concat().into();
    bodies.prop_map(insert).boxed()
}
