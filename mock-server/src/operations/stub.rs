//! Stubs: operations of the user's with a fixed response. Their requests are verified; of their bodies nothing is known.

use std::collections::HashMap;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::{
    api::error::ApiError,
    operations::Context,
    policies::SignedRefusals,
    request::validate::ValidRequest,
    response::{Content, OperationResponse},
    store::Documents,
};

/// The response of a stub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stub {
    pub(crate) status: StatusCode,
    /// In place of the gateway's headers of the same names.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) is_signed: bool,
}

/// The responses of all stubs, by `operationId`.
pub(crate) type Stubs = HashMap<String, Stub>;

pub(super) fn answer(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    _: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let Some(stub) = context.stubs.get(request.operation().id()) else {
        // Each stub in the contract has a response.
        return Ok(OperationResponse::no_content(Vec::new()));
    };
    let signs_status =
        stub.status.is_success() || context.policies.signed_refusals == SignedRefusals::Business;
    Ok(OperationResponse {
        status: stub.status,
        body: Content::Stub { headers: stub.headers.clone(), body: stub.body.clone() },
        is_signed: stub.is_signed && signs_status,
        warnings: Vec::new(),
    })
}
