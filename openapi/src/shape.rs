//! What a schema says about each place of a value, with its branches merged, so that going through a value takes one
//! look-up for each field.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::parse::{branches, is_closed, lists_fields};

/// Marks a field whose text is encrypted.
const SENSITIVE: &str = "x-sensitive";

/// Marks an enum of which sources disagree.
const UNCERTAIN: &str = "x-enum-uncertain";

/// What the schema of a value says about it.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The documented fields.
    fields: BTreeMap<String, Shape>,
    /// What the items of a list are.
    items: Option<Box<Shape>>,
    /// Whether the value can't be a list or an object.
    pub(crate) is_scalar: bool,
    /// Whether any other field than the documented ones is undocumented.
    pub(crate) lists_fields: bool,
    /// Whether it may have documented fields only.
    pub(crate) is_closed: bool,
    /// Whether it is an encrypted text.
    pub(crate) is_sensitive: bool,
    /// The members of its enum, if sources disagree of them.
    pub(crate) uncertain: Option<Vec<Value>>,
    /// Whether it is, or contains, an encrypted text.
    pub(crate) has_sensitive: bool,
    /// Whether it has, or contains, such an enum.
    pub(crate) has_uncertain: bool,
}

impl Shape {
    /// The shape of values of this schema. If it is part of a complete body, objects that list fields are closed.
    pub(crate) fn of(schema: &Value, is_complete: bool) -> Self {
        let shape = |schema: &Value| Self::of(schema, is_complete);
        let properties = schema["properties"].as_object().into_iter().flatten();
        let mut fields: BTreeMap<_, _> =
            properties.map(|(name, field)| (name.clone(), shape(field))).collect();
        let mut items = schema.get("items").map(|items| Box::new(shape(items)));
        for branch in branches(schema).map(shape) {
            for (name, field) in branch.fields {
                fields.entry(name).or_insert(field);
            }
            items = items.or(branch.items);
        }
        let lists_fields = lists_fields(schema);
        let is_sensitive = schema[SENSITIVE] == true;
        let uncertain = schema["enum"].as_array().filter(|_| schema[UNCERTAIN] == true).cloned();
        let contains = |has: fn(&Self) -> bool| fields.values().chain(items.as_deref()).any(has);
        Self {
            is_scalar: is_scalar(schema),
            is_closed: is_closed(schema) || is_complete && lists_fields,
            has_sensitive: is_sensitive || contains(|shape| shape.has_sensitive),
            has_uncertain: uncertain.is_some() || contains(|shape| shape.has_uncertain),
            fields,
            items,
            lists_fields,
            is_sensitive,
            uncertain,
        }
    }

    /// The documented fields, by name.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.fields.iter().map(|(name, field)| (name.as_str(), field))
    }

    /// The documented field with this name.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        self.fields.get(name)
    }

    /// What the items of a list are.
    pub(crate) fn items(&self) -> Option<&Self> {
        self.items.as_deref()
    }
}

/// Whether values can't be lists or objects.
fn is_scalar(schema: &Value) -> bool {
    let is_container = |name: &Value| name == "array" || name == "object";
    match &schema["type"] {
        Value::Array(names) => !names.iter().any(is_container),
        name => name.is_string() && !is_container(name),
    }
}
