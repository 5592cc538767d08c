//! Expectations in tests in Rust: met by the end of the test, or it fails.

use std::{fmt, sync::Arc, thread};

use serde_json::Value;

use crate::{
    contract::Contract,
    journal::Journal,
    journal::expectation::{Between, Expectation, Times, Verification},
    merchants::Merchants,
};

/// An expectation that is checked when it is dropped: unless it is met by then, that panics with what was expected, what
/// was found, and the nearest miss.
///
/// Counts the exchanges that come after it was made. See [`MockServer::expect`](crate::MockServer::expect).
///
/// What makes no sense panics where it is said: a merchant or an operation that there is none of, a status outside 100 to
/// 599, a number that is always met or never.
#[must_use = "an expectation that is not kept is checked at once: let _expected = …"]
pub struct Expected {
    journal: Arc<Journal>,
    merchants: Arc<Merchants>,
    contract: &'static Contract,
    expectation: Expectation,
}

impl Expected {
    pub(crate) fn after_now(
        journal: Arc<Journal>,
        merchants: Arc<Merchants>,
        contract: &'static Contract,
    ) -> Self {
        let after = journal.recorded().recorded;
        let expectation = Expectation { after, ..Expectation::default() };
        Self { journal, merchants, contract, expectation }
    }

    /// Of the merchant with this mchid.
    #[track_caller]
    pub fn merchant(self, mchid: &str) -> Self {
        self.with(|expectation| expectation.merchant = Some(mchid.into()))
    }

    /// Of this operation, by `operationId`: `set_rights`.
    #[track_caller]
    pub fn operation(self, operation: &str) -> Self {
        self.with(|expectation| expectation.operation = Some(operation.into()))
    }

    /// For this card template.
    #[track_caller]
    pub fn card_id(self, card_id: &str) -> Self {
        self.with(|expectation| expectation.card_id = Some(card_id.into()))
    }

    /// For this member's code.
    #[track_caller]
    pub fn code(self, code: &str) -> Self {
        self.with(|expectation| expectation.code = Some(code.into()))
    }

    /// With at least these fields in the body of the request.
    #[track_caller]
    pub fn body(self, body: Value) -> Self {
        self.with(|expectation| expectation.body = Some(body))
    }

    /// Signed by the merchant, or not.
    #[track_caller]
    pub fn authenticated(self, authenticated: bool) -> Self {
        self.with(|expectation| expectation.authenticated = Some(authenticated))
    }

    /// Answered with this status.
    #[track_caller]
    pub fn status(self, status: u16) -> Self {
        self.with(|expectation| expectation.status = Some(status))
    }

    /// Just so many.
    #[track_caller]
    pub fn times(self, times: u64) -> Self {
        self.with(|expectation| expectation.times = Times::Exactly(times))
    }

    /// So many or more.
    #[track_caller]
    pub fn at_least(self, at_least: u64) -> Self {
        self.with(|expectation| expectation.times = Times::Between(Between { at_least, at_most: None }))
    }

    /// From so many to so many.
    #[track_caller]
    pub fn between(self, at_least: u64, at_most: u64) -> Self {
        let bounds = Between { at_least, at_most: Some(at_most) };
        self.with(|expectation| expectation.times = Times::Between(bounds))
    }

    /// How far it is from being met, now.
    pub fn verification(&self) -> Verification {
        self.journal.verify(&self.expectation, self.contract)
    }

    /// Checks it now, and not again.
    ///
    /// # Panics
    /// Unless it is met.
    #[track_caller]
    pub fn verify(mut self) {
        let verification = self.verification();
        // What is left expects nothing.
        self.expectation =
            Expectation { times: Times::Between(Between::default()), ..Expectation::default() };
        assert!(verification.met, "{}", verification.report);
    }

    #[track_caller]
    fn with(mut self, set: impl FnOnce(&mut Expectation)) -> Self {
        set(&mut self.expectation);
        if let Err(invalid) = self.expectation.check(&self.merchants, self.contract) {
            panic!("{invalid}");
        }
        self
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        // A test that has failed already says why.
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
