//! Each fault changes exactly one thing in a response: the tests compare it with the response without the fault.

use std::{collections::BTreeMap, fmt::Display};

use wechatpay_mock::{Fault, FaultRule};
use wechatpay_protocol::{Certificate, Credentials, Nonce, ResponseMessage, Timestamp};

use super::{frozen_mock, raw};
use crate::support::{Connection, NOW, RawRequest, RawResponse, exchange};

const TIMESTAMP: &str = "Wechatpay-Timestamp";
const NONCE: &str = "Wechatpay-Nonce";
const SIGNATURE: &str = "Wechatpay-Signature";
const SERIAL: &str = "Wechatpay-Serial";
const SIGNATURE_TYPE: &str = "Wechatpay-Signature-Type";

/// A response with a fault, and the same response without it. Both have the same nonce and time.
struct Pair {
    faulty: Response,
    ordinary: Response,
}

#[derive(Clone, Debug, PartialEq)]
struct Response {
    status: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Response {
    fn of(response: &RawResponse) -> Self {
        let headers = response.head.lines().filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.into(), value.into())).collect();
        Self { status: response.status().into(), headers, body: response.body.clone() }
    }

    fn without(mut self, names: &[&str]) -> Self {
        for name in names {
            self.headers.remove(*name).unwrap_or_else(|| panic!("expected {name}, found {self:?}"));
        }
        self
    }

    fn with(mut self, name: &str, value: impl Display) -> Self {
        *self.headers.get_mut(name).unwrap() = value.to_string();
        self
    }

    /// Whether the certificate's key signed this response.
    fn is_signed_with(&self, certificate: &str) -> bool {
        let timestamp = Timestamp::from_unix(self.headers[TIMESTAMP].parse().unwrap());
        let message = ResponseMessage { timestamp, nonce: &self.headers[NONCE], body: &self.body };
        let key = Certificate::from_pem(certificate).unwrap();
        let signature = self.headers[SIGNATURE].parse().unwrap();
        key.verifying_key().verify(&message.to_bytes(), &signature).is_ok()
    }
}

async fn pair(fault: Fault) -> Pair {
    let faulty = Response::of(&exchange(&frozen_mock().await, &raw(&fault.trigger_number())).await);
    let ordinary = Response::of(&exchange(&frozen_mock().await, &raw("ordinary")).await);
    assert!(ordinary.is_signed_with(&platform_certificate()));
    Pair { faulty, ordinary }
}

fn platform_certificate() -> String {
    Credentials::development().platform_certificate.unwrap().1
}

#[tokio::test]
async fn a_fault_that_removes_headers_changes_nothing_else() {
    for (fault, missing) in [
        (Fault::Unsigned, &[TIMESTAMP, NONCE, SIGNATURE, SERIAL, SIGNATURE_TYPE][..]),
        (Fault::WithoutTimestamp, &[TIMESTAMP]),
        (Fault::WithoutNonce, &[NONCE]),
        (Fault::WithoutSignature, &[SIGNATURE]),
        (Fault::WithoutSerial, &[SERIAL]),
        (Fault::WithoutSignatureType, &[SIGNATURE_TYPE]),
    ] {
        let Pair { faulty, ordinary } = pair(fault).await;
        assert_eq!(faulty, ordinary.without(missing), "{fault}");
    }
}

#[tokio::test]
async fn wrong_serial_names_the_gateways_other_key() {
    let Pair { faulty, ordinary } = pair(Fault::WrongSerial).await;
    let (public_key, _) = Credentials::development().public_key.unwrap();
    assert_eq!(faulty, ordinary.with(SERIAL, public_key));
    // And the reverse.
    let (public_key, _) = Credentials::development().public_key.unwrap();
    let request = raw("MOCK*wrong-serial*1").header(&format!("{SERIAL}: {public_key}"));
    let faulty = Response::of(&exchange(&frozen_mock().await, &request).await);
    let (certificate, _) = Credentials::development().platform_certificate.unwrap();
    assert_eq!(faulty.headers[SERIAL], certificate.to_string());
}

#[tokio::test]
async fn unknown_serial_changes_only_the_serial_and_keeps_its_length() {
    let Pair { faulty, ordinary } = pair(Fault::UnknownSerial).await;
    let found = faulty.headers[SERIAL].clone();
    assert_ne!(found, ordinary.headers[SERIAL]);
    assert_eq!(found.len(), ordinary.headers[SERIAL].len());
    assert_eq!(faulty, ordinary.with(SERIAL, found));
}

#[tokio::test]
async fn wrong_key_signs_the_right_message_with_another_key() {
    let Pair { faulty, ordinary } = pair(Fault::WrongKey).await;
    assert!(faulty.is_signed_with(include_str!("../../../../fixtures/credentials/other_cert.pem")));
    assert!(!faulty.is_signed_with(&platform_certificate()));
    let signature = faulty.headers[SIGNATURE].clone();
    assert_eq!(faulty, ordinary.with(SIGNATURE, signature));
}

#[tokio::test]
async fn signtest_puts_a_prefix_before_the_right_signature() {
    let Pair { faulty, ordinary } = pair(Fault::Signtest).await;
    let signature = format!("WECHATPAY/SIGNTEST/{}", ordinary.headers[SIGNATURE]);
    assert_eq!(faulty, ordinary.with(SIGNATURE, signature));
}

#[tokio::test]
async fn a_wrong_timestamp_is_still_signed() {
    for (fault, timestamp) in
        [(Fault::StaleTimestamp, NOW.as_unix() - 301), (Fault::FutureTimestamp, NOW.as_unix() + 301)]
    {
        let Pair { faulty, ordinary } = pair(fault).await;
        assert!(faulty.is_signed_with(&platform_certificate()), "{fault}");
        let signature = faulty.headers[SIGNATURE].clone();
        assert_eq!(faulty, ordinary.with(TIMESTAMP, timestamp).with(SIGNATURE, signature), "{fault}");
    }
}

#[tokio::test]
async fn altered_nonce_sends_a_nonce_that_was_not_signed() {
    let Pair { faulty, ordinary } = pair(Fault::AlteredNonce).await;
    let nonce: Nonce = faulty.headers[NONCE].parse().unwrap();
    assert_ne!(nonce.as_str(), ordinary.headers[NONCE]);
    assert!(!faulty.is_signed_with(&platform_certificate()));
    assert_eq!(faulty, ordinary.with(NONCE, nonce));
}

#[tokio::test]
async fn altered_body_sends_json_that_was_not_signed() {
    let Pair { faulty, ordinary } = pair(Fault::AlteredBody).await;
    assert!(!faulty.is_signed_with(&platform_certificate()));
    let body = b"{\"altered\":true}".to_vec();
    let altered = Response { status: "200".into(), body, ..ordinary.with("Content-Length", 16) };
    assert_eq!(faulty, altered);
}

#[tokio::test]
async fn altered_body_adds_a_member_to_a_json_body() {
    let mock = frozen_mock().await;
    let card = || RawRequest {
        method: "GET",
        target: "/v3/marketing/membercard-open/cards/a/codes/1".into(),
        body: Vec::new(),
        ..RawRequest::sample()
    };
    let ordinary = exchange(&mock, &card()).await;
    mock.add_fault(FaultRule::of(Fault::AlteredBody)).unwrap();
    let faulty = exchange(&mock, &card()).await;
    let json = |response: &RawResponse| serde_json::from_slice::<serde_json::Value>(&response.body).unwrap();
    let mut expected = json(&ordinary);
    expected["altered"] = true.into();
    assert_eq!(json(&faulty), expected);
}

#[tokio::test]
async fn false_gzip_says_that_a_plain_signed_body_is_compressed() {
    let Pair { mut faulty, ordinary } = pair(Fault::FalseGzip).await;
    assert!(faulty.is_signed_with(&platform_certificate()));
    assert_eq!(faulty.headers.remove("Content-Encoding").as_deref(), Some("gzip"));
    let signature = faulty.headers[SIGNATURE].clone();
    let with_body = Response { status: "200".into(), body: b"{}".to_vec(), ..ordinary };
    assert_eq!(faulty, with_body.with("Content-Length", 2).with(SIGNATURE, signature));
    // A body stays as it is, even if the client accepts another coding.
    let mock = frozen_mock().await;
    let certificates = || RawRequest::certificates().header("Accept-Encoding: gzip, deflate");
    mock.add_fault(FaultRule::of(Fault::FalseGzip)).unwrap();
    let response = exchange(&mock, &certificates()).await;
    assert!(response.head.contains("\r\nContent-Encoding: gzip\r\n"), "{}", response.head);
    assert!(response.body.starts_with(b"{\"data\":"));
}

#[tokio::test]
async fn lower_case_headers_changes_only_the_names_and_closes_the_connection() {
    let ordinary = exchange(&frozen_mock().await, &raw("ordinary").header("Connection: close")).await;
    let mock = frozen_mock().await;
    let mut connection = Connection::open(&mock).await;
    connection.send(&raw(&Fault::LowerCaseHeaders.trigger_number()).to_bytes()).await;
    let faulty = connection.response().await;
    assert_eq!(sorted_lines(&faulty.head, str::to_owned), sorted_lines(&ordinary.head, str::to_lowercase));
    assert!(connection.is_closed().await);
}

/// The lines of a head in order, with each name passed through `name`.
fn sorted_lines(head: &str, name: fn(&str) -> String) -> Vec<String> {
    let line = |line: &str| match line.split_once(": ") {
        Some((text, value)) => format!("{}: {value}", name(text)),
        None => line.into(),
    };
    let mut lines: Vec<_> = head.split_terminator("\r\n").map(line).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn an_html_fault_sends_the_page_of_a_plain_web_server() {
    for (fault, status) in [
        (Fault::SystemErrorHtml, "500 Internal Server Error"),
        (Fault::BadGatewayHtml, "502 Bad Gateway"),
        (Fault::ServiceUnavailableHtml, "503 Service Unavailable"),
    ] {
        let response = exchange(&frozen_mock().await, &raw(&fault.trigger_number())).await;
        assert!(response.head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{}", response.head);
        assert!(response.head.contains("Content-Type: text/html\r\n"), "{}", response.head);
        assert!(
            !response.head.contains("Request-ID") && !response.head.contains("Wechatpay"),
            "{}",
            response.head
        );
        let page = String::from_utf8(response.body).unwrap();
        assert!(page.contains(&format!("<center><h1>{status}</h1></center>")), "{page}");
    }
}

#[tokio::test]
async fn an_error_is_signed_but_html_pages_and_sign_errors_are_not() {
    let mock = frozen_mock().await;
    for (fault, is_signed) in
        [(Fault::SystemError, true), (Fault::BadGatewayHtml, false), (Fault::SignError, false)]
    {
        let response = exchange(&mock, &raw(&fault.trigger_number())).await;
        assert_eq!(response.head.contains(SIGNATURE), is_signed, "{fault}");
    }
}
