//! The first rule that a value breaks, as a constraint.

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind as Kind};
use serde_json::{Number, Value};

use crate::{
    Constraint, JsonType,
    excerpt::{MAX_NAMES, NAME_SHOWN, beginning, excerpt},
    field_error::{escape, unescape},
    keywords::{FORMAT, MAX_BYTES, MIN_BYTES},
    shape::child,
};

/// Says that an absent field of a body is reported as if it were in the path.
const WITH_PATH: &str = "x-with-path";

/// The first rule of a schema that a value breaks, and the pointer to the field.
pub(crate) fn first(source: &Value, validator: &Validator, value: &Value) -> Option<(String, Constraint)> {
    if validator.is_valid(value) {
        return None;
    }
    let first = validator.iter_errors(value).min_by_key(|error| rank(source, error))?;
    Some((pointer_of(&first), constraint(source, &first)))
}

/// The pointers to all fields that break a rule.
pub(crate) fn all(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| pointer_of(&error)).collect()
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

/// Whether the gateway reads the field at the pointer `within` together with the path.
pub(crate) fn is_read_with_path(source: &Value, within: &str) -> bool {
    let mut names = within.split('/').skip(1).map(unescape);
    let field = names.try_fold(source, |schema, name| child(schema, &name));
    field.is_some_and(|field| field[WITH_PATH] == true)
}

/// The rank of an error among those of a value. A text that is too short or too long for its pattern is reported by its
/// length. (wild, for an empty `out_request_no`)
fn rank(source: &Value, error: &ValidationError<'_>) -> (u8, String, bool) {
    let stage = match error.kind() {
        Kind::Type { .. } => 0,
        Kind::Required { .. } if is_read_with_path(source, &pointer_of(error)) => 0,
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
