//! Rewords serde's errors in terms of the configuration file.

use toml::de::DeValue;
use wechatpay_protocol::display::quoted;

use crate::api::suggest::near;

/// Keys that are arrays of tables, `[[key]]`.
const ARRAYS: [&str; 4] = ["platform_certificate", "merchant", "fault", "stub"];

/// The problem with `value` at `path`, and the advice. Shows no value that may be a secret key in the wrong place.
pub(super) fn explain(message: &str, path: &[String], value: Option<&DeValue<'_>>) -> (String, String) {
    let advice = match path.first() {
        Some(first) if first == "fault" => "fixtures/config/example.toml shows every key of [[fault]]",
        Some(first) if first == "stub" => "fixtures/config/example.toml shows every key of [[stub]]",
        _ => "fixtures/config/example.toml shows every key",
    };
    // An element has the name of its array.
    let key = path.iter().rfind(|step| step.parse::<usize>().is_err()).map_or("", String::as_str);
    let (what, expected) = message.rsplit_once(", expected ").unwrap_or((message, ""));
    let kind = what.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let known = expected.split('`').skip(1).step_by(2).collect::<Vec<_>>();
    match kind.as_str() {
        "unknown field" => unknown_key(key, &known),
        "unknown variant" => {
            let found = value.and_then(DeValue::as_str).unwrap_or_default();
            let advice = did_you_mean(found, &known).unwrap_or("use one of these".into());
            (format!("{key}: expected one of {}, found {}", known.join(", "), quoted(found)), advice)
        }
        "missing field" => {
            let missing = what.split('`').nth(1).unwrap_or_default();
            (format!("{key}: expected the key {missing}, found none"), advice.into())
        }
        "invalid type:" | "invalid value:" => {
            let (expected, advice) = type_of(expected, key);
            let found = value.map_or("none".into(), found);
            (format!("{key}: expected {expected}, found {found}"), advice)
        }
        // An enum: a string with its name, or a table with its name and content.
        "wanted string" => {
            let found = value.map_or("none".into(), found);
            (format!("{key}: expected a string or a table, found {found}"), advice.into())
        }
        _ => (format!("{key}: {message}"), advice.into()),
    }
}

/// The problem with an unknown key, and the advice.
pub(super) fn unknown_key(key: &str, known: &[&str]) -> (String, String) {
    let problem = format!("expected one of the keys {}, found {key}", known.join(", "));
    (problem, did_you_mean(key, known).unwrap_or("remove it".into()))
}

/// The TOML name of the type that serde expected for a key, and how to write it.
fn type_of(expected: &str, key: &str) -> (String, String) {
    let unquoted = "write it without quotes";
    let (expected, advice) = match expected {
        "a string" => ("a string", "put it in double quotes"),
        "a boolean" => ("true or false", unquoted),
        "f64" => ("a number", unquoted),
        "u16" => ("a whole number from 0 to 65535", unquoted),
        "u64" => ("a whole number from 0 to 2^64 - 1", unquoted),
        _ if ARRAYS.contains(&key) => {
            let advice = format!("write [[{key}]], with two brackets: there can be several");
            return (format!("[[{key}]]"), advice);
        }
        "a sequence" if key == "contracts" => ("an array of strings", "put it in brackets: [\"shop.json\"]"),
        "a map" if key == "headers" => ("a table of strings", "write it as { \"X-Name\" = \"value\" }"),
        "a sequence" => ("an array of strings", "put it in brackets, such as [\"mock\", \"192.0.2.7\"]"),
        _ => return (format!("[{key}]"), format!("write [{key}], and its keys below it")),
    };
    (expected.into(), advice.into())
}

/// A number as it is; for anything else, its type.
fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        _ => {
            let name = value.type_str();
            format!("{} {name}", if name.starts_with(['a', 'i']) { "an" } else { "a" })
        }
    }
}

fn did_you_mean(found: &str, known: &[&str]) -> Option<String> {
    near(found, known.iter().copied()).map(|near| format!("did you mean {near}?"))
}
