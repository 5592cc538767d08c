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
    pub(super) values: Values,
}

/// Which values a schema allows.
#[derive(Clone, Debug)]
pub(super) enum Values {
    Boolean,
    Integer(Integers),
    Text(Text),
    /// One of these texts.
    Choice(Vec<String>),
    List(Box<List>),
    Object(Object),
}

/// Integers, between the schema's limits if it has any.
#[derive(Clone, Debug)]
pub(super) struct Integers {
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    /// Whether integers fit into 64 bits and are written without a decimal point.
    pub(super) is_int64: bool,
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
    kind: Option<String>,
    #[serde(default)]
    title: String,
    format: Option<String>,
    #[serde(rename = "enum")]
    choices: Option<Vec<String>>,
    #[serde(rename = "const")]
    only: Option<String>,
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

fn yes() -> bool {
    true
}

/// Keywords that forbid no value, as does any `x-…`.
const ANNOTATIONS: [&str; 5] = ["description", "default", "examples", "example", "deprecated"];

impl Schema {
    /// Reads a schema without `$ref`.
    ///
    /// # Errors
    /// [`ContractError`] if it has a keyword that values can't be made by.
    pub(super) fn read(schema: &Value) -> Result<Self, ContractError> {
        let keywords = Keywords::deserialize(schema)
            .map_err(|error| ContractError::new(format!("no values can be made from it: {error}")))?;
        let is_annotation = |name: &str| name.starts_with("x-") || ANNOTATIONS.contains(&name);
        if let Some(name) = keywords.rest.keys().find(|name| !is_annotation(name)) {
            return Err(ContractError::new(format!("values can't be made by the keyword {name}")));
        }
        Ok(Self { title: keywords.title.clone(), values: Values::read(keywords)? })
    }

    /// The type that the value has.
    pub(super) fn json_type(&self) -> JsonType {
        match &self.values {
            Values::Boolean => JsonType::Boolean,
            Values::Integer(_) => JsonType::Integer,
            Values::Text(_) | Values::Choice(_) => JsonType::String,
            Values::List(_) => JsonType::Array,
            Values::Object(_) => JsonType::Object,
        }
    }
}

impl Values {
    fn read(keywords: Keywords) -> Result<Self, ContractError> {
        if let Some(choices) = keywords.choices.or_else(|| keywords.only.map(|only| vec![only])) {
            return Ok(Self::Choice(choices));
        }
        match keywords.kind.as_deref() {
            Some("boolean") => Ok(Self::Boolean),
            Some("integer") => Ok(Self::Integer(Integers {
                min: keywords.minimum,
                max: keywords.maximum,
                is_int64: keywords.format.as_deref() == Some("int64"),
            })),
            Some("string") => {
                let pattern = keywords.pattern.as_deref().map(Pattern::parse).transpose();
                let pattern = pattern.map_err(|error| ContractError::new(error).within("pattern"))?;
                Ok(Self::Text(Text { min: keywords.min_length, max: keywords.max_length, pattern }))
            }
            Some("array") => {
                let items = keywords.items.unwrap_or_default();
                let item = Schema::read(&items).map_err(|error| error.within("items"))?;
                Ok(Self::List(Box::new(List { item, min: keywords.min_items, max: keywords.max_items })))
            }
            Some("object") => {
                let fields = keywords.properties.iter().map(|(name, schema)| {
                    let schema = Schema::read(schema).map_err(|error| error.within(name))?;
                    Ok(Field { name: name.clone(), is_required: keywords.required.contains(name), schema })
                });
                let fields = fields.collect::<Result<_, ContractError>>()?;
                Ok(Self::Object(Object { fields, is_closed: !keywords.additional_properties }))
            }
            found => Err(ContractError::new(format!(
                "expected type array, boolean, integer, object or string, found {found:?}"
            ))),
        }
    }
}
