//! Invalid requests.

use std::collections::BTreeSet;

use http::StatusCode;
use proptest::{prelude::*, test_runner::TestCaseError};
use wechatpay_contract::generate::{GeneratedRequest, Generator, Violation};

use super::{Setup, check, generators};

#[test]
fn each_invalid_request_is_refused_for_the_field_and_rule_that_it_breaks() {
    let setup = Setup::new();
    for invalid in generators().iter().flat_map(Generator::invalid_requests) {
        check((8, file!()), &invalid.requests, |request| {
            is_refused_for(&invalid.violation, &setup, &request)
        });
    }
}

fn is_refused_for(
    violation: &Violation,
    setup: &Setup,
    request: &GeneratedRequest,
) -> Result<(), TestCaseError> {
    let Err(error) = setup.send(request) else {
        return Err(TestCaseError::fail(format!("{violation}: accepted")));
    };
    let rejection =
        error.api_error().ok_or_else(|| TestCaseError::fail(format!("{violation}: {error:?}")))?;
    prop_assert_eq!(rejection.status(), StatusCode::BAD_REQUEST, "{}", violation);
    let refusal =
        rejection.error_body().ok_or_else(|| TestCaseError::fail(format!("{violation}: {rejection}")))?;
    violation.check(refusal).map_err(TestCaseError::fail)
}

#[test]
fn invalid_requests_of_the_rights_operation_break_these_rules() {
    let generators = generators();
    let set_rights = generators.iter().find(|generator| generator.operation_id() == "set_rights").unwrap();
    let rules: BTreeSet<_> =
        set_rights.invalid_requests().iter().map(|invalid| invalid.violation.rule.name()).collect();
    let expected = [
        "beyond-64-bits",
        "empty-body",
        "four-byte-character",
        "fraction",
        "not-json",
        "not-utf-8",
        "null",
        "pattern",
        "percent-encoding",
        "required-field-absent",
        "too-long",
        "too-short",
        "unknown-field",
        "wrong-type",
    ];
    assert_eq!(rules, expected.into());
}
