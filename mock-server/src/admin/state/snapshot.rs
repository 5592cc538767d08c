//! The state as it is between two exchanges, and as lines of JSON.

use std::{iter::once, mem::take};

use serde::Serialize;
use serde_json::json;
use wechatpay_protocol::{Credentials, Mchid};

use crate::{
    admin::{
        control::{Control, Stop},
        error::AdminError,
        json::Json,
    },
    merchants::Merchant,
    store::{Delivery, DeliveryState, Fingerprint, JsonText, Key, MerchantState},
};

use super::form::{ClockPart, CredentialsPart, ReminderPart, VERSION};

/// The state of all merchants, or of one.
pub(super) struct Snapshot {
    clock: Option<ClockPart>,
    merchants: Vec<(Mchid, Option<CredentialsPart>, MerchantState)>,
}

impl Snapshot {
    /// Takes it between two exchanges. `None` if it takes too long.
    pub(super) fn take(
        control: &Control,
        mchid: Option<&Mchid>,
        stop: &Stop,
    ) -> Option<Result<Self, AdminError>> {
        let gateway = &control.gateway;
        let _between = gateway.between_exchanges();
        let mut all = gateway.merchants.merchants();
        all.retain(|merchant| mchid.is_none_or(|mchid| *mchid == merchant.mchid));
        let clock = mchid.is_none().then(|| ClockPart::of(&gateway.clock));
        let mut merchants = Vec::new();
        for merchant in all {
            if stop.is_set() {
                return None;
            }
            match gateway.store.export(&merchant.mchid) {
                Ok(state) => {
                    merchants.push((merchant.mchid.clone(), credentials(control, &merchant), state));
                }
                Err(error) => return Some(Err(error.into())),
            }
        }
        Some(Ok(Self { clock, merchants }))
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let of_merchant = |(_, _, state): &(_, _, MerchantState)| {
            let MerchantState { documents, numbers, deliveries, reminders } = state;
            let documents: usize = documents.iter().map(|(key, value)| size_of_key(key) + value.len()).sum();
            let deliveries: usize = deliveries.iter().map(Delivery::size).sum();
            let reminders: usize = reminders.iter().map(|(_, key)| size_of_key(key)).sum();
            documents + deliveries + reminders + size_of_val(&numbers[..])
        };
        self.merchants.iter().map(of_merchant).sum()
    }

    /// Its JSON, each item of a list in a line of its own, so that two files can be compared line by line.
    pub(super) fn into_lines(self) -> impl Iterator<Item = Vec<u8>> + Send + 'static {
        let clock = self.clock.map(|clock| format!("\"clock\":{},", text(&clock)));
        let begin = format!("{{\"version\":{VERSION},{}\"merchants\":{{", clock.unwrap_or_default());
        let mut is_first = true;
        let merchants = self.merchants.into_iter().flat_map(move |(mchid, credentials, state)| {
            let comma = if take(&mut is_first) { "" } else { "," };
            let credentials =
                credentials.map(|credentials| format!("\"credentials\":{},\n", text(&credentials)));
            let begin = format!("{comma}\n\"{mchid}\":{{{}", credentials.unwrap_or_default());
            once(begin.into_bytes()).chain(lists(state))
        });
        once(begin.into_bytes()).chain(merchants).chain(once(b"}}\n".to_vec()))
    }
}

/// The lists of a merchant, and its end.
fn lists(state: MerchantState) -> impl Iterator<Item = Vec<u8>> + Send {
    let MerchantState { documents, numbers, deliveries, reminders } = state;
    let document = |(key, value): (Key, JsonText)| {
        Json::of(&json!({ "kind": &*key.kind, "key": key.id, "value": value.to_value() })).into_bytes()
    };
    let number = |(number, content): (Fingerprint, Fingerprint)| {
        format!("[\"{}\",\"{}\"]", number.to_hex(), content.to_hex()).into_bytes()
    };
    let reminder = |(at, key): (wechatpay_protocol::Timestamp, Key)| {
        let reminder = ReminderPart { at: at.as_unix(), kind: key.kind.to_string(), key: key.id.to_string() };
        Json::of(&reminder).into_bytes()
    };
    list("documents", documents.into_iter().map(document))
        .chain(once(b",\n".to_vec()))
        .chain(list("numbers", numbers.into_iter().map(number)))
        .chain(once(b",\n".to_vec()))
        .chain(list("callbacks", deliveries.into_iter().map(callback)))
        .chain(once(b",\n".to_vec()))
        .chain(list("reminders", reminders.into_iter().map(reminder)))
        .chain(once(b"}".to_vec()))
}

fn list(
    name: &'static str,
    items: impl Iterator<Item = Vec<u8>> + Send,
) -> impl Iterator<Item = Vec<u8>> + Send {
    let mut is_first = true;
    let lines = items.map(move |item| {
        let begin: &[u8] = if take(&mut is_first) { b"\n" } else { b",\n" };
        [begin, &item].concat()
    });
    once(format!("\"{name}\":[").into_bytes()).chain(lines).chain(once(b"]".to_vec()))
}

/// A callback without its number, which the next mock does not keep. How an attempt in progress ends is not known, so that it is
/// made again.
fn callback(mut delivery: Delivery) -> Vec<u8> {
    if delivery.state == DeliveryState::Sending {
        delivery.state = DeliveryState::Waiting(delivery.created);
    }
    let mut value = delivery.to_json().to_value();
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| name != "number" && name != "mchid");
    }
    Json::of(&value).into_bytes()
}

/// What creates a merchant again that was created at run time. The development merchant's keys are known anyway.
fn credentials(control: &Control, merchant: &Merchant) -> Option<CredentialsPart> {
    let (merchants, now) = (&control.gateway.merchants, control.gateway.clock.now());
    if merchants.is_configured(&merchant.mchid) {
        return None;
    }
    let development = Credentials::development();
    let key = merchants.credentials(merchant, now).ok().map(|own| own.merchant_key);
    let apiv3_key = &merchant.apiv3_key;
    Some(CredentialsPart {
        trust: merchant.trust,
        merchant_certificate: merchant.certificate().pem().to_owned(),
        merchant_key: key.filter(|key| *key != development.merchant_key),
        apiv3_key: (*apiv3_key != development.apiv3_key).then(|| apiv3_key.expose().to_owned()),
    })
}

fn text(part: &impl Serialize) -> String {
    String::from_utf8(Json::of(part).into_bytes()).unwrap_or_default()
}

fn size_of_key(key: &Key) -> usize {
    size_of::<(Key, JsonText)>() + key.id.len()
}
