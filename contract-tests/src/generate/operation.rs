//! An operation of the contract, and requests of it.

use bytes::Bytes;
use http::Method;
use proptest::{prelude::*, sample::Index};
use serde_json::Value;
use wechatpay_mock::Location;

use super::{
    breach::{Breach, BrokenRule},
    parameter::Parameter,
    problem::ContractError,
    request::GeneratedRequest,
    schema::{Schema, Values, resolved},
};

/// An operation of the contract.
#[derive(Clone, Debug)]
pub struct Operation {
    id: String,
    method: Method,
    path: String,
    parameters: Vec<Parameter>,
    body: Option<Schema>,
}

/// One way for a request to be invalid, and requests that are so and in no other way.
#[derive(Clone, Debug)]
pub struct Invalid {
    /// The rule, and the field.
    pub breach: Breach,
    /// The requests.
    pub requests: BoxedStrategy<GeneratedRequest>,
}

/// Encoded values of each parameter, in the contract's order.
type ParameterValues = Vec<BoxedStrategy<Option<String>>>;

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

impl Operation {
    /// The operations of a contract, which is the text of an OpenAPI 3.1 document.
    ///
    /// # Errors
    /// [`ContractError`] if it is not one, or has a schema that values can't be made from.
    pub fn all(contract: &str) -> Result<Vec<Self>, ContractError> {
        let document: Value =
            serde_json::from_str(contract).map_err(|error| ContractError::new(error.to_string()))?;
        let paths = document["paths"].as_object();
        let paths =
            paths.ok_or_else(|| ContractError::new("expected an OpenAPI document with paths, found none"))?;
        let mut operations = Vec::new();
        for (path, item) in paths {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let read = Self::read(&document, path, method, operation);
                operations.push(read.map_err(|problem| problem.within(&format!("{method} {path}")))?);
            }
        }
        Ok(operations)
    }

    fn read(document: &Value, path: &str, method: &str, operation: &Value) -> Result<Self, ContractError> {
        let problem = |text: &str| ContractError::new(text);
        if !METHODS.contains(&method) {
            return Err(problem(&format!("expected one of the methods {}", METHODS.join(", "))));
        }
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let parameters =
            parameters.map(|parameter| Parameter::read(document, resolved(document, parameter)?));
        let body = operation.pointer("/requestBody/content/application~1json/schema");
        let body =
            body.map(|schema| Self::read_body(document, schema).map_err(|problem| problem.within("body")));
        Ok(Self {
            id: operation["operationId"].as_str().ok_or_else(|| problem("no operationId"))?.into(),
            method: method.to_uppercase().parse().map_err(|_| problem("not a method"))?,
            path: path.into(),
            parameters: parameters.collect::<Result<_, _>>()?,
            body: body.transpose()?,
        })
    }

    fn read_body(document: &Value, schema: &Value) -> Result<Schema, ContractError> {
        let schema = Schema::read(document, schema)?;
        match schema.values {
            Values::Object(_) => Ok(schema),
            _ => Err(ContractError::new("expected an object")),
        }
    }

    /// Its `operationId`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Requests that break no rule of the contract. Optional parameters and fields are there in some of them, limits are
    /// reached, and every character that the gateway takes comes up. The operation's own rules, such as whether a card
    /// exists, are another matter.
    pub fn valid_requests(&self) -> BoxedStrategy<GeneratedRequest> {
        self.requests(self.valid_parameters(), self.valid_body())
    }

    /// Every way to break exactly one rule of the contract, each with requests that do so.
    pub fn invalid_requests(&self) -> Vec<Invalid> {
        let by_parameter = self.parameters.iter().enumerate().flat_map(|(index, parameter)| {
            parameter.broken().into_iter().map(move |broken| {
                let mut values = self.valid_parameters();
                values[index] = broken.values;
                Invalid { breach: broken.breach, requests: self.requests(values, self.valid_body()) }
            })
        });
        let by_body = self.broken_bodies().into_iter().map(|(breach, bodies)| Invalid {
            breach,
            requests: self.requests(self.valid_parameters(), bodies),
        });
        by_parameter.chain(by_body).collect()
    }

    fn valid_parameters(&self) -> ParameterValues {
        self.parameters.iter().map(Parameter::valid).collect()
    }

    fn valid_body(&self) -> BoxedStrategy<Bytes> {
        match &self.body {
            None => Just(Bytes::new()).boxed(),
            Some(schema) => written(schema.valid()),
        }
    }

    fn broken_bodies(&self) -> Vec<(Breach, BoxedStrategy<Bytes>)> {
        let Some(schema) = &self.body else { return Vec::new() };
        let breach = |pointer: String, title: String, rule: BrokenRule| Breach {
            location: Location::Body,
            pointer,
            title,
            rule,
        };
        let by_schema = schema
            .broken()
            .into_iter()
            .map(|broken| (breach(broken.pointer, broken.title, broken.rule), written(broken.values)));
        let by_bytes = [
            (BrokenRule::NotJson, broken_off(self.valid_body())),
            (BrokenRule::NotUtf8, with_a_stray_byte(self.valid_body())),
            (BrokenRule::EmptyBody, Just(Bytes::new()).boxed()),
        ];
        let by_bytes = by_bytes
            .into_iter()
            .map(|(rule, bodies)| (breach(String::new(), schema.title.clone(), rule), bodies));
        by_schema.chain(by_bytes).collect()
    }

    fn requests(
        &self,
        parameters: ParameterValues,
        body: BoxedStrategy<Bytes>,
    ) -> BoxedStrategy<GeneratedRequest> {
        let operation = self.clone();
        let request = move |(values, body): (Vec<Option<String>>, Bytes)| GeneratedRequest {
            operation_id: operation.id.clone(),
            method: operation.method.clone(),
            target: operation.target(&values),
            body,
        };
        (parameters, body).prop_map(request).boxed()
    }

    /// The path and the query with these values of the parameters, in the contract's order.
    fn target(&self, values: &[Option<String>]) -> String {
        let mut path = self.path.clone();
        let mut query = Vec::new();
        for (parameter, value) in self.parameters.iter().zip(values) {
            let Some(value) = value else { continue };
            if parameter.location == Location::Path {
                path = path.replace(&format!("{{{}}}", parameter.name), value);
            } else {
                query.push(format!("{}={value}", parameter.name));
            }
        }
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }
}

/// JSON as clients write it, with and without spaces.
fn written(values: BoxedStrategy<Value>) -> BoxedStrategy<Bytes> {
    let write = |(value, is_pretty): (Value, bool)| {
        if is_pretty { format!("{value:#}").into() } else { value.to_string().into() }
    };
    (values, any::<bool>()).prop_map(write).boxed()
}

/// JSON objects that lack their end, from one character to all but one.
fn broken_off(bodies: BoxedStrategy<Bytes>) -> BoxedStrategy<Bytes> {
    let cut = |(body, at): (Bytes, Index)| {
        let text = String::from_utf8_lossy(&body);
        let length = 1 + at.index(text.chars().count() - 1);
        text.chars().take(length).collect::<String>().into()
    };
    (bodies, any::<Index>()).prop_map(cut).boxed()
}

/// JSON objects with a text in them that is not UTF-8.
fn with_a_stray_byte(bodies: BoxedStrategy<Bytes>) -> BoxedStrategy<Bytes> {
    let spoil = |body: Bytes| [b"{\"\xff\":1,", &body[1..]].concat().into();
    bodies.prop_map(spoil).boxed()
}
