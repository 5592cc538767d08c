//! Invalid change-overs are refused.

use super::*;

/// A change-over from one certificate to another. Each is valid from the first to the second year.
fn change_over(old: [i32; 2], new: [i32; 2], signs_from: &str) -> Folder {
    let signs_from = if signs_from.is_empty() { String::new() } else { format!("signs_from = {signs_from}") };
    Folder::new(&format!("{PLATFORM}old.pem\"\n{SECOND}new.pem\"\n{signs_from}"))
        .with_certificate("old.pem", "platform_key.pem", old)
        .with_certificate("new.pem", "other_key.pem", new)
}

const LONG: [i32; 2] = [2020, 2089];

#[test]
fn a_second_platform_certificate_signs_from_a_time_on() {
    for signs_from in ["\"2026-11-24T00:00:00+08:00\"", "2026-11-24T00:00:00+08:00"] {
        let config = change_over(LONG, [2026, 2031], signs_from).read().unwrap();
        let PlatformCertificates::ChangeOver { signs_from, .. } = config.platform_certificates else {
            panic!()
        };
        assert_eq!(signs_from.to_rfc3339(), "2026-11-24T00:00:00+08:00");
    }
}

#[test]
fn a_second_platform_certificate_without_a_time_is_refused() {
    let [place, problem, advice] = change_over(LONG, LONG, "").error();
    assert_eq!((&*place, &*problem), ("mock.toml:4", "expected the key signs_from, found none"));
    assert!(advice.contains("signs_from = \"2026-11-24T00:00:00+08:00\""), "{advice}");
}

#[test]
fn a_time_without_its_offset_is_refused() {
    for signs_from in ["\"2026-11-24 00:00\"", "2026-11-24T00:00:00", "2026-11-24", "5"] {
        let [place, problem, _] = change_over(LONG, LONG, signs_from).error();
        assert_eq!(place, "mock.toml:7");
        assert!(problem.starts_with("signs_from: expected a time with its offset"), "{problem}");
    }
}

#[test]
fn a_first_platform_certificate_with_a_time_is_refused() {
    let folder = Folder::new(&format!("{PLATFORM}a.pem\"\nsigns_from = \"2026-11-24T00:00:00+08:00\""));
    let [place, problem, _] = folder.with_certificate("a.pem", "platform_key.pem", LONG).error();
    assert_eq!(place, "mock.toml:4");
    assert!(problem.contains("expected this in the second certificate only"), "{problem}");
}

#[test]
fn a_first_certificate_that_ends_before_the_second_signs_is_refused() {
    let [place, problem, _] = change_over([2020, 2027], LONG, "2027-02-01T00:00:00+08:00").error();
    assert_eq!(place, "mock.toml:3");
    assert!(problem.contains("expected a certificate valid at 2027-02-01T00:00:00+08:00"), "{problem}");
}

#[test]
fn a_second_certificate_that_begins_after_it_signs_is_refused() {
    let [place, problem, _] = change_over(LONG, [2028, 2030], "2027-02-01T00:00:00+08:00").error();
    assert_eq!(place, "mock.toml:6");
    assert!(problem.contains("found one valid from 2028-01-01T08:00:00+08:00"), "{problem}");
}

#[test]
fn one_certificate_twice_is_refused() {
    let twice = format!("{PLATFORM}a.pem\"\n{PLATFORM}a.pem\"\nsigns_from = 2027-02-01T00:00:00+08:00");
    let folder = Folder::new(&twice).with_certificate("a.pem", "platform_key.pem", LONG);
    assert!(folder.error()[1].starts_with("certificate: expected a unique serial number"));
}

#[test]
fn a_third_platform_certificate_is_refused() {
    let three = format!("{PLATFORM}a.pem\"\n{PLATFORM}a.pem\"\n{PLATFORM}a.pem\"");
    let folder = Folder::new(&three).with_certificate("a.pem", "platform_key.pem", LONG);
    let [place, problem, _] = folder.error();
    assert_eq!(
        (&*place, &*problem),
        ("mock.toml:7", "expected at most two [[platform_certificate]], found 3")
    );
}
