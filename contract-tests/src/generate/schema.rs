//! What a JSON Schema says of a value, as far as values can be made from it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use wechatpay_mock::JsonType;

use super::{
    problem::ContractError,
    text::{Pattern, Text},
};

/// A schema, read.
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

/// Integers within limits that the schema names, or those of its format.
#[derive(Clone, Debug)]
pub(super) struct Integers {
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    /// Whether only what fits into 64 bits, and is written without a decimal point, is an integer.
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
    /// Whether there must be no others.
    pub(super) is_closed: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) is_required: bool,
    pub(super) schema: Schema,
}

/// The keywords that this understands; whatever else a schema says can't be honoured, so it is refused.
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

/// Keywords that forbid no value. `x-…` is another.
const ANNOTATIONS: [&str; 5] = ["description", "default", "examples", "example", "deprecated"];

/// How deep schemas may lie within each other.
const DEEPEST: usize = 32;

impl Schema {
    /// Reads a schema of this document.
    ///
    /// # Errors
    /// [`ContractError`] if it has a keyword that values can't be made by.
    pub(super) fn read(document: &Value, schema: &Value) -> Result<Self, ContractError> {
        Self::read_at(document, schema, DEEPEST)
    }

    fn read_at(document: &Value, schema: &Value, levels_left: usize) -> Result<Self, ContractError> {
        let levels_left = levels_left.checked_sub(1);
        let levels_left = levels_left.ok_or_else(|| ContractError::new("the schema has no end"))?;
        let schema = resolved(document, schema)?;
        let keywords = Keywords::deserialize(schema)
            .map_err(|error| ContractError::new(format!("no values can be made from it: {error}")))?;
        let is_annotation = |name: &str| name.starts_with("x-") || ANNOTATIONS.contains(&name);
        if let Some(name) = keywords.rest.keys().find(|name| !is_annotation(name)) {
            return Err(ContractError::new(format!("values can't be made by the keyword {name}")));
        }
        let title = keywords.title.clone();
        let values = Values::read(document, keywords, levels_left)?;
        Ok(Self { title, values })
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
    fn read(document: &Value, keywords: Keywords, levels_left: usize) -> Result<Self, ContractError> {
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
                let pattern = pattern.map_err(|problem| ContractError::new(problem).within("pattern"))?;
                Ok(Self::Text(Text { min: keywords.min_length, max: keywords.max_length, pattern }))
            }
            Some("array") => {
                let items = keywords.items.unwrap_or_default();
                let item = Schema::read_at(document, &items, levels_left)
                    .map_err(|problem| problem.within("items"))?;
                Ok(Self::List(Box::new(List { item, min: keywords.min_items, max: keywords.max_items })))
            }
            Some("object") => {
                let fields = keywords.properties.iter().map(|(name, schema)| {
                    let schema = Schema::read_at(document, schema, levels_left)
                        .map_err(|problem| problem.within(name))?;
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

/// What a `$ref` leads to; anything else is what it is.
pub(super) fn resolved<'d>(document: &'d Value, value: &'d Value) -> Result<&'d Value, ContractError> {
    let Some(reference) = value["$ref"].as_str() else { return Ok(value) };
    let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
    target.ok_or_else(|| ContractError::new(format!("{reference} leads nowhere in the document")))
}
