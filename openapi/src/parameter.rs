//! Parameters of the path, the query and the headers.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use wechatpay_texts::{Phrase, phrase, text};

use crate::{
    Constraint, ContractError, FieldError, JsonType, Location, Schema,
    excerpt::{VALUE_SHOWN, beginning},
    schema::value_of,
};

/// A parameter of the path or the query, or a header.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// The part of the request that has it.
    pub location: Location,
    /// Whether it is required.
    pub is_required: bool,
    /// Its schema: of a single value, or, in the query only, of a list of single values.
    pub schema: Schema,
    /// An example of its value.
    pub example: Option<Value>,
}

impl Parameter {
    pub(crate) fn read(document: &Value, parameter: &Value) -> Result<Self, ContractError> {
        let name = parameter["name"].as_str();
        let name = name.ok_or_else(|| ContractError::new(text!("a parameter without a name")))?;
        let error = |problem: Phrase| ContractError::new(problem).within(name);
        let location = match parameter["in"].as_str() {
            Some("path") => Location::Path,
            Some("query") => Location::Query,
            Some("header") => Location::Header,
            _ => return Err(error(phrase!("expected a parameter in path, query or header"))),
        };
        let schema = Schema::read(document, &parameter["schema"]).map_err(|error| error.within(name))?;
        let is_single =
            |schema: &Value| !matches!(JsonType::of(schema), None | Some(JsonType::Array | JsonType::Object));
        let source = schema.as_value();
        let is_list = JsonType::of(source) == Some(JsonType::Array) && is_single(&source["items"]);
        if !(is_single(source) || is_list && location == Location::Query) {
            return Err(error(phrase!("expected a single value, or in the query a list of them")));
        }
        Ok(Self {
            name: name.into(),
            location,
            is_required: location == Location::Path || parameter["required"] == true,
            example: parameter.get("example").or_else(|| source["examples"].get(0)).cloned(),
            schema,
        })
    }

    /// Whether its value is a list, which is sent as one parameter of this name for each item.
    pub fn is_list(&self) -> bool {
        JsonType::of(self.schema.as_value()) == Some(JsonType::Array)
    }

    /// Reads the value as sent, percent-encoded unless it is a header. It becomes a number or a boolean if the schema
    /// requires one, and a list of one item if that is what the schema requires.
    ///
    /// # Errors
    /// If the encoding is broken, or the value breaks a rule of the schema.
    pub fn parse(&self, sent: &str) -> Result<Value, Box<FieldError>> {
        let value = self.read_all(&[sent])?;
        self.check(&value)?;
        Ok(value)
    }

    /// The same without a check of the schema's rules, and for a parameter that was sent more than once. Unless it is a list,
    /// only the first counts.
    ///
    /// # Errors
    /// If the encoding is broken.
    pub fn read_all(&self, sent: &[&str]) -> Result<Value, Box<FieldError>> {
        let schema = self.schema.as_value();
        if self.is_list() {
            let items = sent.iter().map(|sent| Ok(value_of(&schema["items"], &self.decode(sent)?)));
            return Ok(items.collect::<Result<Vec<_>, Box<FieldError>>>()?.into());
        }
        let first = sent.first().ok_or_else(|| self.error(Constraint::Required))?;
        Ok(value_of(schema, &self.decode(first)?))
    }

    /// Checks a value.
    ///
    /// # Errors
    /// The first rule of the schema that it breaks.
    pub fn check(&self, value: &Value) -> Result<(), Box<FieldError>> {
        self.schema.check_at(&format!("/{}", self.name), value, self.location)
    }

    /// Whether its value is encrypted.
    pub fn is_sensitive(&self) -> bool {
        self.schema.as_value()["x-sensitive"] == true
    }

    fn decode<'s>(&self, sent: &'s str) -> Result<Cow<'s, str>, Box<FieldError>> {
        let decoded = if self.location == Location::Header { Some(sent.into()) } else { decoded(sent) };
        decoded.ok_or_else(|| self.error(Constraint::PercentEncoding { found: beginning(sent, VALUE_SHOWN) }))
    }

    /// The value, if it is outside an enum of which sources disagree, as an error that is none; of a list, its items.
    pub fn uncertain(&self, value: &Value) -> Vec<FieldError> {
        self.schema.uncertain_at(&format!("/{}", self.name), value, self.location)
    }

    /// An error of this parameter.
    pub fn error(&self, constraint: Constraint) -> Box<FieldError> {
        self.schema.error(&format!("/{}", self.name), "", self.location, constraint)
    }
}

/// `None` if a `%` lacks its two hex digits, or the bytes are not UTF-8.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    let are_escapes_complete = text.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes();
        digits.len() >= 2 && digits[..2].iter().all(u8::is_ascii_hexdigit)
    });
    percent_decode_str(text).decode_utf8().ok().filter(|_| are_escapes_complete)
}

#[cfg(test)]
mod tests {
    use serde_json::{Number, json};

    use super::*;

    fn parameter(name: &str) -> Parameter {
        let integer = json!({ "type": "integer", "format": "int64", "title": "页", "minimum": 1 });
        let parameter = match name {
            "Serial" => json!({ "in": "header", "schema": { "type": "string", "maxLength": 3 } }),
            "all" => json!({ "in": "query", "schema": { "type": "boolean" } }),
            "id" => json!({ "in": "path", "schema": { "type": "string" } }),
            "number" => json!({ "in": "path", "schema": { "type": "integer", "format": "uint64" } }),
            "page" => json!({ "in": "query", "schema": integer }),
            _ => {
                json!({ "in": "query", "schema": { "type": "array", "title": "页码", "maxItems": 2, "items": integer } })
            }
        };
        let mut parameter = parameter;
        parameter["name"] = name.into();
        Parameter::read(&Value::Null, &parameter).unwrap()
    }

    #[test]
    fn a_parameter_is_required_in_the_path_or_if_the_contract_says_so() {
        let is_required = |place: &str, required: bool| {
            let schema = json!({ "type": "string" });
            let parameter = json!({ "name": "id", "in": place, "required": required, "schema": schema });
            Parameter::read(&Value::Null, &parameter).unwrap().is_required
        };
        assert!(is_required("path", false) && is_required("query", true) && !is_required("query", false));
    }

    #[test]
    fn a_parameter_is_encrypted_if_the_contract_says_so() {
        let schema = json!({ "type": "string", "x-sensitive": true });
        let parameter = json!({ "name": "id", "in": "query", "schema": schema });
        assert!(Parameter::read(&Value::Null, &parameter).unwrap().is_sensitive());
        assert!(!self::parameter("id").is_sensitive());
    }

    fn parse(name: &str, sent: &str) -> Result<Value, Constraint> {
        let parameter = parameter(name);
        parameter.parse(sent).map_err(|error| {
            assert_eq!((error.location, error.pointer), (parameter.location, format!("/{name}")));
            error.constraint
        })
    }

    #[test]
    fn a_value_is_read_as_the_type_of_its_schema() {
        assert_eq!(parse("page", "20"), Ok(json!(20)));
        assert_eq!(parse("all", "true"), Ok(json!(true)));
        assert_eq!(parse("id", "20"), Ok(json!("20")));
        assert_eq!(parse("number", "18446744073709551615"), Ok(json!(u64::MAX)));
        for (sent, found) in [("x", json!("x")), ("+1", json!("+1")), ("1.0", json!(1.0))] {
            let expected = JsonType::Integer;
            assert_eq!(parse("page", sent), Err(Constraint::Type { expected, found }));
        }
        for (sent, found) in [("x", json!("x")), ("-1", json!(-1))] {
            assert_eq!(parse("number", sent), Err(Constraint::Type { expected: JsonType::Uint64, found }));
        }
        let limit = Number::from(1);
        assert_eq!(parse("page", "0"), Err(Constraint::Minimum { limit, found: json!(0) }));
    }

    #[test]
    fn a_list_in_the_query_has_an_item_for_each_time_it_was_sent() {
        let pages = parameter("pages");
        let parse_all = |parameter: &Parameter, sent: &[&str]| {
            let value = parameter.read_all(sent)?;
            parameter.check(&value).map(|()| value)
        };
        assert!(pages.is_list() && !parameter("page").is_list());
        assert_eq!(pages.parse("1"), Ok(json!([1])));
        assert_eq!(parse_all(&pages, &["1", "%32"]), Ok(json!([1, 2])));
        let error = parse_all(&pages, &["1", "2", "3"]).unwrap_err();
        assert_eq!(error.constraint, Constraint::MaxItems { limit: 2, length: 3 });
        let error = parse_all(&pages, &["1", "x"]).unwrap_err();
        assert_eq!((error.source_name().as_str(), error.title.as_str()), ("/query/pages/1", "页"));
        assert_eq!(parse_all(&parameter("page"), &["1", "x"]), Ok(json!(1)));
    }

    #[test]
    fn a_value_outside_an_uncertain_enum_is_told() {
        let schema = json!({ "type": "string", "enum": ["RSA"], "x-enum-uncertain": true });
        let parameter = json!({ "name": "kind", "in": "query", "schema": schema });
        let parameter = Parameter::read(&Value::Null, &parameter).unwrap();
        let value = parameter.parse("SM2").unwrap();
        let sources: Vec<_> = parameter.uncertain(&value).iter().map(FieldError::source_name).collect();
        assert_eq!(sources, ["/query/kind"]);
    }

    #[test]
    fn a_list_outside_the_query_is_not_supported() {
        for (location, items) in
            [("path", json!({ "type": "string" })), ("query", json!({ "type": "object" }))]
        {
            let schema = json!({ "type": "array", "items": items });
            let parameter = json!({ "name": "list", "in": location, "schema": schema });
            assert!(Parameter::read(&Value::Null, &parameter).is_err());
        }
    }

    #[test]
    fn a_value_is_decoded_unless_it_is_a_header() {
        assert_eq!(parse("id", "a%2Fb"), Ok(json!("a/b")));
        assert_eq!(parse("Serial", "%41"), Ok(json!("%41")));
        assert_eq!(parse("Serial", "1234"), Err(Constraint::MaxLength { limit: 3, length: 4 }));
        for found in ["%", "%4", "%zz", "a%-1", "%FF"] {
            assert_eq!(parse("id", found), Err(Constraint::PercentEncoding { found: found.into() }));
        }
    }
}
