//! Compiles schemas, with the contract's own keywords among those of JSON Schema.

use jsonschema::{Keyword, ValidationError, Validator};
use serde_json::{Map, Value};

use crate::{
    ContractError,
    shape::{branches, is_closed, is_complete, lists_fields},
};

/// Of the formats, `int64`, `int32` and `uint64` forbid anything: JSON Schema's own `integer` allows `100.0` and 2^64 as
/// well, which the gateway can't map to its field.
pub(crate) const FORMAT: &str = "format";

/// What `maxLength` is called in a compiled schema, if `x-length` says that it counts bytes.
pub(crate) const MAX_BYTES: &str = "x-max-bytes";

/// The same for `minLength`.
pub(crate) const MIN_BYTES: &str = "x-min-bytes";

/// The schema of the JSON that a text holds. JSON Schema itself only notes it.
const CONTENT: &str = "contentSchema";

/// Compiles a schema.
///
/// # Errors
/// If it is not a JSON Schema.
pub(crate) fn compile(schema: &Value) -> Result<Validator, ContractError> {
    build(&standard(schema, is_complete(schema))).map_err(|error| ContractError::new(error.to_string()))
}

/// Compiles a schema by the keywords of JSON Schema alone, with its formats.
///
/// What compiles schemas is generic code of a megabyte: a crate that called it itself would add it to the program again.
///
/// # Errors
/// If it is not a JSON Schema.
pub fn json_schema(schema: &Value) -> Result<Validator, ContractError> {
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(schema);
    validator.map_err(|error| ContractError::new(error.to_string()))
}

fn build(schema: &Value) -> Result<Validator, ValidationError<'static>> {
    jsonschema::draft202012::options()
        .with_keyword(FORMAT, |_, format, _| Ok(Box::new(Format(Integer::named(format)))))
        .with_keyword(MAX_BYTES, |_, limit, _| Ok(Box::new(Bytes { most: size(limit)?, least: 0 })))
        .with_keyword(MIN_BYTES, |_, limit, _| Ok(Box::new(Bytes { most: u64::MAX, least: size(limit)? })))
        .with_keyword(CONTENT, |_, schema, _| Ok(Box::new(Content(build(schema)?))))
        .build(schema)
}

fn size(limit: &Value) -> Result<u64, ValidationError<'static>> {
    limit.as_u64().ok_or_else(|| ValidationError::custom("expected a number of bytes"))
}

/// The schema with names of keywords that say how they are checked here, and without what is not checked. Keywords stay
/// in their places. If it is part of a complete body, objects that list fields are closed. Within `not`, `if` and other
/// keywords that the contract does not use, a schema stays as it is.
fn standard(schema: &Value, is_complete: bool) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let inner = |schema: &Value| standard(schema, is_complete);
    let (in_bytes, holds_json) =
        (keywords.get("x-length").is_some_and(|unit| unit == "bytes"), is_json(keywords));
    let mut standard = Map::new();
    for (keyword, value) in keywords {
        let (keyword, value) = match (keyword.as_str(), value) {
            ("title" | "description" | "default" | "example" | "examples", _) => continue,
            ("enum", _) if keywords.get("x-enum-uncertain").is_some_and(|uncertain| uncertain == true) => {
                continue;
            }
            (FORMAT, format) if Integer::named(format).is_none() => continue,
            (CONTENT, _) if !holds_json => continue,
            ("maxLength", limit) if in_bytes => (MAX_BYTES, limit.clone()),
            ("minLength", limit) if in_bytes => (MIN_BYTES, limit.clone()),
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                // What a branch does not list, another may.
                let branch = |schema: &Value| if is_complete { open(schema) } else { inner(schema) };
                (keyword.as_str(), schemas.iter().map(branch).collect())
            }
            ("properties", Value::Object(fields)) => {
                let fields = fields.iter().map(|(name, field)| (name.clone(), inner(field)));
                (keyword.as_str(), Value::Object(fields.collect()))
            }
            ("additionalProperties" | "items" | CONTENT, schema) => (keyword.as_str(), inner(schema)),
            _ => (keyword.as_str(), value.clone()),
        };
        standard.insert(keyword.into(), value);
    }
    if is_complete && lists_fields(schema) && !is_closed(schema) {
        let has_branches = branches(schema).next().is_some();
        let keyword = if has_branches { "unevaluatedProperties" } else { "additionalProperties" };
        standard.insert(keyword.into(), false.into());
    }
    standard.into()
}

/// A branch of a complete object: its fields are complete, itself it is not.
fn open(schema: &Value) -> Value {
    let mut branch = standard(schema, true);
    if let (Value::Object(keywords), false) = (&mut branch, is_closed(schema)) {
        keywords.remove("additionalProperties");
        keywords.remove("unevaluatedProperties");
    }
    branch
}

/// Whether the text that a schema describes holds JSON.
fn is_json(keywords: &Map<String, Value>) -> bool {
    keywords.get("contentMediaType").is_some_and(|kind| kind == "application/json")
}

/// An integer of a format.
#[derive(Clone, Copy)]
enum Integer {
    Int32,
    Int64,
    Uint64,
}

impl Integer {
    fn named(format: &Value) -> Option<Self> {
        match format.as_str()? {
            "int32" => Some(Self::Int32),
            "int64" => Some(Self::Int64),
            "uint64" => Some(Self::Uint64),
            _ => None,
        }
    }
}

/// A format, which forbids something if it is one of an integer.
struct Format(Option<Integer>);

impl<'i> Keyword<'i> for Format {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        held(self.is_valid(instance), "not an integer of this format")
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let fits = match self.0 {
            None => true,
            Some(Integer::Int32) => instance.as_i64().is_some_and(|value| i32::try_from(value).is_ok()),
            Some(Integer::Int64) => instance.as_i64().is_some(),
            Some(Integer::Uint64) => instance.as_u64().is_some(),
        };
        fits || !instance.is_number()
    }
}

/// A text with a number of bytes in UTF-8.
struct Bytes {
    least: u64,
    most: u64,
}

impl<'i> Keyword<'i> for Bytes {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        held(self.is_valid(instance), "too many or too few bytes")
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        instance.as_str().is_none_or(|text| (self.least..=self.most).contains(&(text.len() as u64)))
    }
}

/// A text that holds JSON of a schema.
struct Content(Validator);

impl<'i> Keyword<'i> for Content {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        held(self.is_valid(instance), "not a text with JSON of this schema")
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let is_held =
            |text: &str| serde_json::from_str(text).is_ok_and(|value: Value| self.0.is_valid(&value));
        instance.as_str().is_none_or(is_held)
    }
}

fn held(is_valid: bool, problem: &str) -> Result<(), ValidationError<'static>> {
    if is_valid { Ok(()) } else { Err(ValidationError::custom(problem)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{Constraint, JsonType, Schema};

    fn check(schema: &serde_json::Value, value: &serde_json::Value) -> Result<(), Constraint> {
        let schema = Schema::read(&serde_json::Value::Null, schema).unwrap();
        schema.check(value).map_err(|error| error.constraint)
    }

    #[test]
    fn an_integer_fits_the_bits_of_its_format() {
        for (format, expected, good, bad) in [
            ("int64", JsonType::Integer, json!(i64::MIN), json!(9_223_372_036_854_775_808_u64)),
            ("int32", JsonType::Int32, json!(i32::MAX), json!(2_147_483_648_u64)),
            ("uint64", JsonType::Uint64, json!(u64::MAX), json!(-1)),
        ] {
            let schema = json!({ "type": "integer", "format": format });
            assert_eq!(check(&schema, &good), Ok(()));
            for found in [bad, json!(100.0), json!(0.5), json!("1"), json!(null)] {
                assert_eq!(check(&schema, &found), Err(Constraint::Type { expected, found }));
            }
        }
        for other in
            [json!({ "format": "date-time" }), json!({ "not": { "format": "email", "type": "array" } })]
        {
            assert_eq!(check(&other, &json!("now")), Ok(()));
        }
    }

    #[test]
    fn a_length_counts_characters_or_bytes() {
        let mut schema = json!({ "type": "string", "minLength": 2, "maxLength": 6 });
        assert_eq!(check(&schema, &json!("支付")), Ok(()));
        assert_eq!(check(&schema, &json!("付")), Err(Constraint::MinLength { limit: 2, length: 1 }));
        schema["x-length"] = "bytes".into();
        assert_eq!(check(&schema, &json!("付")), Ok(()));
        assert_eq!(check(&schema, &json!("支付。")), Err(Constraint::MaxBytes { limit: 6, length: 9 }));
        assert_eq!(check(&schema, &json!("x")), Err(Constraint::MinBytes { limit: 2, length: 1 }));
    }

    #[test]
    fn a_text_that_holds_json_holds_what_its_schema_says() {
        let mut schema = json!({
            "type": "string", "contentMediaType": "application/json",
            "contentSchema": { "type": "object", "required": ["sha256"] },
        });
        assert_eq!(check(&schema, &json!("{\"sha256\":\"\"}")), Ok(()));
        for found in [json!("{}"), json!("sha256")] {
            let keyword = "contentSchema".into();
            assert_eq!(check(&schema, &found), Err(Constraint::Other { keyword, found }));
        }
        schema["contentMediaType"] = "text/plain".into();
        assert_eq!(check(&schema, &json!("sha256")), Ok(()));
    }

    #[test]
    fn a_complete_body_is_closed_wherever_it_lists_fields() {
        let one_of = json!([{ "properties": { "b": { "properties": { "c": {} } } } }, { "required": ["d"] }]);
        let mut schema = json!({ "x-complete": true, "properties": { "a": {} }, "oneOf": one_of });
        let value = json!({ "a": { "anything": 1 }, "b": { "c": 1 } });
        assert_eq!(check(&schema, &value), Ok(()));
        for (value, parent) in [(json!({ "b": { "new": 1 } }), "/b"), (json!({ "new": 1 }), "")] {
            let expected = Constraint::Documented { parent: parent.into(), names: vec!["new".into()] };
            if parent.is_empty() {
                assert_eq!(check(&schema, &value), Err(expected));
            } else {
                assert!(check(&schema, &value).is_err());
            }
            schema["x-complete"] = false.into();
            assert_eq!(check(&schema, &value), Ok(()));
            schema["x-complete"] = true.into();
        }
    }
}
