//! The contract: every operation, found by path or by `operationId`.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use http::Method;
use serde_json::Value;
use wechatpay_texts::{Text, text};

use crate::{
    CallbackEvent, ContractError, Depth, Operation, PathTemplate, Provenance, built_in,
    entry::Entry,
    events::{Events, EventsByType, Webhooks},
    inline::inline,
    list::List,
    near::near,
    routes::{Branch, Literal, Node, Routes},
    upgrade::upgraded,
};

include!(concat!(env!("OUT_DIR"), "/index.rs"));

static BUILT_IN: Contract = Contract::built_in();

/// An index of operations.
#[derive(Debug)]
pub struct Contract {
    pub(crate) operations: List<Operation>,
    /// Indices of operations, ordered by `operationId`.
    pub(crate) by_id: List<u32>,
    /// Paths that come before all others.
    pub(crate) stubs: Option<Routes>,
    pub(crate) routes: Routes,
    /// The document it was read from; `None` for the built-in contract and those made of it.
    pub(crate) document: Option<Value>,
    pub(crate) events: Events,
}

/// Why no operation matches a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum RouteError {
    /// No operation has the path.
    #[text("no operation has this path")]
    UnknownPath,
    /// Operations have the path, but none of them has the method.
    #[text("no operation with this path has this method")]
    UnknownMethod,
}

impl Contract {
    /// The built-in contract. Its index is part of the program: this call does nothing.
    pub fn current() -> &'static Self {
        &BUILT_IN
    }

    /// The built-in contract as a value of its own. It shares the index, so that it costs nothing.
    pub const fn built_in() -> Self {
        Self {
            operations: List::BuiltIn(&OPERATIONS),
            by_id: List::BuiltIn(&BY_ID),
            stubs: None,
            routes: Routes {
                nodes: List::BuiltIn(&NODES),
                literals: List::BuiltIn(&LITERALS),
                ends: List::BuiltIn(&ENDS),
            },
            document: None,
            events: Events { has_built_in: true, own: EventsByType::new() },
        }
    }

    /// Reads the text of an OpenAPI document, 3.1 or 3.0, and checks all of it.
    ///
    /// # Errors
    /// [`ContractError`] names a part that is missing, wrong or not supported, and its place.
    pub fn parse(text: &str) -> Result<Self, ContractError> {
        let document = serde_json::from_str(text).map_err(|error| {
            ContractError::new(text!("expected JSON, found {error}")).on_line(error.line().max(1))
        })?;
        let document = upgraded(document)?;
        let (paths, own) = (document["paths"].as_object(), Webhooks::of_user(&document)?);
        if paths.is_none() && own.is_empty() {
            return Err(ContractError::new(text!("expected a document with paths, found none")));
        }
        let mut draft = Draft::default();
        for (path, item) in paths.into_iter().flatten() {
            let template = path.parse::<PathTemplate>();
            let template = template.map_err(|error| error.within(path).at(["paths", path]))?;
            for (key, _) in item.as_object().into_iter().flatten() {
                let operation = Operation::read(&document, &template, key);
                let added = operation.and_then(|operation| {
                    check_event(&operation, &own)?;
                    draft.add(operation)
                });
                added.map_err(|error| error.within(&format!("{key} {path}")).at(["paths", path, key]))?;
            }
        }
        Ok(Self {
            operations: List::Made(draft.operations),
            by_id: List::Made(draft.by_id.into_values().collect()),
            stubs: None,
            routes: draft.routes.into(),
            document: Some(document),
            events: Events { has_built_in: false, own },
        })
    }

    /// Every operation, by path.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation with this `operationId`.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        let found =
            self.by_id.binary_search_by(|index| self.operations[*index as usize].id().cmp(id)).ok()?;
        Some(&self.operations[self.by_id[found] as usize])
    }

    /// The `operationId` of each operation, by path.
    pub fn operation_ids(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(Operation::id)
    }

    /// The names of all families.
    pub fn families(&self) -> BTreeSet<&str> {
        self.operations.iter().map(Operation::family).filter(|family| !family.is_empty()).collect()
    }

    /// The operation that matches a request; `path` is percent-encoded, as sent. Of two that have its method, a stub, or
    /// the one with a literal where the other has a parameter.
    ///
    /// # Errors
    /// [`RouteError::UnknownPath`], a 404, or [`RouteError::UnknownMethod`], a 405.
    pub fn route(&self, method: &Method, path: &str) -> Result<&Operation, RouteError> {
        let mut error = RouteError::UnknownPath;
        let mut take = |index: usize| {
            let operation = &self.operations[index];
            error = RouteError::UnknownMethod;
            if operation.method() == method {
                ControlFlow::Break(operation)
            } else {
                ControlFlow::Continue(())
            }
        };
        let found = match &self.stubs {
            Some(stubs) => stubs.find(path, &mut take),
            None => ControlFlow::Continue(()),
        };
        let found = if found.is_break() { found } else { self.routes.find(path, take) };
        match found {
            ControlFlow::Break(operation) => Ok(operation),
            ControlFlow::Continue(()) => Err(error),
        }
    }

    /// The operation that an unknown path is meant for, if the path is only slightly misspelt.
    pub fn near(&self, path: &str) -> Option<&Operation> {
        near(&self.operations, path)
    }

    /// Every event that callbacks tell of, by `event_type`. The built-in ones are read at the first call of this or
    /// [`event`](Self::event), which takes some milliseconds.
    pub fn events(&self) -> Vec<&CallbackEvent> {
        self.events.all()
    }

    /// The event with this `event_type`.
    pub fn event(&self, event_type: &str) -> Option<&CallbackEvent> {
        self.events.get(event_type)
    }

    /// The event that an unknown name is meant for: one that is only slightly misspelt, or was renamed.
    pub fn near_event(&self, name: &str) -> Option<&CallbackEvent> {
        self.events.near(name)
    }

    /// The schemas of the document's `components`, by name, with every `$ref` replaced.
    ///
    /// # Errors
    /// If a `$ref` can't be replaced.
    pub fn schemas(&self) -> Result<BTreeMap<String, Value>, ContractError> {
        let (document, schemas) = match &self.document {
            Some(document) => (document, document["components"]["schemas"].clone()),
            None => (&*built_in::COMMON, built_in::schemas()),
        };
        let read = |(name, schema): (&String, _)| {
            let schema = inline(document, schema).map_err(|error| error.within(name))?;
            Ok((name.clone(), schema))
        };
        schemas.as_object().into_iter().flatten().map(read).collect()
    }
}

/// Checks that the event that an operation of a document sends is one of the document or a built-in one.
fn check_event(operation: &Operation, own: &EventsByType) -> Result<(), ContractError> {
    match operation.sends() {
        Some(event) if !own.contains_key(event) && Contract::current().event(event).is_none() => {
            let problem = text!("expected x-mock.sends to be an event, found {event}");
            Err(ContractError::new(problem).at(["x-mock", "sends"]))
        }
        _ => Ok(()),
    }
}

/// The parts of a contract while its document is read.
#[derive(Default)]
struct Draft {
    operations: Vec<Operation>,
    by_id: BTreeMap<String, u32>,
    routes: Branch,
}

impl Draft {
    fn add(&mut self, operation: Operation) -> Result<(), ContractError> {
        let index = u32::try_from(self.operations.len()).expect("a document is shorter than 4 GiB");
        let same_path = self.routes.entry(operation.path());
        let mut others = same_path.iter().map(|other| &self.operations[*other as usize]);
        if let Some(other) = others.find(|other| other.method() == operation.method()) {
            return Err(ContractError::new(text!("{other} has the same path")));
        }
        same_path.push(index);
        if self.by_id.insert(operation.id().into(), index).is_some() {
            let problem = text!("two operations have the operationId {id}", id = operation.id());
            return Err(ContractError::new(problem));
        }
        self.operations.push(operation);
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;
    use wechatpay_texts::Language;

    use super::*;

    pub(crate) fn contract(paths: &[(&str, &str)]) -> Result<Contract, ContractError> {
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
    fn an_operation_is_found_by_its_id() {
        let contract = Contract::current();
        assert!(contract.operation_ids().all(|id| contract.operation(id).unwrap().id() == id));
        assert!(contract.operation("none").is_none());
        assert!(contract.families().contains("pay-transactions"));
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
    fn every_built_in_path_leads_to_its_operation() {
        for operation in Contract::current().operations() {
            let path = operation.path().fill(["~"; 8]);
            let found = Contract::current().route(operation.method(), &path).unwrap();
            assert_eq!(found.id(), operation.id(), "{path}");
        }
        let error = |method, path| Contract::current().route(&method, path).unwrap_err();
        assert_eq!(error(Method::DELETE, "/v3/pay/transactions/jsapi"), RouteError::UnknownMethod);
        assert_eq!(error(Method::POST, "/v3/pay/transactions/none"), RouteError::UnknownPath);
    }

    #[test]
    fn an_error_is_in_the_current_language() {
        let error = Language::Chinese.within(|| Contract::parse("[]").unwrap_err());
        assert_eq!(error.to_string(), "应为 OpenAPI 文档，实际是 JSON，但不是对象");
    }

    #[test]
    fn an_error_names_the_problem_and_its_place() {
        let error = |paths| contract(paths).unwrap_err().to_string();
        assert_eq!(
            error(&[("get", "/a/{id}"), ("get", "/a/{other}")]),
            "get /a/{other}: path parameters: found a description of {}"
        );
        assert_eq!(error(&[("get", "/{x}")]), "get /{x}: path parameters: found a description of {}");
        assert!(error(&[("fetch", "/")]).starts_with("fetch /: expected one of the methods delete, get"));
        assert_eq!(
            Contract::parse("{}").unwrap_err().to_string(),
            "expected a document with paths, found none"
        );
    }

    #[test]
    fn two_operations_of_a_document_differ_in_method_or_path_and_in_id() {
        let described = |name: &str, id: &str| {
            let parameter = json!({ "name": name, "in": "path", "schema": { "type": "string" } });
            json!({ "get": { "operationId": id, "parameters": [parameter] } })
        };
        let error = |other: &str, id: &str| {
            let paths = json!({ "/a/{id}": described("id", "a"), other: described("other", id) });
            Contract::parse(&json!({ "paths": paths }).to_string()).unwrap_err().to_string()
        };
        assert_eq!(error("/a/{other}", "b"), "get /a/{other}: GET /a/{id} has the same path");
        assert_eq!(error("/b/{other}", "a"), "get /b/{other}: two operations have the operationId a");
    }
}
