//! The case format: its JSON Schema and the reader accept the same cases.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use jsonschema::Validator;
use serde_json::{Value, json};
use wechatpay_contract::{
    case::{self, SCHEMA},
    sign::Sign,
};
use wechatpay_mock::policies::POLICIES;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/cases")
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

/// A good case with every key.
fn full() -> Value {
    json!({
        "id": "a/case",
        "title": "title",
        "why": "why",
        "standing": "documented",
        "source": "source",
        "given": { "policies": { "repeat": "reject" }, "now": 1_756_951_532, "trust": "public-key" },
        "exchanges": [{
            "request": {
                "method": "PATCH",
                "target": "/v3/a",
                "headers": { "accept": null },
                "body": { "json": { "out_request_no": "{unique}" } }
            },
            "sign": "valid",
            "keep": { "prepay_id": "/prepay_id" },
            "expect": {
                "status": 204,
                "signed_by": "either-key",
                "headers": { "date": "present", "server": { "exact": "nginx" }, "x": "absent" },
                "body": { "schema": "member_card" }
            }
        }],
        "after": [{ "card_id": "c", "code": "{unique}", "member": { "bonus_value": 1 } }]
    })
}

/// A good case that is raw and harmless.
fn raw() -> Value {
    let mut case = full();
    let members = case.as_object_mut().unwrap();
    members.remove("given");
    members.remove("after");
    members.insert("harmless".into(), json!(true));
    let text = "GET / HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\n\r\n";
    case["exchanges"][0]["request"] = json!({ "raw": { "text": text } });
    case
}

fn read(case: &Value) -> Result<case::Case, case::CaseError> {
    case::parse(Path::new("a/case.json"), "a/case", &format!("{case:#}"))
}

/// Marks a part that is removed.
const REMOVED: Value = Value::Null;

/// The case with this value at the pointer.
fn broken_at(case: &Value, pointer: &str, value: &Value) -> Value {
    let mut broken = case.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = broken.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if *value == REMOVED {
        parent.remove(name)
    } else {
        parent.insert(name.into(), value.clone())
    };
    broken
}

/// Checks that both the schema and the reader refuse the case with any of these values at these pointers, and that
/// the reader's error contains this text.
fn assert_refused(good: &Value, rows: &[(&str, Value, &str)]) {
    let schema = validator();
    assert!(
        schema.is_valid(good),
        "{:?}",
        schema.iter_errors(good).map(|it| it.to_string()).collect::<Vec<_>>()
    );
    read(good).unwrap();
    for (pointer, value, message) in rows {
        let broken = broken_at(good, pointer, value);
        assert!(!schema.is_valid(&broken), "the schema accepts {value} at {pointer}");
        let error =
            read(&broken).map(|case| case.id).expect_err(&format!("the reader accepts {value} at {pointer}"));
        let error = error.to_string();
        assert!(error.starts_with("a/case.json, line ") && error.contains(message), "{pointer}: {error}");
    }
}

#[test]
fn the_schema_is_json_schema_2020_12() {
    assert_eq!(schema()["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::draft202012::meta::validate(&schema()).unwrap();
}

#[test]
fn every_case_matches_the_schema() {
    let schema = validator();
    let files = case::json_files(&folder()).unwrap();
    assert!(!files.is_empty());
    for file in files {
        let case: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let errors: Vec<_> = schema.iter_errors(&case).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", file.display());
    }
}

#[test]
fn an_invalid_case_is_refused_by_the_schema_and_the_reader() {
    let request = "/exchanges/0/request";
    let expect = "/exchanges/0/expect";
    let at = |start: &str, rest: &str| -> &'static str { format!("{start}{rest}").leak() };
    assert_refused(
        &full(),
        &[
            ("/colour", json!("red"), "unknown field `colour`"),
            ("/given/colour", json!("red"), "unknown field `colour`"),
            ("/given/policies/colour", json!("red"), "unknown field `colour`"),
            (at(request, "/colour"), json!("red"), "unknown field `colour`"),
            (at(expect, "/colour"), json!("red"), "unknown field `colour`"),
            ("/exchanges/0/colour", json!("red"), "unknown field `colour`"),
            ("/title", REMOVED, "missing field `title`"),
            ("/source", REMOVED, "missing field `source`"),
            ("/exchanges", REMOVED, "missing field `exchanges`"),
            ("/exchanges", json!([]), "leave it out"),
            ("/after", json!([]), "leave it out"),
            ("/standing", json!("certain"), "unknown variant `certain`"),
            ("/harmless", json!(false), "leave it out"),
            ("/harmless", json!(true), "expected no `harmless` beside `given`"),
            ("/given/policies", json!({}), "leave it out"),
            ("/given/policies/repeat", json!("accept"), "leave it out"),
            ("/given/trust", json!("both"), "leave it out"),
            ("/given/now", json!("noon"), "invalid type"),
            ("/given/appids", json!([]), "leave it out"),
            ("/given/balance", json!(-1), "invalid value"),
            ("/given/refund_delay", json!(0), "leave it out"),
            ("/given/transfer_delay", json!(0), "leave it out"),
            ("/given/transfer_scenes", json!([]), "leave it out"),
            ("/exchanges/0/keep", json!({}), "leave it out"),
            ("/exchanges/0/keep", json!({ "prepayId": "/prepay_id" }), "expected lower-case letters and _"),
            ("/exchanges/0/keep", json!({ "prepay_id": "prepay_id" }), "expected a JSON pointer"),
            ("/exchanges/0/sign", json!("rightly"), "unknown variant `rightly`"),
            (
                at(request, "/method"),
                REMOVED,
                "expected a request of `method` and `target`, or of `raw` alone",
            ),
            (request, json!({ "method": "GET", "target": "/", "body": null }), "expected value"),
            (at(request, "/raw"), json!({ "text": "{authorization}" }), "or of `raw` alone"),
            (at(request, "/headers"), json!({}), "leave it out"),
            (
                at(request, "/headers"),
                json!({ "Accept": "*/*" }),
                "expected the header `accept`, found `Accept`",
            ),
            (at(request, "/body"), json!("empty"), "unknown variant `empty`"),
            (at(request, "/body"), json!({ "base64": "%" }), "Invalid"),
            (at(request, "/body"), json!({ "text": "a", "base64": "" }), "expected"),
            (at(expect, "/status"), json!("204"), "invalid type"),
            (at(expect, "/signed_by"), json!("me"), "unknown variant `me`"),
            (
                at(expect, "/headers"),
                json!({ "Date": "present" }),
                "expected the header `date`, found `Date`",
            ),
            (at(expect, "/headers"), json!({ "date": null }), "expected"),
            (at(expect, "/body"), json!({ "about": {} }), "unknown variant `about`"),
            ("/after", json!([{ "card_id": "c", "code": "d", "member": {} }]), "leave it out"),
            ("/after", json!([{ "card_id": "c", "member": { "a": 1 } }]), "missing field `code`"),
        ],
    );
}

#[test]
fn a_case_that_could_change_something_is_not_harmless() {
    let patch = "PATCH / HTTP/1.1\r\nAuthorization: {authorization}\r\n\r\n";
    let made = json!({ "method": "PATCH", "target": "/v3/a" });
    assert_refused(
        &raw(),
        &[
            ("/exchanges/0/request", json!({ "raw": { "text": patch } }), "exchange 1 is a PATCH"),
            ("/exchanges/0/request", made, "exchange 1 is a PATCH"),
            ("/given", json!({}), "expected no `harmless` beside `given`"),
        ],
    );
}

#[test]
fn a_raw_request_has_a_place_for_the_signature_if_it_is_signed() {
    assert_refused(
        &raw(),
        &[
            ("/exchanges/0/sign", json!("unsigned"), "in a raw request that is unsigned, found one"),
            ("/exchanges/0/request", json!({ "raw": { "text": "GET / HTTP/1.1\r\n\r\n" } }), "found none"),
            ("/exchanges/0/request", json!({ "raw": { "base64": "R0VU" } }), "found none"),
        ],
    );
}

#[test]
fn rules_that_a_schema_cannot_express_are_checked_by_the_reader() {
    for (pointer, value, message) in [
        ("/id", json!("another/case"), "expected the id `a/case`, found `another/case`"),
        ("/exchanges/0/request/target", json!("/v3/{uniqe}"), "found {uniqe}"),
        (
            "/exchanges/0/keep",
            json!({ "unique": "/a" }),
            "expected another name than that of the placeholder",
        ),
        ("/exchanges/0/request/target", json!("/v3/{prepay_id}"), "found {prepay_id}"),
        ("/exchanges/0/expect/headers", json!({ "date": { "matching": "(" } }), "regex parse error"),
        ("/exchanges/0/expect/body", json!({ "schema": "card" }), "expected a schema of the contract"),
    ] {
        let error = read(&broken_at(&full(), pointer, &value)).map(|case| case.id).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn only_a_case_with_a_mock_of_its_own_calls_the_mock() {
    let calls = broken_at(&full(), "/exchanges/0/request/target", &json!("/__mock/clock"));
    read(&calls).unwrap();
    let error = read(&broken_at(&calls, "/given", &REMOVED)).map(|case| case.id).unwrap_err().to_string();
    assert!(error.contains("expected `given` in a case that calls /__mock/"), "{error}");
}

#[test]
fn what_is_kept_can_be_expected_at_once_and_sent_later() {
    let mut case = full();
    case["exchanges"][0]["expect"]["body"] = json!({ "exact": { "prepay_id": "{prepay_id}" } });
    let mut next = case["exchanges"][0].clone();
    next.as_object_mut().unwrap().remove("keep");
    next["request"]["target"] = json!("/v3/{prepay_id}");
    case["exchanges"].as_array_mut().unwrap().push(next);
    read(&case).unwrap();
}

#[test]
fn an_error_names_file_and_line() {
    let text = format!("{:#}", broken_at(&full(), "/exchanges/0/request/target", &json!("/v3/{uniqe}")));
    let line = text.lines().position(|line| line.contains("{uniqe}")).unwrap() + 1;
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("a")).unwrap();
    let file = dir.path().join("a/case.json");
    fs::write(&file, &text).unwrap();
    let error = case::load(dir.path()).map(|cases| cases.len()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}, line {line}: ", file.display())), "{error}");

    fs::write(&file, text.replace("\"title\"", "\"titel\"")).unwrap();
    let line = text.lines().position(|line| line.contains("\"title\"")).unwrap() + 1;
    let error = case::load(dir.path()).map(|cases| cases.len()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}, line {line}: unknown field `titel`", file.display())), "{error}");
}

#[test]
fn the_schema_lists_the_same_signatures_as_the_reader() {
    let known: BTreeSet<String> = names_in(&schema()["$defs"]["sign"]["oneOf"][0]["enum"]);
    let error = serde_json::from_value::<Sign>(json!("?")).unwrap_err().to_string();
    let named: BTreeSet<String> = error.split('`').skip(3).step_by(2).map(String::from).collect();
    let written = BTreeSet::from(["authorization".to_owned()]);
    assert_eq!(known.union(&written).cloned().collect::<BTreeSet<_>>(), named);
}

#[test]
fn the_schema_lists_the_policies_with_their_other_values() {
    let schema = schema();
    let known = schema["$defs"]["given"]["properties"]["policies"]["properties"].as_object().unwrap();
    assert_eq!(known.len(), POLICIES.len());
    for policy in POLICIES {
        let others: BTreeSet<_> =
            policy.values[1..].iter().map(wechatpay_mock::policies::PolicyValue::name).collect();
        let value = &known[policy.name];
        let listed =
            value.get("const").map_or_else(|| names_in(&value["enum"]), |one| names_in(&json!([one])));
        assert_eq!(listed, others, "{}", policy.name);
    }
}

fn names_in(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned()).collect()
}
