//! A fault rule on one line, for the summary of a configuration.

use std::fmt::{self, Display, Formatter};

use serde_json::json;
use wechatpay_protocol::display::quoted;
use wechatpay_texts::{phrase, text};

use crate::faults::{FaultMatch, FaultRule, Latency, On};

/// `system-error-applied, 2 times; where operation = "set_rights", every = 3`
impl Display for FaultRule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let effects = [
            self.fault.map(|fault| fault.to_string()),
            (self.on == On::Callback).then(|| text!("on callbacks")),
            self.error.as_ref().map(|error| format!("{} {} {:?}", error.status, error.code, error.message)),
            self.milliseconds.map(|milliseconds| text!("for {milliseconds} ms")),
            self.latency.map(|latency| latency.to_string()),
            self.applied.map(|applied| if applied { text!("applied") } else { text!("not applied") }),
            self.times.map(|times| text!("times: {times}")),
            self.ttl.map(|ttl| text!("within {ttl} s")),
        ];
        f.write_str(&joined(effects))?;
        let conditions = &self.when;
        if conditions.is_empty() { Ok(()) } else { f.write_str(&text!("; where {conditions}")) }
    }
}

/// `operation = "set_rights", every = 3`
impl Display for FaultMatch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let conditions = [
            is("merchant", self.merchant.as_deref().map(quoted)),
            is("operation", self.operation.as_deref().map(quoted)),
            is("card_id", self.card_id.as_deref().map(quoted)),
            is("code", self.code.as_deref().map(quoted)),
            is("out_request_no", self.out_request_no.as_deref().map(quoted)),
            is("event_type", self.event_type.as_deref().map(quoted)),
            is("parameters", (!self.parameters.is_empty()).then(|| json!(self.parameters))),
            is("body", self.body.as_ref()),
            is("nth", self.nth),
            is("every", self.every),
            is("probability", self.probability),
            is("seed", self.seed),
        ];
        let places = self.places.iter().map(|(place, wanted)| Some(format!("{} = {wanted}", quoted(place))));
        f.write_str(&joined(conditions.into_iter().chain(places)))
    }
}

/// `delayed by 100 to 300 ms`
impl Display for Latency {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Fixed(fixed) => text!("delayed by {fixed} ms"),
            Self::Uniform { from, to } => text!("delayed by {from} to {to} ms"),
            Self::Normal { mean, deviation } => text!("delayed by {mean} ± {deviation} ms"),
        })
    }
}

fn joined(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(phrase!(", ").text())
}

fn is(name: &str, value: Option<impl Display>) -> Option<String> {
    value.map(|value| format!("{name} = {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_about_callbacks_says_so_and_names_their_event() {
        let rule =
            json!({ "on": "callback", "fault": "signtest", "match": { "event_type": "REFUND.SUCCESS" } });
        let rule: FaultRule = serde_json::from_value(rule).unwrap();
        assert_eq!(rule.to_string(), "signtest, on callbacks; where event_type = \"REFUND.SUCCESS\"");
    }
}
