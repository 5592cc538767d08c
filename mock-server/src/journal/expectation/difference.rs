//! How an exchange differs from an expectation.

use std::fmt::Display;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use wechatpay_openapi::Contract;
use wechatpay_protocol::display::truncate;
use wechatpay_texts::text;

use crate::{
    journal::{Exchange, expectation::Expectation},
    request::{
        body, in_query,
        place::{self, Place},
    },
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
pub(super) const LONGEST: usize = 1024;

/// The text, or its beginning.
pub(super) fn excerpt(text: &str) -> String {
    truncate(text, LONGEST).into_owned()
}

impl Differences {
    pub(super) fn of(text: String) -> Self {
        Self { count: 1, shown: vec![text] }
    }

    fn add(&mut self, text: impl Display) {
        self.count += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(excerpt(&text.to_string()));
        }
    }

    fn add_value(&mut self, name: &str, wanted: impl Display, found: Option<impl Display>) {
        self.add(match found {
            Some(found) => text!("{name}: expected {wanted}, found {found}"),
            None => text!("{name}: expected {wanted}, found none"),
        });
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// In words; the last of them says how many are left out.
    pub(super) fn into_texts(mut self) -> Vec<String> {
        let left_out = self.count - self.shown.len();
        self.shown.extend((left_out > 0).then(|| text!("and {left_out} more differences")));
        self.shown
    }
}

/// Compares an exchange with an expectation.
pub(super) fn compare(expectation: &Expectation, exchange: &Exchange, contract: &Contract) -> Comparison {
    let texts = [
        ("merchant", &expectation.merchant, exchange.mchid.as_ref().map(ToString::to_string)),
        ("operation", &expectation.operation, exchange.operation.as_deref().map(Into::into)),
        ("card_id", &expectation.card_id, in_path(exchange, contract, "card_id")),
        ("code", &expectation.code, in_path(exchange, contract, "code")),
    ];
    let texts = texts.into_iter().filter_map(|(name, wanted, found)| Some((name, wanted.as_ref()?, found)));
    let parameters = expectation.parameters.iter();
    let parameters =
        parameters.map(|(name, wanted)| (name.as_str(), wanted, parameter(exchange, contract, name)));
    let mut differences = Differences::default();
    let mut compare_text = |name: &str, wanted: &str, found: Option<String>| {
        if found.as_deref() != Some(wanted) {
            differences.add_value(name, wanted, found);
        }
    };
    for (name, wanted, found) in texts.chain(parameters) {
        compare_text(name, wanted, found);
    }
    for (key, wanted) in &expectation.places {
        let found = match Place::of(key) {
            Some(Place::Path(name)) => in_path(exchange, contract, name),
            Some(Place::Query(name)) => decoded_in_query(exchange, name),
            Some(Place::Body(_)) | None => continue,
        };
        compare_text(key, &place::text(wanted).unwrap_or_default(), found);
    }
    if let Some(wanted) = expectation.authenticated
        && wanted != exchange.is_authenticated
    {
        let found = exchange.is_authenticated;
        differences.add(text!("authenticated: expected {wanted}, found {found}"));
    }
    if let Some(wanted) = expectation.status
        && exchange.status.is_none_or(|found| found != wanted)
    {
        let reason = exchange.error.as_ref().map(|error| error.reason());
        differences.add(match (exchange.status.map(|found| found.as_u16()), reason) {
            (None, None) => text!("status: expected {wanted}, found none"),
            (None, Some(reason)) => text!("status: expected {wanted}, found none, {reason}"),
            (Some(found), None) => text!("status: expected {wanted}, found {found}"),
            (Some(found), Some(reason)) => text!("status: expected {wanted}, found {found}, {reason}"),
        });
    }
    if let Err(cut) = compare_bodies(expectation, exchange, &mut differences) {
        if differences.count() == 0 {
            return Comparison::Undecided(cut);
        }
        differences.add(cut);
    }
    if differences.count() == 0 { Comparison::Match } else { Comparison::Miss(differences) }
}

/// The decoded value of a parameter of the path or the query.
fn parameter(exchange: &Exchange, contract: &Contract, name: &str) -> Option<String> {
    in_path(exchange, contract, name).or_else(|| decoded_in_query(exchange, name))
}

fn decoded_in_query(exchange: &Exchange, name: &str) -> Option<String> {
    let decoded = |value| percent_decode_str(value).decode_utf8_lossy().into();
    in_query(exchange.request.query(), name).map(decoded)
}

fn in_path(exchange: &Exchange, contract: &Contract, name: &str) -> Option<String> {
    contract.operation(exchange.operation.as_deref()?)?.path_parameter(exchange.request.path(), name)
}

/// Adds the differences in the body, whose encrypted texts are as sent.
///
/// # Errors
/// If the journal cut the body: a message.
fn compare_bodies(
    expectation: &Expectation,
    exchange: &Exchange,
    differences: &mut Differences,
) -> Result<(), String> {
    let pointer = |key| match Place::of(key) {
        Some(Place::Body(pointer)) => Some(pointer),
        Some(Place::Path(_) | Place::Query(_)) | None => None,
    };
    let places = expectation.places.iter().filter_map(|(key, wanted)| Some((pointer(key)?, wanted)));
    let whole = expectation.body.iter().map(|wanted| ("", wanted));
    let mut wanted = whole.chain(places).peekable();
    if wanted.peek().is_none() {
        return Ok(());
    }
    let request = &exchange.request;
    if request.body.len() < request.body_length {
        let (kept, length) = (request.body.len(), request.body_length);
        return Err(text!("/body: the journal kept {kept} of {length} bytes; raise limits.journal_body"));
    }
    match serde_json::from_slice::<Value>(&request.body) {
        Ok(found) => wanted.for_each(|(pointer, wanted)| compare_at(pointer, wanted, &found, differences)),
        Err(error) => differences.add(text!("/body: expected JSON, found {error}")),
    }
    Ok(())
}

/// Adds the differences of the value at this pointer into the body.
fn compare_at(pointer: &str, wanted: &Value, body: &Value, differences: &mut Differences) {
    let path = format!("/body{pointer}");
    match body.pointer(pointer) {
        Some(found) => body::compare(wanted, found, &path, &mut |name, wanted, found| {
            differences.add_value(name, wanted, found);
        }),
        None => differences.add_value(&path, wanted, None::<String>),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn many_or_long_differences_are_counted_but_not_all_shown() {
        let wanted = json!(vec!["x".repeat(10_000); 150]);
        let mut differences = Differences::default();
        compare_at("", &wanted, &json!(vec![0; 150]), &mut differences);
        let texts = differences.into_texts();
        assert_eq!((texts.len(), texts[SHOWN].as_str()), (SHOWN + 1, "and 50 more differences"));
        assert_eq!(texts[0].chars().count(), LONGEST + 1);
    }
}
