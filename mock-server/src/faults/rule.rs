//! A fault rule: which requests it applies to, and what it does to them.

use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc, time::Duration};

use rand::{Rng, RngExt, SeedableRng, rngs::SmallRng};
use rand_distr::{Distribution, Normal};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wechatpay_openapi::Contract;

use crate::{
    api::injected_error::CustomError,
    faults::{Applied, Fault, RequestFields},
    non_null::present,
};

/// A fault rule. It has the same form in a configuration (`[[fault]]`), over HTTP (`POST /__mock/faults`) and here.
///
/// ```
/// use wechatpay_mock::{Fault, FaultRule};
///
/// let mut every_third = FaultRule::of(Fault::SystemErrorApplied);
/// every_third.when.operation = Some("set_rights".into());
/// every_third.when.every = Some(3);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(
    description = "Which requests get which fault. Faults apply only to requests that are correctly signed and valid."
)]
pub struct FaultRule {
    /// Which requests it applies to. By default, every request that is signed and valid.
    #[serde(rename = "match", skip_serializing_if = "FaultMatch::is_empty")]
    pub when: FaultMatch,
    /// The fault, by name.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[a-z]+(-[a-z]+)*$")]
    pub fault: Option<Fault>,
    /// An error of your own, in place of a named fault.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub error: Option<CustomError>,
    /// How long the response is delayed, with or without a fault.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// How long `no-answer` and `refuse` last, in milliseconds; at most ten minutes.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 600_000)]
    pub milliseconds: Option<u64>,
    /// Whether the request takes effect, if that differs from the fault's default.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub applied: Option<bool>,
    /// How many requests it applies to. Default: no limit.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub times: Option<u64>,
    /// How long the rule lasts, in seconds on the mock's clock.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub ttl: Option<u64>,
}

/// Selects the requests that a rule applies to: those that match every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FaultMatch {
    /// The merchant, by mchid. Without it, every merchant.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9]{1,32}$")]
    pub merchant: Option<String>,
    /// The operation, by `operationId`: `set_rights`.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The card template.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub card_id: Option<String>,
    /// The member's code.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The request number.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub out_request_no: Option<String>,
    /// Path and query parameters, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Fields that the body must have; it can have others.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Only the n-th of the requests that match all of the above, counted from 1.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub nth: Option<u64>,
    /// Only every n-th of them.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub every: Option<u64>,
    /// Only this share of them, chosen at random: 0 to 1.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1)]
    pub probability: Option<f64>,
    /// The seed for `probability` and for random latency: the same seed selects the same requests. Default: 0.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// How long a response is delayed, in milliseconds; at most ten minutes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Latency {
    /// The same each time.
    Fixed(u64),
    /// Evenly distributed between two values.
    Uniform {
        /// The least.
        #[schema(maximum = 600_000)]
        from: u64,
        /// The most.
        #[schema(maximum = 600_000)]
        to: u64,
    },
    /// Normally distributed; never less than 0.
    Normal {
        /// The mean.
        #[schema(maximum = 600_000)]
        mean: u64,
        /// The standard deviation.
        #[schema(maximum = 600_000)]
        deviation: u64,
    },
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// It names no fault, or more than one.
    #[error("expected fault, error or latency, but not both fault and error, found {found}")]
    NotOneFault {
        /// What there is.
        found: &'static str,
    },
    /// A value is out of range.
    #[error("{field}: expected {expected}, found {found}")]
    Range {
        /// The field.
        field: &'static str,
        /// What is possible.
        expected: String,
        /// What there is.
        found: String,
    },
    /// It says that the request has no effect, but the response would report success.
    #[error(
        "applied: {what} leaves a response that reports success, so applied can't be false; choose a fault that returns an error or ends the connection"
    )]
    AlwaysApplied {
        /// The fault, or latency without one.
        what: &'static str,
    },
    /// It sets a duration for a fault that does not have one.
    #[error("milliseconds: expected with no-answer or refuse only; use latency to delay a response")]
    NotLasting,
    /// The merchant is unknown.
    #[error("match.merchant: expected the mchid of a merchant, found {mchid:?}")]
    UnknownMerchant {
        /// The number.
        mchid: String,
    },
    /// The operation is unknown.
    #[error("match.operation: expected one of {}, found {found:?}", .known.join(", "))]
    UnknownOperation {
        /// The name.
        found: String,
        /// The known names.
        known: Vec<&'static str>,
    },
    /// There are too many rules.
    #[error(
        "expected at most {most} fault rules for a merchant, found one more; remove some, or raise limits.faults"
    )]
    TooMany {
        /// The most there may be.
        most: usize,
    },
}

impl RuleError {
    /// The field that is wrong, if the error is about a single field: `match.every`.
    pub(crate) fn field(&self) -> Option<&'static str> {
        match self {
            Self::NotOneFault { .. } | Self::TooMany { .. } => None,
            Self::Range { field, .. } => Some(field),
            Self::AlwaysApplied { .. } => Some("applied"),
            Self::NotLasting => Some("milliseconds"),
            Self::UnknownMerchant { .. } => Some("match.merchant"),
            Self::UnknownOperation { .. } => Some("match.operation"),
        }
    }
}

/// Ten minutes, the longest wait.
const LONGEST_MILLISECONDS: u64 = 600_000;

impl FaultRule {
    /// A rule that applies this fault to every request that is signed and valid.
    pub fn of(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    /// Checks the rule against the operations and merchants that exist.
    pub(crate) fn check_against(
        &self,
        contract: &'static Contract,
        is_merchant: impl FnOnce(&str) -> bool,
    ) -> Result<(), RuleError> {
        self.check()?;
        if let Some(found) = &self.when.operation
            && contract.operation(found).is_none()
        {
            return Err(RuleError::UnknownOperation {
                found: found.clone(),
                known: contract.operation_ids().collect(),
            });
        }
        match &self.when.merchant {
            Some(mchid) if !is_merchant(mchid) => Err(RuleError::UnknownMerchant { mchid: mchid.clone() }),
            _ => Ok(()),
        }
    }

    /// Checks the rule on its own.
    fn check(&self) -> Result<(), RuleError> {
        match (self.fault, &self.error, self.latency) {
            (None, None, None) => return Err(RuleError::NotOneFault { found: "none of them" }),
            (Some(_), Some(_), _) => return Err(RuleError::NotOneFault { found: "both fault and error" }),
            _ => {}
        }
        if let Some(error) = &self.error {
            within("error.status", 400..=599, error.status.into())?;
            let is_code = (1..=64).contains(&error.code.len())
                && error
                    .code
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
            if !is_code {
                let found = format!("{:?}", error.code.chars().take(64).collect::<String>());
                return Err(range("error.code", "1 to 64 capitals, digits or _", found));
            }
            within("error.message (characters)", 1..=1024, error.message.chars().count() as u64)?;
        }
        if self.applied == Some(false)
            && let Some(what) = self.reports_success()
        {
            return Err(RuleError::AlwaysApplied { what });
        }
        if let Some(milliseconds) = self.milliseconds {
            if !self.fault.is_some_and(Fault::lasts) {
                return Err(RuleError::NotLasting);
            }
            check_milliseconds(milliseconds)?;
        }
        if let Some(latency) = &self.latency {
            latency.check()?;
        }
        let counted = [
            ("match.nth", self.when.nth),
            ("match.every", self.when.every),
            ("times", self.times),
            ("ttl", self.ttl),
        ];
        for (field, number) in counted {
            number.map_or(Ok(()), |number| within(field, 1..=1_000_000_000, number))?;
        }
        match self.when.probability {
            // NaN is not in any range.
            Some(probability) if !(0.0..=1.0).contains(&probability) => {
                Err(range("match.probability", "0 to 1", probability.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// The fault's name, if its response reports success.
    fn reports_success(&self) -> Option<&'static str> {
        match (self.fault, &self.error) {
            (Some(fault), _) => (fault.applied() == Applied::Always).then(|| fault.name()),
            (None, Some(_)) => None,
            (None, None) => Some("latency"),
        }
    }
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
        is(&self.operation, Some(request.operation))
            && is(&self.card_id, request.parameter("card_id"))
            && is(&self.code, request.parameter("code"))
            && is(&self.out_request_no, request.out_request_no())
            && parameters.iter().all(|(name, wanted)| request.parameter(name) == Some(wanted))
            && self.body.as_ref().is_none_or(|wanted| includes(request.body, wanted))
    }

    /// The seed for its random choices.
    fn seed(&self) -> u64 {
        self.seed.unwrap_or(0)
    }

    /// Whether the rule applies to the n-th of the matching requests.
    pub(super) fn strikes_nth(&self, nth: u64) -> bool {
        self.nth.is_none_or(|wanted| nth == wanted)
            && self.every.is_none_or(|every| nth.is_multiple_of(every))
            && self.probability.is_none_or(|probability| chance(self.seed(), nth).random_bool(probability))
    }
}

/// Whether a body has what is wanted: an object can have other members too, anything else must be equal.
fn includes(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| found.get(name).is_some_and(|found| includes(found, wanted)))
        }
        _ => found == wanted,
    }
}

impl Latency {
    pub(super) fn check(self) -> Result<(), RuleError> {
        let numbers = match self {
            Self::Fixed(fixed) => [("latency.fixed", fixed), ("latency.fixed", fixed)],
            Self::Uniform { from, to } if from > to => {
                return Err(range(
                    "latency.uniform",
                    "from at most as large as to",
                    format!("{from} and {to}"),
                ));
            }
            Self::Uniform { from, to } => [("latency.uniform.from", from), ("latency.uniform.to", to)],
            Self::Normal { mean, deviation } => {
                [("latency.normal.mean", mean), ("latency.normal.deviation", deviation)]
            }
        };
        numbers.into_iter().try_for_each(|(field, number)| within(field, 0..=LONGEST_MILLISECONDS, number))
    }

    /// How long the n-th response is delayed.
    pub(super) fn of_nth(self, seed: u64, nth: u64) -> Duration {
        let mut chance = chance(seed, nth);
        // The first number may have decided whether the rule applies to this request. Using it again would bias the
        // latency.
        chance.next_u64();
        let milliseconds = match self {
            Self::Fixed(fixed) => fixed as f64,
            Self::Uniform { from, to } => chance.random_range(from..=to.max(from)) as f64,
            Self::Normal { mean, deviation } => {
                let normal = Normal::new(mean as f64, deviation as f64);
                normal.map_or(mean as f64, |normal| normal.sample(&mut chance))
            }
        };
        Duration::from_secs_f64(milliseconds.clamp(0.0, LONGEST_MILLISECONDS as f64) / 1000.0)
    }
}

/// The random numbers for the n-th request. They depend only on the seed and n, so concurrent requests don't change
/// them.
fn chance(seed: u64, nth: u64) -> SmallRng {
    // The golden ratio in 64 bits, so that neighbouring seeds give unrelated numbers.
    SmallRng::seed_from_u64(seed.wrapping_add(nth.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
}

/// Checks how long `no-answer` and `refuse` last.
pub(super) fn check_milliseconds(milliseconds: u64) -> Result<(), RuleError> {
    within("milliseconds", 0..=LONGEST_MILLISECONDS, milliseconds)
}

fn within(field: &'static str, expected: RangeInclusive<u64>, found: u64) -> Result<(), RuleError> {
    if expected.contains(&found) {
        return Ok(());
    }
    Err(range(field, &format!("{} to {}", expected.start(), expected.end()), found.to_string()))
}

fn range(field: &'static str, expected: &str, found: String) -> RuleError {
    RuleError::Range { field, expected: expected.into(), found }
}

/// What a rule or a trigger number does to a request.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) fault: Option<Fault>,
    pub(super) error: Option<Arc<CustomError>>,
    pub(super) latency: Option<Latency>,
    /// The seed for random latency.
    pub(super) seed: u64,
    pub(super) milliseconds: Option<u64>,
    pub(super) is_applied: bool,
}

impl Plan {
    /// Whether it has no effect on an unsigned response.
    pub(super) fn needs_signature(&self) -> bool {
        self.latency.is_none() && self.fault.is_some_and(Fault::corrupts_signature)
    }
}

impl FaultRule {
    /// What the rule does to the requests that it applies to.
    pub(super) fn plan(&self) -> Plan {
        let by_itself = match (self.fault, &self.error) {
            (Some(fault), _) => fault.applied() != Applied::No,
            (None, Some(_)) => false,
            (None, None) => true,
        };
        Plan {
            fault: self.fault,
            error: self.error.clone().map(Arc::new),
            latency: self.latency,
            seed: self.when.seed(),
            milliseconds: self.milliseconds,
            is_applied: self.applied.unwrap_or(by_itself),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contradictory_rule_is_refused_with_the_reason() {
        let refused = |json: &str| {
            let rule: FaultRule = serde_json::from_str(json).unwrap();
            rule.check().unwrap_err().to_string()
        };
        assert!(refused("{}").contains("found none of them"));
        assert!(refused(r#"{"fault":"unsigned","applied":false}"#).contains("applied: unsigned leaves"));
        assert!(refused(r#"{"latency":{"fixed":5},"applied":false}"#).contains("applied: latency leaves"));
        assert!(refused(r#"{"fault":"reset","milliseconds":5}"#).contains("with no-answer or refuse only"));
        assert!(refused(r#"{"latency":{"uniform":{"from":2,"to":1}}}"#).contains("found 2 and 1"));
        assert!(refused(r#"{"fault":"reset","match":{"every":0}}"#).contains("match.every: expected 1 to"));
        assert!(refused(r#"{"fault":"reset","match":{"probability":1.5}}"#).contains("0 to 1, found 1.5"));
        assert!(refused(r#"{"error":{"status":200,"code":"A","message":"a"}}"#).contains("400 to 599"));
    }

    #[test]
    fn nth_and_every_count_from_one() {
        let struck = |when: &FaultMatch| (1..=9).filter(|nth| when.strikes_nth(*nth)).collect::<Vec<_>>();
        assert_eq!(struck(&FaultMatch { nth: Some(3), ..FaultMatch::default() }), [3]);
        assert_eq!(struck(&FaultMatch { every: Some(4), ..FaultMatch::default() }), [4, 8]);
    }

    #[test]
    fn random_selection_matches_its_probability_and_repeats_with_its_seed() {
        let struck = |seed| {
            let when = FaultMatch { probability: Some(0.25), seed: Some(seed), ..FaultMatch::default() };
            (1..=10_000).filter(|nth| when.strikes_nth(*nth)).collect::<Vec<_>>()
        };
        assert_eq!(struck(7), struck(7));
        assert_ne!(struck(7), struck(8));
        assert!((2_300..2_700).contains(&struck(7).len()), "{}", struck(7).len());
    }

    #[test]
    fn a_probability_of_nan_is_refused() {
        let mut rule = FaultRule::of(Fault::Reset);
        rule.when.probability = Some(f64::NAN);
        assert_eq!(rule.check().unwrap_err().to_string(), "match.probability: expected 0 to 1, found NaN");
    }

    #[test]
    fn random_selection_does_not_bias_latency() {
        let when = FaultMatch { probability: Some(0.1), ..FaultMatch::default() };
        let late = (1..=10_000)
            .filter(|nth| when.strikes_nth(*nth))
            .map(|nth| Latency::Uniform { from: 0, to: 1_000 }.of_nth(0, nth).as_secs_f64());
        let late: Vec<_> = late.collect();
        let mean = late.iter().sum::<f64>() / late.len() as f64;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }

    #[test]
    fn latencies_follow_their_distribution() {
        let milliseconds = |latency: Latency| -> Vec<f64> {
            (1..=10_000).map(|nth| latency.of_nth(0, nth).as_secs_f64() * 1000.0).collect()
        };
        let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len() as f64;
        assert!(milliseconds(Latency::Fixed(20)).iter().all(|one| *one == 20.0));

        let uniform = milliseconds(Latency::Uniform { from: 100, to: 300 });
        assert!(uniform.iter().all(|one| (100.0..=300.0).contains(one)));
        assert!((mean(&uniform) - 200.0).abs() < 5.0);

        let normal = milliseconds(Latency::Normal { mean: 1_000, deviation: 100 });
        let deviation =
            mean(&normal.iter().map(|one| (one - mean(&normal)).powi(2)).collect::<Vec<_>>()).sqrt();
        assert!((mean(&normal) - 1_000.0).abs() < 10.0 && (deviation - 100.0).abs() < 5.0, "{deviation}");
    }
}
