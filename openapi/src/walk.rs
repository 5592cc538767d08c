//! Goes through a value together with its shape.

use serde_json::Value;

use crate::{
    excerpt::{MAX_NAMES, NAME_SHOWN, beginning},
    field_error::escape,
    shape::Shape,
};

/// Shows each value whose shape has what is looked for, with its pointer, from the outside in.
pub(crate) fn walk<'s, 'v>(
    shape: &'s Shape,
    value: &'v Value,
    has: fn(&Shape) -> bool,
    visit: &mut impl FnMut(&str, &'s Shape, &'v Value),
) {
    if has(shape) {
        walk_at(&mut String::new(), shape, value, has, visit);
    }
}

fn walk_at<'s, 'v>(
    at: &mut String,
    shape: &'s Shape,
    value: &'v Value,
    has: fn(&Shape) -> bool,
    visit: &mut impl FnMut(&str, &'s Shape, &'v Value),
) {
    visit(at, shape, value);
    let end = at.len();
    let mut enter = |token: &str, shape: &'s Shape, value: &'v Value| {
        at.push('/');
        at.push_str(&escape(token));
        walk_at(at, shape, value, has, visit);
        at.truncate(end);
    };
    match value {
        Value::Object(fields) => {
            for (name, shape) in shape.fields().filter(|(_, shape)| has(shape)) {
                if let Some(field) = fields.get(name) {
                    enter(name, shape, field);
                }
            }
        }
        Value::Array(items) => {
            if let Some(shape) = shape.items().filter(|shape| has(shape)) {
                items.iter().enumerate().for_each(|(index, item)| enter(&index.to_string(), shape, item));
            }
        }
        _ => {}
    }
}

/// The undocumented fields of each object that lists fields, up to a hundred objects: its pointer and their names.
pub(crate) fn unknown(shape: &Shape, value: &Value) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    walk(shape, value, |_| true, &mut |at, shape, value| {
        let fields = value.as_object().filter(|_| found.len() < MAX_NAMES && shape.lists_fields);
        let unknown = fields.into_iter().flatten().filter(|(name, _)| shape.field(name).is_none());
        let names: Vec<_> = unknown.take(MAX_NAMES).map(|(name, _)| beginning(name, NAME_SHOWN)).collect();
        if !names.is_empty() {
            found.push((at.to_owned(), names));
        }
    });
    found
}

/// Removes the undocumented fields of every object that lists fields.
pub(crate) fn remove_unknown(shape: &Shape, value: &mut Value) {
    match value {
        Value::Object(fields) => fields.retain(|name, field| match shape.field(name) {
            Some(shape) => {
                remove_unknown(shape, field);
                true
            }
            None => !shape.lists_fields,
        }),
        Value::Array(items) => {
            if let Some(shape) = shape.items() {
                items.iter_mut().for_each(|item| remove_unknown(shape, item));
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
    fn a_text_with_a_four_byte_character_is_found_in_lists_and_objects() {
        let value = json!({ "a": ["会", { "~": "😀" }] });
        assert_eq!(four_byte_text(&value), Some(("/a/1/~0".to_owned(), &json!("😀"))));
        assert_eq!(four_byte_text(&json!(["会", 1])), None);
    }

    #[test]
    fn each_value_with_a_shape_is_shown_with_its_pointer() {
        let schema = json!({
            "properties": { "a/b": { "items": { "oneOf": [{ "properties": { "~": { "x-sensitive": true } } }] } } },
        });
        let shape = Shape::of(&schema, false);
        let value = json!({ "a/b": [{ "~": 1 }, { "other": 2 }], "unknown": {} });
        let seen = |has| {
            let mut seen = Vec::new();
            walk(&shape, &value, has, &mut |at, _, value| seen.push((at.to_owned(), value.is_number())));
            seen
        };
        let expected =
            [("", false), ("/a~1b", false), ("/a~1b/0", false), ("/a~1b/0/~0", true), ("/a~1b/1", false)];
        let expected = expected.map(|(at, is_number)| (at.to_owned(), is_number));
        assert_eq!(seen(|_| true), expected);
        assert_eq!(seen(|shape| shape.has_sensitive), expected);
        assert_eq!(seen(|shape| shape.has_uncertain), []);
    }

    #[test]
    fn an_object_that_lists_no_fields_has_no_undocumented_ones() {
        let open = json!({ "properties": { "map": { "additionalProperties": {} }, "free": {}, "list": { "properties": {} } } });
        let mut value = json!({ "map": { "a": 1 }, "free": { "a": 1 }, "list": { "a": 1 }, "new": 1 });
        let open = Shape::of(&open, false);
        let expected = [(String::new(), vec!["new".to_owned()]), ("/list".to_owned(), vec!["a".to_owned()])];
        assert_eq!(unknown(&open, &value), expected);
        remove_unknown(&open, &mut value);
        assert_eq!(value, json!({ "map": { "a": 1 }, "free": { "a": 1 }, "list": {} }));
    }
}
