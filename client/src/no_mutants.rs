//! What stands for [`mutants`] in every build but those that test tests: no fault, anywhere.
//!
//! Each of these does what it is there for and nothing else. The feature `mutants` puts `mutants.rs` in their place.
//!
//! [`mutants`]: https://en.wikipedia.org/wiki/Mutation_testing

use bytes::Bytes;
use wechatpay_protocol::{Apiv3Key, Timestamp};

use crate::{
    Answer, Error, PlatformKeys, SignedRequest, Verified,
    client::Inner,
    request::{Signer, Unsigned},
    response::verify,
};

/// No fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutation;

impl Mutation {
    pub(crate) const NONE: Self = Self;

    pub(crate) fn inner(self, inner: Inner) -> Inner {
        inner
    }

    pub(crate) fn sign(self, signer: &Signer, request: Unsigned) -> SignedRequest {
        signer.sign(request)
    }

    pub(crate) fn verify(
        self,
        answer: &Answer,
        keys: &PlatformKeys,
        now: Timestamp,
    ) -> Result<Verified, Error> {
        verify(answer, keys, now)
    }

    pub(crate) fn renews(self) -> bool {
        true
    }

    pub(crate) fn list(self, body: &Bytes, _: &Apiv3Key) -> Bytes {
        body.clone()
    }

    pub(crate) fn believes_list(self, verified: Result<Verified, Error>) -> Result<(), Error> {
        verified.map(drop)
    }
}
