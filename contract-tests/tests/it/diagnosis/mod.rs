//! Signatures with known mistakes are explained, and no others.
//!
//! The `rsa` crate and the `openssl` command make the mistakes, not the code under test.

mod committed;
mod forged;
mod hints;
mod over_http;
mod received;
mod resource;
mod scene;
mod vectors;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};
use wechatpay_mock::diagnosis::{
    Verdict, known_business_view_hints, known_business_view_mistakes, known_hints, known_mistakes,
    known_pay_sign_hints, known_pay_sign_mistakes, known_resource_hints, known_resource_mistakes,
    known_response_hints, known_response_mistakes,
};
use wechatpay_protocol::HashAlgorithm;

use self::{
    committed::{BY_OPENSSL, COMMITTED},
    scene::{Scene, has_openssl},
};

/// Long enough for every mistake, in an unoptimized build too.
const ENOUGH_TIME: Duration = Duration::from_secs(120);

#[test]
fn each_mistake_is_named_when_another_implementation_makes_it() {
    let mut failures = Vec::new();
    let has_openssl = has_openssl();
    for mistake in COMMITTED {
        if !has_openssl && BY_OPENSSL.contains(&mistake.name) {
            eprintln!("skipped: {}: openssl is not installed", mistake.name);
            continue;
        }
        let (scene, signature) = (mistake.commit)(Scene::default());
        let diagnosis = scene.diagnose(&signature, ENOUGH_TIME);
        let proven = diagnosis.as_ref().filter(|diagnosis| diagnosis.verdict == Verdict::Proven);
        let names = proven.map(|diagnosis| diagnosis.mistakes.iter().map(|one| one.known.name));
        let names: Vec<_> = names.into_iter().flatten().collect();
        if names != [mistake.name] {
            failures.push(format!("{}: found {names:?}: {diagnosis:?}", mistake.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn each_known_mistake_is_tested_here() {
    let known: BTreeSet<&str> = known_mistakes().iter().map(|one| one.name).collect();
    let committed: BTreeSet<&str> = COMMITTED.iter().map(|one| one.name).collect();
    assert_eq!(known, committed);
    assert_eq!(known.len(), known_mistakes().len(), "two mistakes have one name");
}

#[test]
fn each_mistake_has_a_name_in_kebab_case_and_a_remedy_in_two_languages() {
    let mistakes = [
        known_mistakes(),
        known_response_mistakes(),
        known_resource_mistakes(),
        known_pay_sign_mistakes(),
        known_business_view_mistakes(),
    ]
    .concat();
    let hints = known_hints().chain(known_response_hints()).chain(known_resource_hints());
    let hints = hints.chain(known_pay_sign_hints()).chain(known_business_view_hints());
    for one in mistakes.into_iter().chain(hints) {
        assert!(
            one.name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')),
            "{}",
            one.name
        );
        assert!(one.english.is_ascii() && one.english.len() > 20, "{}", one.name);
        assert!(!one.english.contains('\n') && !one.chinese.contains('\n'), "{}", one.name);
        assert!(
            one.chinese.chars().any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character)),
            "{}",
            one.name
        );
    }
}

#[test]
fn two_mistakes_at_once_are_both_named() {
    let scene = Scene::default();
    let both = |scene: &Scene, signature: &str| {
        let diagnosis = scene.diagnose(signature, ENOUGH_TIME).unwrap();
        assert_eq!(diagnosis.verdict, Verdict::Proven);
        diagnosis.name()
    };
    let no_newline = scene.message().trim_end().to_owned();
    assert_eq!(
        both(&scene, &scene::hex(&scene::sign(no_newline.as_bytes()))),
        "signature-hex+no-final-newline"
    );
    assert_eq!(
        both(&scene, &scene::base64(&scene::openssl_sign("sha1", no_newline.as_bytes()))),
        "sha1+no-final-newline"
    );
    let spaced = scene.with_body(&scene.body.replace("\":", "\": ").replace(",\"", ", \""));
    let crlf = spaced.message().replace('\n', "\r\n");
    assert_eq!(both(&scene, &scene::base64(&scene::sign(crlf.as_bytes()))), "body-reserialized(spaced)+crlf");
    let bare = scene.with_target(scene.target.split('?').next().unwrap()).with_body("");
    assert_eq!(
        both(&scene, &scene::base64(&scene::sign(bare.message().as_bytes()))),
        "query-left-out+body-left-out"
    );
    let swapped = Scene { method: "patch".into(), ..scene.clone() };
    let swapped = swapped.lines([0, 1, 3, 2, 4]);
    assert_eq!(
        both(&scene, &scene::base64(&scene::sign_with("platform_key.pem", swapped.as_bytes()))),
        "platform-key+method-lower-case+timestamp-nonce-swapped"
    );
}

#[test]
fn a_name_tells_variants_apart() {
    let scene = Scene::default().with_body(r#"{"b":"<钻","a":1}"#);
    let name = |message: &str| {
        let diagnosis = scene.diagnose(&scene::base64(&scene::sign(message.as_bytes())), ENOUGH_TIME);
        diagnosis.unwrap().name()
    };
    for (body, variants) in [
        (r#"{"b": "<钻", "a": 1}"#, "spaced"),
        (r#"{"b":"<\u94bb","a":1}"#, "escaped"),
        (r#"{"a":1,"b":"<钻"}"#, "sorted"),
        ("{\n  \"a\": 1,\n  \"b\": \"\\u003c钻\"\n}", "indented,escaped,sorted"),
    ] {
        assert_eq!(name(&scene.with_body(body).message()), format!("body-reserialized({variants})"));
    }
    let hash = Sha256::digest(scene.message());
    assert_eq!(name(&scene::hex(&hash)), "hash-signed-as-message(hex)");
    assert_eq!(name(&scene::base64(&hash)), "hash-signed-as-message(base64)");
    let sha1 = HashAlgorithm::Sha1.digest(scene.message().as_bytes());
    assert_eq!(name(&scene::hex(&sha1)), "hash-signed-as-message(sha1,hex)");
    let spaced = scene.with_body(r#"{"b": "<钻", "a": 1}"#);
    let hash = scene::hex(&Sha256::digest(spaced.message()));
    assert_eq!(name(&hash), "hash-signed-as-message(hex)+body-reserialized(spaced)");
}

#[test]
fn a_body_of_few_fields_is_found_in_any_order_also_with_the_escapes_of_go() {
    let fields = [r#""b":"<&>""#, r#""c":{"y":1,"x":2}"#, r#""a":600"#];
    let scene = Scene::default().with_body(&format!("{{{}}}", fields.join(",")));
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let body = format!("{{{}}}", order.map(|at| fields[at]).join(","));
        let go = body.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        let inner = body.replace(r#""y":1,"x":2"#, r#""x":2,"y":1"#);
        for signed in [body, go, inner].iter().filter(|signed| **signed != scene.body) {
            let signature = scene::base64(&scene::sign(scene.with_body(signed).message().as_bytes()));
            let diagnosis = scene.diagnose(&signature, ENOUGH_TIME).unwrap();
            assert_eq!(diagnosis.verdict, Verdict::Proven, "{signed}");
            assert!(diagnosis.name().starts_with("body-reserialized("), "{diagnosis}");
        }
    }
}

#[test]
fn an_empty_query_that_was_left_out_is_a_query_left_out() {
    for body in ["", "{}"] {
        let scene = Scene::get().with_target("/v3/certificates?").with_body(body);
        let signed = scene.with_target("/v3/certificates").message();
        let diagnosis = scene.diagnose(&scene::base64(&scene::sign(signed.as_bytes())), ENOUGH_TIME);
        assert_eq!(diagnosis.unwrap().name(), "query-left-out");
    }
}

#[test]
fn a_valid_signature_has_no_diagnosis() {
    let scene = Scene::default();
    let signature = scene::base64(&scene::sign(scene.message().as_bytes()));
    assert_eq!(scene.diagnose(&signature, ENOUGH_TIME), None);
}

#[test]
fn a_single_mistake_and_a_known_key_are_found_without_any_time() {
    let scene = Scene::default();
    let name =
        |signature: Vec<u8>| scene.diagnose(&scene::base64(&signature), Duration::ZERO).unwrap().name();
    let message = scene.message();
    assert_eq!(name(scene::sign(message.trim_end().as_bytes())), "no-final-newline");
    assert_eq!(name(scene::sign(message.to_lowercase().as_bytes())), "other-message");
    assert_eq!(name(scene::sign_with("other_key.pem", message.as_bytes())), "strangers-key");
}

#[test]
fn a_mistake_is_found_with_a_large_body() {
    let body = format!("{{\"word\":\"{}\"}}", "钻石".repeat(100_000));
    let scene = Scene::default().with_body(&body);
    let name = |message: &str| {
        let diagnosis = scene.diagnose(&scene::base64(&scene::sign(message.as_bytes())), ENOUGH_TIME);
        diagnosis.unwrap().name()
    };
    assert_eq!(name(&scene.with_body("").message()), "body-left-out");
    assert_eq!(name(&scene.message().replacen("PATCH", "patch", 1)), "method-lower-case");
}

#[test]
fn a_diagnosis_stops_at_the_time_limit_and_says_so() {
    let scene = Scene::default().with_body(&format!("{{\"word\":\"{}\"}}", "钻石/".repeat(8_000)));
    let signature = scene::base64(&scene::sign(b"another message"));
    let start = Instant::now();
    let diagnosis = scene.diagnose(&signature, Duration::ZERO).unwrap();
    // Far longer than this takes, and far shorter than trying everything would take.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(diagnosis.verdict, Verdict::OtherMessage);
    assert!(
        diagnosis.to_string().ends_with("the time limit was reached before every known mistake was tried"),
        "{diagnosis}"
    );
}

#[test]
fn the_line_that_differs_is_shown_beside_what_was_signed() {
    let scene = Scene::default();
    let bare = scene.with_target(scene.target.split('?').next().unwrap());
    let signature = scene::base64(&scene::sign(bare.message().as_bytes()));
    let difference = scene.diagnose(&signature, ENOUGH_TIME).unwrap().difference.unwrap();
    assert_eq!((difference.line, difference.name()), (2, "path and query"));
    assert_eq!(difference.signed, "…|0%2FjvWO/rights\\n");
    assert!(difference.expected.starts_with("…|0%2FjvWO/rights?b=1%2C2&a"), "{}", difference.expected);
}
