//! The values that a request or a document has for fields of the same name.

use serde_json::{Number, Value};
use wechatpay_openapi::Field;

use crate::request::validate::ValidRequest;

/// Prefixes of amounts that are equal to those without, unless there is a discount.
const EQUAL_AMOUNTS: [&str; 2] = ["payer_", "settlement_"];

/// The prefix of what an amount is less by.
const DISCOUNT: &str = "discount_";

/// Values by name and place: those of a request, or of a document.
pub(in crate::operations) struct SameName<'v> {
    body: &'v Value,
    /// The same with encrypted texts decrypted.
    plain: &'v Value,
    parameters: &'v [(&'v str, String)],
    /// Whether a field in a list gets the value of the same name outside it.
    reaches_into_lists: bool,
}

impl<'v> SameName<'v> {
    pub(in crate::operations) fn of(request: &'v ValidRequest) -> Self {
        let (body, plain) = (request.body(), request.plain());
        Self { body, plain, parameters: request.parameters(), reaches_into_lists: true }
    }

    /// The values of a document, whose texts are not encrypted. It may have many, so a field in a list gets only that
    /// of the same place.
    pub(in crate::operations) fn of_document(fields: &'v Value) -> Self {
        Self { body: fields, plain: fields, parameters: &[], reaches_into_lists: false }
    }

    /// The value for this field. Its type may be another.
    pub(super) fn value(&self, field: &Field<'_>) -> Option<Value> {
        let body = self.body;
        if field.name.is_empty() || is_object(field.schema) {
            // An object is made of its fields, which may be more than those in the request.
            return None;
        }
        if let Some(same) = body.pointer(field.pointer) {
            return (!has_sensitive(field.schema)).then(|| same.clone());
        }
        if is_list(field.schema) || is_item(field) || !self.reaches_into_lists && is_in_list(field.pointer) {
            return None;
        }
        let sent = self.parameters.iter().find(|(name, sent)| *name == field.name && !sent.is_empty());
        if let Some((_, sent)) = sent {
            return Some(typed(field.schema, sent));
        }
        let sent = body.get(field.name).filter(|value| is_single(value));
        sent.cloned().or_else(|| self.amount(field)).or_else(|| self.identifier(field))
    }

    /// The text of an encrypted field that was sent for this one.
    pub(super) fn plain(&self, field: &Field<'_>) -> Option<&'v str> {
        let sent = self.plain.pointer(field.pointer).or_else(|| self.plain.get(field.name));
        sent.and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The amount that this one agrees with: `payer_total` with `total` beside it.
    fn amount(&self, field: &Field<'_>) -> Option<Value> {
        let parent = field.pointer.strip_suffix(field.name)?;
        let beside = |name: &str| self.body.pointer(&format!("{parent}{name}"));
        let equal = EQUAL_AMOUNTS.iter().find_map(|prefix| beside(field.name.strip_prefix(prefix)?));
        let discount = || beside(field.name.strip_prefix(DISCOUNT)?).filter(|amount| amount.is_number());
        equal.filter(|value| is_single(value)).cloned().or_else(|| discount().map(|_| 0.into()))
    }

    /// The only identifier of this name in the body.
    fn identifier(&self, field: &Field<'_>) -> Option<Value> {
        if !(field.name.ends_with("id") || field.name.ends_with("_no")) {
            return None;
        }
        only(self.body, field.name).cloned()
    }
}

/// The only single value of this name, at any depth.
pub(in crate::operations) fn only<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let mut found = Vec::new();
    find(value, name, &mut found);
    match found[..] {
        [only] => Some(only),
        _ => None,
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

pub(in crate::operations) fn is_single(value: &Value) -> bool {
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

/// Whether the pointer leads through an item of a list.
fn is_in_list(pointer: &str) -> bool {
    pointer.split('/').skip(1).any(|token| token.bytes().all(|byte| byte.is_ascii_digit()))
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
pub(in crate::operations) fn typed(schema: &Value, text: &str) -> Value {
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
    fn a_field_in_a_list_has_no_value_of_the_same_name_in_a_document() {
        let fields = json!({ "state": "PAID", "list": [{ "no": "1" }] });
        let schema = json!({ "type": "string" });
        let value = |name: &str, pointer: &str| {
            let field = Field { name, pointer, schema: &schema, is_required: true };
            SameName::of_document(&fields).value(&field)
        };
        assert_eq!(value("state", "/order/state"), Some(json!("PAID")));
        assert_eq!(value("state", "/list/0/state"), None);
        assert_eq!(value("no", "/list/0/no"), Some(json!("1")));
    }

    #[test]
    fn every_value_of_a_name_is_found() {
        let body = json!({ "id": 1, "list": [{ "id": "2" }, { "id": {} }], "other": { "id": null } });
        let mut found = Vec::new();
        find(&body, "id", &mut found);
        assert_eq!(found, [&json!(1), &json!("2")]);
    }
}
