//! Goes through a value together with its schema.

use std::borrow::Cow;

use serde_json::Value;

use crate::{
    field_error::escape,
    parse::{MAX_NAMES, child, lists_fields},
    schema::beginning,
    violation::NAME_SHOWN,
};

/// Shows each value that has a schema, with its pointer, from the outside in.
pub(crate) fn walk<'s, 'v>(
    schema: &'s Value,
    value: &'v Value,
    visit: &mut impl FnMut(&str, &'s Value, &'v Value),
) {
    walk_at(&mut String::new(), schema, value, visit);
}

fn walk_at<'s, 'v>(
    at: &mut String,
    schema: &'s Value,
    value: &'v Value,
    visit: &mut impl FnMut(&str, &'s Value, &'v Value),
) {
    visit(at, schema, value);
    let end = at.len();
    for (token, value) in members(value) {
        if let Some(schema) = child(schema, &token) {
            at.push('/');
            at.push_str(&escape(&token));
            walk_at(at, schema, value, visit);
            at.truncate(end);
        }
    }
}

/// The fields of an object, or the items of a list.
fn members(value: &Value) -> Box<dyn Iterator<Item = (Cow<'_, str>, &Value)> + '_> {
    match value {
        Value::Object(fields) => Box::new(fields.iter().map(|(name, field)| (name.into(), field))),
        Value::Array(items) => {
            Box::new(items.iter().enumerate().map(|(index, item)| (index.to_string().into(), item)))
        }
        _ => Box::new(std::iter::empty()),
    }
}

/// The undocumented fields of each object that lists fields, up to a hundred objects: its pointer and their names.
pub(crate) fn unknown(schema: &Value, value: &Value) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    walk(schema, value, &mut |at, schema, value| {
        let fields = value.as_object().filter(|_| found.len() < MAX_NAMES && lists_fields(schema));
        let unknown = fields.into_iter().flatten().filter(|(name, _)| child(schema, name).is_none());
        let names: Vec<_> = unknown.take(MAX_NAMES).map(|(name, _)| beginning(name, NAME_SHOWN)).collect();
        if !names.is_empty() {
            found.push((at.to_owned(), names));
        }
    });
    found
}

/// Removes the undocumented fields of every object that lists fields.
pub(crate) fn remove_unknown(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let lists_fields = lists_fields(schema);
            fields.retain(|name, field| match child(schema, name) {
                Some(schema) => {
                    remove_unknown(schema, field);
                    true
                }
                None => !lists_fields,
            });
        }
        Value::Array(items) => {
            if let Some(schema) = child(schema, "0") {
                items.iter_mut().for_each(|item| remove_unknown(schema, item));
            }
        }
        _ => {}
    }
}

/// The first text with a character of four bytes in UTF-8, and its place.
pub(crate) fn four_byte_text(value: &Value) -> Option<(String, &Value)> {
    match value {
        Value::String(text) => text.bytes().any(|byte| byte >= 0xf0).then(|| (String::new(), value)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| four_byte_text(item).map(|(at, text)| (format!("/{index}{at}"), text))),
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            four_byte_text(field).map(|(at, text)| (format!("/{}{at}", escape(name)), text))
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_value_with_a_schema_is_shown_with_its_pointer() {
        let schema = json!({
            "properties": { "a/b": { "items": { "oneOf": [{ "properties": { "~": { "title": "深" } } }] } } },
        });
        let value = json!({ "a/b": [{ "~": 1 }, { "other": 2 }], "unknown": {} });
        let mut seen = Vec::new();
        walk(&schema, &value, &mut |at, _, value| seen.push((at.to_owned(), value.is_number())));
        let expected =
            [("", false), ("/a~1b", false), ("/a~1b/0", false), ("/a~1b/0/~0", true), ("/a~1b/1", false)];
        assert_eq!(seen, expected.map(|(at, is_number)| (at.to_owned(), is_number)));
    }

    #[test]
    fn an_object_that_lists_no_fields_has_no_undocumented_ones() {
        let open = json!({ "properties": { "map": { "additionalProperties": {} }, "free": {}, "list": { "properties": {} } } });
        let mut value = json!({ "map": { "a": 1 }, "free": { "a": 1 }, "list": { "a": 1 }, "new": 1 });
        let expected = [(String::new(), vec!["new".to_owned()]), ("/list".to_owned(), vec!["a".to_owned()])];
        assert_eq!(unknown(&open, &value), expected);
        remove_unknown(&open, &mut value);
        assert_eq!(value, json!({ "map": { "a": 1 }, "free": { "a": 1 }, "list": {} }));
    }
}
