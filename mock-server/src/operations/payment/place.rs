//! Placing an order: `prepay_id`, `code_url` or `h5_url`, or the paid order of a code.

use serde_json::{Value, json};
use wechatpay_protocol::Timestamp;

use super::{
    act, kind,
    ledger::{Ledger, Payer, Target},
    numbers,
    order::{Order, Prepay, Product, State, Will},
    parties,
};
use crate::{
    api::{Warning, error::ApiError, host::H5_HOST, operation_error::OperationError},
    operations::{Context, magic},
    policies::{ClosedOrderText, PaidOrderCode, RepeatOrderText},
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// `POST …/transactions/{product}`.
pub(super) fn place(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    parties::check(context, request)?;
    check_time_expire(request)?;
    let fields = request.plain();
    let product = Product::of(request.operation()).unwrap_or(Product::Jsapi);
    if product == Product::Jsapi && !parties::has_openid(fields) {
        return Err(OperationError::NoOpenid.into());
    }
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let out_trade_no = fields["out_trade_no"].as_str().unwrap_or_default();
    let id = Order::id(&request.merchant().mchid, parties::payee(request), out_trade_no);
    let (mut order, is_new) = match ledger.order(&id) {
        Some(known) => {
            check_repeat(context, request, &known, product)?;
            (known, false)
        }
        None => {
            let prepay = new_prepay(&ledger, request, product, out_trade_no, false);
            (Order::new(id, out_trade_no, request.plain_to_keep(), prepay), true)
        }
    };
    if order.id != order.out_trade_no {
        ledger.name(&act::by_number(&order.out_trade_no), &Target::Order(order.id.clone()));
    }
    if product == Product::CodePay {
        if is_new {
            pay_by_code(&mut ledger, &mut order);
        }
        return Ok(OperationResponse::ok(order.answer()));
    }
    renew(&mut ledger, &mut order.prepay, is_new);
    ledger.put(&order);
    name(&mut ledger, &order.prepay, &Target::Order(order.id.clone()));
    if is_new {
        ledger.remind(order.prepay.will, kind::ORDER, &order.id);
    }
    Ok(respond(context, request, &order.prepay, is_new))
}

/// # Errors
/// If `time_expire` is no time with its zone. (documented)
pub(super) fn check_time_expire(request: &ValidRequest<'_>) -> Result<(), OperationError> {
    let is_time = |text| Timestamp::from_rfc3339(text).is_ok();
    let is_right = request.body()["time_expire"].as_str().is_none_or(is_time);
    is_right.then_some(()).ok_or(OperationError::TimeExpire)
}

/// What a new order is paid with.
pub(super) fn new_prepay(
    ledger: &Ledger<'_, '_>,
    request: &ValidRequest<'_>,
    product: Product,
    number: &str,
    is_combined: bool,
) -> Prepay {
    let (context, now) = (ledger.context, ledger.now());
    let has_prepay = product != Product::CodePay;
    Prepay {
        product,
        operation: request.operation().id().into(),
        created: now.as_unix(),
        renewed: now.as_unix(),
        expires: product.expires(request.body()["time_expire"].as_str(), now),
        prepay_id: if has_prepay {
            numbers::prepay_id(now, context.randomness, is_combined)
        } else {
            String::new()
        },
        code_url: (product == Product::Native).then(|| numbers::code_url(context.randomness, is_combined)),
        will: will(context, number),
    }
}

/// What the payer does by itself: what the number says, or else the configuration.
fn will(context: &Context<'_>, number: &str) -> Option<Will> {
    let at = context.now.as_unix();
    match magic::name_in(number) {
        Some(magic::PAY) => Some(Will { at, pays: true }),
        Some(magic::PAY_FAIL) => Some(Will { at, pays: false }),
        Some(magic::USER_PAYING) => None,
        _ => {
            context.payments.auto_pay.map(|after| Will { at: at.saturating_add(after.as_secs()), pays: true })
        }
    }
}

/// Lets a repeated order be paid for another two hours, with a new `code_url`. (documented)
pub(super) fn renew(ledger: &mut Ledger<'_, '_>, prepay: &mut Prepay, is_new: bool) {
    if !is_new {
        prepay.renewed = ledger.now().as_unix();
        let is_combined = prepay.prepay_id.starts_with("up_");
        prepay.code_url =
            prepay.code_url.take().map(|_| numbers::code_url(ledger.context.randomness, is_combined));
    }
}

/// Lets an order be found by what a front end gets.
pub(super) fn name(ledger: &mut Ledger<'_, '_>, prepay: &Prepay, target: &Target) {
    ledger.name(&prepay.prepay_id, target);
    if let Some(code_url) = &prepay.code_url {
        ledger.name(code_url, target);
    }
}

/// The answer to an order: where it can be paid. (documented)
pub(super) fn respond(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    prepay: &Prepay,
    is_new: bool,
) -> OperationResponse {
    let (name, address) = match (prepay.product, &prepay.code_url) {
        (Product::H5, _) => {
            let target = numbers::h5_target(&prepay.prepay_id, context.randomness);
            let origin = request.own_origin().unwrap_or_else(|| format!("https://{H5_HOST}"));
            ("h5_url", format!("{origin}{target}"))
        }
        (_, Some(code_url)) => ("code_url", code_url.clone()),
        (_, None) => ("prepay_id", prepay.prepay_id.clone()),
    };
    let warnings = if is_new { Vec::new() } else { vec![Warning::Repeated] };
    OperationResponse { warnings, ..OperationResponse::ok(json!({ name: address })) }
}

/// A user who shows a code pays at once, or fails to, or is asked for a password. Such orders have no `notify_url`, so there is
/// no callback. (documented)
fn pay_by_code(ledger: &mut Ledger<'_, '_>, order: &mut Order) {
    let at = ledger.now().as_unix();
    match order.prepay.will {
        Some(Will { pays: false, .. }) => order.state = State::PayError,
        _ if magic::name_in(&order.out_trade_no) == Some(magic::USER_PAYING) => {
            order.state = State::UserPaying;
        }
        _ => {
            let openid = numbers::openid(ledger.context.randomness);
            ledger.pay(order, &Payer { openid: &openid, at });
        }
    }
    ledger.put(order);
}

/// # Errors
/// If the number of an order can't be ordered again.
fn check_repeat(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    known: &Order,
    product: Product,
) -> Result<(), OperationError> {
    let is_by_code = |product: Product| product == Product::CodePay;
    if !known.was_placed() {
        return Err(OperationError::OrderRepeated);
    }
    if is_by_code(product) != is_by_code(known.prepay.product) {
        return Err(OperationError::OrderNumberUsed);
    }
    check_open(context, known.state)?;
    if is_same(request, &known.prepay, &known.fields) { Ok(()) } else { Err(repeated(context)) }
}

/// Whether a request orders what was ordered before.
pub(super) fn is_same(request: &ValidRequest<'_>, prepay: &Prepay, fields: &Value) -> bool {
    prepay.operation == request.operation().id() && fields == request.plain()
}

/// # Errors
/// If an order in this state can't be ordered again.
pub(super) fn check_open(context: &Context<'_>, state: State) -> Result<(), OperationError> {
    match state {
        State::NotPay | State::UserPaying | State::PayError => Ok(()),
        State::Success | State::Refund => Err(match context.policies.paid_order_code {
            PaidOrderCode::Paid => OperationError::OrderPaidBefore,
            PaidOrderCode::Old => OperationError::OrderPaidBeforeOld,
            PaidOrderCode::Invalid => OperationError::OrderPaidBeforeInvalid,
        }),
        State::Closed => Err(match context.policies.closed_order_text {
            ClosedOrderText::Closed => OperationError::OrderClosed,
            ClosedOrderText::Void => OperationError::OrderVoid,
        }),
        State::Revoked => Err(OperationError::OrderReversed),
    }
}

/// The number was used before for another order.
fn repeated(context: &Context<'_>) -> OperationError {
    match context.policies.repeat_order_text {
        RepeatOrderText::Parameters => OperationError::OrderRepeated,
        RepeatOrderText::Number => OperationError::OrderRepeated201,
        RepeatOrderText::Data => OperationError::OrderRepeatedData,
    }
}
