//! Faults in the mock, one line each, which a contract kit must find: the feature `mutants`, in no ordinary build.
//!
//! A mutant is a row of a list: its name, what it breaks, and the line that breaks it. That line is run at one of the
//! places in the way of an exchange where [`Mutation`] is asked; each mock has its own, so that many can be tried at
//! once. In an ordinary build, `no_mutants.rs` stands in the place of this file and changes nothing.

mod answers;
mod checks;
mod contract;
mod signatures;
mod state;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use http::header::AUTHORIZATION;
use serde_json::Value;
use wechatpay_protocol::{Authorization, Timestamp};

use crate::{
    config::Config,
    contract::Contract,
    gateway::Gateway,
    identity::{Identity, PlatformKey},
    operations::RightsChange,
    rejection::Rejection,
    stages::{authenticate::AuthenticatedRequest, receive::Received, respond::Answer},
};

/// A fault of one line.
#[derive(Debug)]
pub struct Mutant {
    /// What it is called: `timestamp-unchecked`.
    pub name: &'static str,
    /// What the mock then does wrong, as a sentence.
    pub breaks: &'static str,
    fault: Fault,
}

/// The line that breaks something, by the place where it is run.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// What the mock is told at its start.
    Config(fn(&mut Config)),
    /// The contract that it obeys.
    Contract(fn(&mut Value)),
    /// The request as it came.
    Received(fn(&mut Received)),
    /// Refuses a request before any check.
    Refuses(fn(&Request<'_>) -> Option<Rejection>),
    /// Whether one of the checks 3, 6 and 8 to 10 passes although it fails. Without a merchant there is nothing after 7.
    Overlooks(fn(&Rejection) -> bool),
    /// The body, once its signature was verified.
    Reads(fn(&[u8]) -> Vec<u8>),
    /// The change of a member's rights, before it is made.
    Changes(fn(&mut RightsChange)),
    /// The refusal that is the answer.
    Rejects(fn(Rejection) -> Rejection),
    /// The answer, before it is signed.
    Answers(fn(&Received, Answer) -> Answer),
    /// The JSON of the answer, if it has any, likewise.
    Body(fn(&Received, &mut Value)),
    /// The key that signs, in the place of the right one, if there is another.
    Key(for<'a> fn(&'a Identity, Option<&str>) -> Option<&'a PlatformKey>),
    /// The headers that sign the answer.
    Signs(fn(Answer, &PlatformKey) -> Answer),
}

/// A request on which no check was made yet.
struct Request<'a> {
    received: &'a Received,
    /// Its `Authorization` header, if that is well formed.
    authorization: Option<Authorization>,
    identity: &'a Identity,
    now: Timestamp,
}

/// Every mutant, in the order in which an exchange meets their faults.
pub fn mutants() -> impl Iterator<Item = &'static Mutant> {
    [checks::MUTANTS, contract::MUTANTS, state::MUTANTS, answers::MUTANTS, signatures::MUTANTS]
        .into_iter()
        .flatten()
}

const fn mutant(name: &'static str, breaks: &'static str, fault: Fault) -> Mutant {
    Mutant { name, breaks, fault }
}

impl Config {
    /// Has the mock break what this mutant breaks.
    #[must_use]
    pub fn with_mutant(mut self, mutant: &'static Mutant) -> Self {
        if let Fault::Config(alter) = mutant.fault {
            alter(&mut self);
        }
        self.mutation = Mutation(Some(mutant));
        self
    }
}

/// The mutant that a mock is, if it is one. An exchange asks it at each place where it could be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutation(Option<&'static Mutant>);

impl Mutation {
    pub(crate) const NONE: Self = Self(None);

    fn fault(self) -> Option<Fault> {
        self.0.map(|mutant| mutant.fault)
    }

    pub(crate) fn contract(self) -> &'static Contract {
        match self.0 {
            Some(mutant @ Mutant { fault: Fault::Contract(alter), .. }) => altered(mutant, *alter),
            _ => Contract::current(),
        }
    }

    pub(crate) fn received(self, mut received: Received) -> Received {
        if let Some(Fault::Received(alter)) = self.fault() {
            alter(&mut received);
        }
        received
    }

    pub(crate) fn refuses(
        self,
        gateway: &Gateway,
        received: &Received,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let Some(Fault::Refuses(refuses)) = self.fault() else { return Ok(()) };
        let authorization = received.headers.get(AUTHORIZATION);
        let authorization = authorization.and_then(|header| Authorization::parse(header.as_bytes()).ok());
        let request = Request { received, authorization, identity: &gateway.identity, now };
        refuses(&request).map_or(Ok(()), Err)
    }

    pub(crate) fn overlooks(self, rejection: Rejection) -> Result<(), Rejection> {
        match self.fault() {
            Some(Fault::Overlooks(overlooks)) if overlooks(&rejection) => Ok(()),
            _ => Err(rejection),
        }
    }

    pub(crate) fn reads(self, request: AuthenticatedRequest) -> AuthenticatedRequest {
        let Some(Fault::Reads(read)) = self.fault() else { return request };
        let body = read(&request.received().body);
        request.with_body(body)
    }

    pub(crate) fn change(self, mut change: RightsChange) -> RightsChange {
        if let Some(Fault::Changes(alter)) = self.fault() {
            alter(&mut change);
        }
        change
    }

    pub(crate) fn rejection(self, rejection: Rejection) -> Rejection {
        match self.fault() {
            Some(Fault::Rejects(alter)) => alter(rejection),
            _ => rejection,
        }
    }

    pub(crate) fn answer(self, received: &Received, answer: Answer) -> Answer {
        match self.fault() {
            Some(Fault::Answers(alter)) => alter(received, answer),
            Some(Fault::Body(alter)) => answers::with_json(received, answer, alter),
            _ => answer,
        }
    }

    pub(crate) fn signing_key<'a>(
        self,
        identity: &'a Identity,
        wanted: Option<&str>,
        key: &'a PlatformKey,
    ) -> &'a PlatformKey {
        match self.fault() {
            Some(Fault::Key(choose)) => choose(identity, wanted).unwrap_or(key),
            _ => key,
        }
    }

    pub(crate) fn signed(self, answer: Answer, key: &PlatformKey) -> Answer {
        match self.fault() {
            Some(Fault::Signs(alter)) => alter(answer, key),
            _ => answer,
        }
    }
}

/// The contract as this mutant has it. Made once: mocks share it, as they share the right one.
fn altered(mutant: &'static Mutant, alter: fn(&mut Value)) -> &'static Contract {
    static MADE: Mutex<Option<HashMap<&'static str, &'static Contract>>> = Mutex::new(None);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.get_or_insert_default().entry(mutant.name).or_insert_with(|| {
        Box::leak(Box::new(Contract::altered(alter).expect("a mutant's contract still is one")))
    })
}
