//! Answers to requests.

use std::fs;

use wechatpay_protocol::SigningKey;

use super::{
    capture::{Shown, curl, har},
    credentials, explained,
};

const CERTIFICATE: &str = "6B02BF8E93D977998EC83F5E1A7E346B7265A191";
const PUBLIC_KEY: &str = "PUB_KEY_ID_0119000000012026010100000000000001";
const NONCE: &str = "8d3cbe2a1c6f4f1aa4dcb4bfb92bb3c5";
const BODY: &str = "{\"prepay_id\":\"wx20\",\"ratio\":1.0}";

fn sign(key: &str, message: &str) -> String {
    let pem = fs::read_to_string(credentials(key)).unwrap();
    SigningKey::from_pem(&pem).unwrap().sign(message.as_bytes()).to_string()
}

/// The request, signed rightly.
fn request() -> Shown {
    let (target, nonce, timestamp) =
        ("/v3/pay/transactions/jsapi", "593bec0c930bf1afeb40b4a08c8fb242", "1756951532");
    let signature = sign("apiclient_key.pem", &format!("POST\n{target}\n{timestamp}\n{nonce}\n{{}}\n"));
    let authorization = format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"1900000001\",nonce_str=\"{nonce}\",signature=\"{signature}\",\
         timestamp=\"{timestamp}\",serial_no=\"5CC5AD420837ACD1DF638796A0EFF0D800F88D4E\""
    );
    let headers = vec![("Authorization".into(), authorization)];
    Shown { first_line: format!("POST {target} HTTP/1.1"), headers, body: b"{}".into() }
}

fn answer(serial: &str, signature: &str, body: &str) -> Shown {
    let headers = [
        ("wechatpay-timestamp", "1756951533"),
        ("wechatpay-nonce", NONCE),
        ("wechatpay-serial", serial),
        ("wechatpay-signature", signature),
        ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048"),
    ];
    let headers = headers.map(|(name, value)| (name.into(), value.into()));
    Shown { first_line: "HTTP/2 200".into(), headers: headers.into(), body: body.into() }
}

fn message() -> String {
    format!("1756951533\n{NONCE}\n{BODY}\n")
}

/// The answer's signature: its state and its name.
fn verdict(capture: &[u8], options: &[&str]) -> (String, String) {
    let report = explained(capture, options);
    let answer = report["messages"].as_array().unwrap().iter().find(|message| message["kind"] == "answer");
    let answer = answer.unwrap_or_else(|| panic!("{report:#}"));
    let text = |field: &str| answer["signature"][field].as_str().unwrap_or_default().to_owned();
    (text("state"), text("name"))
}

fn wrong(name: &str) -> (String, String) {
    ("does-not-hold".into(), name.into())
}

#[test]
fn answers_hold_by_certificate_and_by_public_key() {
    for (serial, key) in [(CERTIFICATE, "platform_key.pem"), (PUBLIC_KEY, "pub_key_private.pem")] {
        let answer = answer(serial, &sign(key, &message()), BODY);
        for capture in [har(&[(&request(), Some(&answer))]), curl(&request(), &answer), answer.copied()] {
            let report = explained(&capture, &[]);
            assert_eq!(report["holds"], true, "{report:#}");
        }
    }
    let answer = answer(PUBLIC_KEY, &sign("pub_key_private.pem", &message()), BODY).copied();
    let public_key = credentials("pub_key.pem");
    for options in [&["--public-key-id", PUBLIC_KEY][..], &[]] {
        let options = [&["--public-key", &public_key], options].concat();
        assert_eq!(verdict(&answer, &options).0, "holds");
    }
}

#[test]
fn each_mistake_in_an_answer_is_named_in_an_archive_and_in_curls_output() {
    let right = sign("platform_key.pem", &message());
    let of_the_request = message().replace(NONCE, "593bec0c930bf1afeb40b4a08c8fb242");
    let five_lines = format!("POST\n/v3/pay/transactions/jsapi\n{}", message());
    for (answer, name) in [
        (answer(CERTIFICATE, &right, &BODY.replace("1.0", "1")), "received-numbers-reprinted"),
        (answer(CERTIFICATE, &right, &BODY.replace("\":", "\": ")), "received-body-reprinted(spaced)"),
        (answer(PUBLIC_KEY, &right, BODY), "serial-of-another-key"),
        (answer(CERTIFICATE, &sign("platform_key.pem", &of_the_request), BODY), "nonce-of-the-request"),
        (answer(CERTIFICATE, &sign("platform_key.pem", &five_lines), BODY), "request-style-five-lines"),
        (answer(CERTIFICATE, &sign("apiclient_key.pem", &message()), BODY), "not-the-gateways-key"),
        (answer(CERTIFICATE, &format!("WECHATPAY/SIGNTEST/{}", "A".repeat(336)), BODY), "signtest"),
        (answer(CERTIFICATE, &right, "{\"prepay_id\":\"wx21\"}"), "other-message"),
    ] {
        for capture in [har(&[(&request(), Some(&answer))]), curl(&request(), &answer)] {
            assert_eq!(verdict(&capture, &[]), wrong(name));
        }
    }
}

#[test]
fn a_success_without_a_signature_is_wrong_and_a_refusal_or_a_file_is_not() {
    let unsigned = |status: &str| Shown {
        first_line: format!("HTTP/1.1 {status}"),
        headers: Vec::new(),
        body: b"{}".into(),
    };
    let har = |request: &Shown, response: &Shown| har(&[(request, Some(response))]);
    assert_eq!(verdict(&har(&request(), &unsigned("200 OK")), &[]), ("missing".into(), "unsigned".into()));
    assert_eq!(verdict(&har(&request(), &unsigned("401 X")), &[]), ("unsigned".into(), "unsigned".into()));
    let mut half = answer(CERTIFICATE, "AAAA", BODY);
    half.headers.remove(0);
    assert_eq!(verdict(&har(&request(), &half), &[]), wrong("malformed"));
    let mut other_type = answer(CERTIFICATE, "AAAA", BODY);
    other_type.headers[4].1 = "WECHATPAY2-SM2-WITH-SM3".into();
    assert_eq!(verdict(&har(&request(), &other_type), &[]), wrong("malformed"));
}
