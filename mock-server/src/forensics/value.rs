//! The values of the five lines, as they are mistaken: a table for each line.

mod body;
mod json;
mod nonce;
pub(super) mod target;
mod timestamp;

use crate::forensics::{Case, Hypothesis};

/// A mistaken value of one line.
pub(super) struct ValueMistake {
    pub(super) hypothesis: Hypothesis,
    /// What may have been signed in place of the line's value. Values that are right are passed over.
    pub(super) signed: fn(&Case<'_>) -> Vec<Vec<u8>>,
    /// How much trying it costs.
    pub(super) effort: Effort,
}

/// How much trying a mistake costs, and so where it is tried.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effort {
    /// Little: always tried, also together with another mistake.
    Little,
    /// The body has to be read and written anew: not tried with a large one.
    Rewriting,
    /// Hundreds of values: tried by itself, and not with a large body.
    Many,
}

/// What may stand on each line in place of its value: method, target, timestamp, nonce, body.
pub(super) const TABLES: [&[ValueMistake]; 5] =
    [METHOD, target::TARGET, timestamp::TIMESTAMP, nonce::NONCE, body::BODY];

const METHOD: &[ValueMistake] = &[
    ValueMistake {
        hypothesis: Hypothesis {
            name: "method-lower-case",
            english: "write the method of line 1 in upper case",
            chinese: "签名串第 1 行的请求方法须为大写",
        },
        signed: |case| {
            let lower = case.message.method.to_ascii_lowercase();
            let mut capitalized = lower.clone().into_bytes();
            capitalized.iter_mut().take(1).for_each(u8::make_ascii_uppercase);
            vec![lower.into(), capitalized]
        },
        effort: Effort::Little,
    },
    ValueMistake {
        hypothesis: Hypothesis {
            name: "other-method",
            english: "sign the method that is sent; a redirect or an HTTP library may have changed it",
            chinese: "请对实际发送的请求方法签名；重定向或 HTTP 库可能修改了它",
        },
        signed: |_| ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"].map(Vec::from).into(),
        effort: Effort::Little,
    },
];
