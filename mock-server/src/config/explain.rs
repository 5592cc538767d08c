//! Rewords serde's errors in terms of the configuration file.

use toml::de::DeValue;
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{Phrase, phrase, text};

use crate::api::suggest::near;

/// Where every key of a fault rule is.
pub(super) const SHOWN_OF_FAULTS: Phrase =
    phrase!("fixtures/config/example.toml shows every key of [[fault]]");

/// What serde says of other values than times; see `keys::Time`.
const EXPECTED_TIME: Phrase = phrase!("expected a time with its offset, such as 2026-11-24T00:00:00+08:00");

/// Keys that are arrays of tables, `[[key]]`.
const ARRAYS: [&str; 4] = ["platform_certificate", "merchant", "fault", "stub"];

/// The problem with `value` at `path`, and the advice. Shows no value that may be a secret key in the wrong place.
pub(super) fn explain(message: &str, path: &[String], value: Option<&DeValue<'_>>) -> (String, String) {
    let advice = match path.first() {
        Some(first) if first == "fault" => SHOWN_OF_FAULTS,
        Some(first) if first == "stub" => phrase!("fixtures/config/example.toml shows every key of [[stub]]"),
        _ => phrase!("fixtures/config/example.toml shows every key"),
    };
    // An element has the name of its array.
    let key = path.iter().rfind(|step| step.parse::<usize>().is_err()).map_or("", String::as_str);
    let (what, expected) = message.rsplit_once(", expected ").unwrap_or((message, ""));
    let kind = what.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let known = expected.split('`').skip(1).step_by(2).collect::<Vec<_>>();
    let expected_other = |expected: &str| match value {
        Some(value) => text!("{key}: expected {expected}, found {found}", found = found(value)),
        None => text!("{key}: expected {expected}, found none"),
    };
    match kind.as_str() {
        "unknown field" => unknown_key(key, &known),
        "unknown variant" => {
            let found = value.and_then(DeValue::as_str).unwrap_or_default();
            let advice = did_you_mean(found, &known).unwrap_or_else(|| text!("use one of these"));
            let (known, found) = (known.join(phrase!(", ").text()), quoted(found));
            (text!("{key}: expected one of {known}, found {found}"), advice)
        }
        "missing field" => {
            let missing = what.split('`').nth(1).unwrap_or_default();
            (text!("{key}: expected the key {missing}, found none"), advice.to_string())
        }
        "invalid type:" | "invalid value:" => {
            let bare = match value {
                Some(DeValue::String(_)) => phrase!("write it without quotes"),
                _ => advice,
            };
            let (expected, advice) = type_of(expected, key, bare);
            (expected_other(&expected), advice)
        }
        // An enum: a string with its name, or a table with its name and content.
        "wanted string" => (expected_other(phrase!("a string or a table").text()), advice.to_string()),
        _ if message == EXPECTED_TIME.english => {
            (text!("{key}: {message}", message = EXPECTED_TIME), advice.to_string())
        }
        _ => (text!("{key}: {message}"), advice.to_string()),
    }
}

/// The problem with an unknown key, and the advice.
pub(super) fn unknown_key(key: &str, known: &[&str]) -> (String, String) {
    let advice = did_you_mean(key, known).unwrap_or_else(|| text!("remove it"));
    let known = known.join(phrase!(", ").text());
    (text!("expected one of the keys {known}, found {key}"), advice)
}

/// The TOML name of the type that serde expected for a key, and how to write it; `bare` is for what has no quotes.
fn type_of(expected: &str, key: &str, bare: Phrase) -> (String, String) {
    let (expected, advice) = match expected {
        "a string" => (phrase!("a string"), phrase!("put it in double quotes")),
        "a boolean" => (phrase!("true or false"), bare),
        "f64" => (phrase!("a number"), bare),
        "u16" => (phrase!("a whole number from 0 to 65535"), bare),
        "u64" => (phrase!("a whole number from 0 to 2^64 - 1"), bare),
        _ if ARRAYS.contains(&key) => {
            let advice = text!("write [[{key}]], with two brackets: there can be several");
            return (text!("[[{key}]]"), advice);
        }
        "a sequence" if key == "contracts" => {
            (phrase!("an array of strings"), phrase!("put it in brackets: [\"shop.json\"]"))
        }
        "a map" if key == "headers" => {
            (phrase!("a table of strings"), phrase!("write it as {{ \"X-Name\" = \"value\" }}"))
        }
        "a sequence" => {
            (phrase!("an array of strings"), phrase!("put it in brackets, such as [\"mock\", \"192.0.2.7\"]"))
        }
        _ => return (text!("[{key}]"), text!("write [{key}], and its keys below it")),
    };
    (expected.to_string(), advice.to_string())
}

/// A number as it is; for anything else, its type.
fn found(value: &DeValue<'_>) -> String {
    let name = match value {
        DeValue::Integer(number) => return number.to_string(),
        DeValue::Float(number) => return number.to_string(),
        DeValue::String(_) => phrase!("a string"),
        DeValue::Boolean(_) => phrase!("a boolean"),
        DeValue::Datetime(_) => phrase!("a datetime"),
        DeValue::Array(_) => phrase!("an array"),
        DeValue::Table(_) => phrase!("a table"),
    };
    name.to_string()
}

fn did_you_mean(found: &str, known: &[&str]) -> Option<String> {
    near(found, known.iter().copied()).map(|near| text!("did you mean {near}?"))
}
