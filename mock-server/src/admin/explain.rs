//! Rewords serde's errors for people: the field, what was expected, and what was found.

use serde_path_to_error::Path;
use wechatpay_protocol::display::{quoted, truncate};
use wechatpay_texts::{phrase, text};

use crate::api::suggest::{advice, near};

/// The most characters shown of a text that serde found and quoted.
const SHOWN: usize = 64;

/// Rewords serde's message about the value at `path`.
///
/// serde's errors have no structure, but their texts have been stable since 1.0. A text in another form is kept.
pub(super) fn explain(path: &Path, message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let reworded = reword(message).unwrap_or_else(|| message.into());
    // The path of an error about a key ends with the key's value, which does not exist.
    let path = path.to_string();
    let parent = path.trim_end_matches('?').trim_end_matches('.');
    let place = match message.strip_prefix("unknown field `") {
        Some(_) => parent.rsplit_once('.').map_or("", |(parent, _)| parent),
        None => parent,
    };
    let place = if place.is_empty() { phrase!("the body").text() } else { place };
    text!("{place}: {reworded}")
}

fn reword(message: &str) -> Option<String> {
    if let Some(name) = message.strip_prefix("missing field `") {
        return Some(text!("expected the field {name}, found none", name = name.trim_end_matches('`')));
    }
    if let Some(name) = message.strip_prefix("duplicate field `") {
        return Some(text!("expected {name} once, found it twice", name = name.trim_end_matches('`')));
    }
    for (prefix, is_field) in [("unknown field `", true), ("unknown variant `", false)] {
        let Some(rest) = message.strip_prefix(prefix) else { continue };
        // The unknown name may contain anything, but known names contain no quotes.
        let (found, known) =
            rest.rsplit_once("`, expected ").or_else(|| rest.rsplit_once("`, there are no "))?;
        let known: Vec<_> = known.split('`').skip(1).step_by(2).collect();
        let advice = advice(near(found, known.iter().copied()).unwrap_or_default(), "");
        let (expected, found) = (one_of(&known, is_field), quoted(found));
        return Some(text!("expected {expected}, found {found}{advice}"));
    }
    let rest = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.rsplit_once(", expected ")?;
    Some(text!("expected {expected}, found {found}", expected = kind(expected), found = value(found)))
}

fn one_of(known: &[&str], is_field: bool) -> String {
    match known {
        [] if is_field => text!("no other field"),
        [] => text!("no other"),
        [only] if is_field => text!("the field {only}"),
        [only] => text!("the {only}"),
        [first, second] => text!("{first} or {second}"),
        _ => text!("one of {known}", known = known.join(phrase!(", ").text())),
    }
}

/// The type that serde expects, without Rust's terms.
fn kind(expected: &str) -> &str {
    let known = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => phrase!("a whole number of 0 or more"),
        "i8" | "i16" | "i32" | "i64" => phrase!("a whole number"),
        "f32" | "f64" => phrase!("a number"),
        "a string" => phrase!("a string"),
        "a boolean" => phrase!("true or false"),
        "a sequence" => phrase!("a list"),
        "a map" => phrase!("an object"),
        "variant identifier" => phrase!("a name"),
        _ if expected.contains("struct ") || expected.contains("enum ") => phrase!("an object"),
        _ => return expected,
    };
    known.text()
}

/// The value that serde found.
fn value(found: &str) -> String {
    match found.split_once(' ') {
        Some(("string", text)) => truncate(text, SHOWN).into_owned(),
        Some(("boolean" | "integer" | "floating", number)) => {
            number.trim_start_matches("point ").trim_matches('`').into()
        }
        _ => match found {
            "map" => text!("an object"),
            "sequence" => text!("a list"),
            "unit value" => text!("null"),
            _ => found.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::faults::FaultRule;

    fn explained<T: for<'de> Deserialize<'de>>(json: &str) -> String {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let error = serde_path_to_error::deserialize::<_, T>(&mut deserializer).err().unwrap();
        explain(error.path(), &error.inner().to_string())
    }

    #[test]
    fn an_error_names_the_field_the_expected_value_and_the_found_value() {
        for (json, expected) in [
            (r#"{"match":{"nth":"x"}}"#, r#"match.nth: expected a whole number of 0 or more, found "x""#),
            (r#"{"times":-1}"#, "times: expected a whole number of 0 or more, found -1"),
            (r#"{"applied":1.5}"#, "applied: expected true or false, found 1.5"),
            (r#"{"match":"x"}"#, r#"match: expected an object, found "x""#),
            (r#"{"error":{"status":400}}"#, "error: expected the field code, found none"),
            (r#"{"ttl":1,"ttl":2}"#, "the body: expected ttl once, found it twice"),
            (r#"{"ttl":null}"#, "ttl: expected a value, found null; leave the field out instead"),
            (
                r#"{"error":{"stats":1}}"#,
                r#"error: expected one of status, code, message, found "stats"; did you mean status?"#,
            ),
            (
                r#"{"latency":{"fix":1}}"#,
                r#"latency: expected one of fixed, uniform, normal, found "fix"; did you mean fixed?"#,
            ),
        ] {
            assert_eq!(explained::<FaultRule>(json), expected, "{json}");
        }
    }
}
