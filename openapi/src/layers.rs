//! The built-in contract with operations of the user's on top of it.

use std::{
    collections::{BTreeMap, HashMap},
    ptr,
};

use http::Method;
use wechatpay_texts::text;

use crate::{
    Contract, ContractError, Depth, Operation, PathTemplate,
    events::Events,
    list::List,
    routes::{Branch, Routes},
};

impl Contract {
    /// The contract with the operations and events of another one, which was [read](Contract::parse) from a document. An
    /// operation of the same method and path replaces the built-in one, as does an event of the same name.
    ///
    /// # Errors
    /// If an event is one that was added before, or an operation has the method and path of one that was added before, or the `operationId` of another, or is of
    /// the depth `rules`, for which it would need code.
    pub fn with(&self, added: &Contract) -> Result<Self, ContractError> {
        let mut operations: HashMap<_, _> = self.operations().iter().map(|one| (route(one), one)).collect();
        for operation in added.operations() {
            if operation.depth() == Depth::Rules {
                let problem = text!(
                    "expected x-mock.depth to be example or resource, found rules, for which there is no code"
                );
                return Err(at(operation, ContractError::new(problem).at(["x-mock", "depth"])));
            }
            let same_route = operations.insert(route(operation), operation);
            if same_route.is_some_and(|other| !other.is_built_in()) {
                let problem = text!("expected each method and path once, found it in another file too");
                return Err(at(operation, ContractError::new(problem)));
            }
        }
        for operation in added.operations() {
            let same_id = self.operation(operation.id());
            let is_replaced = |other: &&Operation| !ptr::eq(operations[&route(other)], *other);
            if let Some(other) = same_id.filter(|other| !is_replaced(other)) {
                let problem = text!("{other} has the operationId {id} too", id = operation.id());
                return Err(at(operation, ContractError::new(problem).at(["operationId"])));
            }
        }
        let mut events = self.events.clone();
        for (event_type, event) in &added.events.own {
            if events.own.insert(event_type.clone(), event.clone()).is_some() {
                let problem = text!("expected each event once, found it in another file too");
                return Err(ContractError::new(problem).within(event_type).at(["webhooks", event_type]));
            }
        }
        Ok(Self::of(operations.into_values().map(Operation::again).collect(), events))
    }

    /// The contract with routes of which nothing is known but method and path: any body will do. They come before every
    /// other operation that has their path. Of two of the same shape, the later counts.
    #[must_use]
    pub fn with_stubs(&self, stubs: impl IntoIterator<Item = (Method, PathTemplate)>) -> Self {
        let mut operations: HashMap<_, _> =
            self.operations().iter().map(|one| (route(one), one.again())).collect();
        operations.extend(stubs.into_iter().map(|(method, path)| {
            let stub = Operation::stub(method, path);
            (route(&stub), stub)
        }));
        Self::of(operations.into_values().collect(), self.events.clone())
    }

    /// Makes the index of these operations, whose routes and IDs differ.
    fn of(mut operations: Vec<Operation>, events: Events) -> Self {
        operations.sort_by(|one, other| order(one).cmp(&order(other)));
        let (mut stubs, mut routes, mut by_id) = (Branch::default(), Branch::default(), BTreeMap::new());
        for (index, operation) in (0..).zip(&operations) {
            let tree = if operation.is_stub() { &mut stubs } else { &mut routes };
            tree.entry(operation.path()).push(index);
            by_id.insert(operation.id(), index);
        }
        let has_stubs = operations.iter().any(Operation::is_stub);
        Self {
            by_id: List::Made(by_id.into_values().collect()),
            stubs: has_stubs.then(|| Routes::from(stubs)),
            routes: routes.into(),
            operations: List::Made(operations),
            document: None,
            events,
        }
    }
}

/// What two operations can't both have.
fn route(operation: &Operation) -> (bool, Method, String) {
    (operation.is_stub(), operation.method().clone(), operation.path().shape())
}

/// What operations are ordered by.
fn order(operation: &Operation) -> (&str, &str, bool) {
    (operation.path().as_str(), operation.method().as_str(), operation.is_stub())
}

/// The error, with the place of the operation that it is about.
fn at(operation: &Operation, error: ContractError) -> ContractError {
    let (path, key) = (operation.path().as_str(), operation.method().as_str().to_lowercase());
    error.within(&format!("{key} {path}")).at(["paths", path, &key])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{RouteError, contract::tests::contract};

    fn found(contract: &Contract, method: &Method, path: &str) -> Result<String, RouteError> {
        contract.route(method, path).map(|operation| operation.id().to_owned())
    }

    #[test]
    fn added_operations_are_found_beside_the_built_in_ones() {
        let added = contract(&[("get", "/v3/shop/{id}"), ("get", "/v3/shop/list")]).unwrap();
        let merged = Contract::current().with(&added).unwrap();
        assert_eq!(merged.operations().len(), Contract::current().operations().len() + 2);
        assert_eq!(found(&merged, &Method::GET, "/v3/shop/1").as_deref(), Ok("get /v3/shop/{id}"));
        assert_eq!(found(&merged, &Method::GET, "/v3/shop/list").as_deref(), Ok("get /v3/shop/list"));
        assert_eq!(found(&merged, &Method::GET, "/v3/certificates").as_deref(), Ok("list_certificates"));
        assert_eq!(found(&merged, &Method::PUT, "/v3/shop/1"), Err(RouteError::UnknownMethod));
        assert_eq!(merged.near("/v3/shp/1").map(Operation::id), Some("get /v3/shop/{id}"));
        assert!(merged.operation_ids().all(|id| merged.operation(id).is_some_and(|found| found.id() == id)));
        // The built-in contract stays as it is.
        assert!(Contract::current().operation("get /v3/shop/list").is_none());
    }

    #[test]
    fn an_operation_replaces_the_built_in_one_of_its_method_and_path() {
        let path = "/v3/marketing/membercard-open/cards/{id}/codes/{code}/rights";
        let parameter = |name| json!({ "name": name, "in": "path", "schema": { "type": "string" } });
        let patch = json!({ "operationId": "own", "parameters": [parameter("id"), parameter("code")] });
        let document = json!({ "paths": { path: { "patch": patch } } });
        let added = Contract::parse(&document.to_string()).unwrap();
        let merged = Contract::built_in().with(&added).unwrap();
        assert_eq!(merged.operations().len(), Contract::current().operations().len());
        let sent = "/v3/marketing/membercard-open/cards/1/codes/2/rights";
        assert_eq!(found(&merged, &Method::PATCH, sent).as_deref(), Ok("own"));
        assert!(merged.operation("set_rights").is_none());
        let operation = merged.operation("own").unwrap();
        assert_eq!(operation.parameters().len(), 2);
        let document: Value = serde_json::from_str(&merged.document()).unwrap();
        let described = &document["paths"][path]["patch"];
        assert_eq!(described["operationId"], "own");
        assert_eq!(described["responses"]["default"]["$ref"], "#/components/responses/refusal");
    }

    #[test]
    fn what_can_not_be_added_is_an_error_with_its_place() {
        let one = |key: &str, path: &str, operation: &Value| {
            Contract::parse(&json!({ "paths": { path: { key: operation } } }).to_string()).unwrap()
        };
        let first = one("get", "/v3/shop", &json!({ "operationId": "shop" }));
        let merged = Contract::current().with(&first).unwrap();
        for (added, problem, place) in [
            (
                one("get", "/v3/shop", &json!({ "operationId": "other" })),
                "get /v3/shop: expected each method and path once, found it in another file too",
                &["paths", "/v3/shop", "get"][..],
            ),
            (
                one("post", "/v3/shop", &json!({ "operationId": "list_certificates" })),
                "post /v3/shop: GET /v3/certificates has the operationId list_certificates too",
                &["paths", "/v3/shop", "post", "operationId"],
            ),
            (
                one("post", "/v3/shop", &json!({ "operationId": "own", "x-mock": { "depth": "rules" } })),
                "post /v3/shop: expected x-mock.depth to be example or resource, found rules,",
                &["paths", "/v3/shop", "post", "x-mock", "depth"],
            ),
        ] {
            let error = merged.with(&added).unwrap_err();
            assert!(error.to_string().starts_with(problem), "{error}");
            assert_eq!(error.place(), place);
        }
    }

    #[test]
    fn a_stub_comes_before_every_operation_with_its_path() {
        let stubs = [(Method::GET, "/v3/{any}"), (Method::POST, "/v3/shop")];
        let stubs = stubs.map(|(method, path)| (method, path.parse().unwrap()));
        let merged = Contract::current().with_stubs(stubs);
        assert_eq!(found(&merged, &Method::GET, "/v3/certificates").as_deref(), Ok("stub GET /v3/{any}"));
        assert_eq!(found(&merged, &Method::POST, "/v3/shop").as_deref(), Ok("stub POST /v3/shop"));
        assert_eq!(found(&merged, &Method::DELETE, "/v3/shop"), Err(RouteError::UnknownMethod));
        assert_eq!(found(&merged, &Method::GET, "/v3/shop/1"), Err(RouteError::UnknownPath));
        let stub = merged.operation("stub GET /v3/{any}").unwrap();
        assert!(stub.is_stub() && stub.request_body().is_none() && stub.parameters().len() == 1);
        // Stubs stay where they are when operations are added.
        let added = contract(&[("get", "/v3/shop")]).unwrap();
        let both = merged.with(&added).unwrap();
        assert_eq!(found(&both, &Method::GET, "/v3/shop").as_deref(), Ok("stub GET /v3/{any}"));
    }
}
