//! Queries of an order, by either number.

use super::{
    ledger::{Ledger, Target},
    numbers,
    order::Order,
    parties,
};
use crate::{
    api::{error::ApiError, operation_error::OperationError},
    operations::{Context, resource},
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// `GET …/transactions/out-trade-no/{out_trade_no}`.
pub(super) fn by_number(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    check_parties(request)?;
    let out_trade_no = request.parameter("out_trade_no");
    let id = Order::id(&request.merchant().mchid, parties::payee(request), out_trade_no);
    let order = Ledger::new(context, request.merchant(), documents).order(&id);
    show(context, request, "out_trade_no", order)
}

/// `GET …/transactions/id/{transaction_id}`.
pub(super) fn by_id(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    check_parties(request)?;
    let transaction_id = request.parameter("transaction_id");
    if !numbers::is_transaction_id(transaction_id) {
        return Err(OperationError::InvalidTransactionId.into());
    }
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let order = match ledger.target(transaction_id) {
        // A payment of pay score has no order. (own choice)
        Some(Target::Order(id)) => ledger.order(&id).filter(|order| !order.is_collected()),
        _ => None,
    };
    let sub_mchid = request.sent("sub_mchid");
    if order.as_ref().is_some_and(|order| order.sub_mchid() != sub_mchid) {
        return Err(OperationError::OtherSubMerchantsOrder.into());
    }
    show(context, request, "transaction_id", order)
}

/// The order, or the documentation's sample if the request names that and nobody ordered it.
fn show(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    key: &str,
    order: Option<Order>,
) -> Result<OperationResponse, ApiError> {
    match order.filter(Order::was_placed) {
        Some(order) => Ok(OperationResponse::ok(order.answer())),
        None => resource::sample_or(context, request, &[key], OperationError::UnknownOrder),
    }
}

/// # Errors
/// If the merchant that is named is another one than the caller.
fn check_parties(request: &ValidRequest<'_>) -> Result<(), ApiError> {
    parties::check_mchid(request).map_err(|_| OperationError::OtherMerchantsOrder.into())
}
