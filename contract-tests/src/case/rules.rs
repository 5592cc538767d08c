//! The rules for a case that its types cannot express.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use regex::Regex;
use serde_json::Value;
use wechatpay_protocol::Timestamp;
use wechatpay_texts::{phrase, text};

use super::{Case, CaseExchange, CaseRequest, Content, RawRequest, placeholders};
use crate::sign::{Sign, ToSign};

/// The beginning of every path of the mock's own interface.
const MOCK: &str = "/__mock/";

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
    let mut placeholders = Found::default();
    for (exchange, file) in case.exchanges.iter().zip(file["exchanges"].as_array().into_iter().flatten()) {
        placeholders.collect("request", &file["request"])?;
        placeholders.collect("sign", &file["sign"])?;
        placeholders.keep(&exchange.keep)?;
        placeholders.collect("expect", &file["expect"])?;
    }
    placeholders.collect("after", &file["after"])?;
    case.exchanges.iter().try_for_each(check_raw_signature)?;
    check_mock(case)?;
    if case.harmless {
        check_harmless(case)?;
    }
    Ok(placeholders.used)
}

/// The placeholders of a case.
#[derive(Default)]
struct Found {
    used: BTreeSet<String>,
    /// The names of what was kept so far.
    kept: BTreeSet<String>,
}

impl Found {
    /// Finds the words in braces in all texts under this key. Each must be a placeholder that is allowed there.
    fn collect(&mut self, key: &str, value: &Value) -> Result<(), Violation> {
        static WORD_IN_BRACES: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\{([a-z_]+)\}").expect("the expression is valid"));
        match value {
            Value::String(text) => {
                for word in WORD_IN_BRACES.captures_iter(text).map(|captures| captures.extract::<1>().1[0]) {
                    if !self.names(key).any(|name| name == word) {
                        let names: Vec<_> = self.names(key).map(|name| format!("{{{name}}}")).collect();
                        let problem =
                            text!("expected one of {names}, found {{{word}}}", names = names.join(" "));
                        return Err(Violation { at: format!("{{{word}}}"), problem });
                    }
                    self.used.insert(word.into());
                }
                Ok(())
            }
            Value::Array(items) => items.iter().try_for_each(|item| self.collect(key, item)),
            Value::Object(members) => members.iter().try_for_each(|(name, value)| {
                let key = if key == "raw" { key } else { name };
                self.collect(key, value)
            }),
            _ => Ok(()),
        }
    }

    /// Allows the names of what is kept from here on.
    fn keep(&mut self, kept: &BTreeMap<String, String>) -> Result<(), Violation> {
        for (name, pointer) in kept {
            let violation = |problem| Err(Violation { at: format!("\"{name}\":"), problem });
            if name.is_empty() || name.contains(|char: char| !(char.is_ascii_lowercase() || char == '_')) {
                return violation(text!(
                    "expected lower-case letters and _ as the name of what is kept, found `{name}`"
                ));
            }
            if !pointer.starts_with('/') {
                return violation(text!("expected a JSON pointer such as /prepay_id, found `{pointer}`"));
            }
            if placeholders::names("").any(|known| known == name) {
                return violation(text!("expected another name than that of the placeholder {{{name}}}"));
            }
            self.kept.insert(name.clone());
        }
        Ok(())
    }

    fn names<'f>(&'f self, key: &str) -> impl Iterator<Item = &'f str> + use<'f> {
        let known = placeholders::names(key).map(|name| -> &'f str { name });
        known.chain(self.kept.iter().map(String::as_str))
    }
}

/// Only a mock of the case's own has a clock and a payer to call.
fn check_mock(case: &Case) -> Result<(), Violation> {
    let calls_mock = case.exchanges.iter().any(|exchange| exchange.request.target().starts_with(MOCK));
    if calls_mock && case.given.is_none() {
        let problem = text!("expected `given` in a case that calls {mock}, such as {{}}", mock = MOCK);
        return Err(Violation { at: MOCK.into(), problem });
    }
    Ok(())
}

/// Raw bytes contain the placeholder of the signature exactly if they are signed.
fn check_raw_signature(exchange: &CaseExchange) -> Result<(), Violation> {
    let CaseRequest::Raw(raw) = &exchange.request else { return Ok(()) };
    let has_placeholder = matches!(raw, RawRequest::Text(text) if text.contains("{authorization}"));
    let problem = match (has_placeholder, exchange.sign == Sign::Unsigned) {
        (true, true) => phrase!("expected no {{authorization}} in a raw request that is unsigned, found one"),
        (false, false) => phrase!("expected {{authorization}} in a raw request that is signed, found none"),
        _ => return Ok(()),
    };
    Err(Violation { at: "\"raw\"".into(), problem: problem.into() })
}

/// Every request of a harmless case only reads, or has a signature that no gateway can accept as the merchant's.
fn check_harmless(case: &Case) -> Result<(), Violation> {
    let violation = |problem: String| Err(Violation { at: "\"harmless\"".into(), problem });
    if case.given.is_some() {
        return violation(text!("expected no `harmless` beside `given`, which no other server can be given"));
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
            return violation(text!(
                "expected a harmless case to read, or to sign what no gateway can accept; \
                 exchange {number} is a {method} with a signature that one may accept",
                number = index + 1,
                method = request.method()
            ));
        }
    }
    Ok(())
}
