//! What a merchant does with a service order that exists.

use serde_json::Value;

use super::{
    book::{Book, Payer},
    kind,
    order::{Completion, Detail, MOST_DETAILS, ServiceOrder, State, Synced},
    query, times, totals, view,
};
use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{Context, content_of, magic, resource},
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// Runs a change of the order that the request names.
fn change(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
    change: impl FnOnce(&mut Book<'_, '_>, &mut ServiceOrder) -> Result<Option<Warning>, OperationError>,
) -> Result<OperationResponse, ApiError> {
    let mut book = Book::new(context, request.merchant(), documents);
    let Some(mut order) = query::found(&mut book, request) else {
        return query::missing(context, request);
    };
    // An order is completed and cancelled with the appid of its creation. (documented)
    let appid = request.body()["appid"].as_str().filter(|appid| !appid.is_empty());
    if appid.is_some_and(|appid| order.text("appid") != Some(appid)) {
        return Err(OperationError::ServiceOrderAppid.into());
    }
    let warning = change(&mut book, &mut order)?;
    let mut response = view::respond(request, &view::whole(&order, request.merchant().mchid.as_str()));
    response.warnings.extend(warning);
    Ok(response)
}

/// `POST …/serviceorder/{out_order_no}/cancel`.
pub(super) fn cancel(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    change(context, request, documents, |book, order| match order.state {
        State::Created | State::Confirmed => {
            order.fields["reason"] = request.plain()["reason"].clone();
            book.finish(order, State::Revoked);
            Ok(None)
        }
        State::Completed | State::Done | State::Revoked | State::Expired => {
            Err(OperationError::ServiceOrderNotCancellable)
        }
    })
}

/// `POST …/serviceorder/{out_order_no}/complete`. The same completion again gets the same answer.
pub(super) fn complete(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    change(context, request, documents, |book, order| {
        let (body, content) = (request.plain(), content_of(request));
        check_deducting(order)?;
        match (order.state, &order.completion) {
            (State::Confirmed, _) => {}
            (State::Completed, Some(completion)) if completion.content == content => {
                return Ok(Some(Warning::Repeated));
            }
            (State::Completed, _) => return Err(OperationError::ServiceOrderRepeated),
            (state, _) => return Err(wrong_state(state)),
        }
        let total = totals::total(body)?;
        totals::check_most(order, context.payments.service_limit, total)?;
        times::check(&order.fields["time_range"], &body["time_range"], book.now())?;
        take_over(order, body);
        completed(book, order, content, total);
        Ok(None)
    })
}

/// The order has this total, which is collected from now on.
pub(super) fn completed(book: &mut Book<'_, '_>, order: &mut ServiceOrder, content: String, total: u64) {
    order.completion = Some(Completion { content, total, ..Completion::default() });
    if total == 0 {
        book.finish(order, State::Done);
        return;
    }
    order.state = State::Completed;
    order.will = pays(book, order);
    book.put(order);
    book.remind(order.will, kind::ORDER, &order.id);
}

/// `POST …/serviceorder/{out_order_no}/modify`: the total can only become smaller. (documented)
pub(super) fn modify(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    change(context, request, documents, |book, order| {
        check_deducting(order)?;
        check_paying(order)?;
        let Some(mut completion) = order.completion.clone() else {
            return Err(OperationError::ServiceOrderState);
        };
        let total = totals::total(request.plain())?;
        if total > completion.total || total < completion.paid() {
            return Err(OperationError::ServiceAmountRange);
        }
        take_over(order, request.plain());
        completion.total = total;
        order.completion = Some(completion);
        book.put_collected(order);
        Ok(None)
    })
}

/// `POST …/serviceorder/{out_order_no}/pay`: the merchant has the money collected now.
pub(super) fn pay(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    change(context, request, documents, |book, order| {
        check_deducting(order)?;
        check_paying(order)?;
        if magic::name_in(&order.out_order_no) == Some(magic::PAY_FAIL) {
            return Err(OperationError::ServiceDeductionFailed);
        }
        let at = book.now().as_unix();
        book.collect(order, Payer::Gateway, at);
        Ok(None)
    })
}

/// `POST …/serviceorder/{out_order_no}/sync`: the user has paid the merchant otherwise. There is no callback. The same request
/// again, with the `seq` of a payment, changes nothing. (own choice)
pub(super) fn sync(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    change(context, request, documents, |book, order| {
        let (detail, content) = (&request.plain()["detail"], content_of(request));
        let seq = detail["seq"].as_u64();
        match order.synced(seq) {
            Some(known) if known.content == content => return Ok(Some(Warning::Repeated)),
            Some(_) => return Err(OperationError::ServiceOrderRepeated),
            None => {}
        }
        check_paying(order)?;
        let Some(completion) = &mut order.completion else { return Err(OperationError::ServiceOrderState) };
        let amount = detail["paid_amount"].as_i64();
        let amount = amount.map_or(Some(completion.rest()), |amount| u64::try_from(amount).ok());
        let is_possible = |amount: &u64| *amount > 0 && *amount <= completion.rest();
        let Some(amount) = amount.filter(is_possible).filter(|_| completion.details.len() < MOST_DETAILS)
        else {
            return Err(OperationError::ServiceAmountRange);
        };
        let paid_time = detail["paid_time"].as_str().unwrap_or_default().into();
        let synced = seq.map(|seq| Synced { seq, content });
        completion.details.push(Detail { amount, paid_time, transaction_id: None, synced });
        book.put_collected(order);
        Ok(None)
    })
}

/// `POST …/serviceorder/{out_order_no}/send-prepaidmessage` and `send-pendingmessage`: the user gets a message, which changes
/// nothing. Only while the service is used. (own choice)
pub(super) fn message(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    change(context, request, documents, |_, order| match order.state {
        State::Confirmed | State::Completed => Ok(None),
        state => Err(wrong_state(state)),
    })
}

/// Takes over what a completion or a change says of the service. Of times and places, what is not said stays.
fn take_over(order: &mut ServiceOrder, body: &Value) {
    for name in ["post_payments", "post_discounts", "device", "profit_sharing"] {
        if let Some(value) = body.get(name) {
            order.fields[name] = value.clone();
        }
    }
    // Those of the creation are void then. (documented)
    if body.get("post_discounts").is_none()
        && let Value::Object(fields) = &mut order.fields
    {
        fields.remove("post_discounts");
    }
    for name in ["time_range", "location"] {
        if let Some(value) = body.get(name) {
            resource::merge(&mut order.fields[name], value);
        }
    }
}

/// When the money is collected: what the number says, or else the configuration.
fn pays(book: &Book<'_, '_>, order: &ServiceOrder) -> Option<u64> {
    let now = book.now().as_unix();
    match magic::name_in(&order.out_order_no) {
        Some(magic::PAY) => Some(now),
        Some(magic::PAY_FAIL) => None,
        _ => book.context.payments.auto_pay.map(|after| now.saturating_add(after.as_secs())),
    }
}

fn check_deducting(order: &ServiceOrder) -> Result<(), OperationError> {
    let is_deducting = magic::name_in(&order.out_order_no) == Some(magic::DEDUCTING);
    let is_doing = order.state.is_doing();
    if is_deducting && is_doing { Err(OperationError::ServiceDeducting) } else { Ok(()) }
}

/// # Errors
/// If the order does not wait for its payment.
fn check_paying(order: &ServiceOrder) -> Result<(), OperationError> {
    match order.state {
        State::Completed => Ok(()),
        State::Done => Err(OperationError::ServiceOrderNotPaying),
        state => Err(wrong_state(state)),
    }
}

/// What the gateway says of an order that is in the wrong state.
fn wrong_state(state: State) -> OperationError {
    match state {
        State::Created => OperationError::ServiceOrderUnconfirmed,
        State::Revoked => OperationError::ServiceOrderRevoked,
        State::Confirmed | State::Completed | State::Done | State::Expired => {
            OperationError::ServiceOrderState
        }
    }
}
