//! Requests generated from the contract are sent to a mock. Valid ones are accepted, and errors for invalid ones name
//! the field and the rule. An operation that is added to the contract is covered without a new test.

mod accepted;
mod added;
mod refused;

use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestRunner},
};
use tokio::runtime::Runtime;
use wechatpay_client::{Client, Error, VerifiedResponse};
use wechatpay_contract::generate::{GeneratedRequest, Generator};
use wechatpay_mock::MockServer;
use wechatpay_openapi::Contract;

/// A generator for every operation of the contract.
fn generators() -> Vec<Generator> {
    Contract::current().operations().iter().map(|operation| Generator::new(operation).unwrap()).collect()
}

/// Checks `property` for this many values, and keeps the seed of a failure in the folder named after `file`.
fn check<S: Strategy>(
    (cases, file): (u32, &'static str),
    strategy: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = ProptestConfig {
        source_file: Some(file),
        max_shrink_iters: 1024,
        ..ProptestConfig::with_cases(cases)
    };
    if let Err(failure) = TestRunner::new(config).run(strategy, property) {
        panic!("{failure}");
    }
}

/// A mock and a client for its merchant, for tests that are not `async`.
struct Setup {
    mock: MockServer,
    client: Client,
    runtime: Runtime,
}

impl Setup {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mock = runtime.block_on(MockServer::builder().start()).unwrap();
        let client =
            Client::builder().base_url(&mock.url()).credentials(&mock.credentials()).build().unwrap();
        Self { mock, client, runtime }
    }

    /// The verified response, or the error.
    fn send(&self, request: &GeneratedRequest) -> Result<VerifiedResponse, Error> {
        let call = self.client.call(request.method.clone(), &request.target, request.body.clone());
        self.runtime.block_on(call)
    }
}
