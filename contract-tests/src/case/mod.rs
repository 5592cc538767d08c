//! A case: a JSON file with the requests to send, how to sign them, the expected responses and the expected state.
//!
//! [`verify`](crate::verify) runs cases against a server, and the table in `docs/en/reference/behaviour.md` is made of
//! them. The format is described by `fixtures/cases.schema.json`. There is one way to write each thing: unknown keys
//! are errors, and so are values that equal the default, so that two cases that mean the same look the same.

mod expected;
mod given;
mod placeholders;
mod read;
mod request;
mod rules;
mod strict;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};
use wechatpay_mock::Provenance;
use wechatpay_protocol::Credentials;
use wechatpay_texts::{Phrase, phrase};

use crate::{DataText, sign::Sign};

pub use expected::{Expected, ExpectedBody, ExpectedHeader, Pattern, SignedBy};
pub use given::Given;
pub(crate) use placeholders::Placeholders;
pub use read::{CaseError, embedded, json_files, load, parse};
pub use request::{BuiltRequest, CaseRequest, Content, RawRequest, SAMPLE_BODY, SAMPLE_TARGET};

/// The JSON Schema of a case file, draft 2020-12.
pub const SCHEMA: &str = include_str!("../../../fixtures/cases.schema.json");

/// One behaviour of the gateway.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The path of the file below the folder of cases, without `.json`.
    pub id: String,
    /// The behaviour, as a sentence.
    pub title: DataText,
    /// Why it matters to a developer who integrates with the gateway.
    pub why: DataText,
    /// How certain it is that the real gateway behaves like this.
    #[serde(rename = "standing")]
    pub provenance: Provenance,
    /// The source of that knowledge.
    pub source: DataText,
    /// Whether the case cannot change anything at any gateway: each of its requests only reads, or has a signature that
    /// no gateway can accept as the merchant's.
    #[serde(default, deserialize_with = "strict::not_default")]
    pub harmless: bool,
    /// The state before. A case with a state needs its own mock and cannot run against any other server.
    #[serde(default, deserialize_with = "strict::some")]
    pub given: Option<Given>,
    /// The requests, in order, with the response that each must get.
    #[serde(deserialize_with = "strict::not_default")]
    pub exchanges: Vec<CaseExchange>,
    /// The state after: members' cards, read with the gateway's own operation.
    #[serde(default, deserialize_with = "strict::not_default")]
    pub after: Vec<MemberAfter>,
    /// The names of all placeholders in the case.
    #[serde(skip)]
    placeholders: BTreeSet<String>,
}

/// A request and the response that it must get.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseExchange {
    /// The request.
    pub request: CaseRequest,
    /// How it is signed.
    pub sign: Sign,
    /// Values of the response that are placeholders from here on: their names, and JSON pointers to them.
    #[serde(default, deserialize_with = "strict::not_default")]
    pub keep: BTreeMap<String, String>,
    /// The expected response.
    pub expect: Expected,
}

/// A member's card as it must be after the last exchange.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberAfter {
    /// The card template.
    pub card_id: String,
    /// The member's code.
    pub code: String,
    /// The fields that `GET …/cards/{card_id}/codes/{code}` must at least return.
    #[serde(deserialize_with = "strict::not_default")]
    pub member: Map<String, Value>,
}

impl Case {
    /// The gateway key that the case needs and the merchant does not know, if there is one.
    pub(crate) fn missing_key(&self, merchant: &Credentials) -> Option<Phrase> {
        let needs = |key, placeholder: &str| {
            self.placeholders.contains(placeholder)
                || self.exchanges.iter().any(|exchange| exchange.expect.signed_by == key)
        };
        if merchant.platform_certificate.is_none() && needs(SignedBy::PlatformCertificate, "platform_serial")
        {
            Some(phrase!("platform certificate"))
        } else if merchant.public_key.is_none() && needs(SignedBy::PublicKey, "public_key_id") {
            Some(phrase!("public key"))
        } else {
            None
        }
    }
}
