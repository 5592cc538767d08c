//! The operations: a file or folder for each family with its own rules.
//!
//! An operation without rules of its own is executed by data: `resource` keeps the documents that the contract
//! describes, and `example` answers from the contract's examples.
//!
//! An operation is a function of a valid request and the documents that it reads. It returns its response and leaves
//! the changed documents in [`Documents`]. It opens no socket, takes no lock, and keeps no state.

mod certificates;
mod download;
mod echo;
mod encrypted;
pub(crate) mod event;
mod example;
pub(crate) mod initial;
pub(crate) mod kinds;
pub(crate) mod magic;
mod member_card;
pub(crate) mod pay_score;
pub(crate) mod payment;
mod resource;
pub(crate) mod seed;
pub(crate) mod sharing;
pub(crate) mod stub;
pub(crate) mod transfer;
pub(crate) mod waiting;

use std::sync::Arc;

use wechatpay_openapi::{Contract, Depth, Operation};
use wechatpay_protocol::Timestamp;

use kinds::Kind;

use crate::{
    api::error::ApiError,
    merchants::{Merchant, Merchants},
    operations::{
        pay_score::Book,
        payment::{Ledger, Payments},
        stub::Stubs,
        transfer::Transfers,
    },
    policies::Policies,
    random::Randomness,
    request::validate::ValidRequest,
    response::OperationResponse,
    store::{Documents, Fingerprint, Key},
};

/// The operations of a mock: the contract, the responses of the stubs in it, and what happens to payments and transfers by itself.
#[derive(Clone, Debug)]
pub(crate) struct Operations {
    pub(crate) contract: Arc<Contract>,
    pub(crate) stubs: Arc<Stubs>,
    pub(crate) payments: Payments,
    pub(crate) transfers: Transfers,
}

impl Default for Operations {
    fn default() -> Self {
        Self {
            contract: Arc::new(Contract::built_in()),
            stubs: Arc::default(),
            payments: Payments::default(),
            transfers: Transfers::default(),
        }
    }
}

/// The inputs of an operation besides the request and the documents.
pub(crate) struct Context<'a> {
    pub(crate) now: Timestamp,
    pub(crate) contract: &'a Contract,
    pub(crate) policies: &'a Policies,
    pub(crate) merchants: &'a Merchants,
    pub(crate) randomness: &'a Randomness,
    pub(crate) stubs: &'a Stubs,
    pub(crate) payments: Payments,
    pub(crate) transfers: &'a Transfers,
}

/// What must not change when a request is repeated.
fn content_of(request: &ValidRequest<'_>) -> String {
    Fingerprint::of(&(request.operation().id(), request.plain())).to_hex()
}

/// The function that implements an operation of the contract.
pub(crate) type Handler =
    fn(&Context<'_>, &ValidRequest, &mut Documents<'_>) -> Result<OperationResponse, ApiError>;

/// The handler of an operation: its own, or the one for all of its depth.
pub(crate) fn handler(operation: &Operation) -> Handler {
    match operation.depth() {
        // Whatever their `operationId`, operations of the user's have no code.
        Depth::Rules => rules(operation.id()).unwrap_or(example::answer),
        _ if operation.is_stub() => stub::answer,
        Depth::Resource => resource::answer,
        Depth::Example => example::answer,
    }
}

/// The handler of an operation with rules of its own.
fn rules(operation_id: &str) -> Option<Handler> {
    match operation_id {
        "echo" => Some(echo::echo),
        "list_certificates" => Some(certificates::list),
        _ => member_card::rules(operation_id)
            .or_else(|| payment::rules(operation_id))
            .or_else(|| sharing::rules(operation_id))
            .or_else(|| transfer::rules(operation_id))
            .or_else(|| pay_score::rules(operation_id)),
    }
}

/// Lets happen what is due of a merchant's document.
pub(crate) fn become_due(
    context: &Context<'_>,
    merchant: &Arc<Merchant>,
    documents: &mut Documents<'_>,
    key: &Key,
) {
    let ledger = &mut Ledger::new(context, merchant, documents);
    payment::become_due(ledger, key);
    sharing::become_due(ledger, key);
    transfer::become_due(ledger, key);
    pay_score::become_due(&mut Book::new(context, merchant, documents), key);
}

/// The kind of documents with this name. Operations read no document of another one.
pub(crate) fn kind_named(contract: &Contract, name: &str) -> Option<&'static Kind> {
    kinds().find(|kind| kind.name() == name).or_else(|| resource::kind_named(contract, name))
}

/// The names of all kinds, without those that the contract makes.
pub(crate) fn kind_names() -> impl Iterator<Item = &'static str> {
    kinds().map(Kind::name)
}

fn kinds() -> impl Iterator<Item = &'static Kind> {
    let families = [member_card::KINDS, pay_score::KINDS, payment::KINDS, sharing::KINDS, transfer::KINDS];
    families.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operations_of_depth_rules_and_no_others_have_a_handler_of_their_own() {
        for operation in Contract::current().operations() {
            let has_rules = operation.depth() == Depth::Rules;
            assert_eq!(rules(operation.id()).is_some(), has_rules, "{operation}");
        }
    }
}
