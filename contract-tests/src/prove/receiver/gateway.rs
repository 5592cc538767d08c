//! The gateway's side of a probe: makes the bytes of a callback and signs it.

use std::sync::LazyLock;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderName, HeaderValue};
use serde_json::Value;
use wechatpay_mock::{PlatformCertificate, PublicKeyPair};
use wechatpay_protocol::{
    Apiv3Key, BaseUrl, Callback, Event, KeyId, ResponseMessage, ResponseSignature, Signature, SigningKey,
    Timestamp,
};

use super::{
    order::{Order, random},
    sample::{self, Sample},
    sending::{
        Altered, AssociatedData, BodyForm, NameCase, NamedKey, Other, ResourceForm, Sending, SignedBy,
    },
};
use crate::prove::Keys;

/// The gateway's keys, and the merchant's APIv3 key.
#[derive(Clone, Debug)]
pub(super) struct Gateway {
    pub(super) certificate: PlatformCertificate,
    pub(super) public_key: PublicKeyPair,
    /// Which of the two the receiver has.
    pub(super) keys: Keys,
    pub(super) apiv3_key: Apiv3Key,
}

/// One of the gateway's two keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pair {
    Certificate,
    PublicKey,
}

/// The prefix of the signature in the gateway's own probes of receivers. (wild)
const SIGNTEST: &str = "WECHATPAY/SIGNTEST/";

/// IDs of keys that do not exist.
const UNKNOWN_SERIAL: &str = "5D3C0F1E2B4A69788796A5B4C3D2E1F00F1E2D3C";
const UNKNOWN_ID: &str = "PUB_KEY_ID_0119999999992026010100000000000099";

/// An APIv3 key that no receiver has.
const OTHER_APIV3_KEY: &str = "another-apiv3-key-of-32-letters-";

/// A key that is not the gateway's.
static UNKNOWN_KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::from_pem(include_str!("../../../../fixtures/credentials/other_key.pem"))
        .expect("the development keys are valid")
});

/// A notice of a refund as APIv2 sends it. (documented)
const XML: &str = "<xml><return_code>SUCCESS</return_code><appid><![CDATA[wxd678efh567hg6787]]></appid>\
                   <mch_id><![CDATA[1900000001]]></mch_id><nonce_str><![CDATA[TeqClE3i0mvn3DrK]]></nonce_str>\
                   <req_info><![CDATA[T87GAHG17TGAHG1TGHAHAHA1Y1CIOA9UGJH1GAHV871HAGAGQYQQPOOJMXNBCXBVNMNMAJAA]]>\
                   </req_info></xml>";

const BROKEN_JSON: &str = r#"{"id":"8b33f79f-8869-5ae5-b41b-3c0b59f957d0","resource":{"#;

impl Gateway {
    /// The body of a callback that is made now.
    pub(super) fn body(&self, sending: &Sending, order: &Order, now: Timestamp) -> Vec<u8> {
        match sending.body {
            BodyForm::Xml => return XML.into(),
            BodyForm::BrokenJson => return BROKEN_JSON.into(),
            BodyForm::Empty => return Vec::new(),
            _ => {}
        }
        let sample = sample::sample(&sending.event).expect("a test checks the events of the probes");
        let created = Timestamp::from_unix(now.as_unix().saturating_sub(sending.created_ago));
        let resource = resource(sample, sending, order, &created.to_rfc3339());
        let mut callback = self.seal(sample, sending, created, resource.as_bytes());
        if sending.resource == ResourceForm::WrongTag {
            // One of the 16 characters at the end that are certainly of the tag.
            let at = callback.resource.ciphertext.len() - 8;
            replace_base64(&mut callback.resource.ciphertext, at);
        }
        let mut text = match sending.body {
            BodyForm::Spaced => serde_json::to_string_pretty(&callback),
            // Maps of serde_json are sorted.
            BodyForm::Sorted => serde_json::to_value(&callback).map(|value| value.to_string()),
            _ => serde_json::to_string(&callback),
        }
        .expect("strings always serialize");
        match sending.body {
            BodyForm::EscapedSlashes => text = text.replace('/', r"\/"),
            BodyForm::EscapedChinese => text = escaped(&text),
            BodyForm::Number => append(&mut text, r#","version":1.0"#),
            BodyForm::ExtraMembers => {
                text = text.replace(r#""nonce":"#, r#""key_version":null,"nonce":"#);
                append(&mut text, r#","extra":{"list":[1,true,null]}"#);
            }
            _ => {}
        }
        if sending.associated_data == AssociatedData::Absent {
            text = text.replace(r#""associated_data":"","#, "");
        }
        if sending.resource == ResourceForm::PlainText {
            let start = text.find(r#""resource":{"#).unwrap_or(text.len());
            text.replace_range(start.., &format!(r#""resource":{resource}}}"#));
        }
        text.into_bytes()
    }

    fn seal(&self, sample: &Sample, sending: &Sending, created: Timestamp, resource: &[u8]) -> Callback {
        let event = Event {
            event_type: sending.event_type.as_deref().unwrap_or(sample.event_type),
            summary: sample.summary,
            original_type: sample.original_type,
            associated_data: match sending.associated_data {
                AssociatedData::Usual => sample.original_type,
                AssociatedData::Empty | AssociatedData::Absent => "",
            },
        };
        let other = OTHER_APIV3_KEY.parse().expect("an APIv3 key has 32 characters");
        let key = if sending.resource == ResourceForm::OtherKey { &other } else { &self.apiv3_key };
        let nonce = Callback::resource_nonce(random());
        Callback::seal(&event, &Callback::make_id(random()), created, key, &nonce, resource)
    }

    /// The whole request with this body, signed now.
    pub(super) fn request(
        &self,
        sending: &Sending,
        body: &[u8],
        server: &BaseUrl,
        target: &str,
        now: Timestamp,
    ) -> Vec<u8> {
        let (signature, body) = self.signed(sending, body, now);
        let host = (http::header::HOST, text(server.authority().as_str()));
        let length = (http::header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        let callback = Callback::headers().map(|(name, value)| match sending.body {
            BodyForm::Xml if name == http::header::CONTENT_TYPE => {
                (name, HeaderValue::from_static("text/xml"))
            }
            _ => (name, value),
        });
        let headers = [host].into_iter().chain(callback).chain([length]).chain(signature);
        let is_left_out =
            |name: &HeaderName| sending.without.iter().any(|left_out| name == left_out.as_str());
        let mut request = format!("POST {target} HTTP/1.1\r\n").into_bytes();
        for (name, value) in headers.filter(|(name, _)| !is_left_out(name)) {
            request.extend_from_slice(sending.names.of(&name).as_bytes());
            request.extend_from_slice(b": ");
            request.extend_from_slice(value.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(&body);
        request
    }

    /// The headers of the signature, and the body as it is sent.
    fn signed(
        &self,
        sending: &Sending,
        body: &[u8],
        now: Timestamp,
    ) -> ([(HeaderName, HeaderValue); 5], Vec<u8>) {
        let timestamp = Timestamp::from_unix(now.as_unix().saturating_add_signed(sending.seconds));
        let nonce = Callback::signature_nonce([random(), random()]);
        let message = ResponseMessage { timestamp, nonce: nonce.as_str(), body }.to_bytes();
        let signature = self.sign(sending.key, &message).to_string();
        let serial = self.serial(sending);
        let mut signed = ResponseSignature { timestamp, nonce, serial, signature };
        let mut body = body.to_vec();
        match sending.altered {
            None => {}
            Some(Altered::Body) => {
                let text = String::from_utf8_lossy(&body);
                body = text.replacen(r#""summary":""#, r#""summary":"!"#, 1).into_bytes();
            }
            Some(Altered::Nonce) => signed.nonce = Callback::signature_nonce([random(), random()]),
            Some(Altered::Timestamp) => {
                signed.timestamp = Timestamp::from_unix(timestamp.as_unix().saturating_sub(1));
            }
            Some(Altered::Signature) => replace_base64(&mut signed.signature, 100),
            Some(Altered::Signtest) => {
                signed.signature = format!("{SIGNTEST}{}", BASE64_STANDARD.encode(random::<250>()));
            }
        }
        (signed.to_headers(), body)
    }

    fn sign(&self, by: SignedBy, message: &[u8]) -> Signature {
        match self.pair(by) {
            Some(Pair::Certificate) => self.certificate.sign(message),
            Some(Pair::PublicKey) => self.public_key.sign(message),
            None => UNKNOWN_KEY.sign(message),
        }
    }

    fn serial(&self, sending: &Sending) -> KeyId {
        let named = match sending.serial {
            NamedKey::Own => self.pair(sending.key).unwrap_or(self.usual()),
            NamedKey::Usual | NamedKey::Unknown => self.usual(),
        };
        let unknown = sending.serial == NamedKey::Unknown;
        match named {
            Pair::Certificate if unknown => UNKNOWN_SERIAL.parse().expect("a serial number"),
            Pair::PublicKey if unknown => UNKNOWN_ID.parse().expect("an ID of a public key"),
            Pair::Certificate => self.certificate.certificate().serial_no().clone().into(),
            Pair::PublicKey => self.public_key.id().clone().into(),
        }
    }

    /// The gateway's key that signs; `None` for one that is not the gateway's.
    fn pair(&self, by: SignedBy) -> Option<Pair> {
        match (by, self.usual()) {
            (SignedBy::Usual, usual) => Some(usual),
            (SignedBy::Certificate, _) | (SignedBy::Another, Pair::PublicKey) => Some(Pair::Certificate),
            (SignedBy::PublicKey, _) | (SignedBy::Another, Pair::Certificate) => Some(Pair::PublicKey),
            (SignedBy::Unknown, _) => None,
        }
    }

    fn usual(&self) -> Pair {
        if self.keys == Keys::Certificate { Pair::Certificate } else { Pair::PublicKey }
    }
}

impl NameCase {
    fn of(self, name: &HeaderName) -> String {
        match self {
            Self::Lower => name.as_str().into(),
            Self::Upper => name.as_str().to_uppercase(),
            Self::Title => {
                let mut is_first = true;
                let title = name.as_str().chars().map(|character| {
                    let shown = if is_first { character.to_ascii_uppercase() } else { character };
                    is_first = character == '-';
                    shown
                });
                title.collect()
            }
        }
    }
}

/// The resource before it is encrypted: compact JSON, its members in order.
fn resource(sample: &Sample, sending: &Sending, order: &Order, time: &str) -> String {
    let mut members = sample.members(order, time);
    members.retain(|(name, _)| !sending.remove.contains(name));
    let mut set = |name: &str, json: String| match members.iter_mut().find(|(member, _)| member == name) {
        Some((_, old)) => *old = json,
        None => members.push((name.into(), json)),
    };
    for (name, json) in &sending.set {
        set(name, json.clone());
    }
    if sending.bytes > 0 {
        set("promotion_detail", sample::coupons(sending.bytes));
    }
    match sending.other {
        None => {}
        Some(Other::Mchid) => set("mchid", r#""1900009999""#.into()),
        Some(Other::Appid) => set("appid", r#""wx0000000000000000""#.into()),
        Some(Other::Amount) => {
            let amount = members.iter().find(|(member, _)| member == "amount");
            let amount = amount.and_then(|(_, json)| one_less(json));
            if let (Some(amount), Some((_, old))) =
                (amount, members.iter_mut().find(|(member, _)| member == "amount"))
            {
                *old = amount;
            }
        }
    }
    let members: Vec<_> = members.iter().map(|(name, json)| format!("{name:?}:{json}")).collect();
    format!("{{{}}}", members.join(","))
}

/// The amount with one cent less to pay.
fn one_less(amount: &str) -> Option<String> {
    let mut amount: Value = serde_json::from_str(amount).ok()?;
    for name in ["total", "payer_total"] {
        let cents = amount.get(name)?.as_i64()?;
        *amount.get_mut(name)? = cents.saturating_sub(1).into();
    }
    Some(amount.to_string())
}

/// Adds members at the end of an object.
fn append(object: &mut String, members: &str) {
    object.insert_str(object.len() - 1, members);
}

/// The text with every character beyond ASCII as `\u4e2d`.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            let mut units = [0; 2];
            let units = character.encode_utf16(&mut units).iter();
            escaped.extend(units.map(|unit| format!("\\u{unit:04x}")));
        }
    }
    escaped
}

/// Replaces the character of a text in Base64 by another one of the alphabet.
fn replace_base64(text: &mut String, at: usize) {
    let other = if text.get(at..=at) == Some("A") { "B" } else { "A" };
    text.replace_range(at..=at, other);
}

/// A value of visible ASCII.
fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use wechatpay_protocol::{Credentials, VerifyingKey};

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);

    fn gateway(keys: Keys) -> Gateway {
        Gateway {
            certificate: PlatformCertificate::development(),
            public_key: PublicKeyPair::development(),
            keys,
            apiv3_key: Credentials::development().apiv3_key,
        }
    }

    fn body(sending: &Sending) -> String {
        let body = gateway(Keys::Both).body(sending, &Order::new("1900000001", None), NOW);
        String::from_utf8(body).unwrap()
    }

    /// The headers and the body of a request, and the names of the headers as sent.
    fn sent(sending: &Sending, keys: Keys) -> (HeaderMap, Vec<String>, Vec<u8>) {
        let body = gateway(keys).body(sending, &Order::new("1900000001", None), NOW);
        let server = "http://127.0.0.1:3000".parse().unwrap();
        let request = gateway(keys).request(sending, &body, &server, "/notify", NOW);
        let text = String::from_utf8(request).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let lines: Vec<_> = head.lines().skip(1).map(|line| line.split_once(": ").unwrap()).collect();
        let headers =
            lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        (headers, lines.iter().map(|(name, _)| (*name).to_owned()).collect(), body.into())
    }

    #[test]
    fn an_ordinary_callback_is_that_of_the_gateway() {
        for (keys, pem) in [
            (Keys::Both, Credentials::development().public_key.unwrap().1),
            (Keys::Certificate, Credentials::development().platform_certificate.unwrap().1),
        ] {
            let (headers, names, body) = sent(&Sending::default(), keys);
            let signed = ResponseSignature::from_headers(&headers).unwrap();
            let key = VerifyingKey::from_pem(&pem).unwrap();
            let signature = signed.signature.parse().unwrap();
            key.verify(&signed.message(&body).to_bytes(), &signature).unwrap();
            let expected = [
                "Host",
                "Accept",
                "User-Agent",
                "Content-Type",
                "Pragma",
                "Cache-Control",
                "Content-Length",
                "Wechatpay-Timestamp",
                "Wechatpay-Nonce",
                "Wechatpay-Signature",
                "Wechatpay-Serial",
                "Wechatpay-Signature-Type",
            ];
            assert_eq!(names, expected);
            let callback: Callback = serde_json::from_slice(&body).unwrap();
            assert_eq!(callback.to_bytes(), body);
            let resource = callback.decrypt(&Credentials::development().apiv3_key).unwrap();
            assert!(resource.starts_with(br#"{"mchid":"1900000001","appid":"#));
        }
    }

    #[test]
    fn every_spelling_decrypts_to_the_same() {
        let key = Credentials::development().apiv3_key;
        for form in [
            BodyForm::Spaced,
            BodyForm::Sorted,
            BodyForm::EscapedSlashes,
            BodyForm::EscapedChinese,
            BodyForm::Number,
            BodyForm::ExtraMembers,
        ] {
            let text = body(&Sending { body: form, ..Sending::default() });
            let callback: Callback = serde_json::from_str(&text).unwrap();
            assert!(callback.decrypt(&key).is_ok() && callback.summary == "支付成功", "{text}");
            assert_ne!(String::from_utf8(callback.to_bytes()).unwrap(), text);
        }
        for associated_data in [AssociatedData::Empty, AssociatedData::Absent] {
            let text = body(&Sending { associated_data, ..Sending::default() });
            assert!(serde_json::from_str::<Callback>(&text).unwrap().decrypt(&key).is_ok(), "{text}");
            assert_eq!(text.contains("associated_data"), associated_data == AssociatedData::Empty);
        }
    }

    #[test]
    fn forged_resources_do_not_decrypt() {
        let key = Credentials::development().apiv3_key;
        for resource in [ResourceForm::WrongTag, ResourceForm::OtherKey] {
            let text = body(&Sending { resource, ..Sending::default() });
            assert!(serde_json::from_str::<Callback>(&text).unwrap().decrypt(&key).is_err());
        }
        let plain = body(&Sending { resource: ResourceForm::PlainText, ..Sending::default() });
        let plain: Value = serde_json::from_str(&plain).unwrap();
        assert_eq!(plain["resource"]["trade_state"], "SUCCESS");
    }

    #[test]
    fn each_alteration_breaks_the_signature_and_nothing_else() {
        let key = VerifyingKey::from_pem(&Credentials::development().public_key.unwrap().1).unwrap();
        for altered in
            [Altered::Body, Altered::Nonce, Altered::Timestamp, Altered::Signature, Altered::Signtest]
        {
            let (headers, _, body) =
                sent(&Sending { altered: Some(altered), ..Sending::default() }, Keys::Both);
            let signed = ResponseSignature::from_headers(&headers).unwrap();
            let signature = signed.signature.parse::<Signature>();
            assert_eq!(signature.is_err(), altered == Altered::Signtest);
            if let Ok(signature) = signature {
                assert!(key.verify(&signed.message(&body).to_bytes(), &signature).is_err(), "{altered:?}");
            } else {
                assert_eq!(signed.signature.len(), 355);
            }
            let callback: Callback = serde_json::from_slice(&body).unwrap();
            assert!(callback.decrypt(&Credentials::development().apiv3_key).is_ok(), "{altered:?}");
        }
    }

    #[test]
    fn names_are_spelled_as_wanted_and_headers_left_out() {
        let (_, names, _) = sent(&Sending { names: NameCase::Upper, ..Sending::default() }, Keys::Both);
        assert!(names.contains(&"WECHATPAY-SIGNATURE-TYPE".into()), "{names:?}");
        let without = vec!["wechatpay-nonce".into()];
        let (_, names, _) =
            sent(&Sending { names: NameCase::Lower, without, ..Sending::default() }, Keys::Both);
        assert!(names.contains(&"wechatpay-serial".into()) && !names.contains(&"wechatpay-nonce".into()));
    }

    #[test]
    fn an_amount_of_another_order_is_smaller() {
        let other = Some(Other::Amount);
        let text = body(&Sending { other, ..Sending::default() });
        let callback: Callback = serde_json::from_str(&text).unwrap();
        let resource = callback.decrypt(&Credentials::development().apiv3_key).unwrap();
        let resource: Value = serde_json::from_slice(&resource).unwrap();
        assert_eq!(resource["amount"]["total"], 99);
    }

    #[test]
    fn chinese_is_escaped_by_units_of_utf_16() {
        assert_eq!(escaped("a中😀"), r"a\u4e2d\ud83d\ude00");
    }
}
