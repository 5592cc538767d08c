//! Expectations of tests in Rust, checked at the end of the test.

use std::{fmt, sync::Arc, thread};

use serde_json::Value;
use wechatpay_openapi::Contract;

use crate::{
    journal::Journal,
    journal::expectation::{Between, Expectation, Times, Verification},
    merchants::Merchants,
};

/// An expectation that is checked when it is dropped. If it is not met, dropping it panics with a report: what was
/// expected, what was found, and the nearest miss.
///
/// It counts the exchanges since its creation. See [`MockServer::expect`](crate::MockServer::expect).
///
/// Setting an impossible value panics at once: an unknown merchant or operation, a malformed place, a status outside 100 to 599, or a
/// number of exchanges that is always or never met.
#[must_use = "an expectation that is not kept is checked at once: let _expected = …"]
pub struct Expected {
    journal: Arc<Journal>,
    merchants: Arc<Merchants>,
    contract: Arc<Contract>,
    expectation: Expectation,
}

impl Expected {
    pub(crate) fn after_now(
        journal: Arc<Journal>,
        merchants: Arc<Merchants>,
        contract: Arc<Contract>,
    ) -> Self {
        let after = journal.recorded().recorded;
        let expectation = Expectation { after, ..Expectation::default() };
        Self { journal, merchants, contract, expectation }
    }

    /// Expects requests of this merchant, by mchid.
    #[track_caller]
    pub fn merchant(self, mchid: &str) -> Self {
        self.with(|expectation| expectation.merchant = Some(mchid.into()))
    }

    /// Expects requests to this operation, by `operationId`: `set_rights`.
    #[track_caller]
    pub fn operation(self, operation: &str) -> Self {
        self.with(|expectation| expectation.operation = Some(operation.into()))
    }

    /// Expects this card template (`card_id`) in the path.
    #[track_caller]
    pub fn card_id(self, card_id: &str) -> Self {
        self.with(|expectation| expectation.card_id = Some(card_id.into()))
    }

    /// Expects this member's code in the path.
    #[track_caller]
    pub fn code(self, code: &str) -> Self {
        self.with(|expectation| expectation.code = Some(code.into()))
    }

    /// Expects this value of a parameter of the path or the query. Call it again for another parameter.
    #[track_caller]
    pub fn parameter(self, name: &str, value: &str) -> Self {
        self.with(|expectation| drop(expectation.parameters.insert(name.into(), value.into())))
    }

    /// Expects at least these fields in the body of the request.
    #[track_caller]
    pub fn body(self, body: Value) -> Self {
        self.with(|expectation| expectation.body = Some(body))
    }

    /// Expects this value at a place of the request: `path.out_trade_no`, `query.limit`, or a JSON pointer into the body,
    /// `body./amount/total`. Call it again for another place.
    #[track_caller]
    pub fn at(self, place: &str, value: impl Into<Value>) -> Self {
        self.with(|expectation| drop(expectation.places.insert(place.into(), value.into())))
    }

    /// Expects requests with a valid signature of a merchant, or requests without one.
    #[track_caller]
    pub fn authenticated(self, authenticated: bool) -> Self {
        self.with(|expectation| expectation.authenticated = Some(authenticated))
    }

    /// Expects responses with this status.
    #[track_caller]
    pub fn status(self, status: u16) -> Self {
        self.with(|expectation| expectation.status = Some(status))
    }

    /// Expects exactly this many exchanges.
    #[track_caller]
    pub fn times(self, times: u64) -> Self {
        self.with(|expectation| expectation.times = Times::Exactly(times))
    }

    /// Expects this many exchanges or more.
    #[track_caller]
    pub fn at_least(self, at_least: u64) -> Self {
        self.with(|expectation| expectation.times = Times::Between(Between { at_least, at_most: None }))
    }

    /// Expects a number of exchanges from `at_least` to `at_most`.
    #[track_caller]
    pub fn between(self, at_least: u64, at_most: u64) -> Self {
        let bounds = Between { at_least, at_most: Some(at_most) };
        self.with(|expectation| expectation.times = Times::Between(bounds))
    }

    /// Checks the expectation against the exchanges so far, without a panic.
    pub fn verification(&self) -> Verification {
        let verification = self.journal.verify(&self.expectation, &self.contract, || false);
        verification.expect("nothing stops it")
    }

    /// Checks the expectation now, and not when it is dropped.
    ///
    /// # Panics
    /// If it is not met.
    #[track_caller]
    pub fn verify(mut self) {
        let verification = self.verification();
        // So that dropping it does not check it again.
        self.expectation =
            Expectation { times: Times::Between(Between::default()), ..Expectation::default() };
        assert!(verification.met, "{}", verification.report);
    }

    #[track_caller]
    fn with(mut self, set: impl FnOnce(&mut Expectation)) -> Self {
        set(&mut self.expectation);
        if let Err(invalid) = self.expectation.check(&self.merchants, &self.contract) {
            panic!("{invalid}");
        }
        self
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        // The test has already failed for another reason.
        if thread::panicking() {
            return;
        }
        let verification = self.verification();
        assert!(verification.met, "{}", verification.report);
    }
}

impl fmt::Debug for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expected").field(&self.expectation).finish()
    }
}
