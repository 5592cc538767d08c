//! The log: one line for each exchange, as text or JSON, without secrets.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::{Map, Value};
use wechatpay_protocol::Credentials;

use crate::support::{Running, signed};

impl Running {
    /// Sends this on a new connection, and returns everything received until the mock closes it.
    fn response_to(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }
}

/// A request that gets a 404.
fn unknown(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n").into()
}

/// The line without its time.
fn without_time(line: &str) -> &str {
    line.split_once(' ').unwrap().1.trim_start()
}

fn object(line: &str) -> Map<String, Value> {
    serde_json::from_str(line).unwrap()
}

/// A request number that triggers a fault.
const TRIGGER: &str = r#"{"out_request_no":"MOCK*system-error-applied*1"}"#;

#[test]
fn a_successful_request_is_info_and_a_harmless_habit_is_a_hint() {
    let mut mock = Running::start(&[]);
    assert!(mock.response_to(&signed(r#"{"out_request_no":"log"}"#)).starts_with("HTTP/1.1 204 "));
    let line = mock.line();
    let line = without_time(&line);
    assert!(line.starts_with("INFO #1 204 set_rights: no Wechatpay-Serial: "), "{line}");
    assert!(line.contains(" | PATCH /v3/marketing/membercard-open/cards/"), "{line}");
}

#[test]
fn a_hint_and_a_diagnosis_are_logged_once() {
    let mut mock = Running::start(&[]);
    for number in ["1", "2"] {
        mock.response_to(&signed(&format!(r#"{{"out_request_no":"{number}"}}"#)));
    }
    assert!(mock.line().contains("no Wechatpay-Serial"));
    let second = mock.line();
    assert!(second.contains(" #2 204 set_rights: ") && !second.contains("Wechatpay-Serial"), "{second}");
    let wrong = String::from_utf8(signed("{}")).unwrap().replace("\r\n\r\n{}", "\r\n\r\n[]");
    for _ in 0..2 {
        mock.response_to(wrong.as_bytes());
    }
    let third = mock.line();
    assert!(third.contains(" #3 401 set_rights: check 10: body-invented: "), "{third}");
    assert!(mock.line().contains("WARN #4 401 set_rights: check 10: body-invented again, see #3 | PATCH"));
}

#[test]
fn an_unusual_request_is_a_warning() {
    let mut mock = Running::start(&[]);
    for _ in 0..2 {
        mock.response_to(&signed(r#"{"out_request_no":"log"}"#));
    }
    mock.line();
    let line = mock.line();
    assert!(without_time(&line).starts_with("WARN #2 ") && line.contains("was used before"), "{line}");
}

#[test]
fn a_rejected_request_is_logged_with_the_failed_check_and_the_reason() {
    let mut mock = Running::start(&[]);
    mock.response_to(&unknown("/v3/none?page=1"));
    let line = mock.line();
    assert_eq!(
        without_time(&line),
        "WARN #1 404 -: check 1: no operation has this path; `wechatpay-mock operations` lists all | GET /v3/none?page=1"
    );
}

#[test]
fn only_a_misspelt_path_names_the_operation_that_is_meant() {
    let mut mock = Running::start(&[]);
    for (path, meant) in
        [("/v3/certificate", Some("; did you mean GET /v3/certificates?; ")), ("/v3/none", None)]
    {
        mock.response_to(&unknown(path));
        let line = mock.line();
        assert!(line.contains("no operation has this path; "), "{line}");
        assert!(line.contains("; `wechatpay-mock operations` lists all | "), "{line}");
        assert_eq!(line.contains("did you mean"), meant.is_some(), "{line}");
        assert!(meant.is_none_or(|meant| line.contains(meant)), "{line}");
    }
}

#[test]
fn an_applied_fault_is_named() {
    let mut mock = Running::start(&[]);
    assert!(mock.response_to(&signed(TRIGGER)).starts_with("HTTP/1.1 500 "));
    let line = mock.line();
    assert!(
        line.contains(
            " 500 set_rights: fault system-error-applied, by its request number, applied | PATCH /v3/"
        ),
        "{line}"
    );
}

#[test]
fn in_json_every_line_is_one_flat_object() {
    let mut mock = Running::start(&["--log", "json"]);
    mock.response_to(&signed(TRIGGER));
    mock.response_to(&unknown("/v3/none"));
    let mut line = object(&mock.line());
    assert!(line.values().all(|value| value.is_string() || value.is_u64()), "{line:?}");
    assert!(line["message"].as_str().unwrap().starts_with("#1 500 set_rights: "));
    assert!(line["request_id"].as_str().unwrap().starts_with("08"));
    assert!(line["microseconds"].as_u64().unwrap() > 0);
    for varying in ["message", "timestamp", "request_id", "microseconds", "target"] {
        line.remove(varying).unwrap();
    }
    let expected = serde_json::json!({
        "level": "WARN",
        "number": 1,
        "mchid": "1900000001",
        "method": "PATCH",
        "operation": "set_rights",
        "status": 500,
        "code": "SYSTEM_ERROR",
        "reason": "a fault caused 500 SYSTEM_ERROR",
        "warnings": "no-wechatpay-serial",
        "fault": "system-error-applied",
    });
    assert_eq!(Value::Object(line), expected);

    let line = object(&mock.line());
    assert_eq!((&line["check"], &line["target"]), (&1.into(), &"/v3/none".into()));
    for absent in ["mchid", "operation", "code", "diagnosis", "warnings", "fault", "request_id"] {
        assert!(!line.contains_key(absent), "{absent}");
    }
}

#[test]
fn peers_can_neither_forge_a_line_nor_control_a_terminal() {
    let requests = [
        // The HTTP parser accepts C1 control characters and bidirectional overrides, as UTF-8, in a target.
        unknown("/v3/\u{9b}31m\u{202e}\u{2028}WARN"),
        unknown("/v3/none?\u{85}ERROR"),
        // Names of members are the caller's.
        signed(r#"{"out_request_no":"1","\n\u001b[2J2026 INFO #7":1}"#),
        signed("{\"out_request_no\":\"1\",\"\u{9b}2J\":1}"),
        b"GET /v3/certificates HTTP/1.1\r\nConnection: close\r\nAuthorization: \xc2\x9b2J\t\xff\r\n\r\n"
            .to_vec(),
    ];
    for form in ["text", "json"] {
        let mut mock = Running::start(&["--log", form]);
        for (before, request) in requests.iter().enumerate() {
            mock.response_to(request);
            let line = mock.line();
            assert!(line.contains(&format!("#{} ", before + 1)), "a line too many: {line:?}");
            let is_plain =
                |one: char| !one.is_control() && !('\u{2000}'..='\u{206f}').contains(&one) || one == '…';
            assert!(line.chars().all(is_plain), "{line:?}");
        }
    }
}

#[test]
fn a_line_has_a_bounded_length() {
    let mut mock = Running::start(&["--log", "json"]);
    mock.response_to(&unknown(&format!("/v3/{}", "x".repeat(50_000))));
    assert!(mock.line().len() < 10_000);
}

#[test]
fn a_diagnosis_is_shown_where_the_option_says() {
    let wrong = String::from_utf8(signed("{}")).unwrap().replace("\r\n\r\n{}", "\r\n\r\n[]");
    for (mode, in_header, in_log) in [("header", true, true), ("journal", false, true), ("off", false, false)]
    {
        let mut mock = Running::start(&["--log", "json", "--diagnosis", mode]);
        let response = mock.response_to(wrong.as_bytes());
        assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
        assert_eq!(response.contains("\r\nMock-Diagnosis: "), in_header, "{mode}: {response}");
        let line = object(&mock.line());
        assert_eq!(line.contains_key("diagnosis"), in_log, "{mode}: {line:?}");
        assert_eq!(line["check"], 10);
    }
}

#[test]
fn no_line_has_a_key_or_a_signature() {
    let merchant = Credentials::development();
    let mut spoilt = String::from_utf8(signed("{}")).unwrap();
    let signature = spoilt.split("signature=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    spoilt = spoilt.replace("PATCH ", "POST ").replace("peer", "other");
    let another_body = String::from_utf8(signed("{}")).unwrap().replace("\r\n\r\n{}", "\r\n\r\n[]");
    for arguments in [&["--log", "json"], &["--log", "text"]] {
        let mut mock = Running::start(arguments);
        for request in [&spoilt, &another_body] {
            mock.response_to(request.as_bytes());
            let line = mock.line();
            for secret in [&signature[..20], merchant.apiv3_key.expose(), "PRIVATE KEY"] {
                assert!(!line.contains(secret), "{line}");
            }
        }
    }
}

#[test]
fn no_line_has_the_credentials_of_another_scheme() {
    for format in ["json", "text"] {
        let mut mock = Running::start(&["--log", format]);
        for (value, masked) in [
            ("Bearer correct-horse-battery", "Bearer (21 bytes, not shown)"),
            ("correct-horse-battery", "(21 bytes, not shown)"),
        ] {
            let request = format!(
                "GET /v3/certificates HTTP/1.1\r\nHost: mock\r\nAccept: */*\r\nUser-Agent: test\r\n\
                 Authorization: {value}\r\nConnection: close\r\n\r\n"
            );
            mock.response_to(request.as_bytes());
            let line = mock.line();
            assert!(line.contains(masked) && !line.contains("horse"), "{line}");
        }
    }
}

#[test]
fn requests_get_responses_even_if_stderr_is_closed() {
    let mut mock = Running::start(&[]);
    mock.log = None;
    for _ in 0..3 {
        assert!(mock.response_to(&unknown("/v3/none")).starts_with("HTTP/1.1 404 "));
    }
}
