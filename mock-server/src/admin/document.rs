//! The OpenAPI description of everything under `/__mock/`, generated from the handlers and their types.

use std::{collections::BTreeSet, sync::LazyLock};

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::admin::{HEALTH, api, inspector::PAGE};

/// The refusals that all calls have in common: status, name, description.
const REFUSALS: [(&str, &str, &str); 8] = [
    ("400", "bad_request", "The query, the path, the headers or the body do not match this document."),
    ("401", "unauthorized", "The token is missing or wrong."),
    (
        "403",
        "forbidden",
        "A web page of another origin sent the request, or its Host does not name this machine.",
    ),
    (
        "404",
        "not_found",
        "It does not exist. Or /__mock/ is off, because the mock does not listen on a loopback address and has \
         no token.",
    ),
    ("405", "method_not_allowed", "The path does not have this method."),
    ("408", "too_late", "The body did not arrive in time."),
    ("413", "too_large", "The body is larger than the limit."),
    (
        "431",
        "head_too_large",
        "The request line and headers exceed the limit. If they are much larger, the connection is closed after a \
         response without a body.",
    ),
];

/// One call of this API.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Call {
    #[schema(pattern = "^(GET|POST|PUT|DELETE)$")]
    pub(super) method: String,
    /// The path, with parameters in braces.
    #[schema(pattern = "^/__mock/")]
    pub(super) path: String,
    what: String,
    /// The names of the query parameters.
    #[serde(skip)]
    pub(super) query: Vec<String>,
    #[serde(skip)]
    pub(super) takes_body: bool,
}

/// Every call, by path and method.
pub(super) fn calls() -> &'static [Call] {
    static CALLS: LazyLock<Vec<Call>> = LazyLock::new(|| {
        let paths = api().into_openapi().paths.paths;
        let paths = serde_json::to_value(paths).expect("descriptions always serialize");
        let calls = operations(&paths).map(|(path, method, operation)| {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let in_query = parameters.filter(|parameter| parameter["in"] == "query");
            Call {
                method: method.to_uppercase(),
                path: path.clone(),
                what: text(&operation["summary"]),
                query: in_query.map(|parameter| text(&parameter["name"])).collect(),
                takes_body: operation.get("requestBody").is_some(),
            }
        });
        calls.collect()
    });
    &CALLS
}

fn operations(paths: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    let of_path = |(path, item)| members(item).map(move |(method, operation)| (path, method, operation));
    members(paths).flat_map(of_path)
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().into()
}

/// The OpenAPI 3.1 description of everything under `/__mock/`, which a mock of this version serves at
/// `/__mock/openapi.json`.
pub fn admin_openapi() -> String {
    let generated = serde_json::to_value(api().into_openapi()).expect("descriptions always serialize");
    let (mut paths, mut schemas) = (generated["paths"].clone(), generated["components"]["schemas"].clone());
    add_constraints(&mut schemas);
    for (path, item) in paths.as_object_mut().into_iter().flatten() {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            complete_operation(path, operation);
        }
    }
    let mut extended = BTreeSet::new();
    for schema in [&paths, &schemas] {
        find_extended(schema, &mut extended);
    }
    complete_schemas(&mut paths, &extended, false);
    for (name, schema) in schemas.as_object_mut().into_iter().flatten() {
        complete_schemas(schema, &extended, extended.contains(&reference(name)));
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "wechatpay-mock: inspection and control",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Inspecting and controlling a mock of the WeChat Pay APIv3 gateway.",
            "description": "Not part of the gateway: responses are never signed, and calls are never in the journal. \
                A mock that listens on a loopback address admits every caller that names such an address in Host. \
                With a token, every caller must send it. On other addresses without a token, everything except \
                health is off. A web page of another origin is always refused. An unknown path gets \
                components/responses/not_found, and an unknown method components/responses/method_not_allowed.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" }
        },
        "servers": [{ "url": "http://127.0.0.1:8080", "description": "a mock started without options" }],
        "security": [{}, { "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "The value of --admin-token, WECHATPAY_MOCK_ADMIN_TOKEN or admin_token in the configuration."
            } },
            "responses": refusals(),
            "schemas": schemas
        }
    });
    document.to_string()
}

fn reference(schema: &str) -> String {
    format!("#/components/schemas/{schema}")
}

fn refusals() -> Value {
    let content = json!({ "application/json": { "schema": { "$ref": reference("Error") } } });
    let refusal = |(_, name, description): (&str, &str, &str)| {
        (name.to_owned(), json!({ "description": description, "content": content }))
    };
    let mut refusals = Value::Object(REFUSALS.into_iter().map(refusal).collect());
    let header = |schema| json!({ "required": true, "schema": schema });
    refusals["unauthorized"]["headers"] = json!({ "WWW-Authenticate": header(json!({ "const": "Bearer" })) });
    refusals["method_not_allowed"]["headers"] = json!({ "Allow": header(json!({ "type": "string" })) });
    refusals
}

/// Adds the constraints that the types cannot express.
fn add_constraints(schemas: &mut Value) {
    let pairs = json!({
        "platform_serial": ["platform_certificate"],
        "platform_certificate": ["platform_serial"],
        "public_key_id": ["public_key"],
        "public_key": ["public_key_id"]
    });
    let places = json!({
        r"^(path|query)\..": {
            "description": "The value of a parameter: path.out_trade_no, query.limit.",
            "type": ["string", "number", "boolean"]
        },
        r"^body\./([^~]|~[01])*$": {
            "description": "The value at a JSON pointer into the body: body./amount/total. Of an object, at least these fields.",
            "not": { "type": "null" }
        }
    });
    let constraints = json!({
        "Between": { "anyOf": [
            { "properties": { "at_least": { "minimum": 1 } }, "required": ["at_least"] },
            { "required": ["at_most"] }
        ] },
        "Credentials": { "dependentRequired": pairs },
        "KnownCredentials": { "dependentRequired": pairs },
        "FaultMatch": { "patternProperties": places },
        "Expectation": { "patternProperties": places },
        "FaultRule": {
            "anyOf": [{ "required": ["fault"] }, { "required": ["error"] }, { "required": ["latency"] }],
            "not": { "required": ["fault", "error"] }
        }
    });
    for (name, constraint) in members(&constraints) {
        if let Some(schema) = schemas[name].as_object_mut() {
            schema.extend(constraint.as_object().cloned().unwrap_or_default());
        }
    }
}

/// Adds the refusals that all calls have in common, and forbids a null body.
fn complete_operation(path: &str, operation: &mut Value) {
    if let Some(body) = operation.pointer_mut("/requestBody/content/application~1json/schema") {
        forbid_null(body);
    }
    for (status, name, _) in REFUSALS {
        let is_given = match status {
            // Health is open to everyone.
            "404" => path != HEALTH,
            "401" => path != HEALTH && !path.starts_with(PAGE),
            // The refused method belongs to another operation, or to none.
            "405" => false,
            // Some refuse the body in a form of their own.
            "400" => operation["responses"]["400"].is_null(),
            _ => true,
        };
        if is_given {
            operation["responses"][status] = json!({ "$ref": format!("#/components/responses/{name}") });
        }
    }
}

/// Finds the schemas that an `allOf` extends.
fn find_extended(value: &Value, extended: &mut BTreeSet<String>) {
    for part in value["allOf"].as_array().into_iter().flatten() {
        extended.extend(part["$ref"].as_str().map(Into::into));
    }
    members(value).for_each(|(_, member)| find_extended(member, extended));
    value.as_array().into_iter().flatten().for_each(|item| find_extended(item, extended));
}

/// Forbids undescribed members in every object, and null for every optional member. An `allOf` and the schemas that it
/// extends are closed together.
fn complete_schemas(value: &mut Value, extended: &BTreeSet<String>, is_part: bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| complete_schemas(item, extended, is_part)),
        Value::Object(schema) => {
            complete_object(schema, extended, is_part);
            for (name, member) in schema {
                complete_schemas(member, extended, is_part || name == "allOf");
            }
        }
        _ => {}
    }
}

fn complete_object(schema: &mut Map<String, Value>, extended: &BTreeSet<String>, is_part: bool) {
    let is_extended = schema.get("$ref").and_then(Value::as_str).is_some_and(|name| extended.contains(name));
    if is_part {
        schema.remove("additionalProperties");
    } else if schema.contains_key("allOf") || is_extended {
        schema.insert("unevaluatedProperties".into(), false.into());
    } else if schema.get("type") == Some(&json!("object")) && schema.contains_key("properties") {
        // Unless any field may be there.
        schema.entry("additionalProperties").or_insert(false.into());
    }
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |name: &String| required.as_array().is_some_and(|all| all.contains(&json!(name)));
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties
            .iter_mut()
            .filter(|(name, _)| !is_required(name))
            .for_each(|(_, member)| forbid_null(member));
    }
    if required == json!(false)
        && let Some(parameter) = schema.get_mut("schema")
    {
        forbid_null(parameter);
    }
}

fn forbid_null(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    if object.get("default") == Some(&Value::Null) {
        object.remove("default");
    }
    if let Some(types) = object.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|kind| kind != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            object.insert("type".into(), only);
        }
    }
    if let Some(choices) = object.get_mut("oneOf").and_then(Value::as_array_mut) {
        choices.retain(|choice| choice["type"] != "null");
    }
}
