//! Requests generated from the contract are sent to a mock. Valid ones are accepted, and errors for invalid ones name
//! the field and the rule. An operation that is added to the contract is covered without a new test.

mod accepted;
mod added;
mod edited;
mod example;
mod forms;
mod refused;
mod resources;
mod send;

use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestRunner},
};
use wechatpay_contract::generate::Generator;
use wechatpay_openapi::{Contract, Depth, Operation, RequestBody};

use send::{Answer, Setup};

/// The operations that take no form.
fn operations() -> impl Iterator<Item = &'static Operation> {
    let is_form = |operation: &Operation| matches!(operation.request_body(), Some(RequestBody::Multipart(_)));
    Contract::current().operations().iter().filter(move |operation| !is_form(operation))
}

/// Does this for every such operation, in as many threads as there are cores, each with a mock of its own.
fn for_each_operation(test: impl Fn(&Setup, &'static Operation, Generator) + Sync) {
    let operations: Vec<_> = operations().collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for first in 0..threads {
            let (operations, test) = (&operations, &test);
            scope.spawn(move || {
                let setup = Setup::new();
                for operation in operations.iter().skip(first).step_by(threads) {
                    test(&setup, operation, Generator::new(operation).unwrap());
                }
            });
        }
    });
}

/// How many requests of a kind are tried: more for operations with rules of their own, since the others share theirs.
fn cases(operation: &Operation, of_rules: u32) -> u32 {
    if operation.depth() == Depth::Rules { of_rules } else { 1 }
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
