//! What stands for [`mutants`] in every build but those that test tests: no fault, anywhere.
//!
//! Each of these hands on what it is given. The feature `mutants` puts `mutants.rs` in their place.
//!
//! [`mutants`]: https://en.wikipedia.org/wiki/Mutation_testing

use wechatpay_protocol::Timestamp;

use crate::{
    contract::Contract,
    gateway::Gateway,
    identity::{Identity, PlatformKey},
    operations::RightsChange,
    rejection::Rejection,
    stages::{authenticate::AuthenticatedRequest, receive::Received, respond::Answer},
};

/// No fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutation;

impl Mutation {
    pub(crate) const NONE: Self = Self;

    pub(crate) fn contract(self) -> &'static Contract {
        Contract::current()
    }

    pub(crate) fn received(self, received: Received) -> Received {
        received
    }

    pub(crate) fn refuses(self, _: &Gateway, _: &Received, _: Timestamp) -> Result<(), Rejection> {
        Ok(())
    }

    pub(crate) fn overlooks(self, rejection: Rejection) -> Result<(), Rejection> {
        Err(rejection)
    }

    pub(crate) fn reads(self, request: AuthenticatedRequest) -> AuthenticatedRequest {
        request
    }

    pub(crate) fn change(self, change: RightsChange) -> RightsChange {
        change
    }

    pub(crate) fn rejection(self, rejection: Rejection) -> Rejection {
        rejection
    }

    pub(crate) fn answer(self, _: &Received, answer: Answer) -> Answer {
        answer
    }

    pub(crate) fn signing_key<'a>(
        self,
        _: &'a Identity,
        _: Option<&str>,
        key: &'a PlatformKey,
    ) -> &'a PlatformKey {
        key
    }

    pub(crate) fn signed(self, answer: Answer, _: &PlatformKey) -> Answer {
        answer
    }
}
