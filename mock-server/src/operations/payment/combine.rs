//! What a merchant does with combined orders: places, shows and closes them.

use serde_json::{Value, json};

use super::{
    close,
    combined::Combined,
    kind,
    ledger::{Ledger, Target},
    order::{Order, Prepay, Product},
    parties,
    place::{check_open, check_time_expire, is_same, name, new_prepay, renew, respond},
};
use crate::{
    api::{error::ApiError, operation_error::OperationError},
    operations::{Context, resource},
    request::validate::ValidRequest,
    response::OperationResponse,
    store::Documents,
};

/// `POST /v3/combine-transactions/{product}`.
pub(super) fn place(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    parties::check(context, request)?;
    check_time_expire(request)?;
    let product = Product::of(request.operation()).unwrap_or(Product::Jsapi);
    let number = request.body()["combine_out_trade_no"].as_str().unwrap_or_default();
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let (mut combined, is_new) = match ledger.combined(number) {
        Some(known) => {
            ledger.orders_of(&known).iter().try_for_each(|order| check_open(context, order.state))?;
            if !is_same(request, &known.prepay, &known.fields) {
                return Err(OperationError::CombinedOrderRepeated.into());
            }
            (known, false)
        }
        None => (new(&mut ledger, product, request)?, true),
    };
    renew(&mut ledger, &mut combined.prepay, is_new);
    ledger.put_combined(&combined);
    name(&mut ledger, &combined.prepay, &Target::Combined(combined.id.clone()));
    if is_new {
        ledger.remind(combined.prepay.will, kind::COMBINED, &combined.id);
    }
    Ok(respond(context, request, &combined.prepay, is_new))
}

/// Places the orders of a new combined one.
///
/// # Errors
/// If one of their numbers was used before.
fn new(
    ledger: &mut Ledger<'_, '_>,
    product: Product,
    request: &ValidRequest<'_>,
) -> Result<Combined, ApiError> {
    let fields = request.plain();
    let number = fields["combine_out_trade_no"].as_str().unwrap_or_default();
    let prepay = new_prepay(ledger, request, product, number, true);
    let mut orders = Vec::new();
    for sub_order in fields["sub_orders"].as_array().into_iter().flatten() {
        let order = order_of(ledger, fields, sub_order, &prepay, number);
        if ledger.order(&order.id).is_some() || orders.contains(&order.id) {
            return Err(OperationError::OrderRepeated.into());
        }
        ledger.put(&order);
        orders.push(order.id);
    }
    Ok(Combined {
        id: number.into(),
        fields: request.plain_to_keep(),
        prepay,
        orders,
        transaction_id: None,
        openid: None,
    })
}

/// An order of a combined one, with the fields of one that is placed by itself.
fn order_of(
    ledger: &Ledger<'_, '_>,
    fields: &Value,
    sub_order: &Value,
    prepay: &Prepay,
    number: &str,
) -> Order {
    let text = |name: &str| sub_order[name].as_str().unwrap_or_default();
    let mut own = json!({
        "out_trade_no": text("out_trade_no"),
        "amount": { "total": sub_order["amount"]["total_amount"], "currency": "CNY" },
    });
    let is_partner = sub_order["sub_mchid"].is_string();
    let (appid, mchid) = if is_partner { ("sp_appid", "sp_mchid") } else { ("appid", "mchid") };
    own[appid] = fields["combine_appid"].clone();
    own[mchid] = sub_order["mchid"].clone();
    for name in ["sub_mchid", "sub_appid", "attach", "description", "settle_info"] {
        if let Some(value) = sub_order.get(name) {
            own[name] = value.clone();
        }
    }
    let user = &fields["combine_payer_info"];
    own["payer"] = match is_partner {
        true => json!({ "sp_openid": user["openid"], "sub_openid": user["sub_openid"] }),
        false => json!({ "openid": user["openid"] }),
    };
    let payee = if is_partner { text("sub_mchid") } else { text("mchid") };
    let id = Order::id(&ledger.merchant.mchid, payee, text("out_trade_no"));
    Order {
        combined: Some(number.into()),
        ..Order::new(id, text("out_trade_no"), own.into(), prepay.clone())
    }
}

/// `GET /v3/combine-transactions/out-trade-no/{combine_out_trade_no}`.
pub(super) fn show(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    match ledger.combined(request.parameter("combine_out_trade_no")) {
        Some(combined) => {
            let orders = ledger.orders_of(&combined);
            Ok(OperationResponse::ok(combined.answer(&orders)))
        }
        None => unknown(context, request, "combine_out_trade_no"),
    }
}

/// `GET /v3/combine-transactions/id/{combine_transaction_id}`.
pub(super) fn show_by_id(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let combined = match ledger.target(request.parameter("combine_transaction_id")) {
        Some(Target::Combined(id)) => ledger.combined(&id),
        _ => None,
    };
    match combined {
        Some(combined) => {
            let orders = ledger.orders_of(&combined);
            Ok(OperationResponse::ok(combined.answer(&orders)))
        }
        None => unknown(context, request, "combine_transaction_id"),
    }
}

/// `POST …/out-trade-no/{combine_out_trade_no}/close`, with exactly the orders that were placed. (documented)
pub(super) fn close(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    documents: &mut Documents<'_>,
) -> Result<OperationResponse, ApiError> {
    let mut ledger = Ledger::new(context, request.merchant(), documents);
    let Some(combined) = ledger.combined(request.parameter("combine_out_trade_no")) else {
        return unknown(context, request, "combine_out_trade_no");
    };
    let named = request.body()["sub_orders"].as_array().into_iter().flatten().map(|sub_order| {
        let text = |name: &str| sub_order[name].as_str();
        let payee = text("sub_mchid").or_else(|| text("mchid")).unwrap_or_default();
        Order::id(&request.merchant().mchid, payee, text("out_trade_no").unwrap_or_default())
    });
    let (mut named, mut known) = (named.collect::<Vec<_>>(), combined.orders.clone());
    named.sort_unstable();
    known.sort_unstable();
    if named != known {
        return Err(OperationError::OtherSubOrders.into());
    }
    let orders = ledger.orders_of(&combined);
    orders.iter().try_for_each(close::check_unpaid)?;
    ledger.close_all(orders);
    Ok(OperationResponse::no_content(Vec::new()))
}

fn unknown(
    context: &Context<'_>,
    request: &ValidRequest<'_>,
    key: &str,
) -> Result<OperationResponse, ApiError> {
    resource::sample_or(context, request, &[key], OperationError::UnknownCombinedOrder)
}
