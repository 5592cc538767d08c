//! Faults in the client, one line each, which a contract kit must find: the feature `mutants`, in no ordinary build.
//!
//! A mutant is a row of a list: its name, what it breaks, and the line that breaks it. That line is run at one of the
//! places in the way of a call where [`Mutation`] is asked. In an ordinary build, `no_mutants.rs` stands in the place of
//! this file and changes nothing.

mod certificates;
mod requests;
mod verification;

use bytes::Bytes;
use wechatpay_protocol::{Apiv3Key, Timestamp};

use crate::{
    Answer, Builder, Error, PlatformKeys, SignedRequest, Verified,
    client::Inner,
    request::{Signer, Unsigned},
    response::verify,
};

/// A fault of one line.
#[derive(Debug)]
pub struct Mutant {
    /// What it is called: `timestamp-unchecked`.
    pub name: &'static str,
    /// What the client then does wrong, as a sentence.
    pub breaks: &'static str,
    fault: Fault,
}

/// The line that breaks something, by the place where it is run.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// What the client is made of.
    Made(fn(&mut Inner)),
    /// The request, before it is signed.
    Request(fn(&mut Unsigned)),
    /// The message that is signed.
    Message(fn(&Unsigned) -> Vec<u8>),
    /// How an answer is verified.
    Verifies(fn(&Answer, &PlatformKeys, Timestamp) -> Result<Verified, Error>),
    /// The list of certificates, before it is read.
    List(fn(&[u8], &Apiv3Key) -> Option<Vec<u8>>),
    /// The list of certificates is believed, signed or not.
    ListUnverified,
    /// Certificates are downloaded once and for all.
    NeverRenews,
}

/// Every mutant, in the order in which a call meets their faults.
pub fn mutants() -> impl Iterator<Item = &'static Mutant> {
    [requests::MUTANTS, verification::MUTANTS, certificates::MUTANTS].into_iter().flatten()
}

const fn mutant(name: &'static str, breaks: &'static str, fault: Fault) -> Mutant {
    Mutant { name, breaks, fault }
}

impl Builder {
    /// Has the client break what this mutant breaks.
    pub fn mutant(mut self, mutant: &'static Mutant) -> Self {
        self.mutation = Mutation(Some(mutant));
        self
    }
}

/// The mutant that a client is, if it is one. A call asks it at each place where it could be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutation(Option<&'static Mutant>);

impl Mutation {
    pub(crate) const NONE: Self = Self(None);

    fn fault(self) -> Option<Fault> {
        self.0.map(|mutant| mutant.fault)
    }

    pub(crate) fn inner(self, mut inner: Inner) -> Inner {
        if let Some(Fault::Made(alter)) = self.fault() {
            alter(&mut inner);
        }
        inner
    }

    pub(crate) fn sign(self, signer: &Signer, mut request: Unsigned) -> SignedRequest {
        match self.fault() {
            Some(Fault::Request(alter)) => {
                alter(&mut request);
                signer.sign(request)
            }
            Some(Fault::Message(message)) => signer.sign_over(&message(&request), request),
            _ => signer.sign(request),
        }
    }

    pub(crate) fn verify(
        self,
        answer: &Answer,
        keys: &PlatformKeys,
        now: Timestamp,
    ) -> Result<Verified, Error> {
        match self.fault() {
            Some(Fault::Verifies(verifies)) => verifies(answer, keys, now),
            _ => verify(answer, keys, now),
        }
    }

    pub(crate) fn renews(self) -> bool {
        !matches!(self.fault(), Some(Fault::NeverRenews))
    }

    pub(crate) fn list(self, body: &Bytes, key: &Apiv3Key) -> Bytes {
        match self.fault() {
            Some(Fault::List(alter)) => alter(body, key).map_or_else(|| body.clone(), Bytes::from),
            _ => body.clone(),
        }
    }

    pub(crate) fn believes_list(self, verified: Result<Verified, Error>) -> Result<(), Error> {
        match self.fault() {
            Some(Fault::ListUnverified) => Ok(()),
            _ => verified.map(drop),
        }
    }
}
