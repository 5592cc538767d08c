//! Closing an order, and reversing one that is paid by code.

use serde_json::{Value, json};

use super::{
    ledger::Ledger,
    order::{DAY, Order, Prepay, Product, State},
    parties,
};
use crate::{
    api::{error::ApiError, operation_error::OperationError},
    operations::{Context, resource},
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// How long a paid order can be reversed, in seconds. (documented)
const REVERSIBLE: u64 = 7 * DAY;

/// `POST …/out-trade-no/{out_trade_no}/close`. An unknown number is closed before it is ordered. (wild)
pub(super) fn close(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    parties::check_mchid(request)?;
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let out_trade_no = request.parameter("out_trade_no");
    let id = Order::id(&request.merchant().mchid, parties::payee(request), out_trade_no);
    let mut order = match ledger.order(&id) {
        Some(order) => order,
        // The documentation's sample stays what it is.
        None if resource::is_sample(request, "out_trade_no") => {
            return Ok(OperationResponse::no_content(Vec::new()));
        }
        None => never_placed(&ledger, id, out_trade_no),
    };
    if order.prepay.product == Product::CodePay && order.was_placed() {
        return Err(OperationError::OnlyReverse.into());
    }
    if order.combined.is_some() {
        return Err(OperationError::OtherSubOrders.into());
    }
    check_unpaid(&order)?;
    order.state = State::Closed;
    ledger.put(&order);
    Ok(OperationResponse::no_content(Vec::new()))
}

/// # Errors
/// If the order is paid, or being paid.
pub(super) fn check_unpaid(order: &Order) -> Result<(), OperationError> {
    match order.state {
        State::Success | State::Refund => Err(OperationError::OrderPaid),
        State::NotPay | State::Closed | State::UserPaying | State::PayError | State::Revoked => Ok(()),
    }
}

/// `POST …/out-trade-no/{out_trade_no}/reverse`. A paid order is refunded with it. (documented)
pub(super) fn reverse(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    parties::check_mchid(request)?;
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let out_trade_no = request.parameter("out_trade_no");
    let id = Order::id(&request.merchant().mchid, parties::payee(request), out_trade_no);
    let Some(mut order) = ledger.order(&id).filter(Order::was_placed) else {
        return resource::sample_or(context, request, &["out_trade_no"], OperationError::UnknownOrder);
    };
    if order.prepay.product != Product::CodePay {
        return Err(OperationError::NotReversible.into());
    }
    match order.state {
        State::UserPaying => return Err(OperationError::BeingPaid.into()),
        State::Success if is_old(&order, &ledger) => return Err(OperationError::NotReversible.into()),
        State::Refund => return Err(OperationError::NotReversible.into()),
        // What receivers have can't be given back with it. (own choice)
        State::Success if order.sharing.held > 0 => return Err(OperationError::NotReversible.into()),
        State::Success => {
            // What comes back is the payment, which the balance never had.
            order.refunded = order.total();
            order.reversed = Some(ledger.now().as_unix());
        }
        State::NotPay | State::PayError | State::Closed | State::Revoked => {}
    }
    order.state = State::Revoked;
    ledger.put(&order);
    let mut answer = json!({ "out_trade_no": out_trade_no });
    for name in ["appid", "mchid", "sp_mchid", "sub_mchid"] {
        if let Some(value) = request.body().get(name) {
            answer[name] = value.clone();
        }
    }
    Ok(OperationResponse::ok(answer))
}

fn is_old(order: &Order, ledger: &Ledger<'_, '_>) -> bool {
    let paid = order.payment.as_ref().map_or(0, |payment| payment.at);
    paid + REVERSIBLE < ledger.now().as_unix()
}

/// An order that nobody placed, so that its number can be closed.
fn never_placed(ledger: &Ledger<'_, '_>, id: String, out_trade_no: &str) -> Order {
    let now = ledger.now().as_unix();
    let prepay = Prepay {
        product: Product::Jsapi,
        operation: String::new(),
        created: now,
        renewed: now,
        expires: now,
        prepay_id: String::new(),
        code_url: None,
        will: None,
    };
    Order { state: State::Closed, ..Order::new(id, out_trade_no, Value::Null.into(), prepay) }
}
