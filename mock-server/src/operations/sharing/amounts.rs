//! How much of an order can still be shared, and how much of any order at most.

use serde_json::json;

use super::order::Shareable;
use crate::{
    api::{error::ApiError, operation_error::OperationError},
    operations::{
        Context,
        payment::{ledger::Ledger, shared::SharingApi},
        resource,
    },
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// `GET …/transactions/{transaction_id}/amounts`: what is left, nothing once it was released.
pub(super) fn left(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let (api, transaction_id) = (SharingApi::of(request), request.parameter("transaction_id"));
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    match Shareable::find(&mut ledger, transaction_id, api)? {
        Some(found) => Ok(OperationResponse::ok(json!({
            "transaction_id": transaction_id,
            "unsplit_amount": found.left(api, &ledger),
        }))),
        None => {
            let error = OperationError::SharingUnknownOrder;
            resource::sample_or(context, request, &["transaction_id"], error)
        }
    }
}

/// `GET /v3/profitsharing/merchant-configs/{sub_mchid}`: the same for every sub-merchant, that of the configuration.
pub(super) fn ratio(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    _: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    Ok(OperationResponse::ok(json!({
        "sub_mchid": request.parameter("sub_mchid"),
        "max_ratio": context.payments.max_ratio.get(),
    })))
}
