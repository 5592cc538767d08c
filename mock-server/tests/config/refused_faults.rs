//! Invalid fault rules and diagnosis modes are refused.

use super::*;

#[test]
fn an_unknown_fault_is_refused_with_the_nearest_name() {
    let [place, problem, advice] = error("[[fault]]\ntimes = 1\nfault = \"sytem-error\"");
    assert_eq!(place, "mock.toml:3");
    assert!(
        problem.starts_with(
            "fault: expected the name of a fault, found \"sytem-error\"; did you mean system-error?"
        ),
        "{problem}"
    );
    assert_eq!(advice, "fixtures/config/example.toml shows every key of [[fault]]");
}

#[test]
fn an_unknown_key_of_a_rule_is_refused_with_the_nearest_key() {
    let [place, problem, advice] = error("[[fault]]\nfault = \"reset\"\ntime = 1");
    assert_eq!((&*place, &*advice), ("mock.toml:3", "did you mean times?"));
    assert!(problem.starts_with("expected one of the keys on, match, fault, error, latency,"), "{problem}");
    let [place, problem, advice] = error("[[fault]]\nfault = \"reset\"\n[fault.match]\nnth = 1\nevry = 3");
    assert_eq!((&*place, &*advice), ("mock.toml:5", "did you mean every?"));
    assert!(problem.starts_with("expected one of the keys merchant, operation, card_id,"), "{problem}");
    let [place, problem, _] = error("[[fault]]\nerror = { status = 403, code = \"A\", text = \"a\" }");
    assert_eq!(place, "mock.toml:2");
    assert!(problem.contains("expected one of the keys status, code, message, found text"), "{problem}");
}

#[test]
fn a_contradictory_rule_is_refused_with_the_line_of_the_key() {
    for (rule, place, problem) in [
        (
            "times = 1",
            1,
            "expected fault, error or latency, but not both fault and error, found none of them",
        ),
        (
            "fault = \"unsigned\"\napplied = false",
            3,
            "applied: unsigned leaves a response that reports success",
        ),
        (
            "latency = { fixed = 5 }\n\napplied = false",
            4,
            "applied: latency leaves a response that reports success",
        ),
        ("fault = \"reset\"\nmilliseconds = 5", 3, "milliseconds: expected with no-answer or refuse only"),
        (
            "latency = { uniform = { from = 2, to = 1 } }",
            2,
            "latency.uniform: expected from at most as large as",
        ),
        ("fault = \"reset\"\n[fault.match]\nnth = 1\nevery = 0", 5, "match.every: expected 1 to 1000000000"),
        ("fault = \"reset\"\nmatch = { probability = 2 }", 3, "match.probability: expected 0 to 1, found 2"),
        ("error = { status = 200, code = \"A\", message = \"a\" }", 2, "error.status: expected 400 to 599"),
    ] {
        let [found, message, _] = error(&format!("[[fault]]\n{rule}"));
        assert_eq!(found, format!("mock.toml:{place}"), "{rule}");
        assert!(message.starts_with(&format!("[[fault]]: {problem}")), "{message}");
    }
}

#[test]
fn a_rule_for_an_unknown_merchant_or_operation_is_refused() {
    let [place, problem, _] = error(
        "[[merchant]]\nmchid = \"2\"\n[[fault]]\nfault = \"reset\"\n[fault.match]\nmerchant = \"1900000001\"",
    );
    assert_eq!(place, "mock.toml:6");
    assert_eq!(problem, "[[fault]]: match.merchant: expected the mchid of a merchant, found \"1900000001\"");
    let [place, problem, _] = error("[[fault]]\nfault = \"reset\"\nmatch = { operation = \"setRights\" }");
    assert_eq!(place, "mock.toml:3");
    assert!(
        problem.contains("match.operation: expected an operationId") && problem.contains("set_rights"),
        "{problem}"
    );
}

#[test]
fn an_invalid_number_is_refused_rather_than_ignored() {
    for (rule, problem) in [
        ("match = { probability = nan }", "[[fault]]: match.probability: expected 0 to 1, found NaN"),
        ("match = { probability = inf }", "[[fault]]: match.probability: expected 0 to 1, found inf"),
        ("match = { nth = -1 }", "nth: expected a whole number from 0 to 2^64 - 1, found -1"),
        ("times = 99999999999999999999", "times: expected a whole number from 0 to 2^64 - 1, found 99999"),
        ("ttl = \"60\"", "ttl: expected a whole number from 0 to 2^64 - 1, found a string"),
        ("ttl = true", "ttl: expected a whole number from 0 to 2^64 - 1, found a boolean"),
        ("match = { probability = \"1\" }", "probability: expected a number, found a string"),
        ("applied = 1", "applied: expected true or false, found 1"),
    ] {
        let [place, message, _] = error(&format!("[[fault]]\nfault = \"reset\"\n{rule}"));
        assert_eq!(place, "mock.toml:3", "{rule}");
        assert!(message.starts_with(problem), "{message}");
    }
}

#[test]
fn more_rules_than_the_limit_are_refused() {
    let [place, problem, _] = error(
        "[limits]\nfaults = 1\n[[fault]]\nfault = \"reset\"\nmatch = { merchant = \"1900000001\" }\n\
         [[fault]]\nfault = \"reset\"\n[[fault]]\nfault = \"reset\"",
    );
    assert_eq!(place, "mock.toml:8");
    assert!(problem.starts_with("[[fault]]: expected at most 1 fault rules for a merchant"), "{problem}");
}

#[test]
fn one_mistake_in_a_rule_is_one_error() {
    for rule in [
        "falt = \"reset\"",
        "fault = 5",
        "fault = \"x\"\ntimes = 1",
        "fault = \"reset\"\nmatch = { nht = 1 }",
        "fault = \"reset\"\nmatch = []",
        "fault = \"reset\"\nmatch = [{}]",
        "error = { status = 403, code = \"A\", text = \"a\" }",
        "error = { status = 403, code = \"A\" }",
        "latency = { uniform = { from = \"1\" } }",
    ] {
        let error = Folder::new(&format!("[[fault]]\n{rule}")).read().unwrap_err();
        assert_eq!(error.errors().len(), 1, "{error}");
    }
}

#[test]
fn a_rule_matches_parameters_and_fields_of_the_body() {
    let folder = Folder::new(
        "[[fault]]\nfault = \"reset\"\nmatch = { parameters = { code = \"1\" }, body = { a = [[1], { error = [] }] } }",
    );
    let rule = folder.read().unwrap().faults.remove(0).when;
    assert_eq!(
        (&*rule.parameters["code"], rule.body.unwrap().to_string()),
        ("1", r#"{"a":[[1],{"error":[]}]}"#.into())
    );
}

#[test]
fn a_rule_matches_values_at_any_place() {
    let folder = Folder::new(
        "[[fault]]\nfault = \"reset\"\n[fault.match]\n\"path.out_trade_no\" = 123456\nnth = 2\n\
         \"body./amount\" = { total = 1, error = [[1]] }\n\"body./list\" = [[1], [{}]]",
    );
    let rule = folder.read().unwrap().faults.remove(0);
    assert_eq!((rule.when.nth, &rule.when.places["path.out_trade_no"]), (Some(2), &123_456.into()));
    assert_eq!(
        rule.to_string(),
        "reset; where nth = 2, \"body./amount\" = {\"error\":[[1]],\"total\":1}, \
         \"body./list\" = [[1],[{}]], \"path.out_trade_no\" = 123456"
    );
}

#[test]
fn an_impossible_place_is_refused_with_its_line() {
    for (place, problem) in [
        (
            "\"path.out_trade_nr\" = \"1\"",
            "\"path.out_trade_nr\": expected a parameter of the path of any operation",
        ),
        ("\"body./a~\" = 1", "expected path.NAME, query.NAME or body./POINTER, found \"body./a~\""),
    ] {
        let [found, message, _] =
            error(&format!("[[fault]]\nfault = \"reset\"\n[fault.match]\nnth = 1\n{place}"));
        assert_eq!(found, "mock.toml:5", "{place}");
        assert!(message.starts_with(&format!("[[fault]]: match: {problem}")), "{message}");
    }
}

#[test]
fn an_unknown_diagnosis_mode_is_refused_with_the_known_ones() {
    let [place, problem, advice] = error("\ndiagnosis = \"journl\"");
    assert_eq!(place, "mock.toml:2");
    assert_eq!(problem, "diagnosis: expected one of header, journal, off, found \"journl\"");
    assert_eq!(advice, "did you mean journal?");
}
