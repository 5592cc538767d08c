//! Valid requests.

use http::header::CONTENT_TYPE;
use proptest::{prelude::*, test_runner::TestCaseError};
use wechatpay_contract::generate::GeneratedRequest;
use wechatpay_mock::ApiError;
use wechatpay_openapi::{Contract, Operation, ResponseBody};

use super::{Answer, Setup, cases, check, example::example, for_each_operation};

#[test]
fn the_example_of_every_operation_gets_the_signed_response_that_the_contract_describes() {
    for_each_operation(|setup, operation, _| {
        // An example needs no calls before it, and may not be possible after others.
        setup.mock.reset();
        let answer = setup.send(&example(operation));
        let reason = setup.mock.exchanges().last().and_then(|exchange| exchange.error.clone());
        assert!(answer.status.is_success(), "{operation}: {answer:?} {reason:?}");
        assert_eq!(answer.is_signed, operation.is_signed(), "{operation}: {answer:?}");
        if let Err(problem) = is_described(operation, &answer) {
            panic!("{operation}: {problem}");
        }
        let file = matches!(operation.responses().get("200"), Some(ResponseBody::File));
        assert_eq!(answer.headers[CONTENT_TYPE] == "application/octet-stream", file, "{operation}");
    });
}

#[test]
fn the_same_request_gets_the_same_response_and_another_one_other_identifiers() {
    let setup = Setup::new();
    let order = |out_trade_no: &str| {
        let mut request = example(Contract::current().operation("post_refund_domestic_refunds").unwrap());
        let mut body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        body["out_refund_no"] = out_trade_no.into();
        request.body = body.to_string().into();
        setup.send(&request).json()
    };
    let (first, again, other) = (order("1"), order("1"), order("2"));
    assert_eq!(first, again);
    assert_eq!((&first["out_refund_no"], &other["out_refund_no"]), (&"1".into(), &"2".into()));
    assert_ne!(first["refund_id"], other["refund_id"]);
}

#[test]
fn every_valid_request_of_any_operation_gets_a_response_that_the_contract_describes() {
    for_each_operation(|setup, operation, generator| {
        check((cases(operation, 64), file!()), &generator.valid_requests(), |request| {
            has_described_response(setup, operation, &request)
        });
    });
}

/// A 2xx is one of the operation's responses. An error comes from a rule of the operation itself.
fn has_described_response(
    setup: &Setup,
    operation: &Operation,
    request: &GeneratedRequest,
) -> Result<(), TestCaseError> {
    let answer = setup.send(request);
    if !answer.status.is_success() {
        let exchanges = setup.mock.exchanges();
        let reason = exchanges.last().and_then(|exchange| exchange.error.as_deref());
        let is_business =
            matches!(reason, Some(ApiError::Operation(_) | ApiError::Own(..) | ApiError::Sensitive(_)));
        prop_assert!(is_business, "{}: {}: {:?} {:?}", operation, request.target, reason, answer);
    }
    is_described(operation, &answer).map_err(TestCaseError::fail)
}

/// Whether the contract has a response with that status, or `default` for an error, and with this body.
pub(super) fn is_described(operation: &Operation, answer: &Answer) -> Result<(), String> {
    let status = if answer.status.is_success() { answer.status.as_str() } else { "default" };
    let is_valid = match operation.responses().get(status) {
        None => return Err(format!("the contract describes no {status}")),
        Some(ResponseBody::Empty) => answer.body.is_empty(),
        Some(ResponseBody::File) => !answer.body.is_empty(),
        Some(ResponseBody::Json(schema)) => {
            schema.check(&answer.json()).map_err(|error| format!("{status}: {error:?} {}", answer.json()))?;
            true
        }
    };
    if is_valid { Ok(()) } else { Err(format!("{status}: another body: {answer:?}")) }
}
