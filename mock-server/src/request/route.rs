//! Finds the operation of a request. This comes before any check of credentials: an unknown path is 404 for everybody.
//! (probed)

use std::sync::Arc;

use wechatpay_openapi::{Contract, Operation, RouteError};

use crate::{api::error::ApiError, request::receive::RawRequest};

/// A request to an operation of the contract.
pub(crate) struct RoutedRequest<'c> {
    pub(crate) received: Arc<RawRequest>,
    pub(crate) operation: &'c Operation,
}

/// Checks 1 and 2: finds the operation by path, then by method.
pub(crate) fn route(contract: &Contract, received: Arc<RawRequest>) -> Result<RoutedRequest<'_>, ApiError> {
    let path = received.path();
    let operation = contract.route(&received.method, path).map_err(|error| match error {
        RouteError::UnknownPath => {
            ApiError::UnknownPath { near: contract.near(path).map(ToString::to_string) }
        }
        RouteError::UnknownMethod => ApiError::UnknownMethod,
    })?;
    Ok(RoutedRequest { received, operation })
}
