//! The callbacks that tell of an operation's changes.

use serde_json::Value;
use wechatpay_openapi::CallbackEvent;
use wechatpay_protocol::{Callback, Timestamp};

use super::{
    Context,
    example::{Fresh, Maker, SameName},
};
use crate::{
    api::Warning,
    merchants::Merchant,
    random::Randomness,
    store::{Documents, Outgoing},
};

impl Context<'_> {
    /// Sends a callback once the changes are kept: to this URL, or else to the merchant's. Its data has these values in the
    /// fields of the same name.
    pub(super) fn send(
        &self,
        merchant: &Merchant,
        documents: &mut Documents<'_>,
        event_type: &str,
        notify_url: Option<&str>,
        values: &Value,
    ) -> Option<Warning> {
        let event = self.contract.event(event_type)?;
        let Some(url) = notify_url.or(merchant.notify_url.as_deref()) else {
            return Some(Warning::NoNotifyUrl { event_type: event_type.into() });
        };
        let resource = resource(event, merchant, values, self.now);
        documents.send(outgoing(event, url, &resource, self.now, self.randomness));
        None
    }

    /// Sends a callback with exactly this data, once the changes are kept.
    pub(super) fn send_exactly(
        &self,
        documents: &mut Documents<'_>,
        event_type: &str,
        url: &str,
        data: &Value,
        at: u64,
    ) {
        if let Some(outgoing) = self.callback(event_type, url, data, at) {
            documents.send(outgoing);
        }
    }

    /// A callback with exactly this data, if the contract has its event.
    pub(super) fn callback(&self, event_type: &str, url: &str, data: &Value, at: u64) -> Option<Outgoing> {
        let event = self.contract.event(event_type)?;
        Some(outgoing(event, url, data, Timestamp::from_unix(at), self.randomness))
    }
}

/// The data of an event, with these values in the fields of the same name. Everything else is as in the contract's
/// examples, with new identifiers and times: the same ones for the same values.
pub(crate) fn resource(event: &CallbackEvent, merchant: &Merchant, values: &Value, now: Timestamp) -> Value {
    let content = (&event.event_type, merchant.mchid.as_str(), values);
    let maker = Maker {
        merchant,
        sources: vec![SameName::of_document(values)],
        fresh: Fresh::of_event(&content, now),
    };
    event.variant_of(values).sample(&mut |field| maker.value(field))
}

/// A callback with this data.
pub(crate) fn outgoing(
    event: &CallbackEvent,
    notify_url: &str,
    resource: &Value,
    created: Timestamp,
    randomness: &Randomness,
) -> Outgoing {
    Outgoing {
        id: Callback::make_id(randomness.bytes()),
        event_type: event.event_type.clone(),
        notify_url: notify_url.into(),
        resource: event.text(resource),
        nonce: Callback::resource_nonce(randomness.bytes()),
        created,
    }
}
