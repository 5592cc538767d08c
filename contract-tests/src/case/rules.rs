//! What must hold for a case beyond the form of its keys and values.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use wechatpay_protocol::Timestamp;

use super::{Case, CaseExchange, CaseRequest, Content, RawRequest, placeholders};
use crate::sign::{Sign, ToSign};

/// A rule that a case breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// A part of the line that breaks it.
    pub(super) at: String,
    /// What was expected, and what was found.
    pub(super) problem: String,
}

/// The first rule that the case breaks; `file` is the same as JSON.
pub(super) fn check(case: &Case, file: &Value) -> Result<(), Broken> {
    known_placeholders("exchanges", &file["exchanges"])?;
    known_placeholders("after", &file["after"])?;
    for exchange in &case.exchanges {
        signed_where_it_says(exchange)?;
    }
    if case.harmless { harmless_indeed(case) } else { Ok(()) }
}

/// The words in braces of every text under this key are placeholders that may stand there.
fn known_placeholders(key: &str, value: &Value) -> Result<(), Broken> {
    static WORD_IN_BRACES: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\{([a-z_]+)\}").expect("the expression is one"));
    match value {
        Value::String(text) => {
            let mut words = WORD_IN_BRACES.captures_iter(text).map(|found| found.extract::<1>().1[0]);
            let unknown = words.find(|word| !placeholders::names(key).any(|known| known == *word));
            unknown.map_or(Ok(()), |word| {
                let known: Vec<_> = placeholders::names(key).map(|name| format!("{{{name}}}")).collect();
                let problem = format!("expected one of {}, found {{{word}}}", known.join(" "));
                Err(Broken { at: format!("{{{word}}}"), problem })
            })
        }
        Value::Array(items) => items.iter().try_for_each(|item| known_placeholders(key, item)),
        Value::Object(members) if key == "raw" => {
            members.values().try_for_each(|text| known_placeholders(key, text))
        }
        Value::Object(members) => members.iter().try_for_each(|(key, value)| known_placeholders(key, value)),
        _ => Ok(()),
    }
}

/// Raw bytes have a place for the signature if, and only if, they are signed.
fn signed_where_it_says(exchange: &CaseExchange) -> Result<(), Broken> {
    let CaseRequest::Raw(raw) = &exchange.request else { return Ok(()) };
    let has_place = matches!(raw, RawRequest::Text(text) if text.contains("{authorization}"));
    let problem = match (has_place, exchange.sign == Sign::Unsigned) {
        (true, true) => "expected no {authorization} in a raw request that is unsigned, found one",
        (false, false) => "expected {authorization} in a raw request that is signed, found none",
        _ => return Ok(()),
    };
    Err(Broken { at: "\"raw\"".into(), problem: problem.into() })
}

/// Each request reads, or is signed so that it can't be taken for the merchant's.
fn harmless_indeed(case: &Case) -> Result<(), Broken> {
    let broken = |problem: String| Err(Broken { at: "\"harmless\"".into(), problem });
    if case.given.is_some() {
        return broken("expected no `harmless` beside `given`, which no other server can be told".into());
    }
    for (index, CaseExchange { request, sign, .. }) in case.exchanges.iter().enumerate() {
        let body = match request {
            CaseRequest::Made(made) => made.body.as_ref().map_or_else(Vec::new, Content::written),
            CaseRequest::Raw(_) => Vec::new(),
        };
        let to_sign = ToSign {
            method: request.method(),
            target: request.target(),
            body: &body,
            now: Timestamp::from_unix(0),
            nonce_str: "",
        };
        if request.method() != "GET" && !sign.is_none_of_the_merchants(&to_sign) {
            return broken(format!(
                "expected a harmless case to read, or to sign what no gateway can accept; \
                 exchange {} is a {} with a signature that one may accept",
                index + 1,
                request.method()
            ));
        }
    }
    Ok(())
}
