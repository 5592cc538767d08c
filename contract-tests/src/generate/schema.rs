//! JSON Schemas from which values can be generated.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use wechatpay_openapi::{ContractError, JsonType};

use super::text::{Pattern, Text};

/// A schema of the contract.
#[derive(Clone, Debug)]
pub(super) struct Schema {
    /// The field's name in the gateway's messages.
    pub(super) title: String,
    /// Whether the value may be `null`.
    pub(super) is_nullable: bool,
    pub(super) values: Values,
}

/// Which values a schema allows.
#[derive(Clone, Debug)]
pub(super) enum Values {
    Boolean,
    Integer(Integers),
    /// Any number.
    Number,
    Text(Text),
    /// One of these values.
    Choice(Choice),
    /// A text that holds JSON.
    Json {
        schema: Box<Schema>,
        max: Option<usize>,
    },
    List(Box<List>),
    Object(Object),
}

/// Integers, between the schema's limits if it has any.
#[derive(Clone, Debug)]
pub(super) struct Integers {
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    pub(super) kind: JsonType,
    /// Whether integers fit into the bits of their type and are written without a decimal point.
    pub(super) is_strict: bool,
}

/// Values, and the type and lengths that others have which are wrong for no other reason.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) members: Vec<Value>,
    pub(super) kind: JsonType,
    pub(super) min_length: usize,
    pub(super) max_length: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct List {
    pub(super) item: Schema,
    pub(super) min: usize,
    pub(super) max: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) fields: Vec<Field>,
    /// Whether other fields are forbidden.
    pub(super) is_closed: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) is_required: bool,
    pub(super) schema: Schema,
}

/// The keywords that the generator supports.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keywords {
    #[serde(rename = "type")]
    kind: Option<Kinds>,
    title: Option<String>,
    format: Option<String>,
    #[serde(rename = "enum")]
    choices: Option<Vec<Value>>,
    #[serde(rename = "const")]
    only: Option<Value>,
    content_schema: Option<Value>,
    #[serde(rename = "x-length")]
    length_in: Option<String>,
    #[serde(rename = "x-sensitive", default)]
    is_sensitive: bool,
    #[serde(rename = "x-complete", default)]
    is_complete: bool,
    #[serde(rename = "x-enum-uncertain", default)]
    is_enum_uncertain: bool,
    #[serde(default)]
    min_length: usize,
    max_length: Option<usize>,
    pattern: Option<String>,
    minimum: Option<i64>,
    maximum: Option<i64>,
    items: Option<Value>,
    #[serde(default)]
    min_items: usize,
    max_items: Option<usize>,
    #[serde(default)]
    properties: BTreeMap<String, Value>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default = "yes")]
    additional_properties: bool,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// A type, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Kinds {
    One(String),
    Several(Vec<String>),
}

impl Kinds {
    fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }

    /// The first that is not `null`.
    fn first(&self) -> Option<&str> {
        self.names().iter().map(String::as_str).find(|name| *name != "null")
    }
}

fn yes() -> bool {
    true
}

/// Keywords that forbid no value, as does any other `x-…`.
const ANNOTATIONS: [&str; 6] =
    ["contentMediaType", "description", "default", "examples", "example", "deprecated"];

/// The longest encrypted text that fits in one block of a key, in characters of three bytes at most.
const LONGEST_SENSITIVE: usize = 64;

impl Schema {
    /// Reads a schema without `$ref`.
    ///
    /// # Errors
    /// [`ContractError`] if it has a keyword that values can't be made by.
    pub(super) fn read(schema: &Value) -> Result<Self, ContractError> {
        Self::read_named(schema, "", false)
    }

    /// The same for a field or an item with this name if its schema has none, in a body of which all fields may be known.
    fn read_named(schema: &Value, name: &str, is_complete: bool) -> Result<Self, ContractError> {
        let keywords = Keywords::deserialize(schema)
            .map_err(|error| ContractError::new(format!("no values can be made from it: {error}")))?;
        let is_annotation = |name: &str| name.starts_with("x-") || ANNOTATIONS.contains(&name);
        if let Some(name) = keywords.rest.keys().find(|name| !is_annotation(name)) {
            return Err(ContractError::new(format!("values can't be made by the keyword {name}")));
        }
        let title = keywords.title.clone().unwrap_or_else(|| name.into());
        let is_nullable =
            keywords.kind.as_ref().is_some_and(|kinds| kinds.names().iter().any(|name| name == "null"));
        let is_complete = is_complete || keywords.is_complete;
        let values = Values::read(keywords, &title, is_complete)?;
        Ok(Self { title, is_nullable, values })
    }

    /// The type that the value has.
    pub(super) fn json_type(&self) -> JsonType {
        match &self.values {
            Values::Boolean => JsonType::Boolean,
            Values::Integer(integers) => integers.kind,
            Values::Number => JsonType::Number,
            Values::Text(_) | Values::Json { .. } => JsonType::String,
            Values::Choice(choice) => choice.kind,
            Values::List(_) => JsonType::Array,
            Values::Object(_) => JsonType::Object,
        }
    }
}

impl Values {
    fn read(keywords: Keywords, title: &str, is_complete: bool) -> Result<Self, ContractError> {
        let kind = keywords.kind.as_ref().and_then(Kinds::first);
        let (integer, least) = match keywords.format.as_deref() {
            Some("int32") => (JsonType::Int32, Some(i32::MIN.into())),
            Some("uint64") => (JsonType::Uint64, Some(0)),
            _ => (JsonType::Integer, None),
        };
        let choices = keywords.choices.filter(|_| !keywords.is_enum_uncertain);
        if let Some(members) = choices.or_else(|| keywords.only.map(|only| vec![only])) {
            let kind = match kind {
                Some("integer") => integer,
                Some("number") => JsonType::Number,
                _ => JsonType::String,
            };
            let (min_length, max_length) = (keywords.min_length, keywords.max_length);
            return Ok(Self::Choice(Choice { members, kind, min_length, max_length }));
        }
        match kind {
            Some("boolean") => Ok(Self::Boolean),
            Some("integer") => Ok(Self::Integer(Integers {
                min: keywords.minimum.or(least),
                max: keywords.maximum.or((integer == JsonType::Int32).then_some(i32::MAX.into())),
                kind: integer,
                is_strict: matches!(keywords.format.as_deref(), Some("int32" | "int64" | "uint64")),
            })),
            Some("number") if keywords.minimum.is_none() && keywords.maximum.is_none() => Ok(Self::Number),
            Some("string") if keywords.content_schema.is_some() => {
                let schema = keywords.content_schema.unwrap_or_default();
                let schema = Schema::read(&schema).map_err(|error| error.within("contentSchema"))?;
                Ok(Self::Json { schema: Box::new(schema), max: keywords.max_length })
            }
            Some("string") => {
                let is_in_bytes = keywords.length_in.as_deref() == Some("bytes");
                let pattern = keywords.pattern.as_deref();
                let pattern = pattern.map(|pattern| Pattern::parse(pattern, is_in_bytes)).transpose();
                let pattern = pattern.map_err(|error| ContractError::new(error).within("pattern"))?;
                let longest = keywords.is_sensitive.then_some(LONGEST_SENSITIVE);
                let max = keywords.max_length;
                let is_time = keywords.format.as_deref() == Some("date-time") && max.is_none();
                let min = keywords.min_length;
                Ok(Self::Text(Text { min, max, longest, is_in_bytes, pattern, is_time }))
            }
            Some("array") => {
                let items = keywords.items.unwrap_or_default();
                let item = Schema::read_named(&items, title, is_complete);
                let item = item.map_err(|error| error.within("items"))?;
                Ok(Self::List(Box::new(List { item, min: keywords.min_items, max: keywords.max_items })))
            }
            Some("object") => {
                let fields = keywords.properties.iter().map(|(name, schema)| {
                    let schema = Schema::read_named(schema, name, is_complete);
                    let schema = schema.map_err(|error| error.within(name))?;
                    Ok(Field { name: name.clone(), is_required: keywords.required.contains(name), schema })
                });
                let fields = fields.collect::<Result<_, ContractError>>()?;
                // An object that lists no fields may have any.
                let is_closed =
                    !keywords.additional_properties || is_complete && !keywords.properties.is_empty();
                Ok(Self::Object(Object { fields, is_closed }))
            }
            found => Err(ContractError::new(format!(
                "expected type array, boolean, integer, number, object or string, found {found:?}"
            ))),
        }
    }
}
