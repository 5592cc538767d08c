//! What answers and callbacks show of a service order.

use serde_json::{Value, json};
use wechatpay_openapi::ResponseBody;

use super::order::{ServiceOrder, State};
use crate::{request::validate::ValidRequest, response::OperationResponse};

/// The fields of a creation that an order has as they are.
const SAME: [&str; 14] = [
    "appid",
    "attach",
    "device",
    "location",
    "notify_url",
    "post_discounts",
    "post_payments",
    "risk_fund",
    "service_id",
    "service_introduction",
    "sub_appid",
    "sub_mchid",
    "sub_openid",
    "time_range",
];

/// An order with everything that any answer shows of it.
pub(super) fn whole(order: &ServiceOrder, mchid: &str) -> Value {
    let fields = &order.fields;
    let same = SAME.iter().filter_map(|name| Some((*name, fields.get(*name)?.clone())));
    let mut all: Value = same.collect();
    all["mchid"] = mchid.into();
    all["out_order_no"] = order.out_order_no.as_str().into();
    all["order_id"] = order.order_id.as_str().into();
    all["package"] = order.package.as_str().into();
    all["state"] = order.state.name().into();
    if let Some(description) = order.state.description() {
        all["state_description"] = description.into();
    }
    if let Some(openid) = &order.openid {
        all["openid"] = openid.as_str().into();
    }
    if let Some(completion) = &order.completion {
        all["total_amount"] = completion.total.into();
        all["need_collection"] = (completion.total > 0).into();
        if completion.total > 0 {
            all["collection"] = collection(order);
        }
        if let Some(out_trade_no) = &completion.out_trade_no {
            all["out_trade_no"] = out_trade_no.as_str().into();
        }
    }
    all
}

/// `collection`: what is to be collected, and what was.
fn collection(order: &ServiceOrder) -> Value {
    let Some(completion) = &order.completion else { return Value::Null };
    let state = if order.state == State::Done { "USER_PAID" } else { "USER_PAYING" };
    let mut collection = json!({
        "state": state,
        "total_amount": completion.total,
        "paying_amount": completion.rest(),
        "paid_amount": completion.paid(),
    });
    if !completion.details.is_empty() {
        let mut last = 0_u64;
        let details = completion.details.iter().map(|detail| {
            // The merchant's number, or else the next one.
            let seq = detail.synced.as_ref().map_or(last.saturating_add(1), |synced| synced.seq);
            last = last.max(seq);
            // NEWTON: WeChat Pay has collected it. MCH: the merchant says that it was paid. (documented)
            let paid_type = if detail.transaction_id.is_some() { "NEWTON" } else { "MCH" };
            let mut shown = json!({
                "seq": seq, "amount": detail.amount, "paid_type": paid_type, "paid_time": detail.paid_time,
            });
            if let Some(transaction_id) = &detail.transaction_id {
                shown["transaction_id"] = transaction_id.as_str().into();
            }
            shown
        });
        collection["details"] = details.collect();
    }
    collection
}

/// The operation's successful answer, with those of the values that it has.
pub(super) fn respond(request: &ValidRequest<'_>, values: &Value) -> OperationResponse {
    match request.operation().success() {
        Some((_, ResponseBody::Json(schema))) => OperationResponse::ok(picked(schema.as_value(), values)),
        _ => OperationResponse::no_content(Vec::new()),
    }
}

/// Those of the values that a schema has.
pub(super) fn picked(schema: &Value, value: &Value) -> Value {
    match (value, schema["properties"].as_object()) {
        (Value::Object(fields), Some(known)) => fields
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), picked(known.get(name)?, value))))
            .collect(),
        (Value::Array(items), _) => items.iter().map(|item| picked(&schema["items"], item)).collect(),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_values_that_a_schema_has_are_picked() {
        let schema = json!({
            "properties": {
                "a": { "type": "string" },
                "list": { "items": { "properties": { "b": {} } } },
                "any": { "type": "object" },
            },
        });
        let value = json!({ "a": "1", "x": 2, "list": [{ "b": 3, "y": 4 }, {}], "any": { "z": 5 } });
        let expected = json!({ "a": "1", "list": [{ "b": 3 }, {}], "any": { "z": 5 } });
        assert_eq!(picked(&schema, &value), expected);
    }
}
