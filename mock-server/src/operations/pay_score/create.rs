//! Creating a service order, and creating and completing one at once.

use serde_json::Value;

use super::{
    book::{Book, Purpose, Target, user_id},
    change, kind,
    order::{ServiceOrder, State},
    permission::PermissionState,
    query, times, totals, view,
};
use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{Context, content_of, magic, payment::numbers},
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// `POST /v3/payscore/serviceorder`, and the partner's.
pub(super) fn create(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    check_appid(request)?;
    let mut book = Book::new(context, request.merchant(), documents);
    let content = content_of(request);
    if let Some(known) = book.order(&query::id(request)) {
        return repeated(request, &known, &content);
    }
    let body = request.plain();
    let limit = context.payments.service_limit;
    if limit.is_some_and(|limit| body["risk_fund"]["amount"].as_u64() > Some(limit)) {
        return Err(OperationError::ServiceRiskFund.into());
    }
    let mut order = new_order(&book, request, content);
    // Without the field, the user confirms. (documented)
    if body["need_user_confirm"] == false {
        check_user(&mut book, &order)?;
        keep(&mut book, &order);
        book.begin(&mut order, None);
    } else {
        order.will = confirms(&book, &order);
        keep(&mut book, &order);
        book.remind(order.will, kind::ORDER, &order.id);
    }
    Ok(view::respond(request, &view::whole(&order, request.merchant().mchid.as_str())))
}

/// `POST /v3/payscore/serviceorder/direct-complete`, and the partner's: an order without a confirmation, and completed.
pub(super) fn direct_complete(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    check_appid(request)?;
    let mut book = Book::new(context, request.merchant(), documents);
    let content = content_of(request);
    if let Some(known) = book.order(&query::id(request)) {
        return repeated(request, &known, &content);
    }
    let body = request.plain();
    let total = match totals::total(body) {
        Ok(total) => total,
        // The documentation's sample does not add up.
        Err(_) if body == request.operation().example().unwrap_or(&Value::Null) => {
            body["total_amount"].as_u64().unwrap_or_default()
        }
        Err(error) => return Err(error.into()),
    };
    let mut order = new_order(&book, request, content.clone());
    totals::check_most(&order, context.payments.service_limit, total)?;
    times::check(&order.fields["time_range"], &body["time_range"], book.now())?;
    check_user(&mut book, &order)?;
    keep(&mut book, &order);
    book.begin(&mut order, None);
    change::completed(&mut book, &mut order, content, total);
    Ok(view::respond(request, &view::whole(&order, request.merchant().mchid.as_str())))
}

/// # Errors
/// If the appid is not one of the merchant's.
pub(super) fn check_appid(request: &ValidRequest<'_>) -> Result<(), OperationError> {
    let known = &request.merchant().appids;
    let appid = request.body()["appid"].as_str();
    let is_known = known.is_empty() || appid.is_none_or(|appid| known.iter().any(|known| known == appid));
    is_known.then_some(()).ok_or(OperationError::ServiceAppid)
}

/// # Errors
/// If the number was used for another order. The same request again gets the same order, as it is today. (documented)
fn repeated(
    request: &ValidRequest<'_>,
    known: &ServiceOrder,
    content: &str,
) -> Result<OperationResponse, ApiError> {
    if known.content != content {
        return Err(OperationError::ServiceOrderRepeated.into());
    }
    let mut response = view::respond(request, &view::whole(known, request.merchant().mchid.as_str()));
    response.warnings.push(Warning::Repeated);
    Ok(response)
}

fn new_order(book: &Book<'_, '_>, request: &ValidRequest<'_>, content: String) -> ServiceOrder {
    let (fields, randomness) = (request.plain(), book.context.randomness);
    ServiceOrder {
        id: query::id(request),
        out_order_no: fields["out_order_no"].as_str().unwrap_or_default().into(),
        fields: fields.clone(),
        content,
        order_id: numbers::service_order_id(book.now(), randomness),
        package: numbers::package(&query::id(request), randomness),
        created: book.now().as_unix(),
        state: State::Created,
        openid: fields["openid"].as_str().map(String::from),
        completion: None,
        query_id: None,
        will: None,
    }
}

/// Keeps a new order under its names.
fn keep(book: &mut Book<'_, '_>, order: &ServiceOrder) {
    book.put(order);
    let target = Target::Order(order.id.clone());
    book.name(Purpose::Package, &order.package, &target);
    if order.id != order.out_order_no {
        book.name(Purpose::OutOrderNo, &order.out_order_no, &target);
    }
}

/// When the user confirms by itself: what the number says, or else the configuration.
fn confirms(book: &Book<'_, '_>, order: &ServiceOrder) -> Option<u64> {
    let now = book.now().as_unix();
    match magic::name_in(&order.out_order_no) {
        Some(magic::CONFIRM) => Some(now),
        Some(magic::ASSESSMENT | magic::OVERDUE | magic::TEENAGER) => None,
        _ => book.context.payments.auto_confirm.map(|after| now.saturating_add(after.as_secs())),
    }
}

/// Why a user may not use the service, if its number says so.
pub(super) fn refusal(out_order_no: &str) -> Option<OperationError> {
    match magic::name_in(out_order_no)? {
        magic::ASSESSMENT => Some(OperationError::ServiceAssessment),
        magic::OVERDUE => Some(OperationError::ServiceOverdue),
        magic::TEENAGER => Some(OperationError::ServiceTeenager),
        _ => None,
    }
}

/// # Errors
/// If the user of an order without confirmation may not use the service, or has ended its permission. (documented)
fn check_user(book: &mut Book<'_, '_>, order: &ServiceOrder) -> Result<(), OperationError> {
    if let Some(refusal) = refusal(&order.out_order_no) {
        return Err(refusal);
    }
    let Some(openid) = order.user() else { return Ok(()) };
    let id = user_id(order.text("sub_mchid"), order.text("service_id").unwrap_or_default(), openid);
    let permission = book.user(&id).permissions.pop().and_then(|id| book.permission(&id));
    let permission = permission.filter(|permission| permission.openid.as_deref() == Some(openid));
    let is_ended = permission.is_some_and(|permission| permission.state == PermissionState::Unavailable);
    if is_ended { Err(OperationError::ServiceNoPermission) } else { Ok(()) }
}
