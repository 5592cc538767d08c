//! Which requests a fault rule applies to.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::{
    api::non_null::non_null,
    faults::RequestFields,
    request::{
        body,
        place::{self, HasPlaces, Places},
    },
};

/// Selects the requests that a rule applies to: those that match every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields, remote = "Self")]
pub struct FaultMatch {
    /// The merchant, by mchid. Without it, every merchant.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9]{1,32}$")]
    pub merchant: Option<String>,
    /// The operation, by `operationId`: `set_rights`.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The card template.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub card_id: Option<String>,
    /// The member's code.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The request number.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub out_request_no: Option<String>,
    /// The type of a callback's event: `TRANSACTION.SUCCESS`.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// Path and query parameters, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Fields that the body must have; it can have others, also in objects within arrays.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Values at other places of the request: `path.out_trade_no`, `query.limit`, `body./amount/total`, which is a JSON
    /// pointer. A parameter must have this text, or this number's; of an object in the body, at least these fields.
    #[serde(flatten, skip_deserializing)]
    pub places: BTreeMap<String, Value>,
    /// Only the n-th of the requests that match all of the above, counted from 1.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub nth: Option<u64>,
    /// Only every n-th of them.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub every: Option<u64>,
    /// Only this share of them, chosen at random: 0 to 1.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1)]
    pub probability: Option<f64>,
    /// The seed for `probability` and for random latency: the same seed selects the same requests. Default: 0.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl FaultMatch {
    /// Whether it selects every request.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the request matches every field that is set. The merchant is not compared: rules are stored by merchant.
    pub(super) fn matches(&self, request: &RequestFields<'_>) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let parameters = &self.parameters;
        is(&self.operation, Some(request.operation.id()))
            && is(&self.card_id, request.parameter("card_id"))
            && is(&self.code, request.parameter("code"))
            && is(&self.out_request_no, request.out_request_no())
            && parameters.iter().all(|(name, wanted)| request.parameter(name) == Some(wanted))
            && self.body.as_ref().is_none_or(|wanted| body::matches(wanted, request.body))
            && self.places.iter().all(|(place, wanted)| request.has(place, wanted))
    }

    /// Whether the callback matches. The merchant is not compared: rules are stored by merchant.
    pub(super) fn matches_callback(&self, event_type: &str) -> bool {
        self.event_type.as_deref().is_none_or(|wanted| wanted == event_type)
    }

    /// A field that is set and that only requests have.
    pub(super) fn of_requests(&self) -> Option<&'static str> {
        let set = [
            ("match.operation", self.operation.is_some()),
            ("match.card_id", self.card_id.is_some()),
            ("match.code", self.code.is_some()),
            ("match.out_request_no", self.out_request_no.is_some()),
            ("match.parameters", !self.parameters.is_empty()),
            ("match.body", self.body.is_some()),
            ("match.path., query. or body.", !self.places.is_empty()),
        ];
        set.into_iter().find(|(_, is_set)| *is_set).map(|(name, _)| name)
    }

    /// The seed for its random choices.
    pub(super) fn seed(&self) -> u64 {
        self.seed.unwrap_or(0)
    }

    /// Whether the rule applies to the n-th of the matching requests.
    pub(super) fn applies_to_nth(&self, nth: u64) -> bool {
        self.nth.is_none_or(|wanted| nth == wanted)
            && self.every.is_none_or(|every| nth.is_multiple_of(every))
            && self.probability.is_none_or(|probability| chance(self.seed(), nth).random_bool(probability))
    }
}

impl HasPlaces for FaultMatch {
    fn read_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }

    fn places_mut(&mut self) -> &mut Places {
        &mut self.places
    }
}

impl<'de> Deserialize<'de> for FaultMatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        place::read(deserializer)
    }
}

impl Serialize for FaultMatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// The random numbers for the n-th request. They depend only on the seed and n, so concurrent requests don't change
/// them.
pub(super) fn chance(seed: u64, nth: u64) -> SmallRng {
    // The golden ratio in 64 bits, so that the next seed does not give the same numbers one request later.
    SmallRng::seed_from_u64(seed.wrapping_add(nth.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nth_and_every_count_from_one() {
        let selected =
            |when: &FaultMatch| (1..=9).filter(|nth| when.applies_to_nth(*nth)).collect::<Vec<_>>();
        assert_eq!(selected(&FaultMatch { nth: Some(3), ..FaultMatch::default() }), [3]);
        assert_eq!(selected(&FaultMatch { every: Some(4), ..FaultMatch::default() }), [4, 8]);
    }

    #[test]
    fn random_selection_matches_its_probability_and_repeats_with_its_seed() {
        let selected = |seed| {
            let when = FaultMatch { probability: Some(0.25), seed: Some(seed), ..FaultMatch::default() };
            (1..=10_000).filter(|nth| when.applies_to_nth(*nth)).collect::<Vec<_>>()
        };
        assert_eq!(selected(7), selected(7));
        assert_ne!(selected(7), selected(8));
        assert!((2_300..2_700).contains(&selected(7).len()), "{}", selected(7).len());
    }
}
