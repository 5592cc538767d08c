//! Resolves `$ref`.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use wechatpay_texts::text;

use crate::error::ContractError;

/// The longest chain of `$ref` and the deepest nesting of schemas. (own choice)
const MAX_DEPTH: usize = 32;

/// Keywords that forbid no value: beside a `$ref` they replace its target's.
const ANNOTATIONS: [&str; 5] = ["title", "description", "default", "example", "examples"];

/// The target of a `$ref`, or the value itself if it is none.
///
/// # Errors
/// If its target is outside the document, missing or circular.
pub(crate) fn resolve<'d>(document: &'d Value, mut value: &'d Value) -> Result<&'d Value, ContractError> {
    for _ in 0..MAX_DEPTH {
        let Some(reference) = value["$ref"].as_str() else { return Ok(value) };
        let pointer =
            reference.strip_prefix('#').map(|pointer| percent_decode_str(pointer).decode_utf8_lossy());
        let target = pointer.and_then(|pointer| document.pointer(&pointer));
        value = target.ok_or_else(|| ContractError::new(text!("{reference} is not in the document")))?;
    }
    Err(ContractError::new(text!("$ref is circular")))
}

/// A schema with every `$ref` in it replaced by its target.
///
/// # Errors
/// As [`resolve`], and if the schema contains itself.
pub(crate) fn inline(document: &Value, schema: &Value) -> Result<Value, ContractError> {
    inline_at(document, schema, MAX_DEPTH)
}

fn inline_at(document: &Value, schema: &Value, levels_left: usize) -> Result<Value, ContractError> {
    let Value::Object(keywords) = schema else { return Ok(schema.clone()) };
    let levels_left = levels_left.checked_sub(1);
    let levels_left =
        levels_left.ok_or_else(|| ContractError::new(text!("the schema has too many levels")))?;
    let inner = |schema| inline_at(document, schema, levels_left);
    let mut inlined = Map::new();
    for (keyword, value) in keywords.iter().filter(|(keyword, _)| *keyword != "$ref") {
        let value = match (keyword.as_str(), value) {
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                schemas.iter().map(inner).collect::<Result<Vec<_>, _>>()?.into()
            }
            ("properties", Value::Object(fields)) => {
                let field = |(name, field): (&String, _)| {
                    Ok((name.clone(), inner(field).map_err(|error| error.within(name))?))
                };
                fields.iter().map(field).collect::<Result<Map<_, _>, ContractError>>()?.into()
            }
            ("additionalProperties" | "contentSchema" | "items", _) => inner(value)?,
            _ => value.clone(),
        };
        inlined.insert(keyword.clone(), value);
    }
    if !keywords.contains_key("$ref") {
        return Ok(inlined.into());
    }
    let Value::Object(mut target) = inner(resolve(document, schema)?)? else {
        return Err(ContractError::new(text!("expected $ref to point to an object")));
    };
    let is_rule = |keyword: &&String| !ANNOTATIONS.contains(&keyword.as_str());
    if let Some(keyword) = inlined.keys().find(|keyword| target.contains_key(*keyword) && is_rule(keyword)) {
        return Err(ContractError::new(text!("{keyword} is beside $ref and in its target: use allOf")));
    }
    target.extend(inlined);
    Ok(target.into())
}

/// The operation with every `$ref` in its parameters, body and responses replaced by its target.
///
/// # Errors
/// As [`inline`].
pub(crate) fn inline_operation(document: &Value, operation: &Value) -> Result<Value, ContractError> {
    let mut inlined = operation.clone();
    let parameters = inlined.get_mut("parameters").and_then(Value::as_array_mut);
    for (index, parameter) in parameters.into_iter().flatten().enumerate() {
        let resolved = resolve(document, parameter).cloned();
        let read = resolved.and_then(|resolved| {
            *parameter = resolved;
            inline_schema(document, parameter)
        });
        read.map_err(|error| error.within("parameters").at(["parameters", &index.to_string()]))?;
    }
    if let Some(body) = inlined.get_mut("requestBody") {
        inline_content(document, body).map_err(|error| error.within("body").at(["requestBody"]))?;
    }
    let responses = inlined.get_mut("responses").and_then(Value::as_object_mut);
    for (status, response) in responses.into_iter().flatten() {
        inline_content(document, response).map_err(|error| error.within(status).at(["responses", status]))?;
    }
    Ok(inlined)
}

fn inline_content(document: &Value, holder: &mut Value) -> Result<(), ContractError> {
    *holder = resolve(document, holder)?.clone();
    let content = holder.get_mut("content").and_then(Value::as_object_mut);
    content.into_iter().flatten().try_for_each(|(_, content)| inline_schema(document, content))
}

fn inline_schema(document: &Value, holder: &mut Value) -> Result<(), ContractError> {
    if let Some(schema) = holder.get_mut("schema") {
        *schema = inline(document, schema)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn inlined(schema: &Value) -> Result<Value, String> {
        let document = json!({
            "name": { "type": "string", "title": "名称" },
            "goods": { "properties": { "name": { "$ref": "#/name", "title": "商品名称" } } },
            "a/b": { "$ref": "#/goods" },
            "endless": { "items": { "$ref": "#/endless" } },
            "circle": { "$ref": "#/circle" },
        });
        inline(&document, schema).map_err(|error| error.to_string())
    }

    #[test]
    fn references_are_replaced_at_any_depth() {
        let schema = json!({ "type": "array", "items": { "allOf": [{ "$ref": "#/a~1b" }] } });
        let name = json!({ "type": "string", "title": "商品名称" });
        let expected = json!({ "type": "array", "items": { "allOf": [{ "properties": { "name": name } }] } });
        assert_eq!(inlined(&schema), Ok(expected));
    }

    #[test]
    fn a_reference_that_can_not_be_replaced_is_an_error() {
        for (schema, error) in [
            (json!({ "$ref": "#/none" }), "#/none is not in the document"),
            (json!({ "$ref": "other.json" }), "other.json is not in the document"),
            (json!({ "$ref": "#/circle" }), "$ref is circular"),
            (json!({ "$ref": "#/endless" }), "the schema has too many levels"),
            (
                json!({ "$ref": "#/name", "type": "integer" }),
                "type is beside $ref and in its target: use allOf",
            ),
        ] {
            assert_eq!(inlined(&schema), Err(error.into()));
        }
    }
}
