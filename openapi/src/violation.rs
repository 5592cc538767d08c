//! The first rule that a value breaks, as a constraint.

use jsonschema::{ValidationError, error::ValidationErrorKind as Kind};
use serde_json::{Number, Value};

use crate::{
    Constraint, JsonType, Schema,
    field_error::escape,
    keywords::{FORMAT, MAX_BYTES, MIN_BYTES},
    parse::MAX_NAMES,
    schema::{beginning, excerpt},
};

/// Characters of an undocumented field's name that an error shows. (own choice)
pub(crate) const NAME_SHOWN: usize = 128;

/// The first rule of a schema that a value breaks, and the pointer to the field.
pub(crate) fn first(schema: &Schema, value: &Value) -> Option<(String, Constraint)> {
    let validator = schema.validator();
    if validator.is_valid(value) {
        return None;
    }
    let first = validator.iter_errors(value).min_by_key(|error| rank(schema, error))?;
    Some((pointer_of(&first), constraint(schema.as_value(), &first)))
}

/// The pointers to all fields that break a rule.
pub(crate) fn all(schema: &Schema, value: &Value) -> Vec<String> {
    schema.validator().iter_errors(value).map(|error| pointer_of(&error)).collect()
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
fn rank(schema: &Schema, error: &ValidationError<'_>) -> (u8, String, bool) {
    let stage = match error.kind() {
        Kind::Type { .. } => 0,
        Kind::Required { .. } if schema.is_read_with_path(&pointer_of(error)) => 0,
        kind if kind.keyword() == FORMAT => 0,
        Kind::AdditionalProperties { .. } | Kind::UnevaluatedProperties { .. } => 1,
        _ => 2,
    };
    (stage, pointer_of(error), matches!(error.kind(), Kind::Pattern { .. }))
}

/// The rule that was broken; `source` is the schema of the whole value.
fn constraint(source: &Value, error: &ValidationError<'_>) -> Constraint {
    let value = error.instance();
    let text = value.as_str().unwrap_or_default();
    let (characters, items) = (text.chars().count(), value.as_array().map_or(0, Vec::len));
    // The compiled schema has its keywords in the same places.
    let keywords = error.schema_path().as_str().rsplit_once('/').and_then(|(place, _)| source.pointer(place));
    let limit = |keyword: &str| keywords.and_then(|keywords| keywords[keyword].as_u64()).unwrap_or_default();
    let found = excerpt(value);
    match error.kind() {
        Kind::Required { .. } => Constraint::Required,
        Kind::Type { .. } => Constraint::Type { expected: expected(keywords), found },
        Kind::MaxLength { limit } => Constraint::MaxLength { limit: *limit, length: characters },
        Kind::MinLength { limit } => Constraint::MinLength { limit: *limit, length: characters },
        Kind::MaxItems { limit } => Constraint::MaxItems { limit: *limit, length: items },
        Kind::MinItems { limit } => Constraint::MinItems { limit: *limit, length: items },
        Kind::Maximum { limit } => Constraint::Maximum { limit: number(limit), found },
        Kind::Minimum { limit } => Constraint::Minimum { limit: number(limit), found },
        Kind::Enum { options } => {
            Constraint::Enum { members: options.as_array().cloned().unwrap_or_default(), found }
        }
        Kind::Pattern { pattern } => Constraint::Pattern { pattern: pattern.clone(), found },
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let names = unexpected.iter().take(MAX_NAMES).map(|name| beginning(name, NAME_SHOWN)).collect();
            Constraint::Documented { parent: error.instance_path().to_string(), names }
        }
        other => match other.keyword() {
            FORMAT => Constraint::Type { expected: expected(keywords), found },
            MAX_BYTES => Constraint::MaxBytes { limit: limit("maxLength"), length: text.len() },
            MIN_BYTES => Constraint::MinBytes { limit: limit("minLength"), length: text.len() },
            keyword => Constraint::Other { keyword: keyword.into(), found },
        },
    }
}

/// The type that a schema requires.
fn expected(schema: Option<&Value>) -> JsonType {
    schema.and_then(JsonType::of).unwrap_or(JsonType::String)
}

fn number(limit: &Value) -> Number {
    limit.as_number().cloned().unwrap_or_else(|| 0.into())
}
