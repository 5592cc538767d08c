//! Which operation is meant. Comes before any look at credentials: an unknown path is 404 to everybody. (probed)

use std::sync::Arc;

use crate::{
    api::error::ApiError,
    contract::{Contract, Operation},
    request::receive::RawRequest,
};

/// A request to an operation of the contract.
pub(crate) struct RoutedRequest {
    pub(crate) received: Arc<RawRequest>,
    pub(crate) operation: &'static Operation,
}

/// Checks 1 and 2: finds the operation by path, then by method.
pub(crate) fn route(
    contract: &'static Contract,
    received: Arc<RawRequest>,
) -> Result<RoutedRequest, ApiError> {
    let operation = operation(contract, &received)?;
    Ok(RoutedRequest { received, operation })
}

fn operation(contract: &'static Contract, received: &RawRequest) -> Result<&'static Operation, ApiError> {
    let mut at_path = contract.at(received.path()).peekable();
    if at_path.peek().is_none() {
        return Err(ApiError::UnknownPath { nearest: contract.nearest(received.path()) });
    }
    at_path.find(|operation| operation.method == received.method).ok_or(ApiError::UnknownMethod)
}
