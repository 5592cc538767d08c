//! What must come back.

use std::collections::BTreeMap;

use regex::Regex;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use super::{request::in_lower_case, strict};
use crate::described;

/// The answer that must come back.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The status.
    pub status: u16,
    /// Which key signed the answer.
    pub signed_by: SignedBy,
    /// What must hold for headers.
    #[serde(default, deserialize_with = "headers")]
    pub headers: BTreeMap<String, ExpectedHeader>,
    /// The body.
    pub body: ExpectedBody,
}

/// Which of the gateway's keys signed an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignedBy {
    /// None of the `Wechatpay-*` headers is there.
    Nobody,
    /// Any key that the merchant trusts.
    EitherKey,
    /// The platform certificate's key.
    PlatformCertificate,
    /// The public-key pair.
    PublicKey,
}

/// What must hold for a header.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedHeader {
    /// It is there, once or more.
    Present,
    /// It is not there.
    Absent,
    /// It has this value.
    Exact(String),
    /// The expression is found in its value.
    Matching(Pattern),
}

/// A regular expression, as the crate `regex` knows them.
#[derive(Clone, Debug)]
pub struct Pattern(pub Regex);

/// A body that must come back. In its texts, the placeholders of any text that is sent or expected are filled in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedBody {
    /// No bytes.
    Empty,
    /// JSON with exactly this content.
    Exact(Value),
    /// JSON with at least these members, at any depth.
    Partial(Value),
    /// JSON as the contract describes it, by the schema's name in `components/schemas`.
    #[serde(deserialize_with = "schema")]
    Schema(String),
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Regex::new(&String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

fn headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, ExpectedHeader>, D::Error> {
    let headers: BTreeMap<_, _> = strict::not_default(deserializer)?;
    in_lower_case(headers.keys()).map_err(D::Error::custom)?;
    Ok(headers)
}

fn schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    described::validator(&name).map(|_| name).map_err(D::Error::custom)
}
