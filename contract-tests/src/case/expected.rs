//! The response that must come back.

use std::collections::BTreeMap;

use regex::Regex;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use super::{request::in_lower_case, strict};
use crate::described;

/// The response that must come back.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The status.
    pub status: u16,
    /// The key that signed it.
    pub signed_by: SignedBy,
    /// The headers that are checked, by their name in lower case.
    #[serde(default, deserialize_with = "headers")]
    pub headers: BTreeMap<String, ExpectedHeader>,
    /// The body.
    pub body: ExpectedBody,
}

/// The gateway key that signed a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignedBy {
    /// None: there is no `Wechatpay-*` header.
    Nobody,
    /// Any key that the merchant trusts.
    EitherKey,
    /// The platform certificate's key.
    PlatformCertificate,
    /// The public-key pair.
    PublicKey,
}

/// The expectation of a header.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedHeader {
    /// Present, once or more.
    Present,
    /// Absent.
    Absent,
    /// Present once, with this value.
    Exact(String),
    /// Present once, with a value that the expression matches.
    Matching(Pattern),
}

/// A regular expression in the syntax of the crate `regex`.
#[derive(Clone, Debug)]
pub struct Pattern(pub Regex);

/// The body that must come back. Placeholders in its texts are filled in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedBody {
    /// No bytes.
    Empty,
    /// Exactly this text.
    Text(String),
    /// Exactly this JSON.
    Exact(Value),
    /// JSON with at least these members, at every depth.
    Partial(Value),
    /// JSON that is valid by the contract's schema of this name in `components/schemas`.
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
