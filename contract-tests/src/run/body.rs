//! Compares bodies.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::difference::{Difference, Subject};
use crate::{
    case::{ExpectedBody, Placeholders},
    described,
};

/// The most characters of a body that is not JSON that are shown.
const SHOWN: usize = 2000;

pub(super) fn compare(
    expected: &ExpectedBody,
    found: &Bytes,
    placeholders: &Placeholders,
) -> Option<Difference> {
    let differs = |expected: String, actual: String| Some(Difference::new(Subject::Body, expected, actual));
    if let ExpectedBody::Empty = expected {
        return if found.is_empty() { None } else { differs("no bytes".into(), text(found)) };
    }
    let json: Value = match serde_json::from_slice(found) {
        Ok(json) => json,
        Err(_) if found.is_empty() => return differs(wanted(expected, placeholders), "no bytes".into()),
        Err(_) => return differs(wanted(expected, placeholders), text(found)),
    };
    let (expected, found) = match expected {
        ExpectedBody::Empty => return None,
        ExpectedBody::Exact(value) => (placeholders.fill_json(value), json),
        ExpectedBody::Partial(value) => {
            let expected = placeholders.fill_json(value);
            let found = restricted(&json, &expected);
            (expected, found)
        }
        ExpectedBody::Schema(name) => return broken_schema(name, &json),
    };
    if expected == found { None } else { differs(pretty(&expected), pretty(&found)) }
}

fn broken_schema(name: &str, found: &Value) -> Option<Difference> {
    let broken: Vec<_> = match described::validator(name) {
        Ok(validator) => validator
            .iter_errors(found)
            .map(|error| format!("/{}: {error}", error.instance_path().as_str().trim_start_matches('/')))
            .collect(),
        Err(problem) => vec![problem],
    };
    let hint = format!("the contract's rules that it breaks:\n{}", broken.join("\n"));
    let expected = format!("JSON as the contract's {name}");
    (!broken.is_empty())
        .then(|| Difference::new(Subject::Body, expected, pretty(found)).with_hint(Some(hint)))
}

/// What is expected, for a body that is not even JSON.
fn wanted(expected: &ExpectedBody, placeholders: &Placeholders) -> String {
    match expected {
        ExpectedBody::Empty => "no bytes".into(),
        ExpectedBody::Exact(value) | ExpectedBody::Partial(value) => pretty(&placeholders.fill_json(value)),
        ExpectedBody::Schema(name) => format!("JSON as the contract's {name}"),
    }
}

/// What of `found` the expectation speaks of.
fn restricted(found: &Value, expected: &Value) -> Value {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            let members = expected
                .iter()
                .filter_map(|(name, expected)| Some((name.clone(), restricted(found.get(name)?, expected))));
            Value::Object(members.collect::<Map<_, _>>())
        }
        _ => found.clone(),
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match text.char_indices().nth(SHOWN) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differs(expected: &ExpectedBody, found: &str) -> Option<(String, String)> {
        let found = Bytes::copy_from_slice(found.as_bytes());
        let difference = compare(expected, &found, &Placeholders::for_tests())?;
        Some((difference.expected, difference.actual))
    }

    #[test]
    fn an_exact_body_has_nothing_more_and_nothing_less() {
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
    fn a_partial_body_is_looked_at_where_something_is_expected() {
        let expected = ExpectedBody::Partial(json!({ "detail": { "field": "a" } }));
        assert_eq!(differs(&expected, r#"{"detail":{"field":"a","value":1},"code":"b"}"#), None);
        let found = differs(&expected, r#"{"detail":{"field":"b","value":1},"code":"b"}"#).unwrap();
        assert_eq!(found.1, "{\n  \"detail\": {\n    \"field\": \"b\"\n  }\n}");
        assert!(differs(&expected, r#"{"code":"b"}"#).is_some());
        assert!(differs(&expected, "[]").is_some());
    }

    #[test]
    fn a_body_by_schema_is_what_the_contract_describes() {
        let expected = ExpectedBody::Schema("error".into());
        assert_eq!(differs(&expected, r#"{"code":"SIGN_ERROR","message":"b"}"#), None);
        assert_eq!(
            differs(&expected, r#"{"code":1,"message":"b"}"#).unwrap().0,
            "JSON as the contract's error"
        );
        assert!(differs(&expected, "").is_some());
    }

    #[test]
    fn an_empty_body_has_no_byte() {
        assert_eq!(differs(&ExpectedBody::Empty, ""), None);
        assert_eq!(differs(&ExpectedBody::Empty, " "), Some(("no bytes".into(), " ".into())));
    }
}
