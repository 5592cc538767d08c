//! Documents of users as OpenAPI 3.1 in the form that the rest of this crate reads.

use serde_json::{Map, Value};
use wechatpay_texts::text;

use crate::{ContractError, inline::resolve};

/// The document as OpenAPI 3.1, with the parameters that all operations of a path share at each of them.
///
/// # Errors
/// If it says that it is another version than 3.0 and 3.1. One that says nothing is 3.1.
pub(crate) fn upgraded(mut document: Value) -> Result<Value, ContractError> {
    if !document.is_object() {
        return Err(ContractError::new(text!("expected an OpenAPI document, found JSON that is no object")));
    }
    let key = if document.get("swagger").is_some() { "swagger" } else { "openapi" };
    if let Some(version) = document.get(key) {
        let version = version.as_str().unwrap_or_default().to_owned();
        let is = |minor: &str| version == minor || version.starts_with(&format!("{minor}."));
        if is("3.0") {
            convert(&mut document);
            document[key] = "3.1.0".into();
        } else if !is("3.1") {
            let problem = text!("expected OpenAPI 3.0 or 3.1, found {key} {version}");
            return Err(ContractError::new(problem).at([key]));
        }
    }
    share_parameters(&mut document);
    Ok(document)
}

/// Gives each operation the parameters of its path item, unless it has its own, and leaves only operations there.
fn share_parameters(document: &mut Value) {
    let mut paths = document["paths"].take();
    for (_, item) in paths.as_object_mut().into_iter().flatten() {
        let Some(item) = item.as_object_mut() else { continue };
        item.retain(|key, _| {
            !matches!(key.as_str(), "summary" | "description" | "servers") && !key.starts_with("x-")
        });
        let Some(Value::Array(shared)) = item.remove("parameters") else { continue };
        for operation in item.values_mut().filter_map(Value::as_object_mut) {
            let own = operation.entry("parameters").or_insert_with(|| Value::Array(Vec::new()));
            let Some(own) = own.as_array_mut() else { continue };
            let known: Vec<_> = own.iter().map(|parameter| identity(document, parameter)).collect();
            let others = shared.iter().filter(|parameter| !known.contains(&identity(document, parameter)));
            own.extend(others.cloned());
        }
    }
    if !paths.is_null() {
        document["paths"] = paths;
    }
}

/// The name of a parameter, and where it is.
fn identity(document: &Value, parameter: &Value) -> [Value; 2] {
    let parameter = resolve(document, parameter).unwrap_or(parameter);
    [parameter["name"].clone(), parameter["in"].clone()]
}

/// Converts the schemas in a part of an OpenAPI 3.0 document that is none itself.
fn convert(part: &mut Value) {
    match part {
        Value::Array(items) => items.iter_mut().for_each(convert),
        Value::Object(members) => {
            for (key, member) in members {
                match key.as_str() {
                    "schema" => convert_schema(member),
                    "schemas" => {
                        member.as_object_mut().into_iter().flatten().for_each(|(_, it)| convert_schema(it));
                    }
                    "example" | "examples" => {}
                    _ if key.starts_with("x-") => {}
                    _ => convert(member),
                }
            }
        }
        _ => {}
    }
}

fn convert_schema(schema: &mut Value) {
    let Value::Object(keywords) = schema else { return };
    if keywords.contains_key("$ref") {
        // OpenAPI 3.0 ignores rules beside it.
        keywords.retain(|keyword, _| {
            matches!(keyword.as_str(), "$ref" | "title" | "description" | "example")
                || keyword.starts_with("x-")
        });
    }
    for (keyword, value) in keywords.iter_mut() {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(fields)) => fields.values_mut().for_each(convert_schema),
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(convert_schema);
            }
            ("items" | "not" | "additionalProperties" | "contentSchema", inner) => convert_schema(inner),
            _ => {}
        }
    }
    if keywords.remove("nullable") == Some(true.into()) {
        allow_null(keywords);
    }
    for (limit, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        if let Some(Value::Bool(is_exclusive)) = keywords.get(exclusive).cloned() {
            keywords.remove(exclusive);
            let excluded = is_exclusive.then(|| keywords.remove(limit)).flatten();
            keywords.extend(excluded.map(|value| (exclusive.into(), value)));
        }
    }
    if let Some(example) = keywords.remove("example") {
        keywords.entry("examples").or_insert_with(|| Value::Array(vec![example]));
    }
    if keywords.get("format").is_some_and(|format| format == "binary") {
        keywords.entry("contentMediaType").or_insert_with(|| "application/octet-stream".into());
    }
}

/// `nullable: true` counts beside a type only.
fn allow_null(keywords: &mut Map<String, Value>) {
    let Some(name) = keywords.get("type").filter(|name| name.is_string()).cloned() else { return };
    keywords.insert("type".into(), Value::Array(vec![name, "null".into()]));
    if let Some(Value::Array(members)) = keywords.get_mut("enum")
        && !members.contains(&Value::Null)
    {
        members.push(Value::Null);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Contract;

    #[test]
    fn json_that_is_no_object_and_other_versions_are_no_document() {
        for (document, expected) in [
            (json!([]), "expected an OpenAPI document, found JSON that is no object"),
            (json!({ "openapi": "3.2.0" }), "expected OpenAPI 3.0 or 3.1, found openapi 3.2.0"),
            (json!({ "swagger": "2.0" }), "expected OpenAPI 3.0 or 3.1, found swagger 2.0"),
        ] {
            assert_eq!(upgraded(document).unwrap_err().to_string(), expected);
        }
        assert!(upgraded(json!({ "openapi": "3.1" })).is_ok());
    }

    #[test]
    fn the_schemas_of_openapi_3_0_become_those_of_3_1() {
        for (old, new) in [
            (json!({ "type": "string", "nullable": true }), json!({ "type": ["string", "null"] })),
            (
                json!({ "type": "string", "nullable": true, "enum": ["A"] }),
                json!({ "type": ["string", "null"], "enum": ["A", null] }),
            ),
            (json!({ "type": "string", "nullable": false }), json!({ "type": "string" })),
            (json!({ "nullable": true, "allOf": [] }), json!({ "allOf": [] })),
            (json!({ "minimum": 1, "exclusiveMinimum": true }), json!({ "exclusiveMinimum": 1 })),
            (json!({ "maximum": 9, "exclusiveMaximum": false }), json!({ "maximum": 9 })),
            (json!({ "example": { "schema": 1 } }), json!({ "examples": [{ "schema": 1 }] })),
            (
                json!({ "type": "string", "format": "binary" }),
                json!({ "type": "string", "format": "binary", "contentMediaType": "application/octet-stream" }),
            ),
            (
                json!({ "$ref": "#/a", "type": "string", "title": "名称" }),
                json!({ "$ref": "#/a", "title": "名称" }),
            ),
            (
                json!({ "properties": { "nullable": { "items": { "example": 1 } } } }),
                json!({ "properties": { "nullable": { "items": { "examples": [1] } } } }),
            ),
        ] {
            let document = |openapi: &str, schema: &Value| {
                let content =
                    json!({ "application/json": { "schema": schema, "example": { "nullable": true } } });
                let get = json!({ "requestBody": { "content": content } });
                let schemas = json!({ "named": schema });
                json!({ "openapi": openapi, "paths": { "/": { "get": get } }, "components": { "schemas": schemas } })
            };
            assert_eq!(upgraded(document("3.0.3", &old)), Ok(document("3.1.0", &new)));
            assert_eq!(upgraded(document("3.1.1", &old)), Ok(document("3.1.1", &old)), "3.1 stays as it is");
        }
    }

    #[test]
    fn another_version_is_an_error() {
        for (document, found) in [
            (json!({ "swagger": "2.0" }), "swagger 2.0"),
            (json!({ "openapi": "4.0.0" }), "openapi 4.0.0"),
            (json!({ "openapi": "3.10.0" }), "openapi 3.10.0"),
        ] {
            let error = upgraded(document).unwrap_err();
            assert_eq!(error.to_string(), format!("expected OpenAPI 3.0 or 3.1, found {found}"));
            assert_eq!(error.place().len(), 1);
        }
    }

    #[test]
    fn an_operation_has_the_parameters_of_its_path_unless_it_has_its_own() {
        let parameter = |name: &str, schema: &str| json!({ "name": name, "in": "path", "required": true, "schema": { "type": schema } });
        let get = json!({ "operationId": "get", "parameters": [parameter("b", "integer")] });
        let item = json!({
            "summary": "a path", "x-note": 1, "get": get, "put": { "operationId": "put" },
            "parameters": [{ "$ref": "#/components/parameters/a" }, parameter("b", "string")],
        });
        let components = json!({ "parameters": { "a": parameter("a", "string") } });
        let document = json!({ "paths": { "/{a}/{b}": item }, "components": components });
        let contract = Contract::parse(&document.to_string()).unwrap();
        let types = |id: &str| {
            let parameters = contract.operation(id).unwrap().parameters().iter();
            parameters
                .map(|one| (one.name.as_str(), one.schema.as_value()["type"].clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(types("get"), [("b", json!("integer")), ("a", json!("string"))]);
        assert_eq!(types("put"), [("a", json!("string")), ("b", json!("string"))]);
    }
}
