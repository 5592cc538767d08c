//! What a schema says about each place of a value, with its branches merged, so that going through a value takes one
//! look-up for each field.

use std::collections::BTreeMap;

use serde_json::Value;

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

/// The schemas that a value of this one may have to satisfy as well.
pub(crate) fn branches(schema: &Value) -> impl Iterator<Item = &Value> {
    ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|keyword| schema[keyword].as_array()).flatten()
}

/// The schema of a field, or of an item.
pub(crate) fn child<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    let field = schema["properties"].get(name);
    let item = || schema.get("items").filter(|_| name.bytes().all(|byte| byte.is_ascii_digit()));
    field.or_else(item).or_else(|| branches(schema).find_map(|branch| child(branch, name)))
}

/// The schema at this pointer of a value.
pub(crate) fn schema_at<'s>(schema: &'s Value, pointer: &str) -> Option<&'s Value> {
    pointer.split('/').skip(1).try_fold(schema, |schema, name| child(schema, name))
}

/// Whether objects may have documented fields only.
pub(crate) fn is_closed(schema: &Value) -> bool {
    schema["additionalProperties"] == false || schema["unevaluatedProperties"] == false
}

/// Whether any other field than the documented ones is undocumented: not in an object that lists no fields, or says
/// what others are like.
pub(crate) fn lists_fields(schema: &Value) -> bool {
    let is_open = |keyword: &str| schema.get(keyword).is_some();
    let has_fields = |schema: &Value| schema.get("properties").is_some();
    is_closed(schema)
        || !is_open("additionalProperties")
            && !is_open("unevaluatedProperties")
            && (has_fields(schema) || branches(schema).any(has_fields))
}

/// Whether all fields of a body with this schema are known, at any depth.
pub(crate) fn is_complete(schema: &Value) -> bool {
    schema["x-complete"] == true
}

/// Whether values can't be lists or objects.
fn is_scalar(schema: &Value) -> bool {
    let is_container = |name: &Value| name == "array" || name == "object";
    match &schema["type"] {
        Value::Array(names) => !names.iter().any(is_container),
        name => name.is_string() && !is_container(name),
    }
}
