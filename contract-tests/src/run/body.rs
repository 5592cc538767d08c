//! Compares the body of a response with the expected one.

use serde_json::{Map, Value};
use wechatpay_protocol::display::truncate;
use wechatpay_texts::text;

use super::difference::{Difference, Part};
use crate::{
    case::{ExpectedBody, Placeholders},
    described,
};

/// The maximum number of characters shown of a body that is not JSON.
const MAX_SHOWN: usize = 2000;

pub(super) fn compare(
    expected: &ExpectedBody,
    found: &[u8],
    placeholders: &Placeholders,
) -> Option<Difference> {
    let differs = |expected: String, actual: String| Some(Difference::new(Part::Body, expected, actual));
    if let ExpectedBody::Empty = expected {
        return if found.is_empty() { None } else { differs(text!("no bytes"), text(found)) };
    }
    if let ExpectedBody::Text(expected) = expected {
        let (expected, found) = (placeholders.fill(expected), text(found));
        return if expected == found { None } else { differs(expected, found) };
    }
    let json = serde_json::from_slice::<Value>(found);
    let (expected, json) = match (expected, json) {
        (ExpectedBody::Schema(name), Ok(json)) => return schema_violations(name, &json),
        (ExpectedBody::Schema(name), Err(_)) => return differs(valid_by(name), text(found)),
        (ExpectedBody::Exact(value), json) => (placeholders.fill_json(value), json),
        (ExpectedBody::Partial(value), json) => {
            let expected = placeholders.fill_json(value);
            let json = json.map(|json| restricted_to(&expected, &json));
            (expected, json)
        }
        (ExpectedBody::Empty | ExpectedBody::Text(_), _) => return None,
    };
    match json {
        Ok(json) if json == expected => None,
        Ok(json) => differs(pretty(&expected), pretty(&json)),
        Err(_) => differs(pretty(&expected), text(found)),
    }
}

fn schema_violations(name: &str, found: &Value) -> Option<Difference> {
    let violations: Vec<_> = match described::validator(name) {
        Ok(validator) => validator
            .iter_errors(found)
            .map(|error| format!("/{}: {error}", error.instance_path().as_str().trim_start_matches('/')))
            .collect(),
        Err(problem) => vec![problem],
    };
    let hint = text!("the rules of the contract that it violates:\n{rules}", rules = violations.join("\n"));
    let difference = Difference::new(Part::Body, valid_by(name), pretty(found));
    (!violations.is_empty()).then(|| difference.with_hint(Some(hint)))
}

fn valid_by(name: &str) -> String {
    text!("JSON as the contract's {name}")
}

/// The members of `found` that `expected` has too, at every depth.
fn restricted_to(expected: &Value, found: &Value) -> Value {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            let members = expected.iter().filter_map(|(name, expected)| {
                Some((name.clone(), restricted_to(expected, found.get(name)?)))
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        _ => found.clone(),
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

/// The bytes as text, shortened.
fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match truncate(&text, MAX_SHOWN) {
        _ if bytes.is_empty() => text!("no bytes"),
        shown if shown.len() == text.len() => text.into_owned(),
        shown => text!("{shown} ({count} bytes)", count = bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differs(expected: &ExpectedBody, found: &str) -> Option<(String, String)> {
        let difference = compare(expected, found.as_bytes(), &Placeholders::for_tests())?;
        Some((difference.expected, difference.actual))
    }

    #[test]
    fn an_exact_body_has_exactly_the_expected_members() {
        let expected = ExpectedBody::Exact(json!({ "code": "{unique}", "n": 1 }));
        assert_eq!(differs(&expected, r#"{ "n": 1, "code": "0123456789abcdef" }"#), None);
        for found in [
            r#"{"n":1}"#,
            r#"{"n":1,"code":"0123456789abcdef","more":1}"#,
            r#"{"n":1,"code":"x"}"#,
            "",
            "<p>",
        ] {
            assert!(differs(&expected, found).is_some(), "{found}");
        }
    }

    #[test]
    fn a_partial_body_is_compared_only_where_members_are_expected() {
        let expected = ExpectedBody::Partial(json!({ "detail": { "field": "a" } }));
        assert_eq!(differs(&expected, r#"{"detail":{"field":"a","value":1},"code":"b"}"#), None);
        let found = differs(&expected, r#"{"detail":{"field":"b","value":1},"code":"b"}"#).unwrap();
        assert_eq!(found.1, "{\n  \"detail\": {\n    \"field\": \"b\"\n  }\n}");
        assert!(differs(&expected, r#"{"code":"b"}"#).is_some());
        assert!(differs(&expected, "[]").is_some());
    }

    #[test]
    fn a_body_by_schema_must_match_the_contract() {
        let expected = ExpectedBody::Schema("error".into());
        assert_eq!(differs(&expected, r#"{"code":"SIGN_ERROR","message":"b"}"#), None);
        assert_eq!(
            differs(&expected, r#"{"code":1,"message":"b"}"#).unwrap().0,
            "JSON as the contract's error"
        );
        assert!(differs(&expected, "").is_some());
    }

    #[test]
    fn a_text_is_compared_as_it_is() {
        let expected = ExpectedBody::Text("\u{feff}`{unique}\r\n".into());
        assert_eq!(differs(&expected, "\u{feff}`0123456789abcdef\r\n"), None);
        assert!(differs(&expected, "`0123456789abcdef\r\n").is_some());
    }

    #[test]
    fn an_empty_body_has_no_byte() {
        assert_eq!(differs(&ExpectedBody::Empty, ""), None);
        assert_eq!(differs(&ExpectedBody::Empty, " "), Some(("no bytes".into(), " ".into())));
    }
}
