//! What the operations do, a file for each family with rules of its own.
//!
//! An operation is a function of a valid request and the documents that it reads. It returns its response and leaves the
//! changed documents in [`Documents`]: it opens no socket, takes no lock, and keeps nothing itself.

mod certificates;
mod echo;
pub(crate) mod initial;
mod member_card;
pub(crate) mod seed;

use http::StatusCode;
use serde_json::Value;
use wechatpay_protocol::Timestamp;

use crate::{
    api::{Warning, error::ApiError},
    merchants::Merchants,
    policies::Policies,
    random::Randomness,
    request::validate::ValidRequest,
    store::Documents,
};

/// What an operation may look at beside the request and the documents.
pub(crate) struct Context<'a> {
    pub(crate) now: Timestamp,
    pub(crate) policies: &'a Policies,
    pub(crate) merchants: &'a Merchants,
    pub(crate) randomness: &'a Randomness,
}

/// The code behind an operation of the contract.
pub(crate) type Handler =
    fn(&Context<'_>, &ValidRequest, &mut Documents<'_>) -> Result<OperationResponse, ApiError>;

/// What an operation answers, and what the request is warned about although it was carried out.
#[derive(Debug)]
pub(crate) struct OperationResponse {
    pub(crate) status: StatusCode,
    /// The body; `None` is an empty one.
    pub(crate) body: Option<Value>,
    pub(crate) warnings: Vec<Warning>,
}

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

impl OperationResponse {
    /// 200 with a body.
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body), warnings: Vec::new() }
    }

    /// 204.
    pub(crate) fn no_content(warnings: Vec<Warning>) -> Self {
        Self { status: StatusCode::NO_CONTENT, body: None, warnings }
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
