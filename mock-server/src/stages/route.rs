//! Which operation is meant. Comes before any look at credentials: an unknown path is 404 to everybody. (probed)

use std::sync::Arc;

use super::receive::Received;
use crate::{
    contract::{Contract, Operation},
    rejection::Rejection,
};

/// A request to an operation of the contract.
pub(crate) struct RoutedRequest {
    pub(crate) received: Arc<Received>,
    pub(crate) operation: &'static Operation,
}

/// Checks 1 and 2: finds the operation by path, then by method.
pub(crate) fn route(
    contract: &'static Contract,
    received: Arc<Received>,
) -> Result<RoutedRequest, Rejection> {
    let operation = operation(contract, &received)?;
    Ok(RoutedRequest { received, operation })
}

fn operation(contract: &'static Contract, received: &Received) -> Result<&'static Operation, Rejection> {
    let mut at_path = contract.at(received.path()).peekable();
    if at_path.peek().is_none() {
        return Err(Rejection::UnknownPath { nearest: contract.nearest(received.path()) });
    }
    at_path.find(|operation| operation.method == received.method).ok_or(Rejection::UnknownMethod)
}
