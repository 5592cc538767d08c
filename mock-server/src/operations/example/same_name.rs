//! The request's values for fields of the same name.

use serde_json::{Number, Value};
use wechatpay_openapi::Field;

use crate::request::validate::ValidRequest;

/// Prefixes of amounts that are equal to those without, unless there is a discount.
const EQUAL_AMOUNTS: [&str; 2] = ["payer_", "settlement_"];

/// The prefix of what an amount is less by.
const DISCOUNT: &str = "discount_";

/// The values of a request, by name and place.
pub(super) struct SameName<'r> {
    request: &'r ValidRequest<'r>,
}

impl<'r> SameName<'r> {
    pub(super) fn of(request: &'r ValidRequest) -> Self {
        Self { request }
    }

    /// The request's value for this field. Its type may be another.
    pub(super) fn value(&self, field: &Field<'_>) -> Option<Value> {
        let body = self.request.body();
        if field.name.is_empty() || is_object(field.schema) {
            // An object is made of its fields, which may be more than those in the request.
            return None;
        }
        if let Some(same) = body.pointer(field.pointer) {
            return (!has_sensitive(field.schema)).then(|| same.clone());
        }
        if is_list(field.schema) || is_item(field) {
            return None;
        }
        if let Some(sent) = self.request.sent(field.name).filter(|sent| !sent.is_empty()) {
            return Some(typed(field.schema, sent));
        }
        let sent = body.get(field.name).filter(|value| is_single(value));
        sent.cloned().or_else(|| self.amount(field)).or_else(|| self.identifier(field))
    }

    /// The text of an encrypted field that was sent for this one.
    pub(super) fn plain(&self, field: &Field<'_>) -> Option<&'r str> {
        let plain = self.request.plain();
        let sent = plain.pointer(field.pointer).or_else(|| plain.get(field.name));
        sent.and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The amount that this one agrees with: `payer_total` with `total` beside it.
    fn amount(&self, field: &Field<'_>) -> Option<Value> {
        let parent = field.pointer.strip_suffix(field.name)?;
        let beside = |name: &str| self.request.body().pointer(&format!("{parent}{name}"));
        let equal = EQUAL_AMOUNTS.iter().find_map(|prefix| beside(field.name.strip_prefix(prefix)?));
        let discount = || beside(field.name.strip_prefix(DISCOUNT)?).filter(|amount| amount.is_number());
        equal.filter(|value| is_single(value)).cloned().or_else(|| discount().map(|_| 0.into()))
    }

    /// The only identifier of this name in the body.
    fn identifier(&self, field: &Field<'_>) -> Option<Value> {
        if !(field.name.ends_with("id") || field.name.ends_with("_no")) {
            return None;
        }
        let mut found = Vec::new();
        find(self.request.body(), field.name, &mut found);
        match found[..] {
            [only] => Some(only.clone()),
            _ => None,
        }
    }
}

/// Finds the single values of this name.
fn find<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get(name).filter(|value| is_single(value)));
            fields.values().for_each(|value| find(value, name, found));
        }
        Value::Array(items) => items.iter().for_each(|item| find(item, name, found)),
        _ => {}
    }
}

fn is_single(value: &Value) -> bool {
    !(value.is_object() || value.is_array() || value.is_null())
}

fn is_object(schema: &Value) -> bool {
    schema["type"] == "object" || schema.get("properties").is_some()
}

fn is_list(schema: &Value) -> bool {
    schema["type"] == "array"
}

/// Whether the field is an item of a list, whose name it has.
fn is_item(field: &Field<'_>) -> bool {
    field.pointer.rsplit('/').next() != Some(field.name)
}

/// Whether a schema, or one in it, is of encrypted texts.
fn has_sensitive(schema: &Value) -> bool {
    match schema {
        Value::Object(keywords) => {
            keywords.get("x-sensitive").is_some_and(|value| value == true)
                || keywords.values().any(has_sensitive)
        }
        Value::Array(values) => values.iter().any(has_sensitive),
        _ => false,
    }
}

/// The text as the type of the schema.
fn typed(schema: &Value, text: &str) -> Value {
    let value = match schema["type"].as_str() {
        Some("integer" | "number") => text.parse::<Number>().map(Value::from).ok(),
        Some("boolean") => text.parse::<bool>().map(Value::from).ok(),
        _ => None,
    };
    value.unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_gets_the_type_that_the_answer_has() {
        assert_eq!(typed(&json!({ "type": "integer" }), "20"), json!(20));
        assert_eq!(typed(&json!({ "type": "integer" }), "x"), json!("x"));
        assert_eq!(typed(&json!({ "type": "boolean" }), "true"), json!(true));
        assert_eq!(typed(&json!({ "type": "string" }), "20"), json!("20"));
    }

    #[test]
    fn encrypted_texts_are_found_at_any_depth() {
        let name = json!({ "type": "string", "x-sensitive": true });
        let list = json!({ "type": "array", "items": { "properties": { "name": name } } });
        assert!(has_sensitive(&list) && !has_sensitive(&json!({ "type": "array", "items": {} })));
    }

    #[test]
    fn every_value_of_a_name_is_found() {
        let body = json!({ "id": 1, "list": [{ "id": "2" }, { "id": {} }], "other": { "id": null } });
        let mut found = Vec::new();
        find(&body, "id", &mut found);
        assert_eq!(found, [&json!(1), &json!("2")]);
    }
}
