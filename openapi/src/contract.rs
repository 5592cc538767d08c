//! The contract: every operation, found by path or by `operationId`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
};

use http::Method;
use serde_json::Value;

use crate::{ContractError, Operation, PathTemplate, inline::inline, routes::Routes};

/// The text of the built-in contract, which the mock serves and enforces: OpenAPI 3.1.
pub const OPENAPI: &str = include_str!("../../fixtures/contract/openapi.json");

/// An index of operations.
#[derive(Debug)]
pub struct Contract {
    document: Arc<Value>,
    operations: Vec<Operation>,
    by_id: HashMap<String, usize>,
    routes: Routes,
}

/// Why no operation matches a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// No operation has the path.
    #[error("no operation has this path")]
    UnknownPath,
    /// Operations have the path, but none of them has the method.
    #[error("no operation with this path has this method")]
    UnknownMethod,
}

/// The methods that a path can describe.
const METHODS: [&str; 8] = ["delete", "get", "head", "options", "patch", "post", "put", "trace"];

impl Contract {
    /// The built-in contract.
    pub fn current() -> &'static Self {
        static CURRENT: LazyLock<Contract> =
            LazyLock::new(|| Contract::index(OPENAPI).expect("a test checks the built-in contract"));
        &CURRENT
    }

    /// Reads the text of an OpenAPI 3.1 document, and checks all of it.
    ///
    /// # Errors
    /// [`ContractError`] names a part that is missing, wrong or not supported, and its place.
    pub fn parse(text: &str) -> Result<Self, ContractError> {
        let contract = Self::index(text)?;
        contract.check()?;
        Ok(contract)
    }

    fn index(text: &str) -> Result<Self, ContractError> {
        let document = serde_json::from_str(text)
            .map_err(|error| ContractError::new(format!("expected JSON, found {error}")))?;
        let document: Arc<Value> = Arc::new(document);
        let paths = document["paths"].as_object();
        let paths = paths.ok_or_else(|| ContractError::new("expected a document with paths, found none"))?;
        let mut contract = Self {
            document: Arc::clone(&document),
            operations: Vec::new(),
            by_id: HashMap::new(),
            routes: Routes::default(),
        };
        for (path, item) in paths {
            let template = path.parse::<PathTemplate>().map_err(|error| error.within(path))?;
            for (key, _) in item.as_object().into_iter().flatten() {
                let operation = if METHODS.contains(&key.as_str()) {
                    Operation::index(&document, &template, key)
                } else {
                    Err(ContractError::new(format!("expected one of the methods {}", METHODS.join(", "))))
                };
                let added = operation.and_then(|operation| contract.add(operation));
                added.map_err(|error| error.within(&format!("{key} {path}")))?;
            }
        }
        Ok(contract)
    }

    fn add(&mut self, operation: Operation) -> Result<(), ContractError> {
        let index = self.operations.len();
        let same_path = self.routes.entry(operation.path());
        let mut others = same_path.iter().map(|other| &self.operations[*other]);
        if let Some(other) = others.find(|other| other.method() == operation.method()) {
            return Err(ContractError::new(format!("{other} has the same path")));
        }
        same_path.push(index);
        if self.by_id.insert(operation.id().into(), index).is_some() {
            return Err(ContractError::new(format!(
                "two operations have the operationId {}",
                operation.id()
            )));
        }
        self.operations.push(operation);
        Ok(())
    }

    /// Reads every description and compiles every schema.
    fn check(&self) -> Result<(), ContractError> {
        let checked =
            |operation: &Operation| operation.check().map_err(|error| error.within(&operation.to_string()));
        self.operations.iter().try_for_each(checked)
    }

    /// Every operation, by path.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation with this `operationId`.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.by_id.get(id).map(|index| &self.operations[*index])
    }

    /// The `operationId` of each operation.
    pub fn operation_ids(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(Operation::id)
    }

    /// The operation that matches a request; `path` is percent-encoded, as sent. Of two that have its method, the one
    /// with a literal where the other has a parameter.
    ///
    /// # Errors
    /// [`RouteError::UnknownPath`], a 404, or [`RouteError::UnknownMethod`], a 405.
    pub fn route(&self, method: &Method, path: &str) -> Result<&Operation, RouteError> {
        let at_path = self.routes.at(path);
        let mut candidates = at_path.iter().map(|index| &self.operations[*index]);
        match candidates.find(|operation| operation.method() == method) {
            Some(operation) => Ok(operation),
            None if at_path.is_empty() => Err(RouteError::UnknownPath),
            None => Err(RouteError::UnknownMethod),
        }
    }

    /// The operation that an unknown path is meant for, if the path is only slightly misspelt.
    pub fn near(&self, path: &str) -> Option<&Operation> {
        let slips = |operation| Some((slips(operation, path)?, operation));
        let (_, nearest) = self.operations.iter().filter_map(slips).min_by_key(|(slips, _)| *slips)?;
        Some(nearest)
    }

    /// The schemas of the document's `components`, by name, with every `$ref` replaced.
    ///
    /// # Errors
    /// If a `$ref` can't be replaced.
    pub fn schemas(&self) -> Result<BTreeMap<String, Value>, ContractError> {
        let schemas = self.document["components"]["schemas"].as_object().into_iter().flatten();
        let read = |(name, schema): (&String, _)| {
            let schema = inline(&self.document, schema).map_err(|error| error.within(name))?;
            Ok((name.clone(), schema))
        };
        schemas.map(read).collect()
    }
}

/// The longest path that may be misspelt, in bytes. (own choice)
const LONGEST_MISSPELT: usize = 512;

/// The most characters that are wrong in a misspelt path: enough for a missing `/v3`, and less than between two real
/// operations. (own choice)
const MOST_SLIPS: usize = 3;

/// The number of wrong characters in the path if it is meant for this operation; `None` if it is another one.
fn slips(operation: &Operation, path: &str) -> Option<usize> {
    if path.len() > LONGEST_MISSPELT {
        return None;
    }
    // Any value is right in the place of a parameter, even none.
    let mut known = operation.path().as_str().split('/');
    let sent = path.split('/').map(|sent| match known.next() {
        Some(parameter) if parameter.starts_with('{') => parameter.to_owned(),
        _ => sent.to_lowercase(),
    });
    let sent: Vec<_> = sent.collect();
    let known: Vec<_> = operation.path().as_str().split('/').collect();
    let is_like =
        |(sent, known): (&String, &&str)| sent == known || strsim::normalized_levenshtein(sent, known) > 0.5;
    if sent.len() == known.len() && !sent.iter().zip(&known).all(is_like) {
        return None;
    }
    let (sent, known) = (sent.join("/"), operation.path().as_str());
    let is_close = sent.len().abs_diff(known.len()) <= MOST_SLIPS;
    is_close.then(|| strsim::levenshtein(&sent, known)).filter(|slips| *slips <= MOST_SLIPS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contract(paths: &[(&str, &str)]) -> Result<Contract, ContractError> {
        let mut document = json!({ "paths": {} });
        for (method, path) in paths {
            document["paths"][path][method] = json!({
                "operationId": format!("{method} {path}"),
                "parameters": path.contains("{id}").then_some(
                    [json!({ "name": "id", "in": "path", "schema": { "type": "string" } })],
                ),
            });
        }
        Contract::parse(&document.to_string())
    }

    #[test]
    fn the_built_in_contract_is_complete() {
        let contract = Contract::parse(OPENAPI).unwrap();
        assert!(contract.schemas().unwrap().contains_key("error"));
        assert_eq!(contract.operation("set_rights").unwrap().id(), "set_rights");
    }

    #[test]
    fn every_field_of_a_request_has_a_chinese_name() {
        fn unnamed(schema: &Value, at: &str) -> Vec<String> {
            let is_unnamed = ["title", "x-title-traditional"].iter().any(|key| !schema[*key].is_string());
            let fields = schema["properties"].as_object().into_iter().flatten();
            let fields = fields.flat_map(|(name, field)| unnamed(field, &format!("{at}/{name}")));
            is_unnamed.then(|| at.to_owned()).into_iter().chain(fields).collect()
        }
        for operation in Contract::current().operations() {
            let parameters = operation.parameters().iter().map(|parameter| &parameter.schema);
            for schema in parameters.chain(operation.body()) {
                assert_eq!(unnamed(schema.as_value(), ""), Vec::<String>::new(), "{operation}");
            }
        }
    }

    #[test]
    fn a_literal_beats_a_parameter_unless_only_the_other_has_the_method() {
        let contract =
            contract(&[("get", "/a/{id}"), ("delete", "/a/{id}"), ("get", "/a/list"), ("post", "/a/list")]);
        let contract = contract.unwrap();
        let id = |method, path| contract.route(&method, path).map(Operation::id);
        assert_eq!(id(Method::GET, "/a/list"), Ok("get /a/list"));
        assert_eq!(id(Method::GET, "/a/1"), Ok("get /a/{id}"));
        assert_eq!(id(Method::DELETE, "/a/list"), Ok("delete /a/{id}"));
        assert_eq!(id(Method::POST, "/a/1"), Err(RouteError::UnknownMethod));
        assert_eq!(id(Method::GET, "/a/1/2"), Err(RouteError::UnknownPath));
    }

    #[test]
    fn a_misspelt_path_is_near_its_operation() {
        let near = |path: &str| Contract::current().near(path).map(Operation::id);
        for path in [
            "/v3/certificate",
            "/certificates",
            "/v3/Certificates/",
            "//v3/certificates",
            "/v3/v3/certificates",
        ] {
            assert_eq!(near(path), Some("list_certificates"), "{path}");
        }
        let cards = "/v3/marketing/membercard-open/cards";
        for path in ["1/codes/2/right", "1/code/2/rights", "/codes/2/rights", "a%2Fb/codes/2/rights/"] {
            assert_eq!(near(&format!("{cards}/{path}")), Some("set_rights"), "{path}");
        }
    }

    #[test]
    fn no_operation_is_near_an_unrelated_path() {
        let contract =
            contract(&[("post", "/v3/pay/transactions/app"), ("get", "/v3/certificates")]).unwrap();
        for path in [
            "/v3/none",
            "/v3/pay/transactions/h5",
            "/v3/pay/transactions/jsapi",
            "/v3/bill/tradebill",
            "/",
            "",
        ] {
            assert_eq!(contract.near(path).map(Operation::id), None, "{path}");
        }
        assert!(contract.near(&"/v3".repeat(20_000)).is_none());
        let cards = "/v3/marketing/membercard-open/cards";
        for path in ["1/codes/2/activate", "1/users/import", "1"] {
            assert!(Contract::current().near(&format!("{cards}/{path}")).is_none(), "{path}");
        }
    }

    #[test]
    fn an_error_names_the_problem_and_its_place() {
        let error = |paths| contract(paths).unwrap_err().to_string();
        assert_eq!(
            error(&[("get", "/a/{id}"), ("get", "/a/{other}")]),
            "get /a/{other}: GET /a/{id} has the same path"
        );
        assert_eq!(error(&[("get", "/{x}")]), "GET /{x}: path parameters: found a description of {}");
        assert!(error(&[("fetch", "/")]).starts_with("fetch /: expected one of the methods delete, get"));
        assert_eq!(
            Contract::parse("{}").unwrap_err().to_string(),
            "expected a document with paths, found none"
        );
    }

    #[test]
    fn a_description_is_read_and_compiled_when_it_is_first_needed() {
        let document = json!({ "paths": { "/": { "post": {
            "operationId": "post",
            "requestBody": { "content": { "application/json": { "schema": { "type": "nothing" } } } },
        } } } });
        assert!(Contract::index(&document.to_string()).is_ok());
        let error = Contract::parse(&document.to_string()).unwrap_err();
        assert!(error.to_string().starts_with("POST /: "), "{error}");
    }
}
