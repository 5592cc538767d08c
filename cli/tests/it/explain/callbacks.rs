//! Callbacks: signature and encrypted data.

use std::fs;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use wechatpay_protocol::{Callback, Credentials, Event, SigningKey, Timestamp};

use super::{
    capture::{Shown, har},
    credentials, explain, explained,
};

const PUBLIC_KEY: &str = "PUB_KEY_ID_0119000000012026010100000000000001";
const CERTIFICATE: &str = "6B02BF8E93D977998EC83F5E1A7E346B7265A191";
const TIMESTAMP: &str = "1756951532";
const NONCE: &str = "WRJgfL7Yj2Kcw0aX5tQp9bVdN3sHk8Ez";
const PLAINTEXT: &str = "{\"mchid\":\"1900000001\",\"out_trade_no\":\"20260904\",\"trade_state\":\"SUCCESS\",\"attach\":\"机密\"}";
/// That of the development credentials.
const KEY: &str = "wechatpay-mock-dev-apiv3-key-32b";

fn callback() -> Callback {
    let event = Event {
        event_type: "TRANSACTION.SUCCESS",
        summary: "支付成功",
        original_type: "transaction",
        associated_data: "transaction",
    };
    let created = Timestamp::from_unix(1_756_951_532);
    let key = Credentials::development().apiv3_key;
    Callback::seal(&event, &Callback::make_id([7; 16]), created, &key, "p9bCmuqmIkmx", PLAINTEXT.as_bytes())
}

fn body() -> String {
    String::from_utf8(callback().to_bytes()).unwrap()
}

/// A callback as it is kept, after this body was signed.
fn kept(signed: &[u8], body: impl Into<Vec<u8>>) -> Shown {
    let pem = fs::read_to_string(credentials("pub_key_private.pem")).unwrap();
    let message = [TIMESTAMP.as_bytes(), b"\n", NONCE.as_bytes(), b"\n", signed, b"\n"].concat();
    let signature = SigningKey::from_pem(&pem).unwrap().sign(&message).to_string();
    let headers = [
        ("Content-Type", "application/json"),
        ("Wechatpay-Timestamp", TIMESTAMP),
        ("Wechatpay-Nonce", NONCE),
        ("Wechatpay-Serial", PUBLIC_KEY),
        ("Wechatpay-Signature", &signature),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"),
    ];
    let headers = headers.map(|(name, value)| (name.into(), value.into()));
    Shown {
        first_line: "POST /notify?token=very-secret HTTP/1.1".into(),
        headers: headers.into(),
        body: body.into(),
    }
}

fn honest() -> Shown {
    kept(body().as_bytes(), body())
}

/// An honest callback with this value in a header.
fn with_header(name: &str, change: impl Fn(&str) -> String) -> Shown {
    let mut shown = honest();
    let header = shown.headers.iter_mut().find(|(other, _)| other == name).unwrap();
    header.1 = change(&header.1);
    shown
}

/// A callback, signed rightly, whose resource is not right.
fn with_resource(change: impl Fn(&mut Callback)) -> Shown {
    let mut callback = callback();
    change(&mut callback);
    let body = callback.to_bytes();
    kept(&body, body.clone())
}

fn message(report: &Value) -> &Value {
    let message = &report["messages"][0];
    assert_eq!(message["kind"], "callback", "{report:#}");
    message
}

#[test]
fn each_mistake_in_a_callback_is_named_in_every_form() {
    let (body, signed) = (body(), body());
    let signed = signed.as_bytes();
    let sorted = serde_json::from_str::<Value>(&body).unwrap().to_string();
    let gbk = body.split("支付成功").map(str::as_bytes).collect::<Vec<_>>();
    let gbk = gbk.join(&b"\xd6\xa7\xb8\xb6\xb3\xc9\xb9\xa6"[..]);
    let misread: String = body.bytes().map(char::from).collect();
    let with_newline = [signed, b"\n"].concat();
    let swapped = {
        let mut shown = honest();
        shown.headers[1].1 = NONCE.into();
        shown.headers[2].1 = TIMESTAMP.into();
        shown
    };
    for (shown, name) in [
        (kept(signed, body.replace("\":", "\": ").replace(",\"", ", \"")), "received-body-reprinted(spaced)"),
        (kept(signed, sorted), "received-body-reprinted(sorted)"),
        (
            kept(signed, body.replace("支付成功", "\\u652f\\u4ed8\\u6210\\u529f")),
            "received-body-reprinted(escaped)",
        ),
        (kept(&with_newline, body.clone()), "received-body-trimmed"),
        (kept(signed, format!("\u{feff}{body}")), "received-body-with-bom"),
        (kept(signed, gbk), "received-body-in-other-charset(gbk)"),
        (kept(signed, misread), "received-body-misread"),
        (kept(signed, serde_json::to_string(&body).unwrap()), "received-body-quoted"),
        (swapped, "received-headers-swapped"),
        (with_header("Wechatpay-Serial", |_| CERTIFICATE.into()), "serial-of-another-key"),
        (
            with_header("Wechatpay-Signature", |_| format!("WECHATPAY/SIGNTEST/{}", "A".repeat(336))),
            "signtest",
        ),
        (
            with_header("Wechatpay-Signature", |signature| signature.replace('+', "-").replace('/', "_")),
            "signature-url-safe",
        ),
        (
            with_header("Wechatpay-Signature", |signature| signature.replace('+', " ")),
            "signature-spaces-for-plus",
        ),
        (
            with_header("Wechatpay-Signature", |signature| signature[..300].into()),
            "no-known-mistake-fits; hint=received-signature-cut",
        ),
        (with_header("Wechatpay-Nonce", str::to_lowercase), "other-message; hint=received-nonce-lower-cased"),
        (kept(signed, &signed[..150]), "other-message; hint=received-body-cut"),
    ] {
        for capture in [har(&[(&shown, None)]), shown.raw()] {
            let report = explained(&capture, &[]);
            // Without its members, a body is not known to be a callback's, but its first line is.
            assert_eq!(message(&report)["signature"]["name"], name, "{report:#}");
        }
    }
}

#[test]
fn an_honest_callback_holds_and_decrypts_in_every_form() {
    for capture in [har(&[(&honest(), None)]), honest().raw(), honest().copied()] {
        let report = explained(&capture, &[]);
        let message = message(&report);
        assert_eq!(
            (&message["holds"], &message["event_type"]),
            (&true.into(), &"TRANSACTION.SUCCESS".into())
        );
        assert_eq!(message["resource"]["state"], "decrypts", "{report:#}");
        assert_eq!(message["resource"]["plaintext"], Value::Null);
    }
    let alone = explained(body().as_bytes(), &[]);
    assert_eq!(message(&alone)["signature"]["state"], "missing", "{alone:#}");
    assert_eq!(message(&alone)["resource"]["state"], "decrypts", "{alone:#}");
}

#[test]
fn each_mistake_in_the_apiv3_key_is_named_and_no_key_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let hex: String = KEY.bytes().map(|byte| format!("{byte:02x}")).collect();
    for (key, name) in [
        (format!("{KEY}\n"), None),
        (format!("{KEY}\r\n"), None),
        (format!(" {KEY}"), Some("apiv3-key-with-white-space")),
        (KEY[..31].to_owned(), Some("apiv3-key-character-missing")),
        (format!("{KEY}x"), Some("apiv3-key-character-too-many")),
        (hex, Some("apiv3-key-in-hex")),
        (BASE64_STANDARD.encode(KEY), Some("apiv3-key-in-base64")),
        (KEY.replace("dev", "dov"), Some("apiv3-key-misspelt")),
        (
            "0123456789abcdef0123456789abcdef".into(),
            Some("no-known-mistake-fits; hint=apiv3-key-of-another-kind"),
        ),
    ] {
        fs::write(&file, &key).unwrap();
        let ended = explain(&honest().raw(), &["--json", "--apiv3-key-file", file.to_str().unwrap()]);
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(message(&report)["resource"]["name"].as_str(), name, "{report:#}");
        assert_eq!(ended.code, Some(i32::from(name.is_some())));
        assert!(!ended.stdout.contains(key.trim()) && !ended.stdout.contains("dev-apiv3"), "{report:#}");
    }
}

#[test]
fn each_mistake_in_the_encrypted_data_is_named() {
    for (shown, name) in [
        (
            with_resource(|callback| callback.resource.associated_data = String::new()),
            "resource-other-associated-data(transaction)",
        ),
        (
            with_resource(|callback| {
                callback.resource.nonce = BASE64_STANDARD.encode(&callback.resource.nonce);
            }),
            "resource-nonce-rewritten(base64)",
        ),
        (
            with_resource(|callback| {
                let data = BASE64_STANDARD.decode(&callback.resource.ciphertext).unwrap();
                let (data, tag) = data.split_at(data.len() - 16);
                callback.resource.ciphertext = BASE64_STANDARD.encode([tag, data].concat());
            }),
            "resource-tag-first",
        ),
        (
            with_resource(|callback| {
                let mut data = BASE64_STANDARD.decode(&callback.resource.ciphertext).unwrap();
                data[40] ^= 1;
                callback.resource.ciphertext = BASE64_STANDARD.encode(data);
            }),
            "resource-altered",
        ),
    ] {
        let report = explained(&shown.raw(), &[]);
        assert_eq!(message(&report)["signature"]["state"], "holds", "{report:#}");
        assert_eq!(message(&report)["resource"]["name"], name, "{report:#}");
    }
}

#[test]
fn secrets_are_not_shown_unless_the_data_is_asked_for() {
    let shown = explain(&honest().raw(), &[]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    for secret in ["very-secret", "机密", KEY] {
        assert!(!shown.stdout.contains(secret), "{}", shown.stdout);
    }
    let shown = explain(&honest().raw(), &["--show-resource"]);
    assert!(shown.stdout.contains("\"attach\":\"机密\""), "{}", shown.stdout);
    assert_eq!(
        message(&explained(&honest().raw(), &["--show-resource"]))["resource"]["plaintext"],
        PLAINTEXT
    );
}
