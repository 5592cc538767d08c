//! An operation that exists only in the test is added to the contract. Requests are generated for it as for any other,
//! and the crate
//! `jsonschema` finds exactly the intended error in each.

use std::collections::BTreeSet;

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use percent_encoding::percent_decode_str;
use proptest::{prelude::*, test_runner::TestCaseError};
use serde_json::{Value, json};
use wechatpay_contract::generate::{GeneratedRequest, Generator, Rule, Violation};
use wechatpay_openapi::Contract;

use super::check;

#[test]
fn valid_requests_of_an_added_operation_break_no_rule() {
    let schemas = Schemas::new();
    check((256, file!()), &added().valid_requests(), |request| {
        prop_assert_eq!(schemas.errors(&request), Vec::<String>::new());
        Ok(())
    });
}

#[test]
fn invalid_requests_of_an_added_operation_break_exactly_the_rule_that_they_name() {
    let schemas = Schemas::new();
    for invalid in added().invalid_requests() {
        check((16, file!()), &invalid.requests, |request| {
            breaks_only(&invalid.violation, &schemas.errors(&request))
        });
    }
}

#[test]
fn every_rule_of_an_added_operation_is_broken_by_some_request() {
    let rules: BTreeSet<_> =
        added().invalid_requests().iter().map(|invalid| invalid.violation.rule.name()).collect();
    let all = [
        "beyond-64-bits",
        "empty-body",
        "four-byte-character",
        "fraction",
        "not-a-choice",
        "not-json",
        "not-utf-8",
        "null",
        "pattern",
        "percent-encoding",
        "required-field-absent",
        "too-few-items",
        "too-large",
        "too-long",
        "too-many-items",
        "too-short",
        "too-small",
        "unknown-field",
        "wrong-type",
    ];
    assert_eq!(rules, all.into());
}

#[test]
fn a_schema_without_possible_values_is_named() {
    let mut description = description();
    let schema = "/requestBody/content/application~1json/schema/properties";
    description.pointer_mut(schema).unwrap()["attach"] = json!({ "type": "string", "not": {} });
    assert_eq!(
        Generator::new(contract(&description).operation("order_stock").unwrap()).unwrap_err().to_string(),
        "POST /v3/stocks/{stock_id}/orders: body: attach: values can't be made by the keyword not"
    );
}

#[test]
fn a_required_header_is_sent_and_an_optional_one_is_left_out() {
    let mut description = description();
    let header = json!({ "name": "Idempotency-Key", "in": "header", "schema": { "type": "string" } });
    description["parameters"].as_array_mut().unwrap().push(header);
    for is_required in [false, true] {
        description["parameters"][3]["required"] = is_required.into();
        let contract = contract(&description);
        let generator = Generator::new(contract.operation("order_stock").unwrap()).unwrap();
        check((8, file!()), &generator.valid_requests(), |request| {
            let names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
            prop_assert_eq!(names, if is_required { vec!["Idempotency-Key"] } else { vec![] });
            Ok(())
        });
    }
}

#[test]
fn a_list_in_the_query_is_sent_as_parameters_of_the_same_name() {
    let mut description = description();
    let list = json!({ "type": "array", "title": "类型", "minItems": 2, "items": { "type": "string", "enum": ["A", "&"] } });
    let list = json!({ "name": "kinds", "in": "query", "required": true, "schema": list });
    description["parameters"].as_array_mut().unwrap().push(list);
    let contract = contract(&description);
    let generator = Generator::new(contract.operation("order_stock").unwrap()).unwrap();
    check((32, file!()), &generator.valid_requests(), |request| {
        let (_, query) = request.target.split_once('?').unwrap();
        let kinds: Vec<_> = query.split('&').filter_map(|pair| pair.strip_prefix("kinds=")).collect();
        prop_assert!(kinds.len() >= 2 && kinds.iter().all(|kind| ["A", "%26"].contains(kind)), "{}", query);
        Ok(())
    });
    let violations: Vec<_> =
        generator.invalid_requests().iter().map(|invalid| invalid.violation.to_string()).collect();
    assert!(violations.contains(&"not-a-choice at /query/kinds/0".into()), "{violations:?}");
}

fn added() -> Generator {
    Generator::new(contract(&description()).operation("order_stock").unwrap()).unwrap()
}

/// A contract with one operation.
fn contract(description: &Value) -> Contract {
    let document = json!({
        "paths": { "/v3/stocks/{stock_id}/orders": { "post": description } },
        "components": { "schemas": { "goods": goods_schema() } },
    });
    Contract::parse(&document.to_string()).unwrap()
}

fn description() -> Value {
    json!({
        "operationId": "order_stock",
        "parameters": [
            { "name": "stock_id", "in": "path", "required": true, "schema": stock_id_schema() },
            { "name": "page", "in": "query", "required": true, "schema": page_schema() },
            { "name": "limit", "in": "query", "schema": limit_schema() },
        ],
        "requestBody": { "required": true, "content": { "application/json": { "schema": body_schema() } } },
        "responses": { "204": { "description": "Ordered." } },
    })
}

fn body_schema() -> Value {
    json!({
        "type": "object", "title": "请求体", "additionalProperties": false, "required": ["amount"],
        "properties": {
            "amount": {
                "type": "object", "title": "金额", "additionalProperties": false, "required": ["total"],
                "properties": {
                    "total": { "type": "integer", "format": "int64", "title": "总额", "minimum": 0 },
                    "currency": { "type": "string", "title": "币种", "enum": ["CNY", "HKD"] },
                },
            },
            "attach": { "type": "string", "title": "附加数据", "maxLength": 3 },
            "goods": { "type": "array", "title": "商品", "minItems": 1, "maxItems": 2, "items": { "$ref": "#/components/schemas/goods" } },
        },
    })
}

fn goods_schema() -> Value {
    json!({
        "type": "object", "title": "商品", "additionalProperties": false, "required": ["name"],
        "properties": {
            "name": { "type": "string", "title": "名称", "minLength": 1, "maxLength": 5 },
            "sku": { "type": "string", "title": "编号", "pattern": "^[A-Z]{3}-[0-9]+$", "maxLength": 8 },
            "is_gift": { "type": "boolean", "title": "赠品" },
        },
    })
}

fn stock_id_schema() -> Value {
    json!({ "type": "string", "title": "批次号", "minLength": 2, "maxLength": 20 })
}

fn page_schema() -> Value {
    json!({ "type": "string", "title": "页", "minLength": 1 })
}

fn limit_schema() -> Value {
    json!({ "type": "integer", "format": "int64", "title": "条数", "minimum": 1, "maximum": 50 })
}

fn breaks_only(violation: &Violation, errors: &[String]) -> Result<(), TestCaseError> {
    let at = |keyword: &str| format!("{keyword} at /{}{}", violation.location, violation.pointer);
    let is_implied = |error: &&String| implied(violation.rule).iter().any(|keyword| **error == at(keyword));
    let errors: Vec<_> = errors.iter().filter(|error| !is_implied(error)).collect();
    prop_assert_eq!(errors, [&at(keyword(violation.rule))]);
    Ok(())
}

/// Keywords that the value also breaks. The gateway reports them later.
fn implied(rule: Rule) -> &'static [&'static str] {
    match rule {
        Rule::Type { .. } | Rule::Null { .. } => &["enum"],
        Rule::TooShort { .. } | Rule::TooLong { .. } => &["pattern"],
        _ => &[],
    }
}

/// The name of the error: the schema keyword, if one forbids the value.
fn keyword(rule: Rule) -> &'static str {
    use Rule::*;
    match rule {
        Required => "required",
        Type { .. } | Null { .. } => "type",
        Fraction { .. } | Beyond64Bits { .. } => "int64",
        Minimum => "minimum",
        Maximum => "maximum",
        TooShort { .. } => "minLength",
        TooLong { .. } => "maxLength",
        Pattern => "pattern",
        Choice => "enum",
        Content => "contentSchema",
        TooFewItems => "minItems",
        TooManyItems => "maxItems",
        UnknownField => "additionalProperties",
        FourByteCharacter | PercentEncoding | NotJson | NotUtf8 | EmptyBody => rule.name(),
    }
}

/// The schemas of the added operation, compiled by `jsonschema`.
struct Schemas {
    stock_id: Validator,
    page: Validator,
    limit: Validator,
    body: Validator,
}

impl Schemas {
    fn new() -> Self {
        let [stock_id, page, limit, body] = [stock_id_schema(), page_schema(), limit_schema(), body_schema()]
            .map(|schema| {
                let standalone =
                    json!({ "allOf": [schema], "components": { "schemas": { "goods": goods_schema() } } });
                jsonschema::draft202012::new(&standalone).unwrap()
            });
        Self { stock_id, page, limit, body }
    }

    /// Every error in a request, as `keyword at /place`.
    fn errors(&self, request: &GeneratedRequest) -> Vec<String> {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let stock_id = path.strip_prefix("/v3/stocks/").unwrap().strip_suffix("/orders").unwrap();
        let query = |name| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let of_page = match query("page") {
            Some(page) => errors_of_parameter("/query/page", page, &self.page),
            None => vec!["required at /query/page".into()],
        };
        let of_limit = query("limit").map(|limit| errors_of_parameter("/query/limit", limit, &self.limit));
        let of_path = errors_of_parameter("/uri_template/stock_id", stock_id, &self.stock_id);
        [of_path, of_page, of_limit.unwrap_or_default(), errors_of_body(&request.body, &self.body)].concat()
    }
}

fn errors_of_parameter(place: &str, sent: &str, schema: &Validator) -> Vec<String> {
    let is_escape =
        |rest: &str| rest.get(..2).is_some_and(|digits| digits.bytes().all(|it| it.is_ascii_hexdigit()));
    match percent_decode_str(sent).decode_utf8() {
        Ok(text) if sent.split('%').skip(1).all(is_escape) => {
            // Only `limit` is a number.
            let number = serde_json::from_str(&text).ok().filter(|_| place.ends_with("/limit"));
            errors_of_value(place, &number.unwrap_or_else(|| text.into()), schema)
        }
        _ => vec![format!("percent-encoding at {place}")],
    }
}

fn errors_of_body(body: &[u8], schema: &Validator) -> Vec<String> {
    let error = |name: &str| vec![format!("{name} at /body")];
    match (std::str::from_utf8(body), serde_json::from_slice(body)) {
        (Ok(""), _) => error("empty-body"),
        (Err(_), _) => error("not-utf-8"),
        (Ok(_), Err(_)) => error("not-json"),
        (Ok(_), Ok(value)) => errors_of_value("/body", &value, schema),
    }
}

fn errors_of_value(place: &str, value: &Value, schema: &Validator) -> Vec<String> {
    let of_no_keyword = errors_beyond_keywords(place, value);
    let of_keywords = schema.iter_errors(value).filter_map(|error| {
        let number = format!("int64 at {place}{}", error.instance_path());
        let error = format!("{} at {place}{}", error.kind().keyword(), pointer_of(&error));
        (!of_no_keyword.contains(&number)).then_some(error)
    });
    of_keywords.chain(of_no_keyword.iter().cloned()).collect()
}

/// The pointer to the field with the error.
fn pointer_of(error: &ValidationError<'_>) -> String {
    let within = error.instance_path();
    match error.kind() {
        ValidationErrorKind::Required { property } => format!("{within}/{}", property.as_str().unwrap()),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("{within}/{}", unexpected.join(","))
        }
        _ => within.to_string(),
    }
}

/// Errors by rules of the gateway that JSON Schema does not have.
fn errors_beyond_keywords(place: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Number(number) if number.as_i64().is_none() => vec![format!("int64 at {place}")],
        Value::String(text) if text.chars().any(|it| it.len_utf8() > 3) => {
            vec![format!("four-byte-character at {place}")]
        }
        Value::Array(items) => {
            let of_item = |(index, item)| errors_beyond_keywords(&format!("{place}/{index}"), item);
            items.iter().enumerate().flat_map(of_item).collect()
        }
        Value::Object(fields) => {
            let of_field =
                |(name, field): (&String, _)| errors_beyond_keywords(&format!("{place}/{name}"), field);
            fields.iter().flat_map(of_field).collect()
        }
        _ => Vec::new(),
    }
}
