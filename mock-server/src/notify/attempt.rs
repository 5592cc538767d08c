//! One attempt to deliver a callback: encrypt, sign, corrupt if a fault does so, send.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, header::CONTENT_LENGTH};
use http_body_util::Full;
use serde_json::Value;
use wechatpay_openapi::Contract;
use wechatpay_protocol::{Apiv3Key, Callback, Event, ResponseMessage, ResponseSignature, Timestamp};

use crate::{
    faults::{ActiveFault, CallbackFault},
    gateway::Gateway,
    merchants::{Merchant, PlatformKey},
    response::respond::title_case,
    store::{Delivery, SentCallback},
};

/// An APIv3 key that no merchant has. (own choice)
const OTHER_KEY: &str = "NobodyHasThisApiv3KeyNobodyHasIt";

/// An event type that does not exist. (own choice)
const UNKNOWN_EVENT: &str = "MOCK.UNKNOWN_EVENT";

/// A callback as it is sent.
pub(super) struct Signed {
    headers: HeaderMap,
    body: Bytes,
    is_lower_case: bool,
}

impl Signed {
    /// Encrypts and signs the callback for this merchant, and does to it what the fault does.
    pub(super) fn new(
        gateway: &Gateway,
        merchant: &Merchant,
        delivery: &Delivery,
        key: &PlatformKey,
        fault: Option<&ActiveFault>,
        now: Timestamp,
    ) -> Self {
        let body = body(&gateway.contract, merchant, delivery, fault.and_then(ActiveFault::of_callback));
        let nonce = Callback::signature_nonce([gateway.randomness.bytes(), gateway.randomness.bytes()]);
        let message = ResponseMessage { timestamp: now, nonce: nonce.as_str(), body: &body };
        let signature = key.key.sign(&message.to_bytes()).to_string();
        let signed = ResponseSignature { timestamp: now, nonce, serial: key.id.clone(), signature };
        let mut headers: HeaderMap = Callback::headers().into_iter().chain(signed.to_headers()).collect();
        // It is kept as long as the callback.
        let body = Bytes::from(body.into_boxed_slice());
        let body = match fault {
            Some(fault) => fault.corrupt_callback(&mut headers, body, key, &gateway.merchants),
            None => body,
        };
        headers.insert(CONTENT_LENGTH, body.len().into());
        Self { headers, body, is_lower_case: fault.is_some_and(ActiveFault::has_lower_case_headers) }
    }

    pub(super) fn is_lower_case(&self) -> bool {
        self.is_lower_case
    }

    /// The request to send.
    pub(super) fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.headers_mut() = self.headers.clone();
        request
    }

    /// The same for the journal.
    pub(super) fn sent(&self, url: String) -> SentCallback {
        let name = |name: &str| if self.is_lower_case { name.to_owned() } else { title_case(name) };
        let value = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = self.headers.iter().map(|(key, text)| (name(key.as_str()), value(text.as_bytes())));
        let headers = headers.collect::<Box<[_]>>().into_vec();
        SentCallback { url, headers, body: self.body.clone() }
    }
}

/// The body to sign.
fn body(
    contract: &Contract,
    merchant: &Merchant,
    delivery: &Delivery,
    fault: Option<CallbackFault>,
) -> Vec<u8> {
    let known = contract.event(&delivery.event_type);
    let own_type = delivery.event_type.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let event_type = match fault {
        Some(CallbackFault::UnknownEvent) => UNKNOWN_EVENT,
        _ => &delivery.event_type,
    };
    let event = Event {
        event_type,
        summary: known.map_or("", |event| &event.summary),
        original_type: known.map_or(&own_type, |event| &event.original_type),
        associated_data: known.map_or(&own_type, |event| &event.associated_data),
    };
    let other_key: Apiv3Key;
    let key = match fault {
        Some(CallbackFault::OtherAeadKey) => {
            other_key = OTHER_KEY.parse().expect("32 letters are a key");
            &other_key
        }
        _ => &merchant.apiv3_key,
    };
    let Delivery { id, nonce, resource, created, .. } = delivery;
    let mut callback = Callback::seal(&event, id, *created, key, nonce, resource.as_bytes());
    match fault {
        Some(CallbackFault::WrongTag) => {
            callback.resource.ciphertext = with_other_last_byte(&callback.resource.ciphertext);
            callback.to_bytes()
        }
        Some(CallbackFault::PlainResource) => {
            let mut plain = serde_json::json!(callback);
            plain["resource"] = serde_json::from_str(resource).unwrap_or(Value::Null);
            plain.to_string().into_bytes()
        }
        Some(CallbackFault::OddlyPrinted) => oddly_printed(&callback),
        _ => callback.to_bytes(),
    }
}

fn with_other_last_byte(ciphertext: &str) -> String {
    let mut bytes = BASE64_STANDARD.decode(ciphertext).unwrap_or_default();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    BASE64_STANDARD.encode(bytes)
}

/// The same JSON with spaces, an order and escapes that no printer repeats.
fn oddly_printed(callback: &Callback) -> Vec<u8> {
    let member = |name: &str, text: &str| format!("\"{name}\" :\t{}", escaped(text));
    let inner = &callback.resource;
    let inner = [
        member("nonce", &inner.nonce),
        member("associated_data", &inner.associated_data),
        member("ciphertext", &inner.ciphertext),
        member("algorithm", &inner.algorithm),
        member("original_type", &inner.original_type),
    ];
    let outer = [
        format!("\"resource\": {{\n {} }}", inner.join(" ,\n ")),
        member("summary", &callback.summary),
        member("event_type", &callback.event_type),
        member("resource_type", &callback.resource_type),
        member("create_time", &callback.create_time),
        member("id", &callback.id),
    ];
    format!("{{ {}\n}}\n", outer.join(",\r\n ")).into_bytes()
}

/// A JSON string in which slashes and everything but ASCII are escaped.
fn escaped(text: &str) -> String {
    let mut escaped = String::from("\"");
    for character in text.chars() {
        match character {
            '/' => escaped.push_str("\\/"),
            '"' | '\\' => escaped.extend(['\\', character]),
            ' '..='~' => escaped.push(character),
            _ => {
                let units = &mut [0; 2];
                for unit in character.encode_utf16(units) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    escaped.push('"');
    escaped
}

#[cfg(test)]
mod tests {
    use wechatpay_protocol::Credentials;

    use super::*;
    use crate::{merchants::MerchantConfig, store::DeliveryState};

    fn delivery() -> Delivery {
        Delivery {
            number: 1,
            mchid: Credentials::development().mchid,
            id: "id/\"会😀".into(),
            event_type: "TRANSACTION.SUCCESS".into(),
            notify_url: String::new(),
            resource: r#"{"attach":"会员"}"#.into(),
            created: Timestamp::from_unix(1_756_951_532),
            attempts: Vec::new(),
            state: DeliveryState::Sending,
            nonce: "abcdefghijkl".into(),
        }
    }

    fn made(fault: Option<CallbackFault>) -> Vec<u8> {
        let merchant = Merchant::new(MerchantConfig::development());
        body(Contract::current(), &merchant, &delivery(), fault)
    }

    #[test]
    fn a_callback_decrypts_unless_its_fault_is_about_that() {
        let key = Credentials::development().apiv3_key;
        let decrypted = |fault| {
            let callback: Callback = serde_json::from_slice(&made(fault)).ok()?;
            callback.decrypt(&key).ok()
        };
        let good = Some(delivery().resource.into_bytes());
        for fault in [None, Some(CallbackFault::OddlyPrinted), Some(CallbackFault::UnknownEvent)] {
            assert_eq!(decrypted(fault), good, "{fault:?}");
        }
        for fault in [CallbackFault::WrongTag, CallbackFault::OtherAeadKey, CallbackFault::PlainResource] {
            assert_eq!(decrypted(Some(fault)), None, "{fault:?}");
        }
    }

    #[test]
    fn an_oddly_printed_body_has_the_same_values_in_other_bytes() {
        let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        let (usual, odd) = (made(None), made(Some(CallbackFault::OddlyPrinted)));
        assert_eq!(read(&usual), read(&odd));
        assert!(
            usual != odd && odd.is_ascii() && !odd.contains(&b'\\')
                || odd.windows(2).any(|two| two == b"\\/")
        );
    }
}
