//! Checks that an operation has the fields, states and errors that its `x-mock` names.

use serde_json::Value;
use wechatpay_texts::text;

use crate::{
    Action, ContractError, Key, State,
    description::{Description, RequestBody},
    shape::{branches, child, schema_at},
};

/// Checks the names of the resource, if there is one.
///
/// # Errors
/// The first that the operation does not have.
pub(crate) fn check(description: &Description) -> Result<(), ContractError> {
    let Some(resource) = &description.resource else { return Ok(()) };
    let names = Names(description);
    let answer = description.answer();
    let at = answer.and_then(|schema| schema_at(schema, &resource.at));
    if !resource.at.is_empty() && at.is_none() {
        return Err(missing("in", &resource.at));
    }
    if resource.action == Action::List && description.listed.is_none() {
        return Err(ContractError::new(text!(
            "expected in to be the place of a list of objects in the answer"
        )));
    }
    for key in &resource.keys {
        let of_answer = |name: &str| at.is_some_and(|answer| has(answer, name));
        if let Some(name) = key.names().find(|name| !names.request_has(name) && !of_answer(name)) {
            return Err(missing("key", name));
        }
    }
    let is_sent = |key: &Key| key.names().all(|name| names.request_has(name));
    if !(matches!(resource.action, Action::Create | Action::List) || resource.keys.iter().any(is_sent)) {
        return Err(ContractError::new(text!("expected a key that the request has")));
    }
    if resource.item.is_some() && resource.action != Action::Read {
        return Err(ContractError::new(text!("expected an item of a document that is read")));
    }
    if let Some(total) = &resource.total
        && answer.and_then(|schema| schema_at(schema, total)).is_none()
    {
        return Err(missing("total", total));
    }
    if let Some(paging) = &resource.paging {
        let names_of = paging.size.iter().map(String::as_str).chain([paging.start.name()]);
        if let Some(name) = names_of.into_iter().find(|name| !names.request_has(name)) {
            return Err(missing("paging", name));
        }
    }
    let otherwise = resource.state.as_ref().and_then(|state| state.otherwise.as_ref());
    for code in resource.repeat.iter().chain(otherwise) {
        if !description.errors.iter().any(|error| error.code == *code) {
            return Err(missing("x-errors", code));
        }
    }
    resource.state.as_ref().map_or(Ok(()), |state| of_enum(state, at))
}

/// Checks that the field, if the answer has it, may have the state that it shows.
fn of_enum(state: &State, answer: Option<&Value>) -> Result<(), ContractError> {
    let field = answer.and_then(|schema| child(schema, &state.field));
    let Some(members) = field.and_then(|field| field["enum"].as_array()) else { return Ok(()) };
    let shown = state.first.as_ref().or(state.to.as_ref());
    match shown.filter(|name| !members.iter().any(|member| member == name.as_str())) {
        None => Ok(()),
        Some(name) => Err(missing(&text!("the enum of {field}", field = state.field), name)),
    }
}

fn missing(of: &str, name: &str) -> ContractError {
    ContractError::new(text!("found no {name}, which x-mock names ({of})"))
}

/// The names in a request.
struct Names<'d>(&'d Description);

impl Names<'_> {
    fn request_has(&self, name: &str) -> bool {
        let body = self.0.body.as_ref().and_then(|body| match body {
            RequestBody::Json(schema) => Some(schema),
            RequestBody::Multipart(form) => form.meta(),
        });
        self.0.parameters.iter().any(|parameter| parameter.name == name)
            || body.is_some_and(|schema| has(schema.as_value(), name))
    }
}

/// Whether a value of this schema has a field of this name, at any depth outside lists.
fn has(schema: &Value, name: &str) -> bool {
    let fields = schema["properties"].as_object().into_iter().flatten();
    schema["properties"].get(name).is_some()
        || fields.map(|(_, field)| field).chain(branches(schema)).any(|inner| has(inner, name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Contract;

    /// The problem with an operation that lists orders, after this change of its description.
    fn problem(change: impl FnOnce(&mut Value)) -> Option<String> {
        let text = json!({ "type": "string", "examples": ["1"] });
        let state = json!({ "type": "string", "enum": ["NEW", "PAID"] });
        let order = json!({ "type": "object", "properties": { "order_id": text, "state": state } });
        let count = json!({ "type": "integer", "examples": [1] });
        let orders = json!({ "type": "array", "items": order });
        let answer = json!({ "type": "object", "properties": { "data": orders, "total_count": count } });
        let parameter = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "integer" } });
        let mut operation = json!({
            "operationId": "list", "parameters": [parameter("limit"), parameter("offset")],
            "x-mock": {
                "depth": "resource", "document": "order", "action": "list", "in": "/data", "total": "/total_count",
                "paging": { "size": "limit", "offset": "offset" },
            },
            "x-errors": [{ "status": 400, "code": "ORDER_CLOSED" }],
            "responses": { "200": { "content": { "application/json": { "schema": answer } } } },
        });
        change(&mut operation);
        let document = json!({ "paths": { "/orders": { "get": operation } } });
        Contract::parse(&document.to_string()).err().map(|error| error.to_string())
    }

    #[test]
    fn what_is_named_must_be_there() {
        assert_eq!(problem(|_| ()), None);
        for (keyword, value, expected) in [
            ("in", json!("/list"), "/list"),
            ("in", json!("/total_count"), "expected in to be the place of a list"),
            ("total", json!("/total"), "/total"),
            ("item", json!("/details"), "expected an item of a document that is read"),
            ("key", json!(["order_no"]), "order_no"),
            ("action", json!("read"), "a list of names as key"),
            ("paging", json!({ "page": "page" }), "page"),
            ("repeat", json!("ORDER_PAID"), "ORDER_PAID"),
            ("state", json!({ "field": "state", "else": "ORDER_PAID" }), "ORDER_PAID"),
        ] {
            let found = problem(|operation| operation["x-mock"][keyword] = value).unwrap();
            assert!(found.starts_with("get /orders: ") && found.contains(expected), "{keyword}: {found}");
        }
    }

    #[test]
    fn a_state_is_a_member_of_the_enum_of_its_field() {
        let create = |state: &str| {
            problem(|operation| {
                let answer = "/responses/200/content/application~1json/schema";
                let order = operation.pointer(&format!("{answer}/properties/data/items")).unwrap().clone();
                *operation.pointer_mut(answer).unwrap() = order;
                operation["x-mock"] = json!({
                    "depth": "resource", "document": "order", "action": "create", "key": ["order_id"],
                    "state": { "field": "state", "first": state },
                });
            })
        };
        assert_eq!(create("PAID"), None);
        assert!(create("GONE").unwrap().ends_with("found no GONE, which x-mock names (the enum of state)"));
    }
}
