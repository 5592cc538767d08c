//! Wrong values on the five lines: a table of mistakes for each line.

mod body;
pub(crate) mod charset;
pub(crate) mod json;
pub(crate) mod nonce;
mod target;
pub(crate) mod timestamp;

use crate::{Evidence, KnownMistake, known_mistake::Rule};

/// Returns the values that may have been signed in place of the right one. The right one among them is ignored.
pub(crate) type ValueRule = Rule<fn(&Evidence<'_>) -> Vec<Vec<u8>>>;

/// The values of the five lines: method, path and query, timestamp, nonce, body.
pub(crate) type Values<'a> = [&'a [u8]; 5];

/// The places of timestamp, nonce and body among the values.
pub(crate) const TIMESTAMP_LINE: usize = 2;
pub(crate) const NONCE_LINE: usize = 3;
pub(crate) const BODY: usize = 4;

/// The tables of rules, each with the line that its values are for.
pub(crate) static TABLES: [(usize, &[ValueRule]); 6] = [
    (0, METHOD),
    (1, target::TARGET),
    (TIMESTAMP_LINE, timestamp::TIMESTAMP),
    (NONCE_LINE, nonce::NONCE),
    (BODY, body::BODY),
    (BODY, charset::CHARSETS),
];

/// A value that may have been signed in place of the right one.
pub(crate) struct WrongValue {
    pub(crate) rule: &'static ValueRule,
    /// Which of the five it replaces.
    pub(crate) line: usize,
    pub(crate) value: Vec<u8>,
}

const METHOD: &[ValueRule] = &[
    ValueRule::new(
        "method-lower-case",
        "write the method on line 1 in upper case",
        "签名串第 1 行的请求方法要大写",
        |sent| {
            let lower = sent.message.method.to_ascii_lowercase().into_bytes();
            let mut capitalized = lower.clone();
            capitalized.iter_mut().take(1).for_each(u8::make_ascii_uppercase);
            vec![lower, capitalized]
        },
    ),
    ValueRule::new(
        "other-method",
        "sign the method that is actually sent: a redirect or the HTTP library may have changed it",
        "请对实际发送的请求方法签名：它可能被重定向或 HTTP 库改掉了",
        |_| ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"].map(Vec::from).into(),
    ),
];

/// The right values.
pub(crate) fn right_values<'v>(evidence: &'v Evidence<'_>, timestamp: &'v str) -> Values<'v> {
    let message = &evidence.message;
    [
        message.method.as_bytes(),
        message.target.as_bytes(),
        timestamp.as_bytes(),
        message.nonce_str.as_bytes(),
        message.body,
    ]
}

/// Whether the mistake is in a value that may change on its way: method, path and query, or body.
pub(crate) fn is_of_what_is_sent(mistake: &KnownMistake) -> bool {
    let of_these = TABLES.iter().filter(|(line, _)| [0, 1, BODY].contains(line));
    of_these.flat_map(|(_, rules)| *rules).any(|rule| rule.mistake == *mistake)
}
