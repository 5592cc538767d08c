//! The document that describes every call, and which call is meant.

use std::sync::LazyLock;

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use wechatpay_openapi::PathTemplate;

use crate::{
    admin::{
        ROOT,
        handler::Handler,
        refusal::{Refusal, quoted},
    },
    suggest::nearest,
};

/// The description of everything under `/__mock/`, as the mock serves and obeys it: OpenAPI 3.1.
pub const ADMIN_OPENAPI: &str = include_str!("../../../fixtures/contract/admin.openapi.json");

/// The document, ready to use.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) operations: Vec<Operation>,
}

/// One call that is described.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: Method,
    /// The path with its parameters in braces.
    pub(super) path: PathTemplate,
    /// What it does.
    pub(super) summary: String,
    pub(super) handler: Handler,
    /// Names of the parameters that its query may have.
    pub(super) query: Vec<String>,
    pub(super) takes_body: bool,
}

/// The call that is meant.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) operation: &'static Operation,
    /// What stands in the places of the path's parameters, in their order.
    pub(super) values: Vec<String>,
}

impl Document {
    /// The document of this version.
    pub(super) fn current() -> &'static Self {
        static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
            let document = serde_json::from_str(ADMIN_OPENAPI).expect("the document is JSON");
            Document::read(&document).expect("the document describes every call completely")
        });
        &DOCUMENT
    }

    /// `None` if something is missing.
    fn read(document: &Value) -> Option<Self> {
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object()? {
            for (method, operation) in item.as_object()? {
                operations.push(Operation::read(document, path, method, operation)?);
            }
        }
        Some(Self { operations })
    }

    /// The call with this method and path.
    ///
    /// # Errors
    /// [`Refusal::UnknownPath`] or [`Refusal::UnknownMethod`].
    pub(super) fn route(&'static self, method: &Method, path: &str) -> Result<Route, Refusal> {
        let path = if path == ROOT { "/__mock/" } else { path };
        let at_path = self.operations.iter().filter_map(|operation| {
            let values = operation.path.values(path)?;
            let decoded = |(_, value)| percent_decode_str(value).decode_utf8_lossy().into_owned();
            Some(Route { operation, values: values.into_iter().map(decoded).collect() })
        });
        let mut methods = Vec::new();
        for route in at_path {
            if route.operation.method == *method {
                return Ok(route);
            }
            methods.push(route.operation.method.as_str());
        }
        match &methods[..] {
            [] => Err(self.unknown(path)),
            _ => Err(Refusal::UnknownMethod { allow: methods.join(", "), found: quoted(method.as_str()) }),
        }
    }

    fn unknown(&'static self, path: &str) -> Refusal {
        let known = self.operations.iter().map(|operation| operation.path.as_str());
        Refusal::UnknownPath { found: quoted(path), nearest: nearest(path, known).unwrap_or(ROOT) }
    }
}

impl Operation {
    fn read(document: &Value, path: &str, method: &str, operation: &Value) -> Option<Self> {
        let in_query = |parameter: &Value| {
            let parameter = match parameter["$ref"].as_str() {
                Some(reference) => document.pointer(reference.strip_prefix('#')?)?,
                None => parameter,
            };
            (parameter["in"] == "query").then(|| parameter["name"].as_str().map(Into::into))?
        };
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        Some(Self {
            method: method.to_uppercase().parse().ok()?,
            path: path.parse().ok()?,
            summary: operation["summary"].as_str()?.into(),
            handler: Handler::of(operation["operationId"].as_str()?)?,
            query: parameters.filter_map(in_query).collect(),
            takes_body: operation.get("requestBody").is_some(),
        })
    }
}

impl Route {
    /// Whether it is answered, in part at least, without a token.
    pub(super) fn is_public(&self) -> bool {
        self.operation.handler == Handler::ShowHealth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(method: &Method, path: &str) -> String {
        Document::current().route(method, path).unwrap_err().to_string()
    }

    #[test]
    fn a_route_has_the_decoded_values_of_its_path() {
        let route = Document::current().route(&Method::GET, "/__mock/merchants/190%30").unwrap();
        assert_eq!(
            (route.operation.handler, &route.values[..]),
            (Handler::ShowMerchant, &["1900".to_owned()][..])
        );
    }

    #[test]
    fn an_unknown_path_is_told_the_nearest() {
        assert!(refused(&Method::GET, "/__mock/exchange").contains("did you mean /__mock/exchanges?"));
    }

    #[test]
    fn an_unknown_method_is_told_those_that_there_are() {
        assert_eq!(refused(&Method::PUT, "/__mock/faults"), "expected DELETE, GET, POST, found \"PUT\"");
    }

    #[test]
    fn the_query_is_known_from_the_document() {
        let route = Document::current().route(&Method::GET, "/__mock/exchanges").unwrap();
        let names = ["merchant", "operation", "status", "code", "since", "after", "order", "limit", "wait"];
        assert_eq!(route.operation.query, names);
    }
}
