//! Callbacks: what the gateway sends to a merchant's `notify_url`.
//!
//! A callback is signed like a response, over its exact bytes. Its `resource` is encrypted with the APIv3 key.

use http::{
    HeaderName, HeaderValue,
    header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, USER_AGENT},
};
use serde::{Deserialize, Serialize};

use crate::{Apiv3Key, Nonce, Resource, ResourceError, Timestamp};

/// The body of a callback, with its members in the order in which the gateway sends them. (wild)
///
/// ```
/// use wechatpay_protocol::{Callback, Credentials, Event, Timestamp};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = Credentials::development().apiv3_key;
/// let event = Event {
///     event_type: "MEMBERCARD.ACTIVATE_CARD",
///     summary: "会员卡激活事件通知",
///     original_type: "membercard",
///     associated_data: "membercard",
/// };
/// let created = Timestamp::from_unix(1_756_951_532);
/// let id = Callback::make_id([7; 16]);
/// let sent = Callback::seal(&event, &id, created, &key, "p9bCmuqmIkmx", b"{}").to_bytes();
///
/// let received: Callback = serde_json::from_slice(&sent)?;
/// assert_eq!(received.id, "07070707-0707-5707-8707-070707070707");
/// assert_eq!(received.decrypt(&key)?, b"{}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// Identifies the event: a UUID of version 5, the same on every attempt. (wild)
    pub id: String,
    /// When the event happened, in RFC 3339 with `+08:00`. The first attempt follows within a second. (wild)
    pub create_time: String,
    /// Always [`Callback::RESOURCE_TYPE`].
    pub resource_type: String,
    /// What happened: `TRANSACTION.SUCCESS`.
    pub event_type: String,
    /// What happened, for people: `支付成功`.
    #[serde(default)]
    pub summary: String,
    /// The encrypted data.
    pub resource: CallbackResource,
}

/// The encrypted data of a [`Callback`], with its members in the order in which the gateway sends them. (wild)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackResource {
    /// What is encrypted: `transaction`.
    #[serde(default)]
    pub original_type: String,
    /// Always [`Resource::ALGORITHM`].
    pub algorithm: String,
    /// The encrypted data followed by its 16-byte tag, in Base64.
    pub ciphertext: String,
    /// Authenticated together with the data; may be empty or absent. (documented)
    #[serde(default)]
    pub associated_data: String,
    /// 12 letters and digits.
    pub nonce: String,
}

/// A kind of event, as a [`Callback`] names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// `TRANSACTION.SUCCESS`.
    pub event_type: &'a str,
    /// `支付成功`.
    pub summary: &'a str,
    /// `transaction`.
    pub original_type: &'a str,
    /// Mostly the same as `original_type`. (wild)
    pub associated_data: &'a str,
}

impl Callback {
    /// The only type of resource.
    pub const RESOURCE_TYPE: &str = "encrypt-resource";

    /// Encrypts `plaintext`, and names its event. No nonce may be used twice with one key.
    ///
    /// # Panics
    /// If `nonce` does not have 12 bytes, which is a bug in the caller.
    pub fn seal(
        event: &Event<'_>,
        id: &str,
        created: Timestamp,
        key: &Apiv3Key,
        nonce: &str,
        plaintext: &[u8],
    ) -> Self {
        let Resource { algorithm, nonce, associated_data, ciphertext } =
            Resource::encrypt(key, nonce, event.associated_data, plaintext);
        Self {
            id: id.into(),
            create_time: created.to_rfc3339(),
            resource_type: Self::RESOURCE_TYPE.into(),
            event_type: event.event_type.into(),
            summary: event.summary.into(),
            resource: CallbackResource {
                original_type: event.original_type.into(),
                algorithm,
                ciphertext,
                associated_data,
                nonce,
            },
        }
    }

    /// Decrypts the resource and checks that nothing was altered.
    ///
    /// # Errors
    /// [`ResourceError`] names the part that is wrong. A wrong key can't be distinguished from altered data.
    pub fn decrypt(&self, key: &Apiv3Key) -> Result<Vec<u8>, ResourceError> {
        let CallbackResource { algorithm, ciphertext, associated_data, nonce, .. } = &self.resource;
        let resource = Resource {
            algorithm: algorithm.clone(),
            nonce: nonce.clone(),
            associated_data: associated_data.clone(),
            ciphertext: ciphertext.clone(),
        };
        resource.decrypt(key)
    }

    /// The bytes to sign and send: compact JSON, with Chinese unescaped. (wild)
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings always serialize")
    }

    /// The headers of a callback besides the signature and those of the connection. (wild)
    pub fn headers() -> [(HeaderName, HeaderValue); 5] {
        [
            (ACCEPT, HeaderValue::from_static("*/*")),
            (USER_AGENT, HeaderValue::from_static("Mozilla/4.0")),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (PRAGMA, HeaderValue::from_static("no-cache")),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ]
    }

    /// A new `id`: these bytes in the form of a UUID of version 5. (wild)
    pub fn make_id(mut random: [u8; 16]) -> String {
        random[6] = random[6] & 0x0f | 0x50;
        random[8] = random[8] & 0x3f | 0x80;
        let hex = base16ct::lower::encode_string(&random);
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }

    /// The nonce of a callback's signature: 32 letters and digits. (wild)
    pub fn signature_nonce(random: [[u8; 16]; 2]) -> Nonce {
        alphanumeric(random.as_flattened()).parse().expect("letters and digits make a nonce")
    }

    /// The nonce of a callback's resource: 12 letters and digits. (wild)
    pub fn resource_nonce(random: [u8; 16]) -> String {
        alphanumeric(&random[..12])
    }
}

/// A letter or digit for each byte.
fn alphanumeric(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Credentials;

    #[test]
    fn a_callback_is_compact_and_has_its_members_in_the_order_of_real_ones() {
        let event = Event {
            event_type: "TRANSACTION.SUCCESS",
            summary: "支付成功",
            original_type: "transaction",
            associated_data: "",
        };
        let key = Credentials::development().apiv3_key;
        let id = Callback::make_id([0xff; 16]);
        let callback = Callback::seal(&event, &id, Timestamp::from_unix(0), &key, "abcdefghijkl", b"{}");
        let body = String::from_utf8(callback.to_bytes()).unwrap();
        let expected = format!(
            r#"{{"id":"ffffffff-ffff-5fff-bfff-ffffffffffff","create_time":"1970-01-01T08:00:00+08:00","resource_type":"encrypt-resource","event_type":"TRANSACTION.SUCCESS","summary":"支付成功","resource":{{"original_type":"transaction","algorithm":"AEAD_AES_256_GCM","ciphertext":"{}","associated_data":"","nonce":"abcdefghijkl"}}}}"#,
            callback.resource.ciphertext
        );
        assert_eq!(body, expected);
    }

    #[test]
    fn a_callback_without_associated_data_and_summary_is_read() {
        let key = Credentials::development().apiv3_key;
        let sealed = Resource::encrypt(&key, "abcdefghijkl", "", b"1");
        let body = serde_json::json!({
            "id": "1", "create_time": "", "resource_type": "encrypt-resource", "event_type": "X",
            "resource": { "algorithm": sealed.algorithm, "ciphertext": sealed.ciphertext, "nonce": sealed.nonce },
        });
        let read: Callback = serde_json::from_value(body).unwrap();
        assert_eq!(read.decrypt(&key), Ok(b"1".to_vec()));
    }

    #[test]
    fn nonces_are_letters_and_digits() {
        assert_eq!(Callback::signature_nonce([[0; 16], [61; 16]]).as_str(), "A".repeat(16) + &"9".repeat(16));
        assert_eq!(Callback::resource_nonce([62; 16]), "A".repeat(12));
    }
}
