//! A test's expectations of the exchanges, and how the exchanges differ from them.

mod difference;
mod validate;

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use wechatpay_openapi::Contract;
use wechatpay_protocol::display::printable;
use wechatpay_texts::{phrase, text};

use crate::{
    api::non_null::non_null,
    journal::{
        Exchange,
        expectation::difference::{Comparison, Differences, LONGEST, SHOWN, compare, excerpt},
    },
    limits::memory_of,
    request::place::{self, HasPlaces, Places},
};

/// Expects a number of exchanges that match all fields that are set. `POST /__mock/verify` and
/// [`MockServer::expect`](crate::MockServer::expect) have the same form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields, remote = "Self")]
#[schema(description = "Expects a number of exchanges that match all fields that are set.")]
pub struct Expectation {
    /// The merchant that `Authorization` names, by mchid.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9]{1,32}$")]
    pub merchant: Option<String>,
    /// The operation, by `operationId`: `set_rights`.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The card template, a parameter of the path.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub card_id: Option<String>,
    /// The member's code, a parameter of the path.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Parameters of the path and of the query, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// At least these fields in the body of the request.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Values at other places of the request: `path.out_trade_no`, `query.limit`, `body./amount/total`, which is a JSON
    /// pointer. A parameter must have this text, or this number's; of an object in the body, at least these fields.
    #[serde(flatten, skip_deserializing)]
    pub places: BTreeMap<String, Value>,
    /// Whether the merchant's signature is valid.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub authenticated: Option<bool>,
    /// The status of the response, 100 to 599.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 100, maximum = 599)]
    pub status: Option<u16>,
    /// Only exchanges with a number above this one.
    pub after: u64,
    /// The number of exchanges. Default: at least one.
    pub times: Times,
}

/// The expected number of exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged, expecting = "expected a number, or an object with at_least and at_most")]
pub enum Times {
    /// Exactly this number.
    Exactly(u64),
    /// A number within bounds.
    Between(Between),
}

/// Inclusive bounds of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Between {
    /// The least number of exchanges. Default: 0.
    pub at_least: u64,
    /// The most exchanges. Default: no limit.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
}

/// Whether an expectation is met, and if not, the nearest miss.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Verification {
    /// Whether it is certainly met. It is not if the journal may have evicted an exchange that would be one too many.
    pub met: bool,
    /// The numbers of the exchanges that match.
    pub matching: Vec<u64>,
    /// The numbers of the exchanges that may match: the journal cut their bodies.
    pub undecided: Vec<u64>,
    /// The most similar exchange, if more are expected.
    #[schema(required)]
    pub nearest: Option<NearestMiss>,
    /// An upper bound on the number of exchanges above `after` that the journal evicted and that may have matched. Deleted
    /// exchanges don't count.
    pub forgotten: u64,
    /// All of this as text.
    pub report: String,
}

/// The exchange that is most similar to an expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct NearestMiss {
    /// The number of the exchange.
    #[schema(minimum = 1)]
    pub number: u64,
    /// Its method, target and status, or that it is unanswered if no response was sent.
    pub exchange: String,
    /// The differences: `/body/bonus_value: expected 600, found 500`. Of more than 100, the last text says how many are
    /// left out.
    #[schema(min_items = 1)]
    pub differences: Vec<String>,
}

impl Default for Times {
    fn default() -> Self {
        Self::Between(Between { at_least: 1, at_most: None })
    }
}

impl Times {
    fn allows(self, found: u64) -> bool {
        match self {
            Self::Exactly(wanted) => found == wanted,
            Self::Between(Between { at_least, at_most }) => {
                found >= at_least && at_most.is_none_or(|most| found <= most)
            }
        }
    }

    fn needs_more(self, found: u64) -> bool {
        match self {
            Self::Exactly(wanted) => found < wanted,
            Self::Between(bounds) => found < bounds.at_least,
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Exactly(0) => text!("no exchange"),
            Self::Exactly(1) => text!("exactly 1 exchange"),
            Self::Exactly(wanted) => text!("exactly {wanted} exchanges"),
            Self::Between(Between { at_least: 1, at_most: None }) => text!("at least 1 exchange"),
            Self::Between(Between { at_least, at_most: None }) => text!("at least {at_least} exchanges"),
            Self::Between(Between { at_least, at_most: Some(most) }) => {
                text!("{at_least} to {most} exchanges")
            }
        })
    }
}

impl Expectation {
    /// About how much memory it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        let parameters = self.parameters.iter().map(|(name, value)| 96 + name.len() + value.len());
        parameters.sum::<usize>() + self.body.as_ref().map_or(0, memory_of) + place::memory(&self.places)
    }

    /// Checks these exchanges, and takes `forgotten` others into account that may have matched. Returns `None` if `is_stopped`
    /// says so meanwhile.
    pub(super) fn verify(
        &self,
        exchanges: &[Arc<Exchange>],
        forgotten: u64,
        contract: &Contract,
        is_stopped: impl Fn() -> bool,
    ) -> Option<Verification> {
        let (mut matching, mut undecided) = (Vec::new(), Vec::new());
        let mut nearest: Option<(&Exchange, Differences)> = None;
        for exchange in exchanges {
            if is_stopped() {
                return None;
            }
            let differences = match compare(self, exchange, contract) {
                Comparison::Match => {
                    matching.push(exchange.number);
                    continue;
                }
                Comparison::Undecided(cut) => {
                    undecided.push(exchange.number);
                    Differences::of(cut)
                }
                Comparison::Miss(differences) => differences,
            };
            if nearest.as_ref().is_none_or(|(_, fewest)| differences.count() <= fewest.count()) {
                nearest = Some((exchange, differences));
            }
        }
        let found = matching.len() as u64;
        let at_most = found + undecided.len() as u64 + forgotten;
        let met = self.times.allows(found) && self.times.allows(at_most);
        // If too many match, an exchange that does not match is no help.
        let nearest =
            nearest.filter(|_| self.times.needs_more(found)).map(|(exchange, differences)| NearestMiss {
                number: exchange.number,
                exchange: excerpt(&exchange.line(Into::into)),
                differences: differences.into_texts(),
            });
        let mut verification =
            Verification { met, matching, undecided, nearest, forgotten, report: String::new() };
        verification.report = report(self, &verification, exchanges.len());
        Some(verification)
    }
}

impl HasPlaces for Expectation {
    fn read_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }

    fn places_mut(&mut self) -> &mut Places {
        &mut self.places
    }
}

impl<'de> Deserialize<'de> for Expectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        place::read(deserializer)
    }
}

impl Serialize for Expectation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

fn report(expectation: &Expectation, verification: &Verification, looked_at: usize) -> String {
    let (named, times) = (named(expectation), expectation.times);
    let mut report =
        if named.is_empty() { text!("expected {times}") } else { text!("expected {times} with") };
    for (name, value) in named {
        report += &format!("\n    {name:<14} {}", excerpt(&value));
    }
    let found = verification.matching.len();
    report += &match found {
        0 => text!("\nfound none among {looked_at}"),
        _ => {
            text!("\nfound {found} among {looked_at}: {numbers}", numbers = listed(&verification.matching))
        }
    };
    if !verification.met && expectation.times.allows(found as u64) {
        report += phrase!(", but there may have been more:").text();
    }
    if let Some(NearestMiss { number, exchange, differences }) = &verification.nearest {
        report += &text!("\nnearest is #{number} {exchange}");
        for difference in differences {
            report += &format!("\n    {difference}");
        }
    }
    if !verification.undecided.is_empty() {
        report += &text!(
            "\nthe journal cut the bodies of {numbers}, so they may match; raise limits.journal_body",
            numbers = listed(&verification.undecided)
        );
    }
    if verification.forgotten > 0 {
        report += &text!(
            "\nthe journal evicted up to {count} exchanges that may match; raise limits.journal_exchanges and limits.journal_bytes",
            count = verification.forgotten
        );
    }
    report
}

/// `#1, #2`, and how many more there are.
fn listed(numbers: &[u64]) -> String {
    let mut listed: Vec<_> = numbers.iter().take(SHOWN).map(|number| format!("#{number}")).collect();
    let left_out = numbers.len() - listed.len();
    listed.extend((left_out > 0).then(|| text!("and {left_out} more")));
    listed.join(phrase!(", ").text())
}

/// The fields that an expectation sets, apart from `times`.
fn named(expectation: &Expectation) -> Vec<(Cow<'_, str>, String)> {
    let Expectation {
        merchant,
        operation,
        card_id,
        code,
        parameters,
        body,
        places,
        authenticated,
        status,
        after,
        times: _,
    } = expectation;
    let named = [
        ("merchant", merchant.clone()),
        ("operation", operation.clone()),
        ("card_id", card_id.clone()),
        ("code", code.clone()),
        ("parameters", (!parameters.is_empty()).then(|| json!(parameters).to_string())),
        ("body", body.as_ref().map(ToString::to_string)),
        ("authenticated", authenticated.map(|wanted| wanted.to_string())),
        ("status", status.map(|status| status.to_string())),
        ("after", (*after > 0).then(|| format!("#{after}"))),
    ];
    let named = named.into_iter().filter_map(|(name, value)| Some((name.into(), value?)));
    let places = places.iter().map(|(place, wanted)| (printable(place, LONGEST), wanted.to_string()));
    named.chain(places).collect()
}
