//! The contract: which operations there are, and what their fields may hold.
//!
//! Everything is read from `fixtures/contract/openapi.json`, once in a process. There is no second list of paths or
//! fields.

mod path_template;

use std::sync::{LazyLock, OnceLock};

use http::Method;
use jsonschema::{Keyword, ValidationError, Validator};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

pub(crate) use crate::contract::path_template::PathTemplate;
use crate::field_fault::{FieldFault, JsonType, Location, Rule};

/// The contract's text, as the mock serves and obeys it: OpenAPI 3.1.
pub const OPENAPI: &str = include_str!("../../fixtures/contract/openapi.json");

/// The contract, ready to use.
pub(crate) struct Contract {
    operations: Vec<Operation>,
}

/// One operation of the contract.
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) path: PathTemplate,
    pub(crate) parameters: Vec<Parameter>,
    /// The schema of the body, if the operation takes one.
    pub(crate) body: Option<Schema>,
}

/// A parameter of the path or the query.
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// What names it in a refusal: `/code`.
    pub(crate) pointer: String,
    pub(crate) location: Location,
    pub(crate) required: bool,
    pub(crate) schema: Schema,
}

/// A schema as it is written, and compiled when it is first needed: that takes longer than a call.
pub(crate) struct Schema {
    source: Value,
    validator: OnceLock<Validator>,
}

impl Contract {
    /// The contract of this version.
    pub(crate) fn current() -> &'static Self {
        static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
            let document = serde_json::from_str(OPENAPI).expect("the contract is JSON");
            Contract::read(&document).expect("the contract describes every operation completely")
        });
        &CONTRACT
    }

    /// Takes the operations out of an OpenAPI document; `Err` says what is missing where.
    fn read(document: &Value) -> Result<Self, String> {
        let mut operations = Vec::new();
        for (path, item) in object(document, "/paths")? {
            for (method, operation) in object(item, "")? {
                let place = format!("{method} {path}");
                let read = Operation::read(document, path, method, operation);
                operations.push(read.map_err(|problem| format!("{place}: {problem}"))?);
            }
        }
        Ok(Self { operations })
    }

    /// The `operationId` of each operation.
    pub(crate) fn operation_ids(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(|operation| operation.id.as_str())
    }

    /// Whether there is an operation with this `operationId`.
    pub(crate) fn has_operation(&self, id: &str) -> bool {
        self.operation_ids().any(|known| known == id)
    }

    /// What a path says for a parameter of an operation, decoded.
    pub(crate) fn path_parameter(&self, operation_id: &str, path: &str, name: &str) -> Option<String> {
        let operation = self.operations.iter().find(|operation| operation.id == operation_id)?;
        let mut names = operation.parameters_in(Location::Path).map(|parameter| parameter.name.as_str());
        let at = names.position(|parameter| parameter == name)?;
        let values = operation.path.values(path)?;
        Some(percent_decode_str(values.get(at)?).decode_utf8_lossy().into_owned())
    }

    /// The operations whose path is like `path`, which is still percent-encoded.
    pub(crate) fn at<'c>(&'c self, path: &str) -> impl Iterator<Item = &'c Operation> {
        self.operations.iter().filter(move |operation| operation.path.values(path).is_some())
    }

    /// The operation whose path is most like `path`, as `METHOD path`.
    pub(crate) fn nearest(&self, path: &str) -> String {
        // Enough to tell operations apart, and no more work for a path of 64 KiB.
        let start = |path: &str| path.chars().take(128).collect::<String>();
        let wanted = start(path);
        let distance =
            |operation: &&Operation| strsim::levenshtein(&start(&operation.with_values_of(path)), &wanted);
        let nearest = self.operations.iter().min_by_key(distance);
        nearest.map_or_else(String::new, |operation| format!("{} {}", operation.method, operation.path))
    }
}

impl Operation {
    fn read(document: &Value, path: &str, method: &str, operation: &Value) -> Result<Self, String> {
        let id = operation["operationId"].as_str().ok_or("no operationId")?;
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let body = operation.pointer("/requestBody/content/application~1json/schema");
        Ok(Self {
            id: id.into(),
            method: method.to_uppercase().parse().map_err(|_| "not a method")?,
            path: PathTemplate::new(path),
            parameters: parameters
                .map(|parameter| Parameter::read(document, parameter))
                .collect::<Result<_, _>>()?,
            body: body.map(|schema| Schema::read(document, schema)).transpose()?,
        })
    }

    /// The path with what stands in `path` in the places of its parameters.
    fn with_values_of(&self, path: &str) -> String {
        let mut sent = path.split('/');
        let segments = self.path.as_str().split('/').map(|segment| match sent.next() {
            Some(value) if segment.starts_with('{') => value,
            _ => segment,
        });
        segments.collect::<Vec<_>>().join("/")
    }

    /// The parameters of one location.
    pub(crate) fn parameters_in(&self, location: Location) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(move |parameter| parameter.location == location)
    }
}

impl Parameter {
    fn read(document: &Value, parameter: &Value) -> Result<Self, String> {
        let name = parameter["name"].as_str().ok_or("a parameter without a name")?;
        let location = match parameter["in"].as_str() {
            Some("path") => Location::Path,
            Some("query") => Location::Query,
            other => return Err(format!("parameter {name}: expected it in path or query, found {other:?}")),
        };
        Ok(Self {
            name: name.into(),
            pointer: format!("/{name}"),
            location,
            required: parameter["required"].as_bool().unwrap_or_default(),
            schema: Schema::read(document, &parameter["schema"])?,
        })
    }
}

impl Schema {
    fn read(document: &Value, schema: &Value) -> Result<Self, String> {
        let source = match schema["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').ok_or("a $ref out of the document")?;
                document.pointer(pointer).ok_or_else(|| format!("{reference} leads nowhere"))?
            }
            None => schema,
        };
        Ok(Self { source: source.clone(), validator: OnceLock::new() })
    }

    /// The schema, compiled. There are no others than those of the contract, each of which a test compiles, and those of
    /// mutants, which were tried when they were made.
    fn validator(&self) -> &Validator {
        self.validator.get_or_init(|| self.compile().expect("each schema of the contract is one"))
    }

    /// Compiles it as one of Draft 7, for which three million instructions fewer are needed than for 2020-12: a schema
    /// is held against the draft's own schema first, and that must be compiled, too. The contract has no keyword that
    /// the two read differently, as a test makes sure.
    fn compile(&self) -> Result<Validator, String> {
        jsonschema::draft7::options()
            .with_keyword("format", |_, format, _| Ok(Box::new(Format { is_int64: format == "int64" })))
            .build(&self.source)
            .map_err(|error| error.to_string())
    }

    /// The first rule that `value` breaks, for a value that stands at `pointer` of its part of the request.
    ///
    /// The gateway first maps JSON to fields and then looks at the rules of each, so types come first, then fields
    /// that it does not know, then the rules; among equals the order is that of the fields' names. (own choice)
    pub(crate) fn check(
        &self,
        value: &Value,
        location: Location,
        pointer: &str,
    ) -> Result<(), Box<FieldFault>> {
        let validator = self.validator();
        if validator.is_valid(value) {
            return match four_byte_text(value) {
                None => Ok(()),
                Some((at, text)) => {
                    let (title, title_traditional) = self.at(&at).map_or_else(Default::default, titles);
                    let rule = Rule::ThreeBytes { found: bounded(text) };
                    let pointer = format!("{pointer}{at}");
                    Err(Box::new(FieldFault { location, pointer, title, title_traditional, rule }))
                }
            };
        }
        let faults = validator.iter_errors(value).map(|error| self.fault(&error, location, pointer));
        let first = faults.min_by(|one, other| rank(one).cmp(&rank(other)));
        first.map_or(Ok(()), |fault| Err(Box::new(fault)))
    }

    fn fault(&self, error: &ValidationError<'_>, location: Location, base: &str) -> FieldFault {
        use jsonschema::error::ValidationErrorKind::{
            AdditionalProperties, MaxLength, MinLength, Pattern, Required, Type,
        };
        let within = error.instance_path().as_str();
        let length = error.instance().as_str().map_or(0, |text| text.chars().count());
        let found = bounded(error.instance());
        let mut at = within.to_owned();
        let rule = match error.kind() {
            Required { property } => {
                at = format!("{within}/{}", property.as_str().unwrap_or_default());
                Rule::Required
            }
            Type { .. } => Rule::Type { expected: self.type_at(within), found },
            _ if error.kind().keyword() == "format" => Rule::Type { expected: JsonType::Integer, found },
            MaxLength { limit } => Rule::MaxLength { limit: *limit, length },
            MinLength { limit } => Rule::MinLength { limit: *limit, length },
            Pattern { pattern } => Rule::Pattern { pattern: pattern.clone(), found },
            AdditionalProperties { unexpected } => {
                let names = unexpected.iter().take(UNKNOWN_FIELDS_NAMED);
                let names = names.map(|name| beginning(name, NAME_SHOWN)).collect();
                Rule::Documented { parent: within.into(), names }
            }
            other => Rule::Other { keyword: other.keyword().into(), found },
        };
        let (title, title_traditional) = self.at(&at).map_or_else(Default::default, titles);
        FieldFault { location, pointer: format!("{base}{at}"), title, title_traditional, rule }
    }

    fn type_at(&self, pointer: &str) -> JsonType {
        let name = self.at(pointer).and_then(|schema| schema["type"].as_str());
        JsonType::of_schema(name.unwrap_or_default())
    }

    /// The part of the schema that describes the value at `pointer`.
    fn at(&self, pointer: &str) -> Option<&Value> {
        pointer.split('/').skip(1).try_fold(&self.source, |schema, name| {
            if schema["type"] == "array" { schema.get("items") } else { schema.get("properties")?.get(name) }
        })
    }

    /// Removes the fields that the schema does not have from the object at `pointer`.
    pub(crate) fn retain_known(&self, value: &mut Value, pointer: &str) {
        let known = self.at(pointer).and_then(|schema| schema["properties"].as_object());
        let object = value.pointer_mut(pointer).and_then(Value::as_object_mut);
        if let (Some(known), Some(object)) = (known, object) {
            object.retain(|name, _| known.contains_key(name));
        }
    }

    /// A fault of the value as a whole that no schema could find.
    pub(crate) fn fault_of(&self, location: Location, pointer: String, rule: Rule) -> FieldFault {
        let (title, title_traditional) = titles(&self.source);
        FieldFault { location, pointer, title, title_traditional, rule }
    }
}

/// Unknown fields that a refusal names. (own choice)
const UNKNOWN_FIELDS_NAMED: usize = 100;

/// Characters that a refusal shows of such a name. (own choice)
const NAME_SHOWN: usize = 128;

/// Characters of JSON that a refusal shows of a value. (own choice)
const VALUE_SHOWN: usize = 4096;

/// The value, or the beginning of its text if it is large: what a refusal says stays small, whatever was sent.
fn bounded(value: &Value) -> Value {
    let text = value.to_string();
    match text.char_indices().nth(VALUE_SHOWN) {
        None => value.clone(),
        Some(_) => Value::String(beginning(&text, VALUE_SHOWN)),
    }
}

/// The text, or so many characters of it and `…`.
fn beginning(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// The first text with a character of four bytes, such as an emoji, and its place.
fn four_byte_text(value: &Value) -> Option<(String, &Value)> {
    match value {
        Value::String(text) => has_four_bytes(text).then(|| (String::new(), value)),
        Value::Array(items) => {
            let mut found = items.iter().enumerate();
            found.find_map(|(index, item)| {
                four_byte_text(item).map(|(at, text)| (format!("/{index}{at}"), text))
            })
        }
        Value::Object(fields) => {
            let mut found = fields.iter();
            found.find_map(|(name, field)| {
                four_byte_text(field).map(|(at, text)| (format!("/{name}{at}"), text))
            })
        }
        _ => None,
    }
}

/// Whether a character of the text takes four bytes: its first byte tells.
fn has_four_bytes(text: &str) -> bool {
    text.bytes().any(|byte| byte >= 0xf0)
}

/// A field's name in simplified and in traditional characters.
fn titles(schema: &Value) -> (String, String) {
    let text = |key: &str| schema[key].as_str().unwrap_or_default().to_owned();
    (text("title"), text("x-title-traditional"))
}

fn rank(fault: &FieldFault) -> (u8, &str) {
    let stage = match fault.rule {
        Rule::Type { .. } => 0,
        Rule::Documented { .. } => 1,
        _ => 2,
    };
    (stage, &fault.pointer)
}

/// The keyword `format`: of the formats, only `int64` forbids anything. JSON Schema's own `integer` takes `100.0` and
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

fn object<'a>(value: &'a Value, pointer: &str) -> Result<&'a Map<String, Value>, String> {
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .ok_or_else(|| format!("expected an object at {pointer}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::language::Language;

    fn rights() -> &'static Operation {
        Contract::current().operations.iter().find(|operation| operation.id == "set_rights").unwrap()
    }

    fn complaint(body: &Value) -> String {
        rights().body.as_ref().unwrap().check(body, Location::Body, "").unwrap_err().message(Language::ZhCn)
    }

    #[test]
    fn every_field_of_a_body_has_a_chinese_name() {
        fn nameless(schema: &Value, at: &str) -> Vec<String> {
            let fields = schema["properties"].as_object().into_iter().flatten();
            fields
                .flat_map(|(name, field)| {
                    let at = format!("{at}/{name}");
                    let mut found = nameless(field, &at);
                    let (title, traditional) = titles(field);
                    found.extend((title.is_empty() || traditional.is_empty()).then_some(at));
                    found
                })
                .collect()
        }
        for operation in &Contract::current().operations {
            let body = operation.body.iter().flat_map(|body| nameless(&body.source, ""));
            assert_eq!(body.collect::<Vec<_>>(), Vec::<String>::new(), "{}", operation.id);
            for Parameter { schema, name, .. } in &operation.parameters {
                assert!(
                    !titles(&schema.source).0.is_empty() && !titles(&schema.source).1.is_empty(),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn every_schema_compiles_and_is_one_of_the_draft_that_the_contract_is_written_in() {
        let operations = &Contract::current().operations;
        for schema in operations.iter().flat_map(|operation| &operation.body) {
            schema.compile().unwrap();
            jsonschema::draft202012::new(&schema.source).unwrap();
        }
    }

    #[test]
    fn no_keyword_of_the_contract_means_another_thing_in_the_draft_that_it_is_compiled_as() {
        const ALIKE: [&str; 9] = [
            "type",
            "enum",
            "minLength",
            "maxLength",
            "pattern",
            "format",
            "required",
            "properties",
            "additionalProperties",
        ];
        const SAID_ONLY: [&str; 5] = ["title", "x-title-traditional", "description", "default", "examples"];
        fn check(schema: &Value) {
            // `true` and `false` are schemas as well.
            for (keyword, value) in schema.as_object().into_iter().flatten() {
                assert!(ALIKE.contains(&&**keyword) || SAID_ONLY.contains(&&**keyword), "{keyword}");
                match &**keyword {
                    "properties" => value.as_object().unwrap().values().for_each(check),
                    "additionalProperties" => check(value),
                    _ => {}
                }
            }
        }
        for operation in &Contract::current().operations {
            operation.body.iter().for_each(|schema| check(&schema.source));
        }
    }

    #[test]
    fn only_integers_of_64_bits_are_integers() {
        for number in
            [json!(100.0), json!(0.5), json!(9_223_372_036_854_775_808_u64), json!("1"), json!(null)]
        {
            assert_eq!(
                complaint(&json!({ "out_request_no": "1", "bonus_value": number })),
                "无法将 JSON 输入源“/body/bonus_value”映射到目标字段“变更后的会员积分值”中，此字段需要一个合法的 64 位有符号整数"
            );
        }
    }

    #[test]
    fn types_come_before_unknown_fields_and_those_before_rules() {
        let all = json!({ "bonus_value": "1", "payer": 1, "member_price_word": "123456789" });
        assert!(complaint(&all).contains("/body/bonus_value"));
        let two = json!({ "payer": 1, "member_price_word": "123456789" });
        assert_eq!(complaint(&two), "请求中含有未在API文档中定义的参数");
        assert_eq!(
            complaint(&json!({ "member_price_word": "123456789" })),
            "输入源“/body/member_price_word”映射到值字段“会员价文案”字符串规则校验失败，字符数 9，大于最大值 8"
        );
    }
}
