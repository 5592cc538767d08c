//! Invalid values are refused.

use super::*;

#[test]
fn an_address_without_a_port_is_refused() {
    let [place, problem, advice] = error("listen = \"localhost\"");
    assert_eq!(place, "mock.toml:1");
    assert_eq!(problem, "listen: expected an IP address and a port, found \"localhost\"");
    assert!(advice.contains("127.0.0.1:8080"));
}

#[test]
fn a_limit_out_of_range_is_refused_with_the_range() {
    assert_eq!(error("[limits]\nhead = 1")[1], "head: expected 8192 to 16777216 bytes, found 1");
    assert_eq!(
        error("[limits]\nrequest_numbers = -1")[1],
        "request_numbers: expected a whole number from 0 to 2^64 - 1, found -1"
    );
}

#[test]
fn a_ratio_of_more_than_all_or_a_time_of_more_than_a_week_is_refused() {
    let [place, problem, advice] = error("max_ratio = 10001");
    assert_eq!(place, "mock.toml:1");
    assert_eq!(problem, "max_ratio: expected a number from 0 to 10000, found 10001");
    assert_eq!(advice, "it is in hundredths of a percent: 3000 for 30 %");
    let problem = &error("sharing_delay = \"after 8d\"")[1];
    assert_eq!(problem, "sharing_delay: expected a time, found \"after 8d\"");
}

#[test]
fn an_unknown_value_of_a_policy_is_refused_with_the_known_ones() {
    let [place, problem, _] = error("[policies]\n\nrepeat = \"refuse\"");
    assert_eq!(place, "mock.toml:3");
    assert_eq!(problem, "repeat: expected one of accept, reject, found \"refuse\"");
}

#[test]
fn an_unknown_kind_or_trust_mode_is_refused_with_the_known_ones() {
    assert_eq!(
        error("[[merchant]]\nmchid = \"1\"\nkind = \"partner\"")[1],
        "kind: expected one of direct, service-provider, found \"partner\""
    );
    let [place, problem, advice] = error("[[merchant]]\nmchid = \"1\"\ntrust = \"public_key\"");
    assert_eq!(place, "mock.toml:3");
    assert_eq!(
        problem,
        "trust: expected one of platform-certificate, public-key, both, found \"public_key\""
    );
    assert_eq!(advice, "did you mean public-key?");
}

#[test]
fn an_invalid_mchid_is_refused() {
    let [place, problem, advice] = error("[[merchant]]\nmchid = \"19000x0002\"");
    assert_eq!(place, "mock.toml:2");
    assert_eq!(problem, "mchid: expected 1 to 32 decimal digits, found `x0002` at byte 5");
    assert!(advice.contains("1900000002"), "{advice}");
    assert_eq!(error("[[merchant]]\nmchid = 1900000002")[2], "put it in double quotes");
    assert_eq!(error("\n[[merchant]]")[..2], ["mock.toml:2", "expected the key mchid, found none"]);
}

#[test]
fn two_merchants_with_the_same_mchid_are_refused() {
    let [place, problem, advice] = error("[[merchant]]\nmchid = \"1\"\n[[merchant]]\nmchid = \"1\"");
    assert_eq!(place, "mock.toml:4");
    assert_eq!(problem, "mchid: expected each mchid once, found 1 again, first in line 2");
    assert_eq!(advice, "remove one of the two merchants");
}

#[test]
fn an_apiv3_key_that_is_not_32_bytes_is_refused_and_never_shown() {
    for key in ["SECRET", "SECRET-with-a-space in-it-32-long", "SECRET-0123456789-0123456789-0123"] {
        let folder = Folder::new(&format!("[[merchant]]\nmchid = \"1\"\napiv3_key = \"{key}\""));
        let [place, problem, _] = folder.error();
        assert_eq!(place, "mock.toml:3");
        assert!(problem.starts_with("APIv3 key: expected 32 visible ASCII characters"), "{problem}");
        let error = folder.read().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{error}");
    }
}

#[test]
fn an_admin_token_that_is_too_short_is_refused_and_never_shown() {
    for token in ["SECRET", "SECRET with spaces in it"] {
        let folder = Folder::new(&format!("\nadmin_token = \"{token}\""));
        let [place, problem, advice] = folder.error();
        assert_eq!((&*place, &*advice), ("mock.toml:2", "openssl rand -hex 32 makes one"));
        assert!(problem.starts_with("admin_token: expected 16 to 256 visible ASCII characters"), "{problem}");
        let error = folder.read().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{error}");
    }
}

#[test]
fn an_invalid_public_key_id_is_refused() {
    let [place, problem, _] =
        error("[public_key]\nid = \"PUB_1\"\nprivate_key = \"{credentials}/pub_key_private.pem\"");
    assert_eq!(place, "mock.toml:2");
    assert!(problem.contains("expected PUB_KEY_ID_ and 1 to 64 digits"), "{problem}");
    assert_eq!(
        error("[public_key]\nid = \"PUB_KEY_ID_1\"")[..2],
        ["mock.toml:1", "expected the key private_key, found none"]
    );
}
