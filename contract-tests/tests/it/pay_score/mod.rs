//! Pay score from the service order to its payment, through the client and over real sockets.

mod invariants;
mod partner;
mod permissions;
mod states;
mod stories;
mod totals;

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{OperationError, PaymentError, ServiceAction, ServiceOrderCall};

use crate::payments::{NOWHERE, OPENID, Shop};

const ORDERS: &str = "/v3/payscore/serviceorder";
const PARTNERS: &str = "/v3/payscore/partner/serviceorder";
const SERVICE: &str = "2002000000000558128851361561536";
const APPID: &str = "wxd678efh567hg6787";

/// A deposit of 100 yuan, for a user who confirms.
fn created(number: &str) -> Value {
    json!({
        "out_order_no": number, "appid": APPID, "service_id": SERVICE, "service_introduction": "某某酒店",
        "time_range": { "start_time": "20250904100000" }, "risk_fund": { "name": "DEPOSIT", "amount": 10_000 },
        "notify_url": NOWHERE,
    })
}

/// The same for a user who has agreed before.
fn unconfirmed(number: &str) -> Value {
    let mut order = created(number);
    order["need_user_confirm"] = false.into();
    order["openid"] = OPENID.into();
    order
}

/// A completion with this total.
fn completion(total: u64) -> Value {
    json!({
        "appid": APPID, "service_id": SERVICE, "total_amount": total,
        "post_payments": [{ "name": "房费", "amount": total + 100 }],
        "post_discounts": [{ "name": "满减", "description": "首单", "amount": 100 }],
    })
}

fn modification(total: u64) -> Value {
    let mut body = completion(total);
    body["reason"] = "用户投诉".into();
    body
}

fn cancellation() -> Value {
    json!({ "appid": APPID, "service_id": SERVICE, "reason": "用户投诉" })
}

fn named() -> Value {
    json!({ "appid": APPID, "service_id": SERVICE })
}

fn synced() -> Value {
    json!({ "appid": APPID, "service_id": SERVICE, "type": "Order_Paid", "detail": { "paid_time": "20250904120000" } })
}

fn target(number: &str, action: &str) -> String {
    format!("{ORDERS}/{number}/{action}")
}

fn by_number(number: &str) -> String {
    format!("{ORDERS}?out_order_no={number}&service_id={SERVICE}&appid={APPID}")
}

/// What a merchant and a user of pay score do.
impl Shop {
    async fn create(&self, order: Value) -> Value {
        self.call(Method::POST, ORDERS, order).await
    }

    async fn change(&self, number: &str, action: &str, body: Value) -> Value {
        self.call(Method::POST, &target(number, action), body).await
    }

    async fn refused_change(&self, number: &str, action: &str, body: Value, expected: OperationError) {
        self.refused(Method::POST, &target(number, action), body, expected).await;
    }

    async fn service_order(&self, number: &str) -> Value {
        self.call(Method::GET, &by_number(number), Value::Null).await
    }

    /// `state`, `state_description` and `collection.state`, which only together say how far an order is.
    async fn progress(&self, number: &str) -> String {
        let order = self.service_order(number).await;
        let words = [&order["state"], &order["state_description"], &order["collection"]["state"]];
        words.iter().filter_map(|word| word.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn user(&self, number: &str, action: ServiceAction) -> Result<Value, PaymentError> {
        self.mock
            .act_on_service_order(&ServiceOrderCall { action: Some(action), ..ServiceOrderCall::of(number) })
    }
}
