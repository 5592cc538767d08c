//! One operation of the contract: its place in the index, and its description.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, OnceLock},
};

use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::{
    Constraint, ContractError, FieldError, JsonType, Location, PathTemplate, Schema,
    inline::resolve,
    schema::{VALUE_SHOWN, beginning},
};

/// An operation of the contract. Its parameters, body and responses are read when one of them is first used.
#[derive(Debug)]
pub struct Operation {
    id: String,
    method: Method,
    path: PathTemplate,
    needs_wechatpay_serial: bool,
    document: Arc<Value>,
    description: OnceLock<Description>,
}

#[derive(Debug)]
struct Description {
    parameters: Vec<Parameter>,
    body: Option<Schema>,
    responses: BTreeMap<String, Option<Schema>>,
}

/// A parameter of the path or the query, or a header.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// The part of the request that has it.
    pub location: Location,
    /// Whether it is required.
    pub is_required: bool,
    /// Its schema, never of a list or an object.
    pub schema: Schema,
}

impl Operation {
    /// Reads the index entry of an operation; `key` is the method as OpenAPI writes it.
    pub(crate) fn index(
        document: &Arc<Value>,
        path: &PathTemplate,
        key: &str,
    ) -> Result<Self, ContractError> {
        let operation = &document["paths"][path.as_str()][key];
        let id = operation["operationId"].as_str();
        Ok(Self {
            id: id.ok_or_else(|| ContractError::new("expected an operationId, found none"))?.into(),
            method: key.to_uppercase().parse().map_err(|_| ContractError::new("expected a method"))?,
            path: path.clone(),
            needs_wechatpay_serial: operation["x-mock"]["needs_wechatpay_serial"] != false,
            document: Arc::clone(document),
            description: OnceLock::new(),
        })
    }

    /// Its `operationId`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Its path.
    pub fn path(&self) -> &PathTemplate {
        &self.path
    }

    /// Whether requests should name, in `Wechatpay-Serial`, the key that signs the response: unless `x-mock` says
    /// `false`.
    pub fn needs_wechatpay_serial(&self) -> bool {
        self.needs_wechatpay_serial
    }

    /// Its parameters: first path, then query, then headers.
    pub fn parameters(&self) -> &[Parameter] {
        &self.description().parameters
    }

    /// The JSON body that it requires; `None` if it takes none.
    pub fn body(&self) -> Option<&Schema> {
        self.description().body.as_ref()
    }

    /// The JSON of its responses, by status or `default`; `None` is an empty body.
    pub fn responses(&self) -> &BTreeMap<String, Option<Schema>> {
        &self.description().responses
    }

    /// The decoded value of a path parameter; `None` if the path belongs to another operation.
    pub fn path_parameter(&self, path: &str, name: &str) -> Option<String> {
        let (_, value) = self.path.values(path)?.into_iter().find(|(known, _)| *known == name)?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    }

    fn description(&self) -> &Description {
        self.description
            .get_or_init(|| self.read().expect("it was read before, or by a test of the built-in contract"))
    }

    /// Reads the description and compiles its schemas, so that later uses can't fail.
    pub(crate) fn check(&self) -> Result<(), ContractError> {
        let description = self.read()?;
        let Description { parameters, body, responses } = self.description.get_or_init(|| description);
        let schemas = parameters.iter().map(|parameter| &parameter.schema).chain(body);
        schemas.chain(responses.values().flatten()).try_for_each(|schema| schema.compile().map(drop))
    }

    fn read(&self) -> Result<Description, ContractError> {
        let document = &*self.document;
        let key = self.method.as_str().to_lowercase();
        let operation = &document["paths"][self.path.as_str()][key];

        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.map(|parameter| Parameter::read(document, resolve(document, parameter)?));
        let mut parameters = parameters.collect::<Result<Vec<_>, _>>()?;
        parameters.sort_by_key(|parameter| parameter.location);
        let in_path = parameters.iter().filter(|parameter| parameter.location == Location::Path);
        let described: BTreeSet<_> = in_path.map(|parameter| parameter.name.as_str()).collect();
        if described != self.path.names().collect() {
            return Err(ContractError::new(format!("path parameters: found a description of {described:?}")));
        }

        let body = operation.get("requestBody").map(|body| {
            let schema = json_schema(document, body)?;
            schema.ok_or_else(|| ContractError::new("expected content, found none"))
        });
        let responses = operation["responses"].as_object().into_iter().flatten();
        let responses = responses.map(|(status, response)| {
            let schema = json_schema(document, response).map_err(|error| error.within(status))?;
            Ok((status.clone(), schema))
        });
        Ok(Description {
            body: body.transpose().map_err(|error| error.within("body"))?,
            responses: responses.collect::<Result<_, ContractError>>()?,
            parameters,
        })
    }
}

/// `PATCH /v3/…/rights`
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// The schema of the JSON in a body or a response; `None` if there is no content.
fn json_schema(document: &Value, holder: &Value) -> Result<Option<Schema>, ContractError> {
    let Some(content) = resolve(document, holder)?.get("content") else { return Ok(None) };
    let schema = content.pointer("/application~1json/schema");
    let schema = schema.ok_or_else(|| ContractError::new("expected application/json with a schema"))?;
    Schema::read(document, schema).map(Some)
}

impl Parameter {
    fn read(document: &Value, parameter: &Value) -> Result<Self, ContractError> {
        let name = parameter["name"].as_str();
        let name = name.ok_or_else(|| ContractError::new("a parameter without a name"))?;
        let error = |problem: &str| ContractError::new(problem).within(name);
        let location = match parameter["in"].as_str() {
            Some("path") => Location::Path,
            Some("query") => Location::Query,
            Some("header") => Location::Header,
            _ => return Err(error("expected a parameter in path, query or header")),
        };
        let schema = Schema::read(document, &parameter["schema"]).map_err(|error| error.within(name))?;
        if matches!(schema.json_type(), None | Some(JsonType::Array | JsonType::Object)) {
            return Err(error("expected a single value, found a list, an object or no type"));
        }
        let is_required = location == Location::Path || parameter["required"] == true;
        Ok(Self { name: name.into(), location, is_required, schema })
    }

    /// Reads the value as sent, percent-encoded unless it is a header. It becomes a number or a boolean if the schema
    /// requires one.
    ///
    /// # Errors
    /// If the encoding is broken, or the value breaks a rule of the schema.
    pub fn parse(&self, sent: &str) -> Result<Value, Box<FieldError>> {
        let decoded = if self.location == Location::Header { Some(sent.into()) } else { decoded(sent) };
        let text = decoded
            .ok_or_else(|| self.error(Constraint::PercentEncoding { found: beginning(sent, VALUE_SHOWN) }))?;
        let value = self.schema.value_of(&text);
        self.schema.check_at(&format!("/{}", self.name), &value, self.location)?;
        Ok(value)
    }

    /// An error of this parameter.
    pub fn error(&self, constraint: Constraint) -> Box<FieldError> {
        self.schema.error(&format!("/{}", self.name), "", self.location, constraint)
    }
}

/// `None` if a `%` lacks its two hex digits, or the bytes are not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let are_escapes_complete = text.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes();
        digits.len() >= 2 && digits[..2].iter().all(u8::is_ascii_hexdigit)
    });
    let decoded = percent_decode_str(text).decode_utf8().ok().filter(|_| are_escapes_complete);
    decoded.map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Contract;

    fn contract() -> Contract {
        let integer = json!({ "type": "integer", "format": "int64", "title": "页", "minimum": 1 });
        let parameters = json!([
            { "name": "Wechatpay-Serial", "in": "header", "required": true, "schema": { "type": "string", "maxLength": 3 } },
            { "name": "all", "in": "query", "schema": { "type": "boolean" } },
            { "name": "id", "in": "path", "schema": { "type": "string" } },
            { "$ref": "#/components/parameters/page" },
        ]);
        let document = json!({
            "paths": { "/orders/{id}": { "get": {
                "operationId": "orders",
                "x-mock": { "needs_wechatpay_serial": false },
                "parameters": parameters,
                "responses": { "204": {}, "default": { "$ref": "#/components/responses/error" } },
            } } },
            "components": {
                "parameters": { "page": { "name": "page", "in": "query", "schema": integer } },
                "responses": { "error": { "content": { "application/json": { "schema": {} } } } },
            },
        });
        Contract::parse(&document.to_string()).unwrap()
    }

    fn parse(name: &str, sent: &str) -> Result<Value, Constraint> {
        let contract = contract();
        let mut parameters = contract.operations()[0].parameters().iter();
        let parameter = parameters.find(|parameter| parameter.name == name).unwrap();
        parameter.parse(sent).map_err(|error| {
            assert_eq!((error.location, error.pointer), (parameter.location, format!("/{name}")));
            error.constraint
        })
    }

    #[test]
    fn an_operation_is_read_with_its_references() {
        let contract = contract();
        let operation = &contract.operations()[0];
        let of = |it: &Parameter| (it.name.clone(), it.location, it.is_required);
        let expected = [
            ("id".into(), Location::Path, true),
            ("all".into(), Location::Query, false),
            ("page".into(), Location::Query, false),
            ("Wechatpay-Serial".into(), Location::Header, true),
        ];
        assert_eq!(operation.parameters().iter().map(of).collect::<Vec<_>>(), expected);
        let has_body: Vec<_> = operation.responses().values().map(Option::is_some).collect();
        assert_eq!((operation.needs_wechatpay_serial(), has_body), (false, vec![false, true]));
        assert_eq!(operation.path_parameter("/orders/%E9%A1%B5", "id").as_deref(), Some("页"));
    }

    #[test]
    fn a_value_is_read_as_the_type_of_its_schema() {
        assert_eq!(parse("page", "20"), Ok(json!(20)));
        assert_eq!(parse("all", "true"), Ok(json!(true)));
        assert_eq!(parse("id", "20"), Ok(json!("20")));
        for (sent, found) in [("x", json!("x")), ("+1", json!("+1")), ("1.0", json!(1.0))] {
            let expected = JsonType::Integer;
            assert_eq!(parse("page", sent), Err(Constraint::Type { expected, found }));
        }
        assert_eq!(parse("page", "0"), Err(Constraint::Other { keyword: "minimum".into(), found: json!(0) }));
    }

    #[test]
    fn a_value_is_decoded_unless_it_is_a_header() {
        assert_eq!(parse("id", "a%2Fb"), Ok(json!("a/b")));
        assert_eq!(parse("Wechatpay-Serial", "%41"), Ok(json!("%41")));
        assert_eq!(parse("Wechatpay-Serial", "1234"), Err(Constraint::MaxLength { limit: 3, length: 4 }));
        for found in ["%", "%4", "%zz", "a%-1", "%FF"] {
            assert_eq!(parse("id", found), Err(Constraint::PercentEncoding { found: found.into() }));
        }
    }
}
