//! How an exchange differs from an expectation.

use percent_encoding::percent_decode_str;
use serde_json::Value;
use wechatpay_openapi::Contract;

use crate::{
    journal::{Exchange, expectation::Expectation},
    request::{body, in_query},
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
    let texts = [
        ("merchant", &expectation.merchant, exchange.mchid.as_ref().map(ToString::to_string)),
        ("operation", &expectation.operation, exchange.operation.map(Into::into)),
        ("card_id", &expectation.card_id, in_path(exchange, contract, "card_id")),
        ("code", &expectation.code, in_path(exchange, contract, "code")),
    ];
    let texts = texts.into_iter().filter_map(|(name, wanted, found)| Some((name, wanted.as_ref()?, found)));
    let parameters = expectation.parameters.iter();
    let parameters =
        parameters.map(|(name, wanted)| (name.as_str(), wanted, parameter(exchange, contract, name)));
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
        let reason = exchange.error.as_ref().map(|error| format!(", {}", error.reason()));
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
    let decoded = |value| percent_decode_str(value).decode_utf8_lossy().into();
    in_path(exchange, contract, name).or_else(|| in_query(exchange.request.query(), name).map(decoded))
}

fn in_path(exchange: &Exchange, contract: &'static Contract, name: &str) -> Option<String> {
    contract.operation(exchange.operation?)?.path_parameter(exchange.request.path(), name)
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
        Ok(found) => body::differences(wanted, &found, "/body"),
        Err(error) => vec![format!("/body: expected JSON, found {error}")],
    })
}
