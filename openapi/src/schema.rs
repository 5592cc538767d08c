//! JSON Schemas: checks a value, and finds the first rule that it breaks.

use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Number, Value};

use crate::{
    Constraint, ContractError, FieldError, JsonType, Location,
    excerpt::{MAX_NAMES, excerpt},
    field_error::unescape,
    inline::inline,
    keywords,
    parse::parse,
    shape::{Shape, child, is_closed, is_complete},
    violation::{self, is_read_with_path},
    walk::{four_byte_text, remove_unknown, unknown, walk},
};

/// A schema of the contract, compiled when a value is first checked.
#[derive(Debug)]
pub struct Schema {
    source: Value,
    validator: OnceLock<Validator>,
    shape: OnceLock<Shape>,
}

/// The name of a body without a title.
const BODY: &str = "请求体";

impl Schema {
    pub(crate) fn read(document: &Value, schema: &Value) -> Result<Self, ContractError> {
        Ok(Self { source: inline(document, schema)?, validator: OnceLock::new(), shape: OnceLock::new() })
    }

    /// The schema with every `$ref` replaced by its target: JSON Schema 2020-12 with keywords of the contract's own.
    pub fn as_value(&self) -> &Value {
        &self.source
    }

    /// Whether all fields of the body are known, `x-complete`, so that any other is an error. Elsewhere a field that is
    /// not described may still be right: [`unknown`](Self::unknown) finds these.
    pub fn is_complete(&self) -> bool {
        is_complete(&self.source) || is_closed(&self.source)
    }

    /// Compiles the schema unless it is compiled already.
    pub(crate) fn compile(&self) -> Result<&Validator, ContractError> {
        if let Some(validator) = self.validator.get() {
            return Ok(validator);
        }
        let validator = keywords::compile(&self.source)?;
        Ok(self.validator.get_or_init(|| validator))
    }

    pub(crate) fn validator(&self) -> &Validator {
        self.compile().expect("it was compiled before, or by a test of the built-in contract")
    }

    fn shape(&self) -> &Shape {
        self.shape.get_or_init(|| Shape::of(&self.source, is_complete(&self.source)))
    }

    /// Parses a body. Of undocumented fields, it keeps no more than errors name.
    ///
    /// # Errors
    /// If it is not JSON.
    pub fn parse(&self, body: &str) -> serde_json::Result<Value> {
        parse(self.shape(), body)
    }

    /// Whether the schema allows the value.
    pub fn is_valid(&self, value: &Value) -> bool {
        self.validator().is_valid(value)
    }

    /// Checks a body.
    ///
    /// The gateway first maps JSON to fields and then checks the rules of each, so types come first, then undocumented
    /// fields of a closed object or a complete body, then the rules. Errors of one kind are ordered by field name.
    /// (own choice)
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
        if let Some((within, constraint)) = violation::first(&self.source, self.validator(), value) {
            return error(&within, constraint);
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
        let is_in_path = constraint == Constraint::Required && is_read_with_path(&self.source, within);
        let location = if is_in_path { Location::Path } else { location };
        Box::new(FieldError {
            location,
            pointer: format!("{pointer}{within}"),
            title: self.title(pointer, within),
            constraint,
        })
    }

    /// The Chinese name of the field at the pointer `within`.
    fn title(&self, pointer: &str, within: &str) -> String {
        let named =
            |schema: Option<&Value>| schema.and_then(|schema| schema["title"].as_str()).map(String::from);
        let root = pointer.rsplit('/').next().filter(|name| !name.is_empty()).map_or(BODY.into(), unescape);
        let mut title = named(Some(&self.source)).unwrap_or(root);
        let mut schema = Some(&self.source);
        for token in within.split('/').skip(1).map(unescape) {
            let is_item = schema.is_some_and(|schema| JsonType::of(schema) == Some(JsonType::Array));
            schema = schema.and_then(|schema| child(schema, &token));
            title = named(schema).unwrap_or(if is_item { title } else { token });
        }
        title
    }

    /// The undocumented fields of a body, at any depth: an error for each object that has any, up to a hundred. An
    /// object that lists no fields can't have any.
    pub fn unknown(&self, body: &Value) -> Vec<FieldError> {
        let error = |(parent, names): (String, _)| {
            *self.error("", &parent, Location::Body, Constraint::Documented { parent: parent.clone(), names })
        };
        unknown(self.shape(), body).into_iter().map(error).collect()
    }

    /// Removes the undocumented fields of a body, and returns what [`unknown`](Self::unknown) does.
    pub fn remove_unknown(&self, body: &mut Value) -> Vec<FieldError> {
        let found = self.unknown(body);
        remove_unknown(self.shape(), body);
        found
    }

    /// The pointers of the encrypted texts in a body: of the fields that are marked `x-sensitive` and not empty.
    pub fn sensitive(&self, body: &Value) -> Vec<String> {
        let mut pointers = Vec::new();
        walk(self.shape(), body, |shape| shape.has_sensitive, &mut |at, shape, value| {
            if shape.is_sensitive && value.as_str().is_some_and(|text| !text.is_empty()) {
                pointers.push(at.to_owned());
            }
        });
        pointers
    }

    /// The values of a body that are outside an enum of which sources disagree, `x-enum-uncertain`, up to a hundred.
    /// They are no errors.
    pub fn uncertain(&self, body: &Value) -> Vec<FieldError> {
        self.uncertain_at("", body, Location::Body)
    }

    /// The same for the value at `pointer` of its part of the request.
    pub(crate) fn uncertain_at(&self, pointer: &str, value: &Value, location: Location) -> Vec<FieldError> {
        let mut errors = Vec::new();
        walk(self.shape(), value, |shape| shape.has_uncertain, &mut |within, shape, value| {
            let members = shape.uncertain.as_ref();
            let Some(members) = members.filter(|members| !members.contains(value)) else { return };
            if errors.len() < MAX_NAMES {
                let constraint = Constraint::Enum { members: members.clone(), found: excerpt(value) };
                errors.push(*self.error(pointer, within, location, constraint));
            }
        });
        errors
    }
}

/// The value of a text outside JSON: a number or a boolean if the schema requires one and the text is one, as JSON
/// writes it.
pub(crate) fn value_of(schema: &Value, text: &str) -> Value {
    let value = match JsonType::of(schema) {
        Some(JsonType::Integer | JsonType::Int32 | JsonType::Uint64 | JsonType::Number) => {
            text.parse::<Number>().map(Value::from).ok()
        }
        Some(JsonType::Boolean) => text.parse::<bool>().map(Value::from).ok(),
        Some(JsonType::Array | JsonType::Object | JsonType::String) | None => None,
    };
    value.unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(schema: &Value) -> Schema {
        Schema::read(&Value::Null, schema).unwrap()
    }

    #[test]
    fn a_body_is_parsed_as_it_is() {
        let body = json!({ "list": [{ "name": "a" }], "total": 1 });
        assert_eq!(goods().parse(&body.to_string()).unwrap(), body);
        assert!(goods().parse("{").is_err());
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
    fn types_come_before_undocumented_fields_and_those_before_rules_and_lengths_before_patterns() {
        let mut value = json!({ "list": [{ "a/b": 1, "new~": 1, "name": "" }] });
        let expected = Constraint::Type { expected: JsonType::Boolean, found: json!(1) };
        assert_eq!(error(&value), ("/body/list/0/a~1b 斜线".into(), expected));
        value["list"][0]["a/b"] = json!(true);
        let expected = Constraint::Documented { parent: "/list/0".into(), names: vec!["new~".into()] };
        assert_eq!(error(&value), ("/body/list/0 list".into(), expected));
        value["list"][0].as_object_mut().unwrap().remove("new~");
        assert_eq!(
            error(&value),
            ("/body/list/0/name 名称".into(), Constraint::MinLength { limit: 1, length: 0 })
        );
    }

    #[test]
    fn what_is_no_integer_of_its_format_or_undocumented_comes_before_other_rules_wherever_it_is() {
        let list = json!({ "type": "object", "additionalProperties": false, "properties": {} });
        let total = json!({ "type": "integer", "format": "int32" });
        let goods = schema(&json!({
            "properties": { "first": { "type": "string", "minLength": 1 }, "list": list, "total": total },
        }));
        let pointer = |value: Value| goods.check(&value).unwrap_err().pointer;
        assert_eq!(pointer(json!({ "first": "", "total": 1_u64 << 31 })), "/total");
        assert_eq!(pointer(json!({ "first": "", "list": { "new": 1 } })), "/list");
        assert_eq!(pointer(json!({ "first": "", "list": {}, "total": 1 })), "/first");
    }

    #[test]
    fn an_absent_field_that_is_read_with_the_path_comes_first_and_as_if_it_were_there() {
        let goods = |is_with_path: bool| {
            let mchid = json!({ "type": "string", "x-with-path": is_with_path });
            let first = json!({ "type": "string", "minLength": 1 });
            schema(&json!({ "required": ["mchid"], "properties": { "first": first, "mchid": mchid } }))
        };
        let value = json!({ "first": "" });
        let error = goods(true).check(&value).unwrap_err();
        assert_eq!((error.location, error.pointer.as_str()), (Location::Path, "/mchid"));
        let error = goods(false).check(&value).unwrap_err();
        assert_eq!((error.location, error.pointer.as_str()), (Location::Body, "/first"));
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
    fn a_field_without_a_title_has_that_of_its_list_or_its_name_and_the_body_a_general_one() {
        let item = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
        let list = json!({ "type": "array", "title": "单品列表", "items": item });
        let goods = schema(&json!({ "properties": { "list": list } }));
        assert_eq!(goods.title("", ""), "请求体");
        assert_eq!(goods.title("", "/list/0"), "单品列表");
        assert_eq!(goods.title("", "/list/0/name"), "name");
        assert_eq!(goods.title("/page", ""), "page");
        let error = goods.check(&json!({ "list": [1] })).unwrap_err();
        assert_eq!((error.title.as_str(), error.title_traditional().as_str()), ("单品列表", "單品列表"));
    }

    #[test]
    fn encrypted_texts_are_found_wherever_a_body_has_them() {
        let name = json!({ "type": "string", "x-sensitive": true });
        let item =
            json!({ "type": "object", "properties": { "name": name, "account": { "type": "string" } } });
        let list = json!({ "type": "array", "items": item });
        let schema = schema(&json!({ "properties": { "user_name": name, "list": list } }));
        let body =
            json!({ "list": [{ "account": "a" }, { "name": "cipher", "account": "b" }], "user_name": "" });
        assert_eq!(schema.sensitive(&body), ["/list/1/name"]);
        assert_eq!(schema.sensitive(&json!({ "user_name": "cipher" })), ["/user_name"]);
        assert_eq!(schema.sensitive(&json!({ "user_name": 1, "list": 2 })), Vec::<String>::new());
    }

    #[test]
    fn a_value_outside_an_uncertain_enum_is_no_error_but_is_told() {
        let state = json!({ "type": "string", "title": "状态", "enum": ["PAID"], "x-enum-uncertain": true });
        let schema = schema(&json!({ "properties": { "state": state, "type": { "enum": [1, 2] } } }));
        assert_eq!(schema.uncertain(&json!({ "state": "PAID", "type": 1 })), []);
        let body = json!({ "state": "NEW", "type": 1 });
        assert_eq!(schema.check(&body), Ok(()));
        let [error] = &schema.uncertain(&body)[..] else { panic!("expected one") };
        let expected = Constraint::Enum { members: vec![json!("PAID")], found: json!("NEW") };
        assert_eq!((error.source_name().as_str(), &error.constraint), ("/body/state", &expected));
        let error = schema.check(&json!({ "type": 3 })).unwrap_err();
        let expected = Constraint::Enum { members: vec![json!(1), json!(2)], found: json!(3) };
        assert_eq!(error.constraint, expected);
    }

    #[test]
    fn at_most_a_hundred_values_outside_uncertain_enums_are_told() {
        let state = json!({ "enum": ["PAID"], "x-enum-uncertain": true });
        let schema = schema(&json!({ "type": "array", "items": state }));
        assert_eq!(schema.uncertain(&json!(vec!["NEW"; MAX_NAMES + 1])).len(), MAX_NAMES);
    }

    #[test]
    fn limits_are_named_with_what_was_found() {
        let list = json!({ "type": "array", "minItems": 1, "maxItems": 2, "items": {} });
        let total = json!({ "type": "number", "minimum": 1, "maximum": 1.5 });
        let schema = schema(&json!({ "properties": { "list": list, "total": total } }));
        let constraint = |body: Value| schema.check(&body).unwrap_err().constraint;
        assert_eq!(constraint(json!({ "list": [] })), Constraint::MinItems { limit: 1, length: 0 });
        assert_eq!(constraint(json!({ "list": [1, 2, 3] })), Constraint::MaxItems { limit: 2, length: 3 });
        let (limit, found) = (1.into(), json!(0));
        assert_eq!(constraint(json!({ "total": 0 })), Constraint::Minimum { limit, found });
        let (limit, found) = (Number::from_f64(1.5).unwrap(), json!(2));
        assert_eq!(constraint(json!({ "total": 2 })), Constraint::Maximum { limit, found });
    }

    #[test]
    fn undocumented_fields_are_an_error_in_complete_bodies_only() {
        let mut source = json!({ "type": "object", "properties": { "a": {} } });
        let body = json!({ "a": 1, "b": 2 });
        let open = schema(&source);
        assert!(!open.is_complete() && open.check(&body).is_ok());
        assert_eq!(open.unknown(&body)[0].unknown_fields(), ["/body/b"]);
        source["x-complete"] = true.into();
        let complete = schema(&source);
        assert_eq!(complete.check(&body).unwrap_err().unknown_fields(), ["/body/b"]);
        assert!(complete.is_complete());
    }

    #[test]
    fn the_undocumented_fields_of_every_object_are_removed() {
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
