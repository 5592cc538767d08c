//! How an exchange differs from an expectation.

use percent_encoding::percent_decode_str;
use serde_json::Value;
use wechatpay_openapi::Contract;

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
    Miss(Vec<String>),
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
    let mut differences: Vec<String> = texts
        .chain(parameters)
        .filter(|(_, wanted, found)| found.as_ref() != Some(*wanted))
        .map(|(name, wanted, found)| {
            format!("{name}: expected {wanted}, found {}", found.as_deref().unwrap_or("none"))
        })
        .collect();
    if let Some(wanted) = expectation.authenticated
        && wanted != exchange.is_authenticated
    {
        differences.push(format!("authenticated: expected {wanted}, found {}", exchange.is_authenticated));
    }
    if let Some(wanted) = expectation.status
        && exchange.status.is_none_or(|found| found != wanted)
    {
        let reason = exchange.error.as_ref().map(|rejection| format!(", {}", rejection.reason()));
        let found = exchange.status.map_or_else(|| "none".into(), |found| found.as_u16().to_string());
        differences.push(format!("status: expected {wanted}, found {found}{}", reason.unwrap_or_default()));
    }
    let in_body =
        expectation.body.as_ref().map_or(Ok(Vec::new()), |wanted| body_differences(wanted, exchange));
    match in_body {
        Err(cut) if differences.is_empty() => return Comparison::Undecided(cut),
        Err(cut) => differences.push(cut),
        Ok(in_body) => differences.extend(in_body),
    }
    if differences.is_empty() { Comparison::Match } else { Comparison::Miss(differences) }
}

/// The decoded value of a parameter of the path or the query.
fn parameter(exchange: &Exchange, contract: &'static Contract, name: &str) -> Option<String> {
    let request = &exchange.request;
    let in_path = || contract.operation(exchange.operation?)?.path_parameter(request.path(), name);
    in_path().or_else(|| {
        in_query(request.query(), name).map(|value| percent_decode_str(value).decode_utf8_lossy().into())
    })
}

/// The differences in the body.
///
/// # Errors
/// If the journal cut the body: a message.
fn body_differences(wanted: &Value, exchange: &Exchange) -> Result<Vec<String>, String> {
    let request = &exchange.request;
    if request.body.len() < request.body_length {
        let (kept, length) = (request.body.len(), request.body_length);
        return Err(format!("/body: the journal kept {kept} of {length} bytes; raise limits.journal_body"));
    }
    Ok(match serde_json::from_slice(&request.body) {
        Ok(found) => value_differences(wanted, &found, "/body"),
        Err(error) => vec![format!("/body: expected JSON, found {error}")],
    })
}

/// An object must have the wanted members and may have others; any other value must be equal.
fn value_differences(wanted: &Value, found: &Value, pointer: &str) -> Vec<String> {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(members)) => wanted
            .iter()
            .flat_map(|(name, wanted)| {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                match members.get(name) {
                    Some(found) => value_differences(wanted, found, &pointer),
                    None => vec![format!("{pointer}: expected {wanted}, found none")],
                }
            })
            .collect(),
        (Value::Array(wanted), Value::Array(items)) if wanted.len() == items.len() => wanted
            .iter()
            .zip(items)
            .enumerate()
            .flat_map(|(at, (wanted, found))| value_differences(wanted, found, &format!("{pointer}/{at}")))
            .collect(),
        _ if wanted == found => Vec::new(),
        _ => vec![format!("{pointer}: expected {wanted}, found {found}")],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn additional_members_do_not_matter() {
        assert!(
            value_differences(&json!({ "a": { "b": 1 } }), &json!({ "a": { "b": 1, "c": 2 }, "d": 3 }), "")
                .is_empty()
        );
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
        assert_eq!(value_differences(&wanted, &found, "/body"), expected);
    }
}
