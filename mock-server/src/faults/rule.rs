//! A fault rule: which requests it applies to, and what it does to them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wechatpay_openapi::Contract;
use wechatpay_protocol::{Timestamp, display::quoted};
use wechatpay_texts::phrase;

use crate::{
    api::injected_error::CustomError,
    api::non_null::non_null,
    api::suggest::near,
    faults::{
        Applied, Fault, FaultMatch, Latency, On, RuleError,
        rule_error::{check_milliseconds, range, within},
    },
    limits::memory_of,
    request::place,
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
    /// Whether it applies to requests or to callbacks.
    #[serde(skip_serializing_if = "On::is_request")]
    #[schema(inline)]
    pub on: On,
    /// Which requests it applies to. By default, every request that is signed and valid.
    #[serde(rename = "match", skip_serializing_if = "FaultMatch::is_empty")]
    pub when: FaultMatch,
    /// The fault, by name.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^[a-z]+(-[a-z]+)*$")]
    pub fault: Option<Fault>,
    /// An error of your own, in place of a named fault.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub error: Option<CustomError>,
    /// How long the response is delayed, with or without a fault.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// How long `no-answer` and `refuse` last, in milliseconds; at most ten minutes.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 600_000)]
    pub milliseconds: Option<u64>,
    /// Whether the request takes effect, if that differs from the fault's default.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    pub applied: Option<bool>,
    /// How many requests it applies to. Default: no limit.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub times: Option<u64>,
    /// How long the rule lasts, in seconds on the mock's clock.
    #[serde(deserialize_with = "non_null", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub ttl: Option<u64>,
}

/// Identifies a rule. Rules of a mock are counted from 1.
pub type FaultId = u64;

/// A rule, and how often it has applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RuleState {
    /// The rule's ID.
    #[schema(value_type = u64, minimum = 1)]
    pub id: FaultId,
    /// The rule.
    #[serde(flatten)]
    pub rule: FaultRule,
    /// How many requests matched it, except those that a trigger number or a rule before it applied to.
    pub seen: u64,
    /// How many of them it applied to.
    pub struck: u64,
    /// When the rule ends, in Unix seconds; absent if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<u64>,
}

impl RuleState {
    /// A rule that begins now.
    pub(crate) fn new(id: FaultId, rule: FaultRule, now: Timestamp) -> Self {
        let ends_at = rule.ttl.map(|ttl| now.as_unix().saturating_add(ttl));
        Self { id, rule, seen: 0, struck: 0, ends_at }
    }
}

impl FaultRule {
    /// A rule that applies this fault to every request that is signed and valid.
    pub fn of(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    /// A rule that applies this fault to every attempt to deliver a callback.
    pub fn of_callbacks(fault: Fault) -> Self {
        Self { on: On::Callback, ..Self::of(fault) }
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let FaultMatch {
            merchant, card_id, code, out_request_no, event_type, parameters, body, places, ..
        } = &self.when;
        let texts =
            [merchant, card_id, code, out_request_no, event_type].into_iter().flatten().map(String::len);
        let parameters = parameters.iter().map(|(name, value)| 96 + name.len() + value.len());
        let error = self.error.as_ref().map_or(0, |error| error.code.len() + error.message.len());
        // The rule is kept as it was sent and as a plan.
        2 * size_of::<Self>()
            + texts.chain(parameters).sum::<usize>()
            + body.as_ref().map_or(0, memory_of)
            + place::memory(places)
            + 2 * error
    }

    /// Checks the rule against the operations and merchants that exist.
    pub(crate) fn check_against(
        &self,
        contract: &Contract,
        is_merchant: impl FnOnce(&str) -> bool,
    ) -> Result<(), RuleError> {
        self.check()?;
        let named = self.when.operation.as_ref();
        let unknown = |found: &String| RuleError::UnknownOperation {
            found: found.clone(),
            near: near(found, contract.operation_ids()).unwrap_or_default().into(),
        };
        let operation = named.map(|id| contract.operation(id).ok_or_else(|| unknown(id))).transpose()?;
        place::check(&self.when.places, operation, contract)?;
        match &self.when.merchant {
            Some(mchid) if !is_merchant(mchid) => Err(RuleError::UnknownMerchant { mchid: mchid.clone() }),
            _ => Ok(()),
        }
    }

    /// Checks the rule on its own.
    fn check(&self) -> Result<(), RuleError> {
        match (self.fault, &self.error, self.latency) {
            (None, None, None) => return Err(RuleError::NotOneFault { found: phrase!("none of them") }),
            (Some(_), Some(_), _) => {
                return Err(RuleError::NotOneFault { found: phrase!("both fault and error") });
            }
            _ => {}
        }
        self.check_subject()?;
        if let Some(error) = &self.error {
            within("error.status", 400..=599, error.status.into())?;
            let is_code = (1..=64).contains(&error.code.len())
                && error
                    .code
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
            if !is_code {
                return Err(range(
                    "error.code",
                    phrase!("1 to 64 capitals, digits or _").text(),
                    quoted(&error.code),
                ));
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
                Err(range("match.probability", phrase!("0 to 1").text(), probability.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Checks that nothing in the rule belongs to the other kind of subject.
    fn check_subject(&self) -> Result<(), RuleError> {
        if let Some(fault) = self.fault.filter(|fault| !fault.is_of(self.on)) {
            return Err(match self.on {
                On::Request => RuleError::OfCallbacks { fault: fault.name() },
                On::Callback => RuleError::NotOfCallbacks { what: fault.name().into() },
            });
        }
        match self.on {
            On::Request if self.when.event_type.is_some() => {
                Err(RuleError::OfCallbacks { fault: "match.event_type" })
            }
            On::Callback => {
                let other = self.when.of_requests();
                let other = other.or(self.error.is_some().then_some("error"));
                let other = other.or(self.applied.is_some().then_some("applied"));
                other.map_or(Ok(()), |what| Err(RuleError::NotOfCallbacks { what: what.into() }))
            }
            On::Request => Ok(()),
        }
    }

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

    /// The fault's name, if its response reports success.
    fn reports_success(&self) -> Option<&'static str> {
        match (self.fault, &self.error) {
            (Some(fault), _) => (fault.applied() == Applied::Always).then(|| fault.name()),
            (None, Some(_)) => None,
            (None, None) => Some("latency"),
        }
    }
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
    /// Whether it has an effect on a response that is signed, or is not.
    pub(super) fn affects(&self, is_signed: bool) -> bool {
        is_signed || self.latency.is_some() || !self.fault.is_some_and(Fault::corrupts_signature)
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
    fn a_probability_of_nan_is_refused() {
        let mut rule = FaultRule::of(Fault::Reset);
        rule.when.probability = Some(f64::NAN);
        assert_eq!(rule.check().unwrap_err().to_string(), "match.probability: expected 0 to 1, found NaN");
    }
}
