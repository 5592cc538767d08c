//! Errors in the fields of a request.

use std::{borrow::Cow, fmt};

use serde_json::{Number, Value};

use crate::traditional::traditional;

/// A field that breaks a rule of the contract.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// The part of the request that has the field.
    pub location: Location,
    /// The place in that part, as a JSON pointer: `/out_request_no`; empty for the part itself.
    pub pointer: String,
    /// The field's Chinese name, from the contract: for a body without one 请求体, for an item of a list that of the
    /// list, else the field's own name.
    pub title: String,
    /// The rule, with what was found instead.
    pub constraint: Constraint,
}

impl FieldError {
    /// The field with its part of the request, as the gateway writes it: `/body/out_request_no`. A part of a form stands
    /// alone: `/file`. (wild)
    pub fn source_name(&self) -> String {
        match self.location {
            Location::Form => self.pointer.clone(),
            location => format!("/{location}{}", self.pointer),
        }
    }

    /// The field's Chinese name in traditional characters.
    pub fn title_traditional(&self) -> String {
        traditional(&self.title)
    }

    /// The undocumented fields, if they are the error: `/body/payer/openid`.
    pub fn unknown_fields(&self) -> Vec<String> {
        let Constraint::Documented { parent, names } = &self.constraint else { return Vec::new() };
        names.iter().map(|name| format!("/{}{parent}/{}", self.location, escape(name))).collect()
    }
}

/// Part of a request that has fields, in the order in which they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Location {
    /// The path. (wild: `uri_template`)
    Path,
    /// The query.
    Query,
    /// The headers.
    Header,
    /// The JSON body, or the JSON in the part `meta` of a form.
    Body,
    /// The parts of a form.
    Form,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "uri_template",
            Self::Query => "query",
            Self::Header => "header",
            Self::Body => "body",
            Self::Form => "form",
        })
    }
}

/// A rule of the contract, with what was found instead; a long value is cut.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are the rule's own and what was found")]
pub enum Constraint {
    /// The field is required.
    Required,
    /// The value has a type.
    Type { expected: JsonType, found: Value },
    /// The text has at most `limit` characters.
    MaxLength { limit: u64, length: usize },
    /// The text has at least `limit` characters.
    MinLength { limit: u64, length: usize },
    /// The text has at most `limit` bytes in UTF-8.
    MaxBytes { limit: u64, length: usize },
    /// The text has at least `limit` bytes in UTF-8.
    MinBytes { limit: u64, length: usize },
    /// The number is at most `limit`.
    Maximum { limit: Number, found: Value },
    /// The number is at least `limit`.
    Minimum { limit: Number, found: Value },
    /// The list has at most `limit` items.
    MaxItems { limit: u64, length: usize },
    /// The list has at least `limit` items.
    MinItems { limit: u64, length: usize },
    /// The value is one of these.
    Enum { members: Vec<Value>, found: Value },
    /// The text matches a regular expression.
    Pattern { pattern: String, found: Value },
    /// The object at the pointer `parent` has documented fields only; `names` are up to a hundred others.
    Documented { parent: String, names: Vec<String> },
    /// The text is UTF-8 of one to three bytes a character: no emoji. (documented)
    ThreeBytes { found: Value },
    /// The parameter is percent-encoded UTF-8; `found` is the text as sent.
    PercentEncoding { found: String },
    /// Any other keyword of JSON Schema.
    Other { keyword: String, found: Value },
}

/// A JSON type, as the gateway distinguishes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum JsonType {
    Array,
    Boolean,
    /// An integer of 64 bits.
    Integer,
    /// An integer of 32 bits: format `int32`.
    Int32,
    Number,
    Object,
    String,
    /// An integer of 64 bits without a sign: format `uint64`.
    Uint64,
}

impl JsonType {
    /// The type that a schema requires; the first of several, not counting `null`.
    pub(crate) fn of(schema: &Value) -> Option<Self> {
        let named = match &schema["type"] {
            Value::String(name) => Self::named(name),
            Value::Array(names) => names.iter().filter_map(Value::as_str).find_map(Self::named),
            _ => None,
        };
        match (named?, schema["format"].as_str()) {
            (Self::Integer, Some("int32")) => Some(Self::Int32),
            (Self::Integer, Some("uint64")) => Some(Self::Uint64),
            (other, _) => Some(other),
        }
    }

    /// The type with this name in JSON Schema; `None` for `null` and unknown names.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "array" => Self::Array,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "object" => Self::Object,
            "string" => Self::String,
            _ => return None,
        })
    }
}

/// A field's name as one token of a JSON pointer.
pub(crate) fn escape(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) { name.replace('~', "~0").replace('/', "~1").into() } else { name.into() }
}

/// The name that a token of a JSON pointer encodes.
pub(crate) fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_survives_escaping(name in "[~/01a]{0,8}") {
            prop_assert!(!escape(&name).contains('/'));
            prop_assert_eq!(unescape(&escape(&name)), name);
        }
    }
}
