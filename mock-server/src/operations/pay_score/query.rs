//! Queries of a service order, by either number.

use super::{
    book::{Book, Purpose, Target},
    order::ServiceOrder,
    view,
};
use crate::{
    api::{error::ApiError, operation_error::OperationError},
    operations::{
        Context, example,
        payment::{order::Order, parties},
        resource,
    },
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// `GET /v3/payscore/serviceorder`, and the partner's.
pub(super) fn show(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let named = |name: &str| request.sent(name).filter(|sent| !sent.is_empty());
    let (number, query_id) = (named("out_order_no"), named("query_id"));
    let mut book = Book::new(context, request.merchant(), documents);
    let order = match (number, query_id) {
        (Some(_), None) => found(&mut book, request),
        (None, Some(query_id)) => by_query_id(&mut book, request, query_id),
        _ if is_sample(request) => None,
        _ => return Err(OperationError::ServiceOrderNames.into()),
    };
    match order {
        Some(order) => Ok(view::respond(request, &view::whole(&order, request.merchant().mchid.as_str()))),
        None => missing(context, request),
    }
}

fn by_query_id(book: &mut Book<'_, '_>, request: &ValidRequest<'_>, query_id: &str) -> Option<ServiceOrder> {
    let Some(Target::Order(id)) = book.target(Purpose::QueryId, query_id) else { return None };
    book.order(&id).filter(|order| is_named(order, request))
}

/// The order that the request names by its number.
pub(super) fn found(book: &mut Book<'_, '_>, request: &ValidRequest<'_>) -> Option<ServiceOrder> {
    let id = id(request);
    book.order(&id).filter(|order| is_named(order, request))
}

/// The ID in the store of the order that the request names, as of payments. The number is the merchant's own, whatever the
/// service. (documented)
pub(super) fn id(request: &ValidRequest<'_>) -> String {
    let number = request.body()["out_order_no"].as_str().or_else(|| request.sent("out_order_no"));
    Order::id(&request.merchant().mchid, parties::payee(request), number.unwrap_or_default())
}

/// Whether an order is of the service and the sub-merchant that the request names. (own choice)
fn is_named(order: &ServiceOrder, request: &ValidRequest<'_>) -> bool {
    ["service_id", "sub_mchid"].iter().all(|name| {
        let named = request.body()[*name].as_str().or_else(|| request.sent(name));
        named.is_none_or(|named| named.is_empty() || order.text(name) == Some(named))
    })
}

/// The answer about an order that nobody created: the documentation's sample, or an error.
pub(super) fn missing(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
) -> Result<OperationResponse, ApiError> {
    match is_sample(request) {
        true => Ok(example::made(context, request)),
        false => Err(OperationError::UnknownServiceOrder.into()),
    }
}

/// Whether the request names the documentation's sample.
fn is_sample(request: &ValidRequest<'_>) -> bool {
    let is_free = |name: &str| request.sent(name).is_none_or(str::is_empty);
    resource::is_sample(request, "out_order_no")
        || is_free("out_order_no") && resource::is_sample(request, "query_id")
}
