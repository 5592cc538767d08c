//! One operation of the contract: its place in the index, and its description.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use wechatpay_texts::text;

use crate::{
    ContractError, Depth, OperationError, Parameter, PathTemplate, Provenance, RequestBody, Resource,
    ResponseBody, Schema, built_in, description::Description, entry::Entry, inline::inline_operation, named,
};

/// An operation of the contract. What the index has is there at once; the rest is read when any of it is first used.
///
/// Reading takes up to a few milliseconds, in which only callers that need the same operation wait.
#[derive(Debug)]
pub struct Operation {
    method: Method,
    entry: Entry,
    source: Source,
    description: OnceLock<Box<Description>>,
}

/// Where an operation comes from, and its OpenAPI.
#[derive(Clone, Debug)]
enum Source {
    /// The place of its description among the built-in ones, and how long it is.
    BuiltIn(usize, usize),
    /// A document of the user's.
    Added(Arc<Value>),
    /// A stub of the user's.
    Stub(Arc<Value>),
}

impl Operation {
    /// An operation whose description is read later.
    pub(crate) const fn built_in(method: Method, entry: Entry, at: usize, length: usize) -> Self {
        Self { method, entry, source: Source::BuiltIn(at, length), description: OnceLock::new() }
    }

    /// Reads an operation of a document, and checks all of it; `key` is the method as OpenAPI writes it.
    pub(crate) fn read(document: &Value, path: &PathTemplate, key: &str) -> Result<Self, ContractError> {
        let entry = Entry::read(document, path, key)?;
        let method =
            key.to_uppercase().parse().map_err(|_| ContractError::new(text!("expected a method")))?;
        let source = inline_operation(document, &document["paths"][path.as_str()][key])?;
        let description = Description::read(&Value::Null, path, &source)?;
        description.check()?;
        named::check(&description)?;
        let source = Source::Added(source.into());
        Ok(Self { method, entry, source, description: Box::new(description).into() })
    }

    /// An operation of which nothing is known but its path: it accepts any body.
    pub(crate) fn stub(method: Method, path: PathTemplate) -> Self {
        let parameter = |name: &str| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
        let id = format!("stub {method} {path}");
        let source = json!({
            "operationId": id,
            "parameters": path.names().map(parameter).collect::<Vec<_>>(),
            "responses": {},
        });
        let entry = Entry {
            id: id.into(),
            path,
            family: "stub".into(),
            summary: Cow::default(),
            depth: Depth::Example,
            provenance: Provenance::Unstated,
            is_deprecated: false,
            needs_wechatpay_serial: false,
        };
        Self { method, entry, source: Source::Stub(source.into()), description: OnceLock::new() }
    }

    /// The same operation for another contract, not read yet.
    pub(crate) fn again(&self) -> Self {
        Self {
            method: self.method.clone(),
            entry: self.entry.clone(),
            source: self.source.clone(),
            description: OnceLock::new(),
        }
    }

    /// Whether it is part of the built-in contract.
    pub(crate) fn is_built_in(&self) -> bool {
        matches!(self.source, Source::BuiltIn(..))
    }

    /// Whether it is a stub of the user's, whose response is not described.
    pub fn is_stub(&self) -> bool {
        matches!(self.source, Source::Stub(_))
    }

    /// Its `operationId`.
    pub fn id(&self) -> &str {
        &self.entry.id
    }

    /// The same to keep, which costs nothing for a built-in operation.
    pub fn id_to_keep(&self) -> Cow<'static, str> {
        self.entry.id.clone()
    }

    /// Its method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Its path.
    pub fn path(&self) -> &PathTemplate {
        &self.entry.path
    }

    /// The family that it belongs to: the first segments of its path, mostly. Empty if the contract names none.
    pub fn family(&self) -> &str {
        &self.entry.family
    }

    /// Its name in the official documentation; empty if the contract has none.
    pub fn summary(&self) -> &str {
        &self.entry.summary
    }

    /// What the mock does with a valid request: `x-mock.depth`, [`Depth::Example`] if that is absent.
    pub fn depth(&self) -> Depth {
        self.entry.depth
    }

    /// How sure it is that the gateway has it.
    pub fn provenance(&self) -> Provenance {
        self.entry.provenance
    }

    /// Whether the documentation advises against it.
    pub fn is_deprecated(&self) -> bool {
        self.entry.is_deprecated
    }

    /// Whether requests should name, in `Wechatpay-Serial`, the key that signs the response or that fields are
    /// encrypted for: if `x-mock` says so. [`Schema::sensitive`] finds out whether a body has such fields.
    pub fn needs_wechatpay_serial(&self) -> bool {
        self.entry.needs_wechatpay_serial
    }

    /// Its behaviour in the mock, `x-mock`; `null` if the contract says nothing.
    pub fn mock(&self) -> &Value {
        &self.description().mock
    }

    /// What it does with documents, if its depth is [`Depth::Resource`].
    pub fn resource(&self) -> Option<&Resource> {
        self.description().resource.as_ref()
    }

    /// The event that its success is, which a callback tells of: `x-mock.sends`. [`Contract::event`](crate::Contract::event)
    /// has it.
    pub fn sends(&self) -> Option<&str> {
        self.mock()["sends"].as_str()
    }

    /// The schema of a document in a list, if it [lists](crate::Action::List) documents or has rules and says where they are.
    pub fn listed(&self) -> Option<&Schema> {
        self.description().listed.as_ref()
    }

    /// Whether all its query parameters are known, `x-mock.complete_query`, so that any other is an error.
    pub fn has_complete_query(&self) -> bool {
        self.mock()["complete_query"] == true
    }

    /// Whether its successful responses are signed, as all are but files: unless `x-mock.signed` is `false`.
    pub fn is_signed(&self) -> bool {
        self.mock()["signed"] != false
    }

    /// The errors of its own, beside those that every operation has.
    pub fn errors(&self) -> &[OperationError] {
        &self.description().errors
    }

    /// Its parameters: first path, then query, then headers.
    pub fn parameters(&self) -> &[Parameter] {
        &self.description().parameters
    }

    /// The body that it requires; `None` if it takes none.
    pub fn request_body(&self) -> Option<&RequestBody> {
        self.description().body.as_ref()
    }

    /// The JSON body that it requires; `None` if it takes none, or a form.
    pub fn body(&self) -> Option<&Schema> {
        match self.request_body() {
            Some(RequestBody::Json(schema)) => Some(schema),
            Some(RequestBody::Multipart(_)) | None => None,
        }
    }

    /// An example of its body. Of a form, only the fields that are text.
    pub fn example(&self) -> Option<&Value> {
        self.description().example.as_ref()
    }

    /// What its responses carry, by status or `default`.
    pub fn responses(&self) -> &BTreeMap<String, ResponseBody> {
        &self.description().responses
    }

    /// The decoded value of a path parameter; `None` if the path belongs to another operation.
    pub fn path_parameter(&self, path: &str, name: &str) -> Option<String> {
        let (_, value) = self.path().values(path)?.into_iter().find(|(known, _)| *known == name)?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    }

    fn description(&self) -> &Description {
        self.description.get_or_init(|| {
            let description = match &self.source {
                Source::BuiltIn(..) => Description::read(&built_in::COMMON, self.path(), &self.source()),
                Source::Added(source) | Source::Stub(source) => {
                    Description::read(&Value::Null, self.path(), source)
                }
            };
            Box::new(description.expect("it was read before, or by a test of the built-in contract"))
        })
    }

    /// Reads the description, compiles its schemas and makes its answers.
    #[cfg(test)]
    pub(crate) fn check(&self) -> Result<(), ContractError> {
        self.description().check()?;
        named::check(self.description())
    }

    /// Its successful response: its status and what it carries.
    pub fn success(&self) -> Option<(&str, &ResponseBody)> {
        self.description().success()
    }

    /// Its OpenAPI. A `$ref` in it points into what all built-in families share.
    pub(crate) fn source(&self) -> Value {
        match &self.source {
            Source::BuiltIn(at, length) => built_in::description(*at, *length),
            Source::Added(source) | Source::Stub(source) => Value::clone(source),
        }
    }
}

/// `PATCH /v3/…/rights`
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Contract, Location};

    #[test]
    fn an_operation_is_read_with_its_references() {
        let parameters = json!([
            { "name": "Accept-Language", "in": "header", "required": true, "schema": { "type": "string" } },
            { "name": "all", "in": "query", "schema": { "type": "boolean" } },
            { "name": "id", "in": "path", "schema": { "type": "string" } },
            { "$ref": "#/components/parameters/page" },
        ]);
        let document = json!({
            "info": { "x-family": "orders" },
            "paths": { "/orders/{id}": { "get": {
                "operationId": "orders", "summary": "查询订单", "deprecated": true, "x-provenance": "sdk",
                "x-mock": { "needs_wechatpay_serial": true, "depth": "rules", "key": "id" },
                "x-errors": [{ "status": 404, "code": "ORDER_NOT_EXIST" }],
                "parameters": parameters,
                "responses": {
                    "200": { "content": { "application/octet-stream": {} } },
                    "204": {},
                    "default": { "$ref": "#/components/responses/error" },
                },
            } } },
            "components": {
                "parameters": { "page": { "name": "page", "in": "query", "schema": { "type": "integer" } } },
                "responses": { "error": { "content": { "application/json": { "schema": {} } } } },
            },
        });
        let contract = Contract::parse(&document.to_string()).unwrap();
        let operation = &contract.operations()[0];
        assert_eq!((operation.family(), operation.summary()), ("orders", "查询订单"));
        assert_eq!((operation.depth(), operation.provenance()), (Depth::Rules, Provenance::Sdk));
        assert!(operation.is_deprecated() && operation.needs_wechatpay_serial() && operation.is_signed());
        assert_eq!(operation.mock()["key"], "id");
        let [error] = operation.errors() else { panic!("{:?}", operation.errors()) };
        assert_eq!(
            (error.status.as_u16(), error.code.as_str(), &error.message),
            (404, "ORDER_NOT_EXIST", &None)
        );

        let of = |it: &Parameter| (it.name.clone(), it.location, it.is_required);
        let expected = [
            ("id".into(), Location::Path, true),
            ("all".into(), Location::Query, false),
            ("page".into(), Location::Query, false),
            ("Accept-Language".into(), Location::Header, true),
        ];
        assert_eq!(operation.parameters().iter().map(of).collect::<Vec<_>>(), expected);
        let bodies: Vec<_> = operation.responses().values().collect();
        assert!(matches!(bodies[..], [ResponseBody::File, ResponseBody::Empty, ResponseBody::Json(_)]));
        assert_eq!(operation.path_parameter("/orders/%E9%A1%B5", "id").as_deref(), Some("页"));
    }

    #[test]
    fn an_operation_that_says_little_is_an_example_without_a_need_for_a_serial() {
        let document = json!({ "paths": { "/": { "get": { "operationId": "root" } } } });
        let contract = Contract::parse(&document.to_string()).unwrap();
        let operation = contract.operation("root").unwrap();
        assert_eq!((operation.depth(), operation.provenance()), (Depth::Example, Provenance::Unstated));
        assert!(!operation.needs_wechatpay_serial() && !operation.is_deprecated() && operation.is_signed());
        assert!(operation.mock().is_null() && operation.errors().is_empty() && operation.example().is_none());
    }

    #[test]
    fn an_unknown_depth_or_provenance_is_an_error() {
        for (keyword, value) in [("x-mock", json!({ "depth": "deep" })), ("x-provenance", json!("hearsay"))] {
            let mut operation = json!({ "operationId": "root" });
            operation[keyword] = value;
            let document = json!({ "paths": { "/": { "get": operation } } });
            let error = Contract::parse(&document.to_string()).unwrap_err().to_string();
            assert!(error.starts_with(&format!("get /: expected {keyword}")), "{error}");
        }
    }
}
