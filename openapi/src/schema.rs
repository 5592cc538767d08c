//! JSON Schemas: checks a value, and finds the first rule that it breaks.

use std::sync::OnceLock;

use jsonschema::{
    Keyword, ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::{Number, Value};

use crate::{
    Constraint, ContractError, FieldError, JsonType, Location,
    field_error::{escape, unescape},
    inline::inline,
    parse::{MAX_NAMES, child, is_closed, parse},
};

/// A schema of the contract, compiled when a value is first checked.
#[derive(Debug)]
pub struct Schema {
    source: Value,
    validator: OnceLock<Validator>,
}

/// Characters of such a name that an error shows. (own choice)
const NAME_SHOWN: usize = 128;

/// Characters of a value's JSON that an error shows. (own choice)
pub(crate) const VALUE_SHOWN: usize = 4096;

impl Schema {
    pub(crate) fn read(document: &Value, schema: &Value) -> Result<Self, ContractError> {
        Ok(Self { source: inline(document, schema)?, validator: OnceLock::new() })
    }

    /// The schema with every `$ref` replaced by its target: JSON Schema 2020-12.
    pub fn as_value(&self) -> &Value {
        &self.source
    }

    /// The type that values must have; the first of several, not counting `null`.
    pub(crate) fn json_type(&self) -> Option<JsonType> {
        match &self.source["type"] {
            Value::String(name) => JsonType::named(name),
            Value::Array(names) => names.iter().filter_map(Value::as_str).find_map(JsonType::named),
            _ => None,
        }
    }

    /// Compiles the schema unless it is compiled already.
    pub(crate) fn compile(&self) -> Result<&Validator, ContractError> {
        if let Some(validator) = self.validator.get() {
            return Ok(validator);
        }
        let validator = jsonschema::draft202012::options()
            .with_keyword("format", |_, format, _| Ok(Box::new(Format { is_int64: format == "int64" })))
            .build(&self.source)
            .map_err(|error| ContractError::new(error.to_string()))?;
        Ok(self.validator.get_or_init(|| validator))
    }

    fn validator(&self) -> &Validator {
        self.compile().expect("it was compiled before, or by a test of the built-in contract")
    }

    /// Parses a body. Of undocumented fields, it keeps no more than errors name.
    ///
    /// # Errors
    /// If it is not JSON.
    pub fn parse(&self, body: &[u8]) -> serde_json::Result<Value> {
        parse(&self.source, body)
    }

    /// Whether JSON Schema allows the value.
    pub fn is_valid(&self, value: &Value) -> bool {
        self.validator().is_valid(value)
    }

    /// Checks a body.
    ///
    /// The gateway first maps JSON to fields and then checks the rules of each, so types come first, then undocumented
    /// fields, then the rules. Errors of one kind are ordered by field name. (own choice)
    ///
    /// # Errors
    /// The first rule that the value breaks.
    pub fn check(&self, body: &Value) -> Result<(), Box<FieldError>> {
        self.check_at("", body, Location::Body)
    }

    /// Checks the value at `pointer` of its part of the request.
    pub(crate) fn check_at(
        &self,
        pointer: &str,
        value: &Value,
        location: Location,
    ) -> Result<(), Box<FieldError>> {
        let error = |within: &str, constraint| Err(self.error(pointer, within, location, constraint));
        let validator = self.validator();
        if !validator.is_valid(value) {
            let first = validator.iter_errors(value).min_by_key(rank);
            return first.map_or(Ok(()), |first| error(&pointer_of(&first), constraint(&first)));
        }
        match four_byte_text(value) {
            None => Ok(()),
            Some((within, text)) => error(&within, Constraint::ThreeBytes { found: excerpt(text) }),
        }
    }

    /// An error at the pointer `within` of the value at `pointer`.
    pub(crate) fn error(
        &self,
        pointer: &str,
        within: &str,
        location: Location,
        constraint: Constraint,
    ) -> Box<FieldError> {
        let mut tokens = within.split('/').skip(1);
        let schema = tokens.try_fold(&self.source, |schema, token| child(schema, &unescape(token)));
        let text = |keyword| schema.and_then(|schema| schema[keyword].as_str()).unwrap_or_default().into();
        Box::new(FieldError {
            location,
            pointer: format!("{pointer}{within}"),
            title: text("title"),
            title_traditional: text("x-title-traditional"),
            constraint,
        })
    }

    /// Removes every undocumented field from a body, at any depth, in one pass. Returns an error for each object that
    /// had any, up to a hundred.
    pub fn remove_unknown(&self, body: &mut Value) -> Vec<FieldError> {
        let mut found = Vec::new();
        remove_unknown(&self.source, body, "", &mut found);
        let error = |(parent, names): (String, _)| {
            *self.error("", &parent, Location::Body, Constraint::Documented { parent: parent.clone(), names })
        };
        found.into_iter().map(error).collect()
    }

    /// The value of a text outside JSON: a number or a boolean if the schema requires one and the
    /// text is one, as JSON writes it.
    pub(crate) fn value_of(&self, text: &str) -> Value {
        let value = match self.json_type() {
            Some(JsonType::Integer | JsonType::Number) => text.parse::<Number>().map(Value::from).ok(),
            Some(JsonType::Boolean) => text.parse::<bool>().map(Value::from).ok(),
            _ => None,
        };
        value.unwrap_or_else(|| text.into())
    }
}

fn remove_unknown(schema: &Value, value: &mut Value, at: &str, found: &mut Vec<(String, Vec<String>)>) {
    match value {
        Value::Object(fields) => {
            if is_closed(schema) {
                let is_known = |name: &str| child(schema, name).is_some();
                let unknown = fields.keys().filter(|name| !is_known(name)).take(MAX_NAMES);
                let names: Vec<_> = unknown.map(|name| beginning(name, NAME_SHOWN)).collect();
                if !names.is_empty() {
                    fields.retain(|name, _| is_known(name));
                    if found.len() < MAX_NAMES {
                        found.push((at.into(), names));
                    }
                }
            }
            for (name, field) in fields {
                if let Some(schema) = child(schema, name) {
                    remove_unknown(schema, field, &format!("{at}/{}", escape(name)), found);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                if let Some(schema) = child(schema, "0") {
                    remove_unknown(schema, item, &format!("{at}/{index}"), found);
                }
            }
        }
        _ => {}
    }
}

/// The pointer to the field of an error. An absent field has the pointer where it should be.
fn pointer_of(error: &ValidationError<'_>) -> String {
    let within = error.instance_path();
    match error.kind() {
        Kind::Required { property } => {
            format!("{within}/{}", escape(property.as_str().unwrap_or_default()))
        }
        _ => within.to_string(),
    }
}

/// The rank of an error among those of a value. A text that is too short or too long for its pattern is reported by its
/// length. (wild, for an empty `out_request_no`)
fn rank(error: &ValidationError<'_>) -> (u8, String, bool) {
    let stage = match error.kind() {
        Kind::Type { .. } => 0,
        kind if kind.keyword() == "format" => 0,
        Kind::AdditionalProperties { .. } | Kind::UnevaluatedProperties { .. } => 1,
        _ => 2,
    };
    (stage, pointer_of(error), matches!(error.kind(), Kind::Pattern { .. }))
}

fn constraint(error: &ValidationError<'_>) -> Constraint {
    let value = error.instance();
    let length = value.as_str().map_or(0, |text| text.chars().count());
    match error.kind() {
        Kind::Required { .. } => Constraint::Required,
        Kind::Type { kind } => Constraint::Type { expected: required_type(kind), found: excerpt(value) },
        kind if kind.keyword() == "format" => {
            Constraint::Type { expected: JsonType::Integer, found: excerpt(value) }
        }
        Kind::MaxLength { limit } => Constraint::MaxLength { limit: *limit, length },
        Kind::MinLength { limit } => Constraint::MinLength { limit: *limit, length },
        Kind::Pattern { pattern } => Constraint::Pattern { pattern: pattern.clone(), found: excerpt(value) },
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let names = unexpected.iter().take(MAX_NAMES).map(|name| beginning(name, NAME_SHOWN)).collect();
            Constraint::Documented { parent: error.instance_path().to_string(), names }
        }
        other => Constraint::Other { keyword: other.keyword().into(), found: excerpt(value) },
    }
}

/// The first type that a schema requires, not counting `null`.
fn required_type(kind: &TypeKind) -> JsonType {
    let named = |kind: jsonschema::JsonType| JsonType::named(kind.as_str());
    let required_type = match kind {
        TypeKind::Single(kind) => named(*kind),
        TypeKind::Multiple(kinds) => kinds.iter().find_map(named),
    };
    required_type.unwrap_or(JsonType::String)
}

/// The value, or the beginning of its JSON if that is long, so that an error stays small.
fn excerpt(value: &Value) -> Value {
    let text = value.to_string();
    match text.char_indices().nth(VALUE_SHOWN) {
        None => value.clone(),
        Some(_) => beginning(&text, VALUE_SHOWN).into(),
    }
}

/// The text, or `most` characters of it and `…`.
pub(crate) fn beginning(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// The first text with a character of four bytes in UTF-8, and its place.
fn four_byte_text(value: &Value) -> Option<(String, &Value)> {
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

/// The keyword `format`. Of the formats, only `int64` forbids anything: JSON Schema's own `integer` allows `100.0` and
/// 2^63 as well, which the gateway can't map to its 64-bit field.
struct Format {
    is_int64: bool,
}

impl<'i> Keyword<'i> for Format {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            Err(ValidationError::custom("not a 64-bit signed integer"))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        !(self.is_int64 && instance.is_number()) || instance.as_i64().is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(schema: &Value) -> Schema {
        Schema::read(&Value::Null, schema).unwrap()
    }

    fn goods() -> Schema {
        let name = json!({ "type": "string", "title": "名称", "minLength": 1, "maxLength": 3, "pattern": "^[a-z]+$" });
        let item = json!({
            "type": "object", "additionalProperties": false, "required": ["name"],
            "properties": { "name": name, "a/b": { "type": "boolean", "title": "斜线" } },
        });
        schema(&json!({
            "type": "object", "unevaluatedProperties": false,
            "properties": { "list": { "type": "array", "items": item } },
            "oneOf": [
                { "properties": { "total": { "type": "integer", "format": "int64", "title": "总额" } } },
                { "required": ["free"] },
            ],
        }))
    }

    /// Where the first error is, with the field's name, and what it is.
    fn error(value: &Value) -> (String, Constraint) {
        let error = goods().check(value).unwrap_err();
        (format!("{} {}", error.source_name(), error.title), error.constraint)
    }

    #[test]
    fn only_integers_of_64_bits_are_integers() {
        let schema = schema(&json!({ "type": "integer", "format": "int64" }));
        for found in [json!(100.0), json!(0.5), json!(9_223_372_036_854_775_808_u64), json!("1"), json!(null)]
        {
            let error = schema.check(&found).unwrap_err();
            assert_eq!(error.constraint, Constraint::Type { expected: JsonType::Integer, found });
        }
        assert_eq!(schema.check(&json!(i64::MIN)), Ok(()));
    }

    #[test]
    fn types_come_before_undocumented_fields_and_those_before_rules_and_lengths_before_patterns() {
        let mut value = json!({ "list": [{ "a/b": 1, "new~": 1, "name": "" }] });
        let expected = Constraint::Type { expected: JsonType::Boolean, found: json!(1) };
        assert_eq!(error(&value), ("/body/list/0/a~1b 斜线".into(), expected));
        value["list"][0]["a/b"] = json!(true);
        let expected = Constraint::Documented { parent: "/list/0".into(), names: vec!["new~".into()] };
        assert_eq!(error(&value), ("/body/list/0 ".into(), expected));
        value["list"][0].as_object_mut().unwrap().remove("new~");
        assert_eq!(
            error(&value),
            ("/body/list/0/name 名称".into(), Constraint::MinLength { limit: 1, length: 0 })
        );
    }

    #[test]
    fn a_field_is_named_within_alternatives_and_by_an_escaped_pointer() {
        let error = goods().error("", "/total", Location::Body, Constraint::Required);
        assert_eq!(error.title, "总额");
        let found = json!("😀");
        let loose = schema(&json!({ "properties": { "~/": { "title": "表情" } } }));
        let error = loose.check(&json!({ "~/": found })).unwrap_err();
        assert_eq!((error.pointer.as_str(), error.title.as_str()), ("/~0~1", "表情"));
        assert_eq!(error.constraint, Constraint::ThreeBytes { found });
    }

    #[test]
    fn one_pass_removes_the_undocumented_fields_of_every_object() {
        let goods = goods();
        let item = json!({ "name": "a", "x/y": 1 });
        let mut value = json!({ "list": vec![item; 20_000], "z": {}, "total": 1 });
        let errors = goods.remove_unknown(&mut value);
        assert_eq!(errors.len(), MAX_NAMES);
        assert_eq!(errors[0].unknown_fields(), ["/body/z"]);
        assert_eq!(errors[1].unknown_fields(), ["/body/list/0/x~1y"]);
        assert_eq!(goods.check(&value), Ok(()));
        assert_eq!(value["list"][19_999], json!({ "name": "a" }));
    }

    #[test]
    fn an_error_stays_small_whatever_was_sent() {
        let names = (0..1000).map(|index| (format!("{index:0500}"), json!("x".repeat(1000))));
        let (_, constraint) = error(&Value::Object(names.collect()));
        let Constraint::Documented { names, .. } = constraint else { panic!("{constraint:?}") };
        assert_eq!((names.len(), names[0].chars().count()), (100, 129));
        let (_, constraint) = error(&json!({ "list": "x".repeat(10_000) }));
        let Constraint::Type { found, .. } = constraint else { panic!("{constraint:?}") };
        assert_eq!(found.as_str().unwrap().chars().count(), 4097);
    }
}
