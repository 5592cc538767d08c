//! Invalid keys and certificates are refused.

use super::*;

const MERCHANT: &str = "[[merchant]]\nmchid = \"1\"\ncertificate = \"";

#[test]
fn a_missing_key_file_is_reported_with_the_line_that_names_it() {
    let [place, problem, advice] = error(&format!("{MERCHANT}keys/cert.pem\""));
    assert_eq!(place, "mock.toml:3");
    assert!(problem.starts_with("certificate: expected a file, found none at /"), "{problem}");
    assert!(problem.contains("/keys/cert.pem: No such file"), "{problem}");
    assert_eq!(advice, "paths are relative to the folder of this configuration");
}

#[test]
fn a_key_instead_of_a_certificate_is_refused() {
    let [place, problem, _] = error(&format!("{MERCHANT}{{credentials}}/apiclient_key.pem\""));
    assert_eq!(place, "mock.toml:3");
    assert_eq!(
        problem,
        "certificate: expected PEM with CERTIFICATE, found -----BEGIN PRIVATE KEY----- in line 1"
    );
}

#[test]
fn der_and_utf_16_in_place_of_pem_are_named() {
    let utf16: Vec<u8> = "\u{feff}-----BEGIN 会".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (content, found) in [(&b"\x30\x82\x03\x01"[..], "found DER"), (&utf16[..], "found UTF-16")] {
        let folder = Folder::new(&format!("{MERCHANT}c.pem\""));
        fs::write(folder.0.path().join("c.pem"), content).unwrap();
        let [place, problem, advice] = folder.error();
        assert_eq!(place, "mock.toml:3");
        assert!(problem.starts_with("certificate: expected PEM, which is text, ") && problem.contains(found));
        assert_eq!(advice, "convert the file, or name another");
    }
}

#[test]
fn a_public_key_instead_of_a_private_key_is_refused() {
    let [place, problem, advice] =
        error("[public_key]\nid = \"PUB_KEY_ID_1\"\nprivate_key = \"{credentials}/pub_key.pem\"");
    assert_eq!(place, "mock.toml:3");
    assert!(problem.contains("found -----BEGIN PUBLIC KEY----- in line 1"), "{problem}");
    assert!(advice.starts_with("openssl genpkey"), "{advice}");
}

#[test]
fn a_private_key_of_another_certificate_is_refused() {
    let merchant = "[[merchant]]\nmchid = \"1\"\ncertificate = \"{credentials}/apiclient_cert.pem\"";
    let platform = "[[platform_certificate]]\n\ncertificate = \"{credentials}/other_cert.pem\"";
    for (config, key) in [(merchant, "other_key.pem"), (platform, "platform_key.pem")] {
        let [place, problem, _] = error(&format!("{config}\nprivate_key = \"{{credentials}}/{key}\""));
        assert_eq!(place, "mock.toml:4");
        assert!(
            problem.starts_with("private_key: expected the private key of the certificate "),
            "{problem}"
        );
    }
}

#[test]
fn a_private_key_without_its_certificate_is_refused() {
    let [place, problem, _] =
        error("[[merchant]]\nmchid = \"1\"\nprivate_key = \"{credentials}/apiclient_key.pem\"");
    assert_eq!(
        (&*place, &*problem),
        ("mock.toml:3", "private_key: expected the key certificate as well, found none")
    );
}

#[test]
fn a_certificate_that_is_not_valid_at_the_start_is_refused() {
    for (table, key) in [(MERCHANT, "apiclient_key.pem"), (PLATFORM, "platform_key.pem")] {
        for years in [[2020, 2025], [2027, 2030]] {
            let folder = Folder::new(&format!("{table}c.pem\"")).with_certificate("c.pem", key, years);
            let [place, problem, advice] = folder.error();
            assert_eq!(place, "mock.toml:3");
            let [from, to] = years.map(|year| format!("{year}-01-01T08:00:00+08:00"));
            assert_eq!(
                problem,
                format!(
                    "certificate: expected a certificate valid at 2026-01-01T00:00:00+08:00, \
                     found one valid from {from} to {to}"
                )
            );
            assert!(advice.starts_with("name a valid certificate"), "{advice}");
        }
    }
}

#[test]
fn a_merchant_with_a_platform_certificate_is_refused() {
    let own = "wechatpay_6B02BF8E93D977998EC83F5E1A7E346B7265A191.pem";
    let [place, problem, _] = error(&format!("{MERCHANT}{{credentials}}/{own}\""));
    assert_eq!(place, "mock.toml:3");
    assert!(problem.starts_with("certificate: expected a unique serial number"), "{problem}");
}
