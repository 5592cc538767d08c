//! Parses a body by its schema. Of what the schema does not allow, it keeps no more than errors show, however much there
//! is.

use std::{cell::Cell, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::{excerpt::MAX_NAMES, shape::Shape};

/// Parses a body of this shape.
///
/// # Errors
/// If it is not JSON.
pub(crate) fn parse(shape: &Shape, body: &str) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_str(body);
    let reader = Reader { shape: Some(shape), room: &Cell::new(MAX_NAMES), is_kept: true };
    let value = reader.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Reads a value, which has this shape if there is one.
#[derive(Clone, Copy)]
struct Reader<'s> {
    shape: Option<&'s Shape>,
    /// How many values that the schema does not allow may still be kept.
    room: &'s Cell<usize>,
    /// Whether the value is kept. `IgnoredAny` would not do: it reads any number of levels.
    is_kept: bool,
}

impl Reader<'_> {
    fn takes_room(self) -> bool {
        let has_room = self.room.get() > 0;
        self.room.update(|room| room.saturating_sub(1));
        has_room
    }
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
        Ok(if self.is_kept { value.into() } else { Value::Null })
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let is_scalar = self.shape.is_some_and(|shape| shape.is_scalar);
        let item = if is_scalar { self.shape } else { self.shape.and_then(Shape::items) };
        let mut values = Vec::new();
        loop {
            let is_kept = self.is_kept && (!is_scalar || self.takes_room());
            match items.next_element_seed(Self { shape: item, is_kept, ..self })? {
                None => return Ok(values.into()),
                Some(value) => values.extend(is_kept.then_some(value)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        if !self.is_kept {
            while fields.next_key::<IgnoredAny>()?.is_some() {
                fields.next_value_seed(self)?;
            }
            return Ok(Value::Null);
        }
        let is_closed = self.shape.is_some_and(|shape| shape.is_closed);
        let is_scalar = self.shape.is_some_and(|shape| shape.is_scalar);
        let mut values = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let shape = if is_scalar { self.shape } else { self.shape.and_then(|it| it.field(&name)) };
            let is_undocumented = is_closed && shape.is_none();
            let has_room = !(is_undocumented || is_scalar) || self.takes_room();
            // Of an undocumented field, an error shows the name only.
            let is_kept = has_room && !is_undocumented;
            let value = fields.next_value_seed(Self { shape, is_kept, ..self })?;
            if has_room {
                values.insert(name, value);
            }
        }
        Ok(values.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shape::is_complete;

    fn parse(schema: &Value, body: &str) -> serde_json::Result<Value> {
        super::parse(&Shape::of(schema, is_complete(schema)), body)
    }

    #[test]
    fn only_as_many_undocumented_fields_are_kept_as_errors_name() {
        let goods = json!({
            "type": "object", "unevaluatedProperties": false,
            "properties": { "list": { "type": "array", "items": { "properties": { "name": {} } } } },
            "oneOf": [{ "properties": { "total": {} } }],
        });
        let body: String = (0..70_000).map(|at| format!("\"new{at}\":[{at}],")).collect();
        let body = format!("{{{body}\"list\":[{{\"name\":\"a\",\"x\":1}}],\"total\":1.5e0}}");
        let value = parse(&goods, &body).unwrap();
        assert_eq!(value.as_object().unwrap().len(), MAX_NAMES + 2);
        assert_eq!((&value["list"][0]["name"], &value["total"]), (&json!("a"), &json!(1.5)));
        assert!(parse(&goods, &body[..body.len() - 1]).is_err());
        assert!(parse(&goods, "{} {}").is_err());
        // So are those of a complete body, at any depth.
        let complete = json!({ "x-complete": true, "properties": { "list": { "properties": {} } } });
        let value = parse(&complete, &format!("{{\"list\":{body}}}")).unwrap();
        assert_eq!(value["list"].as_object().unwrap().len(), MAX_NAMES);
        let nested = "{\"x\":".repeat(1000) + "1" + &"}".repeat(1000);
        assert!(parse(&goods, &nested).is_err(), "however deep, nothing is read without a limit");
        // A schema that is open keeps everything.
        let open = json!({ "type": "object" });
        assert_eq!(parse(&open, &body).unwrap(), serde_json::from_str::<Value>(&body).unwrap());
    }

    #[test]
    fn only_as_much_is_kept_of_a_list_or_an_object_in_place_of_a_text_as_errors_show() {
        fn count(value: &Value) -> usize {
            match value {
                Value::Array(items) => items.iter().map(count).sum(),
                Value::Object(fields) => fields.values().map(count).sum(),
                _ => 1,
            }
        }
        let schema = json!({ "properties": { "name": { "type": ["string", "null"] } } });
        let fields = (0..70_000).map(|at| format!("\"{at}\":1")).collect::<Vec<_>>().join(",");
        let items = "1,".repeat(70_000);
        for name in [format!("{{{fields}}}"), format!("[[{items}1]]"), format!("[{{\"a\":{{{fields}}}}}]")] {
            let value = parse(&schema, &format!("{{\"name\":{name}}}")).unwrap();
            assert!((1..=MAX_NAMES).contains(&count(&value["name"])), "{}", count(&value));
        }
    }
}
