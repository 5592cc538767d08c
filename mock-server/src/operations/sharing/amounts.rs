//! How much of an order can still be shared, and how much of any order at most.

use serde_json::json;

use super::order::Shareable;
use crate::{
    api::{error::ApiError, operation_error::OperationError},
    operations::{
        Context, example,
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
        None if resource::is_sample(request, "transaction_id") => {
            example::answer(context, request, documents)
        }
        None => Err(OperationError::SharingUnknownOrder.into()),
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
