//! Valid requests.

use proptest::{prelude::*, test_runner::TestCaseError};
use wechatpay_contract::generate::{GeneratedRequest, Generator};
use wechatpay_mock::ApiError;
use wechatpay_openapi::{Contract, Operation, ResponseBody};

use super::{Setup, check};

#[test]
fn every_valid_request_of_any_operation_gets_a_response_that_the_contract_describes() {
    let setup = Setup::new();
    for operation in Contract::current().operations() {
        let generator = Generator::new(operation).unwrap();
        check((128, file!()), &generator.valid_requests(), |request| {
            has_described_response(&setup, operation, &request)
        });
        let exchanges = setup.mock.exchanges();
        let sent = exchanges.iter().filter(|exchange| exchange.operation == Some(operation.id()));
        let (accepted, refused): (Vec<_>, Vec<_>) =
            sent.partition(|exchange| exchange.status.is_some_and(|status| status.is_success()));
        // About half of the requests that may have an encrypted field have one and are refused.
        assert!(accepted.len() * 3 >= refused.len(), "{} refuses {} of 128", operation.id(), refused.len());
    }
}

/// A 2xx is one of the operation's responses. An error comes from a rule of the operation itself, or says that a field
/// is not encrypted, because the generator does not encrypt.
fn has_described_response(
    setup: &Setup,
    operation: &Operation,
    request: &GeneratedRequest,
) -> Result<(), TestCaseError> {
    match setup.send(request) {
        Ok(verified) => is_described(operation, verified.status().as_str(), verified.body()),
        Err(error) => {
            let rejection = error.api_error().ok_or_else(|| TestCaseError::fail(format!("{error:?}")))?;
            let exchanges = setup.mock.exchanges();
            let reason = exchanges.last().and_then(|exchange| exchange.error.as_deref());
            let is_business = matches!(reason, Some(ApiError::Operation(_) | ApiError::Sensitive(_)));
            prop_assert!(is_business, "{rejection}: {reason:?}");
            is_described(operation, "default", rejection.body())
        }
    }
}

/// Whether the contract has a response with that status, or `default`, and with this body.
fn is_described(operation: &Operation, status: &str, body: &[u8]) -> Result<(), TestCaseError> {
    match operation.responses().get(status) {
        None => prop_assert!(false, "the contract describes no {}", status),
        Some(ResponseBody::Empty) => {
            prop_assert!(body.is_empty(), "{}: expected no body, found {:?}", status, body);
        }
        Some(ResponseBody::File) => {}
        Some(ResponseBody::Json(schema)) => {
            let body = serde_json::from_slice(body).unwrap();
            prop_assert!(schema.is_valid(&body), "{}: {}", status, body);
        }
    }
    Ok(())
}
