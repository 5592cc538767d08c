//! Cases: files that say what to send, how to sign it, what must come back, and what must then be stored.
//!
//! The format stands in `fixtures/cases.schema.json`, a JSON Schema, and in CONTRIBUTING.md. There is one way to write a
//! thing: an unknown key is refused, and so is a value that would be the default.

mod expected;
mod given;
mod needs;
mod placeholders;
mod read;
mod request;
mod rules;
mod strict;

use serde::Deserialize;
use serde_json::{Map, Value};
use wechatpay_mock::Provenance;

use crate::sign::Sign;

pub use expected::{Expected, ExpectedBody, ExpectedHeader, SignedBy};
pub use given::Given;
pub(crate) use placeholders::Placeholders;
pub use read::{CaseError, embedded, json_files, load, parse};
pub use request::{CaseRequest, Content, MadeRequest, RawRequest, SAMPLE_BODY, SAMPLE_TARGET};

/// The JSON Schema of a case's file: 2020-12.
pub const SCHEMA: &str = include_str!("../../fixtures/cases.schema.json");

/// One behaviour of the gateway, as a file shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The file's path below the folder of cases, without `.json`.
    pub id: String,
    /// What holds, as a sentence.
    pub title: String,
    /// Why that matters to whoever integrates.
    pub why: String,
    /// How sure it is that the real gateway does so.
    pub standing: Provenance,
    /// Where that is known from.
    pub source: String,
    /// Whether it cannot change anything at any gateway, whatever that makes of it: every request of it reads, or is
    /// signed so that nobody can take it for the merchant's.
    #[serde(default, deserialize_with = "strict::not_default")]
    pub harmless: bool,
    /// The state before. The case then needs a mock of its own that is told so, and can't be run elsewhere.
    #[serde(default, deserialize_with = "strict::some")]
    pub given: Option<Given>,
    /// What is sent and what must come back, one after another.
    #[serde(deserialize_with = "strict::not_default")]
    pub exchanges: Vec<CaseExchange>,
    /// The state after: members' cards, read over the gateway's own operation.
    #[serde(default, deserialize_with = "strict::not_default")]
    pub after: Vec<MemberAfter>,
}

/// A request and the answer it must get.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseExchange {
    /// What is sent.
    pub request: CaseRequest,
    /// How it is signed.
    pub sign: Sign,
    /// What must come back.
    pub expect: Expected,
}

/// A member's card as it must be when everything was sent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberAfter {
    /// The card template.
    pub card_id: String,
    /// The member's code.
    pub code: String,
    /// What `GET …/cards/{card_id}/codes/{code}` must answer, at least.
    #[serde(deserialize_with = "strict::not_default")]
    pub member: Map<String, Value>,
}
