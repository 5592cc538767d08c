//! Responses and callbacks that were changed after they were signed, or signed by someone else, are explained.

use std::collections::BTreeSet;

use wechatpay_mock::diagnosis::{
    Diagnosis, KeyHolder, KnownKey, ResponseEvidence, Verdict, diagnose_response, known_mistakes,
    known_response_mistakes,
};
use wechatpay_protocol::{RequestMessage, Timestamp};

use super::{
    ENOUGH_TIME,
    scene::{base64, sign_with, verifying_key},
};

const TIMESTAMP: &str = "1756951532";
const NONCE: &str = "WRJgfL7Yj2Kcw0aX5tQp9bVdN3sHk8Ez";
const SERIAL: &str = "PUB_KEY_ID_0119000000012026010100000000000001";
const BODY: &str = "{\"id\":\"1\",\"create_time\":\"2025-09-04T10:05:32+08:00\",\"resource_type\":\"encrypt-resource\",\
                    \"event_type\":\"TRANSACTION.SUCCESS\",\"summary\":\"支付成功\",\"resource\":{\"original_type\":\
                    \"transaction\",\"algorithm\":\"AEAD_AES_256_GCM\",\"ciphertext\":\"a/b=\",\"associated_data\":\
                    \"transaction\",\"nonce\":\"abcdefghijkl\"}}";

/// A message as it is kept, and what was signed.
struct Kept {
    timestamp: String,
    nonce: String,
    body: Vec<u8>,
    signed: Vec<u8>,
    key: &'static str,
    signature: Option<String>,
}

impl Kept {
    /// Kept as it was signed.
    fn honest(body: &str) -> Self {
        let (timestamp, nonce) = (TIMESTAMP.into(), NONCE.into());
        let signed = message(TIMESTAMP, NONCE, body.as_bytes());
        Self { timestamp, nonce, body: body.into(), signed, key: "pub_key_private.pem", signature: None }
    }

    /// The body changed after it was signed.
    fn with_body(signed: &str, kept: impl Into<Vec<u8>>) -> Self {
        Self { body: kept.into(), ..Self::honest(signed) }
    }

    /// Another message was signed.
    fn signed(signed: impl Into<Vec<u8>>) -> Self {
        Self { signed: signed.into(), ..Self::honest(BODY) }
    }

    fn diagnose(&self) -> Option<Diagnosis> {
        let signature = self.signature.clone().unwrap_or_else(|| base64(&sign_with(self.key, &self.signed)));
        let evidence = ResponseEvidence {
            timestamp: &self.timestamp,
            nonce: &self.nonce,
            serial: SERIAL,
            signature: &signature,
            body: &self.body,
            request: Some(RequestMessage {
                method: "POST",
                target: "/v3/pay/transactions/jsapi",
                timestamp: Timestamp::from_unix(1_756_950_000),
                nonce_str: "593bec0c930bf1afeb40b4a08c8fb242",
                body: b"{}",
            }),
            key: &verifying_key("pub_key_private.pem"),
            other_keys: vec![
                KnownKey {
                    holder: KeyHolder::Gateway("6B02".into()),
                    key: verifying_key("platform_key.pem"),
                },
                KnownKey {
                    holder: KeyHolder::Merchant("1900000001".into()),
                    key: verifying_key("apiclient_key.pem"),
                },
            ],
        };
        diagnose_response(&evidence, ENOUGH_TIME)
    }
}

fn message(timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    [timestamp.as_bytes(), b"\n", nonce.as_bytes(), b"\n", body, b"\n"].concat()
}

/// The UTF-8 bytes taken for Latin-1.
fn misread(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

/// Each mistake and its variants, and a message with it.
fn committed() -> Vec<(&'static str, Kept)> {
    let honest = || Kept::honest(BODY);
    let text = String::from_utf8(honest().signed).unwrap();
    let sorted = serde_json::to_string(&serde_json::from_str::<serde_json::Value>(BODY).unwrap()).unwrap();
    let gbk = BODY.split("支付成功").map(str::as_bytes).collect::<Vec<_>>();
    let gbk = gbk.join(&b"\xd6\xa7\xb8\xb6\xb3\xc9\xb9\xa6"[..]);
    vec![
        ("received-headers-swapped", Kept { timestamp: NONCE.into(), nonce: TIMESTAMP.into(), ..honest() }),
        ("signtest", Kept { signature: Some(format!("WECHATPAY/SIGNTEST/{}", "a".repeat(336))), ..honest() }),
        ("serial-of-another-key", Kept { key: "platform_key.pem", ..honest() }),
        ("not-the-gateways-key", Kept { key: "apiclient_key.pem", ..honest() }),
        (
            "nonce-of-the-request",
            Kept::signed(message(TIMESTAMP, "593bec0c930bf1afeb40b4a08c8fb242", BODY.as_bytes())),
        ),
        ("timestamp-of-the-request", Kept::signed(message("1756950000", NONCE, BODY.as_bytes()))),
        ("received-timestamp-in-milliseconds", Kept { timestamp: format!("{TIMESTAMP}000"), ..honest() }),
        ("received-timestamp-changed", Kept { timestamp: "1756951535".into(), ..honest() }),
        (
            "received-nonce-changed",
            Kept {
                nonce: "593BEC0C930BF1AFEB40B4A08C8FB242".into(),
                ..Kept::signed(message(TIMESTAMP, "593bec0c930bf1afeb40b4a08c8fb242", BODY.as_bytes()))
            },
        ),
        ("received-body-trimmed", Kept::with_body("{\"a\":1}\n", "{\"a\":1}")),
        ("received-body-padded", Kept::with_body(BODY, format!("{BODY}\n"))),
        ("received-body-added", Kept::with_body("", "null")),
        ("received-body-line-breaks", Kept::with_body("{\r\n\"a\":1}", "{\n\"a\":1}")),
        ("received-body-with-bom", Kept::with_body(BODY, format!("\u{feff}{BODY}"))),
        ("received-body-without-bom", Kept::with_body("\u{feff}{}", "{}")),
        ("received-body-in-other-charset(gbk)", Kept::with_body(BODY, gbk)),
        ("received-body-misread", Kept::with_body(BODY, misread(BODY))),
        (
            "received-body-reprinted(spaced)",
            Kept::with_body(BODY, BODY.replace("\":", "\": ").replace(",\"", ", \"")),
        ),
        ("received-body-reprinted(sorted)", Kept::with_body(BODY, sorted)),
        ("received-body-reprinted(escaped)", Kept::with_body(BODY, BODY.replace('/', "\\/"))),
        (
            "received-body-reprinted(escaped)",
            Kept::with_body(BODY, BODY.replace("支付成功", "\\u652f\\u4ed8\\u6210\\u529f")),
        ),
        ("received-body-reprinted(unescaped)", Kept::with_body("{\"a\":\"\\/\\u4e2d\"}", "{\"a\":\"/中\"}")),
        ("received-numbers-reprinted", Kept::with_body("{\"a\":1.0,\"b\":2}", "{\"a\":1,\"b\":2}")),
        ("received-body-quoted", Kept::with_body(BODY, serde_json::to_string(BODY).unwrap())),
        ("response-timestamp-nonce-swapped", Kept::signed(message(NONCE, TIMESTAMP, BODY.as_bytes()))),
        (
            "response-body-line-left-out",
            Kept { signed: format!("{TIMESTAMP}\n{NONCE}\n").into(), ..Kept::honest("") },
        ),
        ("request-style-five-lines", Kept::signed(format!("POST\n/v3/pay/transactions/jsapi\n{text}"))),
        ("response-line-left-out", Kept::signed(format!("{NONCE}\n{BODY}\n"))),
        ("response-body-alone-signed", Kept::signed(format!("{BODY}\n"))),
        ("response-extra-line", Kept::signed(format!("{SERIAL}\n{text}"))),
        ("response-lines-reordered", Kept::signed(format!("{BODY}\n{TIMESTAMP}\n{NONCE}\n"))),
        ("no-final-newline", Kept::signed(text.trim_end())),
        ("crlf", Kept::signed(text.replace('\n', "\r\n"))),
        (
            "signature-url-safe",
            Kept {
                signature: Some(
                    base64(&sign_with("pub_key_private.pem", text.as_bytes()))
                        .replace('+', "-")
                        .replace('/', "_"),
                ),
                ..honest()
            },
        ),
        (
            "signature-spaces-for-plus",
            Kept {
                signature: Some(base64(&sign_with("pub_key_private.pem", text.as_bytes())).replace('+', " ")),
                ..honest()
            },
        ),
    ]
}

#[test]
fn each_mistake_in_a_response_is_named() {
    let mut failures = Vec::new();
    for (name, kept) in committed() {
        let found = kept.diagnose();
        let is_right =
            found.as_ref().is_some_and(|found| found.verdict == Verdict::Proven && found.name() == name);
        if !is_right {
            failures.push(format!("{name}: found {found:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn each_known_mistake_in_a_response_is_tested_here_or_with_requests() {
    let requests: BTreeSet<&str> = known_mistakes().iter().map(|one| one.name).collect();
    let known = known_response_mistakes();
    let own: BTreeSet<&str> =
        known.iter().map(|one| one.name).filter(|name| !requests.contains(name)).collect();
    let committed = committed();
    let tested = committed.iter().map(|(name, _)| name.split('(').next().unwrap());
    let tested: BTreeSet<&str> = tested.filter(|name| !requests.contains(name)).collect();
    assert_eq!(own, tested);
}

#[test]
fn an_honest_response_has_no_diagnosis() {
    for body in ["", BODY, "\u{feff}{}", "not JSON\n"] {
        assert_eq!(Kept::honest(body).diagnose(), None, "{body}");
    }
}

#[test]
fn what_cannot_be_proved_is_a_hint() {
    let capital = NONCE.to_ascii_lowercase();
    let signature = base64(&sign_with("pub_key_private.pem", &Kept::honest(BODY).signed));
    for (kept, name) in [
        (Kept::with_body(BODY, ""), "other-message; hint=received-body-missing"),
        (Kept::with_body(BODY, &BODY[..200]), "other-message; hint=received-body-cut"),
        (Kept::with_body(BODY, BODY.replace("a/b=", "***")), "other-message; hint=received-body-masked"),
        (Kept::with_body(BODY, BODY.replace("支付成功", "????")), "other-message; hint=received-text-lost"),
        (Kept::with_body(BODY, b"\x1f\x8b\x08".to_vec()), "other-message; hint=received-body-compressed"),
        (Kept { nonce: capital, ..Kept::honest(BODY) }, "other-message; hint=received-nonce-lower-cased"),
        (
            Kept { signature: Some(signature[..300].into()), ..Kept::honest(BODY) },
            "no-known-mistake-fits; hint=received-signature-cut",
        ),
        (Kept::with_body(BODY, BODY.replace("a/b=", "a/c=")), "other-message"),
        (Kept { key: "other_key.pem", ..Kept::honest(BODY) }, "no-known-mistake-fits"),
    ] {
        let diagnosis = kept.diagnose().unwrap();
        assert_eq!((diagnosis.name(), diagnosis.mistakes.len()), (name.into(), 0), "{diagnosis}");
    }
}
