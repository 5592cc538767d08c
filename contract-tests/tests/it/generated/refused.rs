//! Invalid requests.

use std::collections::BTreeSet;

use http::StatusCode;
use proptest::{prelude::*, test_runner::TestCaseError};
use wechatpay_contract::generate::{GeneratedRequest, Generator, Violation};
use wechatpay_openapi::Contract;

use super::{Setup, cases, check, for_each_operation};

#[test]
fn each_invalid_request_is_refused_for_the_field_and_rule_that_it_breaks() {
    for_each_operation(|setup, operation, generator| {
        for invalid in generator.invalid_requests() {
            check((cases(operation, 2), file!()), &invalid.requests, |request| {
                is_refused_for(&invalid.violation, setup, &request)
            });
        }
    });
}

fn is_refused_for(
    violation: &Violation,
    setup: &Setup,
    request: &GeneratedRequest,
) -> Result<(), TestCaseError> {
    let answer = setup.send(request);
    let fail = |what: String| TestCaseError::fail(format!("{}: {violation}: {what}", request.operation_id));
    if answer.status != StatusCode::BAD_REQUEST {
        return Err(fail(format!("{answer:?}")));
    }
    prop_assert!(answer.is_signed, "{}: unsigned", violation);
    let refusal = answer.error().ok_or_else(|| fail(format!("{answer:?}")))?;
    violation.check(&refusal).map_err(fail)
}

#[test]
fn invalid_requests_of_the_rights_operation_break_these_rules() {
    let set_rights = Generator::new(Contract::current().operation("set_rights").unwrap()).unwrap();
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
