//! What the command line takes and refuses, and what it prints.

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};

use super::{credentials, explain};
use crate::support::{command, ended};

/// Headers and body with a signature of noise.
const CAPTURE: &str = "Wechatpay-Timestamp: 1756951532\nWechatpay-Nonce: \u{1b}[2Jn\nWechatpay-Serial: \u{202e}6B02\n\
                       Wechatpay-Signature: AAAA\nSet-Cookie: very-secret\n\n{\"a\":1}\n";

#[test]
fn a_private_key_is_refused_and_not_shown() {
    let key = credentials("apiclient_key.pem");
    for option in ["--certificate", "--public-key", "--apiv3-key-file"] {
        let refused = explain(CAPTURE.as_bytes(), &[option, &key]);
        assert_eq!(refused.code, Some(2));
        assert!(refused.stderr.contains("found a private key (not shown)"), "{}", refused.stderr);
    }
    let content = fs::read(&key).unwrap();
    let refused = explain(&content, &[]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("found a private key (not shown)"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("MII"), "{}", refused.stderr);
}

#[test]
fn a_file_without_a_message_is_wrong_usage() {
    for (capture, part) in [
        ("", "found none"),
        ("Dear all,\nnothing to see.\n", "found none"),
        ("GET /index.html HTTP/1.1\nHost: example.com\n\n", "found none in 1 other message"),
        ("{\"log\":{\"entries\":[]}}", "found none"),
        ("{\"log\":{\"entries\":1}}", "JSON of another form at line 1"),
        ("{\"a\":", "JSON of another form at line 1"),
        ("{\"a\":1}", "found none"),
    ] {
        let refused = explain(capture.as_bytes(), &[]);
        assert_eq!(refused.code, Some(2), "{capture}: {}", refused.stdout);
        assert!(refused.stderr.contains(part), "{capture}: {}", refused.stderr);
    }
}

#[test]
fn a_capture_that_is_too_large_is_refused() {
    let refused = explain(&vec![b'a'; 16 * 1024 * 1024 + 1], &[]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("at most 16 MiB"), "{}", refused.stderr);
}

#[test]
fn wrong_keys_are_named_with_their_file() {
    let capture = credentials("credentials.json");
    for (options, part) in [
        (vec!["--certificate", "/nonexistent.pem"], "cannot read /nonexistent.pem"),
        (vec!["--certificate", &capture], "credentials.json"),
        (vec!["--public-key-id", "PUB_KEY_ID_1"], "--public-key"),
        (vec!["--credentials", "/nonexistent"], "cannot read /nonexistent"),
    ] {
        let refused = explain(CAPTURE.as_bytes(), &options);
        assert_eq!(refused.code, Some(2), "{options:?}");
        assert!(refused.stderr.contains(part), "{options:?}: {}", refused.stderr);
    }
}

#[test]
fn credentials_are_used_without_their_private_key() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "apiclient_cert.pem",
        "pub_key.pem",
        "wechatpay_6B02BF8E93D977998EC83F5E1A7E346B7265A191.pem",
        "credentials.json",
    ] {
        fs::copy(credentials(name), folder.path().join(name)).unwrap();
    }
    let report = super::explained(CAPTURE.as_bytes(), &["--credentials", folder.path().to_str().unwrap()]);
    assert_eq!(
        (&report["keys"], report["messages"][0]["kind"].as_str()),
        (&"credentials".into(), Some("answer"))
    );
}

#[test]
fn what_is_shown_cannot_control_the_terminal_and_has_no_cookie() {
    let shown = explain(CAPTURE.as_bytes(), &[]);
    assert_eq!(shown.code, Some(1), "{}", shown.stderr);
    assert!(shown.stdout.starts_with("keys: the development credentials"), "{}", shown.stdout);
    for secret in ["\u{1b}", "\u{202e}", "very-secret"] {
        assert!(!shown.stdout.contains(secret), "{}", shown.stdout);
    }
}

#[test]
fn the_report_is_in_chinese_on_request_and_by_the_locale() {
    let shown = explain(CAPTURE.as_bytes(), &["--lang", "zh"]);
    assert!(shown.stdout.contains("密钥：") && shown.stdout.contains("#1 应答"), "{}", shown.stdout);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("capture");
    fs::write(&file, CAPTURE).unwrap();
    let mut by_locale = command();
    by_locale.env("LC_ALL", "zh_CN.UTF-8").arg("explain").arg(&file);
    assert_eq!(ended(by_locale.output().unwrap()).stdout, shown.stdout);
}

#[test]
fn a_capture_is_read_from_stdin() {
    let mut explain: Command = command();
    explain
        .args(["explain", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = explain.spawn().unwrap();
    child.stdin.take().unwrap().write_all(CAPTURE.as_bytes()).unwrap();
    let ended = ended(child.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
}

#[test]
fn every_beginning_of_a_capture_is_read_without_harm() {
    let har = r#"{"log":{"entries":[{"request":{"method":"GET","url":"http://a/v3/b"},"response":null}]}}"#;
    let curl =
        "> GET /v3/a HTTP/1.1\n> Authorization: WECHATPAY2-SHA256-RSA2048 a\n>\n< HTTP/1.1 200\n< \n{\"a\"";
    for capture in [CAPTURE, har, curl] {
        let cuts = capture.char_indices().map(|(at, _)| at).step_by(9);
        for end in cuts.chain([capture.len()]) {
            let ended = explain(&capture.as_bytes()[..end], &[]);
            assert!(matches!(ended.code, Some(0..=2)), "{end}: {}", ended.stderr);
        }
    }
}
