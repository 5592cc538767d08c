//! How an exchange differs from an expectation.

use std::fmt::Write;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use wechatpay_openapi::Contract;
use wechatpay_protocol::display::truncate;

use crate::{
    journal::{Exchange, expectation::Expectation},
    request::in_query,
};

/// The result of comparing an exchange with an expectation.
pub(super) enum Comparison {
    /// It matches.
    Match,
    /// It matches apart from its body, which the journal cut.
    Undecided(String),
    /// It has these differences.
    Miss(Differences),
}

/// The differences of an exchange: how many there are, and the first of them in words.
#[derive(Debug, Default)]
pub(super) struct Differences {
    count: usize,
    shown: Vec<String>,
}

/// The most differences in words. (own choice)
pub(super) const SHOWN: usize = 100;

/// The most characters of each. (own choice)
const LONGEST: usize = 1024;

/// The text, or its beginning.
pub(super) fn excerpt(text: &str) -> String {
    truncate(text, LONGEST).into_owned()
}

impl Differences {
    pub(super) fn of(text: String) -> Self {
        Self { count: 1, shown: vec![text] }
    }

    fn add(&mut self, text: impl FnOnce() -> String) {
        self.count += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(excerpt(&text()));
        }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// In words; the last of them says how many are left out.
    pub(super) fn into_texts(mut self) -> Vec<String> {
        let left_out = self.count - self.shown.len();
        self.shown.extend((left_out > 0).then(|| format!("and {left_out} more differences")));
        self.shown
    }
}

/// Compares an exchange with an expectation.
pub(super) fn compare(
    expectation: &Expectation,
    exchange: &Exchange,
    contract: &'static Contract,
) -> Comparison {
    let parameter = |name| parameter(exchange, contract, name);
    let texts = [
        ("merchant", &expectation.merchant, exchange.mchid.as_ref().map(ToString::to_string)),
        ("operation", &expectation.operation, exchange.operation.map(Into::into)),
        ("card_id", &expectation.card_id, parameter("card_id")),
        ("code", &expectation.code, parameter("code")),
    ];
    let texts = texts.into_iter().filter_map(|(name, wanted, found)| Some((name, wanted.as_ref()?, found)));
    let parameters =
        expectation.parameters.iter().map(|(name, wanted)| (name.as_str(), wanted, parameter(name)));
    let mut differences = Differences::default();
    for (name, wanted, found) in texts.chain(parameters) {
        if found.as_ref() != Some(wanted) {
            differences
                .add(|| format!("{name}: expected {wanted}, found {}", found.as_deref().unwrap_or("none")));
        }
    }
    if let Some(wanted) = expectation.authenticated
        && wanted != exchange.is_authenticated
    {
        differences.add(|| format!("authenticated: expected {wanted}, found {}", exchange.is_authenticated));
    }
    if let Some(wanted) = expectation.status
        && exchange.status.is_none_or(|found| found != wanted)
    {
        let reason = exchange.error.as_ref().map(|rejection| format!(", {}", rejection.reason()));
        let found = exchange.status.map_or_else(|| "none".into(), |found| found.as_u16().to_string());
        differences.add(|| format!("status: expected {wanted}, found {found}{}", reason.unwrap_or_default()));
    }
    if let Some(wanted) = &expectation.body
        && let Err(cut) = compare_bodies(wanted, exchange, &mut differences)
    {
        if differences.count == 0 {
            return Comparison::Undecided(cut);
        }
        differences.add(|| cut);
    }
    if differences.count == 0 { Comparison::Match } else { Comparison::Miss(differences) }
}

/// The decoded value of a parameter of the path or the query.
fn parameter(exchange: &Exchange, contract: &'static Contract, name: &str) -> Option<String> {
    let request = &exchange.request;
    let in_path = || contract.operation(exchange.operation?)?.path_parameter(request.path(), name);
    in_path().or_else(|| {
        in_query(request.query(), name).map(|value| percent_decode_str(value).decode_utf8_lossy().into())
    })
}

/// Adds the differences in the body.
///
/// # Errors
/// If the journal cut the body: a message.
fn compare_bodies(wanted: &Value, exchange: &Exchange, differences: &mut Differences) -> Result<(), String> {
    let request = &exchange.request;
    if request.body.len() < request.body_length {
        let (kept, length) = (request.body.len(), request.body_length);
        return Err(format!("/body: the journal kept {kept} of {length} bytes; raise limits.journal_body"));
    }
    match serde_json::from_slice(&request.body) {
        Ok(found) => compare_values(wanted, &found, &mut "/body".into(), differences),
        Err(error) => differences.add(|| format!("/body: expected JSON, found {error}")),
    }
    Ok(())
}

/// An object must have the wanted members and may have others; any other value must be equal.
fn compare_values(wanted: &Value, found: &Value, pointer: &mut String, differences: &mut Differences) {
    let here = pointer.len();
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(members)) => {
            for (name, wanted) in wanted {
                *pointer += "/";
                *pointer += &name.replace('~', "~0").replace('/', "~1");
                match members.get(name) {
                    Some(found) => compare_values(wanted, found, pointer, differences),
                    None => differences.add(|| format!("{pointer}: expected {wanted}, found none")),
                }
                pointer.truncate(here);
            }
        }
        (Value::Array(wanted), Value::Array(items)) if wanted.len() == items.len() => {
            for (at, (wanted, found)) in wanted.iter().zip(items).enumerate() {
                // Writing to a String does not fail.
                let _ = write!(pointer, "/{at}");
                compare_values(wanted, found, pointer, differences);
                pointer.truncate(here);
            }
        }
        _ if wanted == found => {}
        _ => differences.add(|| format!("{pointer}: expected {wanted}, found {found}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differences(wanted: &Value, found: &Value) -> Vec<String> {
        let mut differences = Differences::default();
        compare_values(wanted, found, &mut "/body".into(), &mut differences);
        differences.into_texts()
    }

    #[test]
    fn additional_members_do_not_matter() {
        let found = json!({ "a": { "b": 1, "c": 2 }, "d": 3 });
        assert!(differences(&json!({ "a": { "b": 1 } }), &found).is_empty());
    }

    #[test]
    fn each_difference_is_named_by_its_pointer() {
        let wanted = json!({ "a": 1, "b": [1, 2], "c/d": "x", "e": [1] });
        let found = json!({ "a": 2, "b": [1, 3], "e": [1, 2] });
        let expected = [
            "/body/a: expected 1, found 2",
            "/body/b/1: expected 2, found 3",
            "/body/c~1d: expected \"x\", found none",
            "/body/e: expected [1], found [1,2]",
        ];
        assert_eq!(differences(&wanted, &found), expected);
    }

    #[test]
    fn many_or_long_differences_are_counted_but_not_all_shown() {
        let wanted = json!(vec!["x".repeat(10_000); 150]);
        let texts = differences(&wanted, &json!(vec![0; 150]));
        assert_eq!((texts.len(), texts[SHOWN].as_str()), (SHOWN + 1, "and 50 more differences"));
        assert_eq!(texts[0].chars().count(), LONGEST + 1);
    }
}
