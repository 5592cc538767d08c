//! The rules for a case that its types cannot express.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;
use serde_json::Value;
use wechatpay_protocol::Timestamp;

use super::{Case, CaseExchange, CaseRequest, Content, RawRequest, placeholders};
use crate::sign::{Sign, ToSign};

/// A rule that a case violates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    /// A part of the line at fault.
    pub(super) at: String,
    /// What was expected and what was found.
    pub(super) problem: String,
}

/// Checks all rules and returns the placeholders in the case. `file` is the same case as JSON.
pub(super) fn check(case: &Case, file: &Value) -> Result<BTreeSet<String>, Violation> {
    let mut placeholders = BTreeSet::new();
    collect_placeholders("exchanges", &file["exchanges"], &mut placeholders)?;
    collect_placeholders("after", &file["after"], &mut placeholders)?;
    case.exchanges.iter().try_for_each(check_raw_signature)?;
    if case.harmless {
        check_harmless(case)?;
    }
    Ok(placeholders)
}

/// Finds the words in braces in all texts under this key. Each must be a placeholder that is allowed there.
fn collect_placeholders(key: &str, value: &Value, found: &mut BTreeSet<String>) -> Result<(), Violation> {
    static WORD_IN_BRACES: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\{([a-z_]+)\}").expect("the expression is valid"));
    match value {
        Value::String(text) => {
            for word in WORD_IN_BRACES.captures_iter(text).map(|captures| captures.extract::<1>().1[0]) {
                if !placeholders::names(key).any(|name| name == word) {
                    let names: Vec<_> = placeholders::names(key).map(|name| format!("{{{name}}}")).collect();
                    let problem = format!("expected one of {}, found {{{word}}}", names.join(" "));
                    return Err(Violation { at: format!("{{{word}}}"), problem });
                }
                found.insert(word.into());
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(|item| collect_placeholders(key, item, found)),
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            let key = if key == "raw" { key } else { name };
            collect_placeholders(key, value, found)
        }),
        _ => Ok(()),
    }
}

/// Raw bytes contain the placeholder of the signature exactly if they are signed.
fn check_raw_signature(exchange: &CaseExchange) -> Result<(), Violation> {
    let CaseRequest::Raw(raw) = &exchange.request else { return Ok(()) };
    let has_placeholder = matches!(raw, RawRequest::Text(text) if text.contains("{authorization}"));
    let problem = match (has_placeholder, exchange.sign == Sign::Unsigned) {
        (true, true) => "expected no {authorization} in a raw request that is unsigned, found one",
        (false, false) => "expected {authorization} in a raw request that is signed, found none",
        _ => return Ok(()),
    };
    Err(Violation { at: "\"raw\"".into(), problem: problem.into() })
}

/// Every request of a harmless case only reads, or has a signature that no gateway can accept as the merchant's.
fn check_harmless(case: &Case) -> Result<(), Violation> {
    let violation = |problem: String| Err(Violation { at: "\"harmless\"".into(), problem });
    if case.given.is_some() {
        return violation("expected no `harmless` beside `given`, which no other server can be given".into());
    }
    for (index, CaseExchange { request, sign, .. }) in case.exchanges.iter().enumerate() {
        let body = match request {
            CaseRequest::Built(request) => request.body.as_ref().map_or_else(Vec::new, Content::unfilled),
            CaseRequest::Raw(_) => Vec::new(),
        };
        let to_sign = ToSign {
            method: request.method(),
            target: request.target(),
            body: &body,
            now: Timestamp::from_unix(0),
            nonce_str: "",
        };
        if request.method() != "GET" && !sign.is_never_valid(&to_sign) {
            return violation(format!(
                "expected a harmless case to read, or to sign what no gateway can accept; \
                 exchange {} is a {} with a signature that one may accept",
                index + 1,
                request.method()
            ));
        }
    }
    Ok(())
}
