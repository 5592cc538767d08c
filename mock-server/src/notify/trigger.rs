//! A callback to send by hand: which event, to whom, and what is not as in the event's example.

use std::sync::Arc;

use serde_json::Value;
use wechatpay_protocol::{Mchid, display::quoted};
use wechatpay_texts::{Text, phrase};

use crate::{
    api::suggest::{advice, near},
    gateway::Gateway,
    merchants::Merchant,
    operations::event,
    store::{Outgoing, UnavailableError},
};

/// A callback to send by hand.
///
/// ```
/// use wechatpay_mock::Trigger;
///
/// let paid = Trigger {
///     to: Some("http://127.0.0.1:3000/notify".into()),
///     resource: Some(serde_json::json!({ "out_trade_no": "1217752501201407033233368018" })),
///     ..Trigger::of("TRANSACTION.SUCCESS")
/// };
/// ```
#[derive(Clone, Debug, Default)]
pub struct Trigger {
    /// What happened.
    pub event_type: String,
    /// The URL to send it to. Default: the merchant's `notify_url`.
    pub to: Option<String>,
    /// The merchant that receives it, by mchid. Default: the first one.
    pub merchant: Option<String>,
    /// Fields of its resource that are not as in the example, as a JSON merge patch: null removes a field.
    pub resource: Option<Value>,
}

/// Why a callback can't be sent by hand.
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum TriggerError {
    /// No event has this type.
    #[text(
        "event_type: expected an event, found {found}{advice}",
        advice = advice(near, phrase!("`wechatpay-mock trigger --list` has all").text())
    )]
    UnknownEvent {
        /// What was named, quoted.
        found: String,
        /// The known event that is most similar; empty if none is similar.
        near: String,
    },
    /// No merchant has this mchid.
    #[text("merchant: expected the mchid of a merchant, found {found}; GET /__mock/merchants lists them")]
    UnknownMerchant {
        /// What was named, quoted.
        found: String,
    },
    /// Nothing says where to send it.
    #[text(
        "to: expected a URL, found none; name one, or set notify_url of merchant {mchid} in the configuration"
    )]
    NoUrl {
        /// The merchant.
        mchid: Mchid,
    },
    /// The store can't be reached, or can't keep the callback.
    #[text(transparent)]
    Unavailable {
        /// Why.
        reason: String,
    },
}

impl From<UnavailableError> for TriggerError {
    fn from(error: UnavailableError) -> Self {
        Self::Unavailable { reason: error.to_string() }
    }
}

impl Trigger {
    /// A callback of this event, as its example has it, to the first merchant's `notify_url`.
    pub fn of(event_type: impl Into<String>) -> Self {
        Self { event_type: event_type.into(), ..Self::default() }
    }

    /// The callback to send, and its merchant.
    pub(super) fn outgoing(&self, gateway: &Gateway) -> Result<(Arc<Merchant>, Outgoing), TriggerError> {
        let (contract, now) = (&gateway.contract, gateway.clock.now());
        let event = contract.event(&self.event_type).ok_or_else(|| {
            let misspelt = contract.near_event(&self.event_type).map(|event| event.event_type.as_str());
            let known = contract.events();
            let names = known.iter().map(|event| event.event_type.as_str());
            let near = misspelt.or_else(|| near(&self.event_type, names)).unwrap_or_default().into();
            TriggerError::UnknownEvent { found: quoted(&self.event_type), near }
        })?;
        let merchants = &gateway.merchants;
        let merchant = match &self.merchant {
            None => merchants.first(),
            Some(mchid) => merchants.merchant(mchid),
        };
        let found = || quoted(self.merchant.as_deref().unwrap_or_default());
        let merchant = merchant.ok_or_else(|| TriggerError::UnknownMerchant { found: found() })?;
        let url = self.to.as_ref().or(merchant.notify_url.as_ref());
        let url = url.ok_or_else(|| TriggerError::NoUrl { mchid: merchant.mchid.clone() })?;
        let values = self.resource.as_ref().unwrap_or(&Value::Null);
        let mut resource = event::resource(event, &merchant, values, now);
        merge(&mut resource, values);
        let outgoing = event::outgoing(event, url, &resource, now, &gateway.randomness);
        Ok((merchant, outgoing))
    }
}

/// Changes a value by a JSON merge patch (RFC 7386): null removes a field.
fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else { return };
    let Value::Object(fields) = value else { return };
    for (name, patch) in patch {
        match patch {
            Value::Null => {
                fields.remove(name);
            }
            Value::Object(_) if fields.get(name).is_some_and(Value::is_object) => {
                merge(&mut fields[name], patch);
            }
            other => {
                fields.insert(name.clone(), other.clone());
            }
        }
    }
}
