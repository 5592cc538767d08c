//! What a merchant does with refunds: applies for one, shows it, and pays an abnormal one another way. The order's state follows.

use wechatpay_protocol::Timestamp;

use super::{
    kind,
    ledger::{Direction, Ledger, Target},
    numbers,
    order::{DAY, Order, State},
    parties,
    refund::{Refund, RefundStatus},
};
use crate::{
    api::{Warning, error::ApiError, operation_error::OperationError},
    operations::{Context, magic, resource},
    policies::SharedRefund,
    request::validate::ValidRequest,
    response::OperationResponse,
    store::{Documents, Fingerprint},
};

/// The most refunds of an order. (documented)
const MOST: u32 = 50;

/// How long after the payment an order can be refunded, in seconds. (documented)
const REFUNDABLE: u64 = 365 * DAY;

/// `POST /v3/refund/domestic/refunds`.
pub(super) fn apply(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let body = request.body();
    let number = body["out_refund_no"].as_str().unwrap_or_default();
    let id = Order::id(&request.merchant().mchid, parties::payee(request), number);
    let content = Fingerprint::of(&request.plain()).to_hex();
    documents.ahead(|ahead| {
        ahead.document(kind::REFUND, &id);
        if let Some(number) = body["out_trade_no"].as_str() {
            let id = Order::id(&request.merchant().mchid, parties::payee(request), number);
            ahead.change_of(kind::ORDER, &id);
        }
        if let Some(number) = body["transaction_id"].as_str() {
            ahead.document(kind::NUMBER, number);
        }
        if request.merchant().balance.is_some() {
            ahead.document(kind::BALANCE, kind::BALANCE);
        }
    });
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    if let Some(known) = ledger.refund(&id) {
        if known.content != content {
            return Err(OperationError::RefundAmount.into());
        }
        let mut response = OperationResponse::ok(known.answer());
        response.warnings.push(Warning::Repeated);
        return Ok(response);
    }
    let Some(mut order) = order(&mut ledger, request)? else {
        let key = if body["transaction_id"].is_string() { "transaction_id" } else { "out_trade_no" };
        return resource::sample_or(context, request, &[key], OperationError::RefundUnknownOrder);
    };
    let amount = |name: &str| body["amount"][name].as_u64().unwrap_or_default();
    let (amount, total) = (amount("refund"), amount("total"));
    let transaction_id = check(&mut ledger, &order, amount, total)?;
    let now = ledger.now().as_unix();
    let refund = Refund {
        refund_id: numbers::refund_id(ledger.now(), context.randomness),
        out_refund_no: number.into(),
        order: order.id.clone(),
        out_trade_no: order.out_trade_no.clone(),
        transaction_id,
        mchid: request.merchant().mchid.as_str().into(),
        sub_mchid: order.sub_mchid().map(String::from),
        amount,
        total,
        content,
        notify_url: body["notify_url"]
            .as_str()
            .or(request.merchant().notify_url.as_deref())
            .map(String::from),
        funds_account: body["funds_account"].as_str().map(String::from),
        created: now,
        status: RefundStatus::Processing,
        due: Some(due(context, number)),
        success_time: None,
        history: Vec::new(),
        id,
    };
    order.state = State::Refund;
    order.refunded += amount;
    order.refunds += 1;
    ledger.put(&order);
    ledger.move_money(Direction::Out, amount);
    keep(&mut ledger, &refund);
    let mut response = OperationResponse::ok(refund.answer());
    if refund.notify_url.is_none() {
        response.warnings.push(Warning::NoNotifyUrl { event_type: "REFUND.SUCCESS".into() });
    }
    Ok(response)
}

/// The order that a refund is for.
///
/// # Errors
/// If the request names two, or another sub-merchant than the order's.
fn order(ledger: &mut Ledger<'_, '_>, request: &ValidRequest<'_>) -> Result<Option<Order>, OperationError> {
    let body = request.body();
    let by_number = body["out_trade_no"].as_str().map(|number| {
        let id = Order::id(&ledger.merchant.mchid, parties::payee(request), number);
        ledger.order(&id).filter(Order::was_placed)
    });
    let by_id = body["transaction_id"].as_str().map(|number| match ledger.target(number) {
        Some(Target::Order(id)) => ledger.order(&id),
        _ => None,
    });
    match (by_number, by_id) {
        (Some(Some(one)), Some(Some(other))) if one.id != other.id => Err(OperationError::RefundOtherOrder),
        (Some(Some(_)), Some(None)) | (Some(None), Some(Some(_))) => Err(OperationError::RefundOtherOrder),
        (by_number, by_id) => {
            let order = by_id.flatten().or(by_number.flatten());
            order.map(|order| check_sub_mchid(request, order.sub_mchid()).map(|()| order)).transpose()
        }
    }
}

/// # Errors
/// If the request names another sub-merchant than this.
fn check_sub_mchid(request: &ValidRequest<'_>, sub_mchid: Option<&str>) -> Result<(), OperationError> {
    let named = request.body()["sub_mchid"].as_str().filter(|mchid| !mchid.is_empty());
    (named == sub_mchid).then_some(()).ok_or(OperationError::OtherSubMerchantsOrder)
}

/// The order's `transaction_id`, if this much of it can be refunded.
fn check(
    ledger: &mut Ledger<'_, '_>,
    order: &Order,
    amount: u64,
    total: u64,
) -> Result<String, OperationError> {
    let Some(payment) = &order.payment else {
        // A closed order does not exist for refunds; an unpaid one is not found either, in other words. (wild)
        return Err(match order.state {
            State::Closed => OperationError::RefundUnknownOrder,
            _ => OperationError::RefundUnpaid,
        });
    };
    let left = order.total().saturating_sub(order.refunded);
    if total != order.total() {
        return Err(OperationError::RefundAmount);
    }
    if left == 0 {
        return Err(OperationError::RefundedAll);
    }
    if amount > left {
        return Err(OperationError::RefundExceeds);
    }
    if amount > order.unshared() && ledger.context.policies.shared_refund == SharedRefund::Refuse {
        return Err(OperationError::RefundNotEnough);
    }
    if order.refunds >= MOST {
        return Err(OperationError::RefundTooMany);
    }
    if payment.at + REFUNDABLE < ledger.now().as_unix() {
        return Err(OperationError::RefundTooLate);
    }
    if ledger.balance().is_some_and(|balance| balance < i128::from(amount)) {
        return Err(OperationError::RefundNotEnough);
    }
    Ok(payment.transaction_id.clone())
}

/// When a refund is settled, and how: what its number says, or else the configuration.
fn due(context: &Context<'_>, number: &str) -> (u64, RefundStatus) {
    let at = context.now.as_unix().saturating_add(context.payments.refund_delay.as_secs());
    match magic::name_in(number) {
        Some(magic::REFUND_ABNORMAL) => (at, RefundStatus::Abnormal),
        Some(magic::REFUND_CLOSED) => (at, RefundStatus::Closed),
        _ => (at, RefundStatus::Success),
    }
}

/// Keeps a refund that is `PROCESSING`.
fn keep(ledger: &mut Ledger<'_, '_>, refund: &Refund) {
    ledger.name(&refund.refund_id, &Target::Refund(refund.id.clone()));
    ledger.put_refund(refund);
    if let Some((at, _)) = refund.due {
        ledger.documents.remind(Timestamp::from_unix(at), kind::REFUND, &refund.id);
    }
}

/// `GET /v3/refund/domestic/refunds/{out_refund_no}`.
pub(super) fn show(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let number = request.parameter("out_refund_no");
    let id = Order::id(&request.merchant().mchid, parties::payee(request), number);
    match Ledger::new(context, request.merchant(), documents).refund(&id) {
        Some(refund) => Ok(OperationResponse::ok(refund.answer())),
        None => resource::sample_or(context, request, &["out_refund_no"], OperationError::UnknownRefund),
    }
}

/// `POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund`: the money goes another way.
pub(super) fn apply_abnormal(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let refund = match ledger.target(request.parameter("refund_id")) {
        Some(Target::Refund(id)) => ledger.refund(&id),
        _ => None,
    };
    let Some(mut refund) = refund else {
        return resource::sample_or(context, request, &["refund_id"], OperationError::UnknownRefund);
    };
    if request.body()["out_refund_no"].as_str() != Some(&refund.out_refund_no) {
        return Err(OperationError::RefundOtherOrder.into());
    }
    check_sub_mchid(request, refund.sub_mchid.as_deref())?;
    if refund.status != RefundStatus::Abnormal {
        return Err(OperationError::WrongState.into());
    }
    refund.becomes(RefundStatus::Processing, context.now.as_unix());
    refund.due = Some((due(context, "").0, RefundStatus::Success));
    keep(&mut ledger, &refund);
    Ok(OperationResponse::ok(refund.answer()))
}
