//! Parses a body by its schema. Of undocumented fields, it keeps no more than errors name, however many there are.

use std::{cell::Cell, collections::HashSet, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// The most undocumented fields that an error names, and the most objects with such errors. (own choice)
pub(crate) const MAX_NAMES: usize = 100;

/// Parses a body with this schema.
///
/// # Errors
/// If it is not JSON.
pub(crate) fn parse(schema: &Value, body: &[u8]) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let undocumented = Cell::new(0);
    let reader = Reader { schema: Some(schema), undocumented: &undocumented };
    let value = reader.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// The schemas that a value of this one may have to satisfy as well.
fn branches(schema: &Value) -> impl Iterator<Item = &Value> {
    ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|keyword| schema[keyword].as_array()).flatten()
}

/// The schema of a field, or of an item.
pub(crate) fn child<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    let field = schema["properties"].get(name);
    let item = || schema.get("items").filter(|_| name.bytes().all(|byte| byte.is_ascii_digit()));
    field.or_else(item).or_else(|| branches(schema).find_map(|branch| child(branch, name)))
}

/// Whether objects may have documented fields only.
pub(crate) fn is_closed(schema: &Value) -> bool {
    schema["additionalProperties"] == false || schema["unevaluatedProperties"] == false
}

/// The names of all documented fields.
fn documented<'s>(schema: &'s Value, names: &mut HashSet<&'s str>) {
    let properties = schema["properties"].as_object();
    names.extend(properties.into_iter().flatten().map(|(name, _)| name.as_str()));
    branches(schema).for_each(|branch| documented(branch, names));
}

/// Reads a value, which has this schema if there is one.
#[derive(Clone, Copy)]
struct Reader<'s> {
    schema: Option<&'s Value>,
    /// How many undocumented fields are kept so far.
    undocumented: &'s Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let item = Self { schema: self.schema.and_then(|schema| child(schema, "0")), ..self };
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(item)? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let closed = self.schema.filter(|schema| is_closed(schema));
        // Collected once there are too many undocumented fields.
        let mut known: Option<HashSet<&str>> = None;
        let mut values = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if known.as_ref().is_some_and(|known| !known.contains(name.as_str())) {
                fields.next_value::<IgnoredAny>()?;
                continue;
            }
            let schema = self.schema.and_then(|schema| child(schema, &name));
            values.insert(name, fields.next_value_seed(Self { schema, ..self })?);
            if let (None, Some(closed), None) = (schema, closed, &known) {
                self.undocumented.set(self.undocumented.get() + 1);
                if self.undocumented.get() >= MAX_NAMES {
                    let mut names = HashSet::new();
                    documented(closed, &mut names);
                    known = Some(names);
                }
            }
        }
        Ok(values.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_as_many_undocumented_fields_are_kept_as_errors_name() {
        let goods = json!({
            "type": "object", "unevaluatedProperties": false,
            "properties": { "list": { "type": "array", "items": { "properties": { "name": {} } } } },
            "oneOf": [{ "properties": { "total": {} } }],
        });
        let body: String = (0..70_000).map(|at| format!("\"new{at}\":[{at}],")).collect();
        let body = format!("{{{body}\"list\":[{{\"name\":\"a\",\"x\":1}}],\"total\":1.5e0}}");
        let value = parse(&goods, body.as_bytes()).unwrap();
        assert_eq!(value.as_object().unwrap().len(), MAX_NAMES + 2);
        assert_eq!((&value["list"][0]["name"], &value["total"]), (&json!("a"), &json!(1.5)));
        assert!(parse(&goods, &body.as_bytes()[..body.len() - 1]).is_err());
        assert!(parse(&goods, b"{} {}").is_err());
        // A schema that is open keeps everything.
        let open = json!({ "type": "object" });
        assert_eq!(parse(&open, body.as_bytes()).unwrap(), serde_json::from_str::<Value>(&body).unwrap());
    }
}
