//! Valid requests.

use std::collections::HashMap;

use jsonschema::Validator;
use proptest::{prelude::*, test_runner::TestCaseError};
use serde_json::{Value, json};
use wechatpay_contract::generate::GeneratedRequest;
use wechatpay_mock::{ApiError, OPENAPI};

use super::{World, check, operations};

#[test]
fn every_valid_request_of_any_operation_gets_an_answer_that_the_contract_describes() {
    let world = World::new();
    for operation in operations() {
        let answers = Answers::of(operation.id());
        check((128, file!()), &operation.valid_requests(), |request| {
            is_answered_as_described(&world, &answers, &request)
        });
        let exchanges = world.mock.exchanges();
        let sent = exchanges.iter().filter(|exchange| exchange.operation == Some(operation.id()));
        let (carried_out, refused): (Vec<_>, Vec<_>) =
            sent.partition(|exchange| exchange.status.is_some_and(|status| status.is_success()));
        // About half of those that may have an encrypted field have one, and it is refused.
        assert!(
            carried_out.len() * 3 >= refused.len(),
            "{} refuses {} of 128",
            operation.id(),
            refused.len()
        );
    }
}

/// A 2xx is among the operation's answers. A refusal is by a rule of the operation's own, or says that what must be
/// encrypted isn't: chance does not encrypt.
fn is_answered_as_described(
    world: &World,
    answers: &Answers,
    request: &GeneratedRequest,
) -> Result<(), TestCaseError> {
    match world.send(request) {
        Ok(verified) => answers.check(verified.status().as_str(), verified.body()),
        Err(error) => {
            let rejection = error.api_error().ok_or_else(|| TestCaseError::fail(format!("{error:?}")))?;
            let exchanges = world.mock.exchanges();
            let reason = exchanges.last().and_then(|exchange| exchange.rejection.as_deref());
            let is_business = matches!(reason, Some(ApiError::Operation(_) | ApiError::Sensitive(_)));
            prop_assert!(is_business, "{rejection}: {reason:?}");
            answers.check("default", rejection.body())
        }
    }
}

/// What the contract says of an operation's answers: by status, what the body must be; `None` is an empty one.
struct Answers(HashMap<String, Option<Validator>>);

impl Answers {
    fn of(operation_id: &str) -> Self {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        let paths = document["paths"].as_object().unwrap().values();
        let mut operations = paths.flat_map(|item| item.as_object().unwrap().values());
        let operation = operations.find(|operation| operation["operationId"] == operation_id).unwrap();
        let responses = operation["responses"].as_object().unwrap().iter();
        Self(responses.map(|(status, response)| (status.clone(), body_of(&document, response))).collect())
    }

    /// Whether the contract has an answer with that status, or `default`, and with this body.
    fn check(&self, status: &str, body: &[u8]) -> Result<(), TestCaseError> {
        match self.0.get(status) {
            None => prop_assert!(false, "the contract describes no {}", status),
            Some(None) => prop_assert!(body.is_empty(), "{}: expected no body, found {:?}", status, body),
            Some(Some(schema)) => {
                let body: Value = serde_json::from_slice(body).unwrap();
                prop_assert!(schema.is_valid(&body), "{}: {}", status, body);
            }
        }
        Ok(())
    }
}

fn body_of(document: &Value, response: &Value) -> Option<Validator> {
    let response = match response["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => response,
    };
    let schema = response.pointer("/content/application~1json/schema")?;
    let alone = json!({ "allOf": [schema], "components": document["components"] });
    Some(jsonschema::draft202012::new(&alone).unwrap())
}
