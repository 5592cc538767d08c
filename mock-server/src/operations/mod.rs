//! The operations: a file or folder for each family with its own rules.
//!
//! An operation is a function of a valid request and the documents that it reads. It returns its response and leaves
//! the changed documents in [`Documents`]. It opens no socket, takes no lock, and keeps no state.

mod certificates;
mod echo;
pub(crate) mod initial;
mod member_card;
pub(crate) mod seed;

use wechatpay_protocol::Timestamp;

use crate::{
    api::error::ApiError, merchants::Merchants, policies::Policies, random::Randomness,
    request::validate::ValidRequest, response::OperationResponse, store::Documents,
};

/// The inputs of an operation besides the request and the documents.
pub(crate) struct Context<'a> {
    pub(crate) now: Timestamp,
    pub(crate) policies: &'a Policies,
    pub(crate) merchants: &'a Merchants,
    pub(crate) randomness: &'a Randomness,
}

/// The function that implements an operation of the contract.
pub(crate) type Handler =
    fn(&Context<'_>, &ValidRequest, &mut Documents<'_>) -> Result<OperationResponse, ApiError>;

/// The handler of the operation with this `operationId`.
pub(crate) fn handler(operation_id: &str) -> Option<Handler> {
    match operation_id {
        "echo" => Some(echo::echo),
        "list_certificates" => Some(certificates::list),
        "set_rights" => Some(member_card::set_rights),
        "show_member_card" => Some(member_card::show),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use wechatpay_openapi::Contract;

    use super::*;

    #[test]
    fn every_operation_of_the_contract_has_a_handler() {
        let ids = Contract::current().operation_ids();
        assert_eq!(ids.filter(|id| handler(id).is_none()).collect::<Vec<_>>(), Vec::<&str>::new());
    }
}
