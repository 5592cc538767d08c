//! Profit sharing from the order to the bill, through the client and over real sockets.

mod invariants;
mod limits;
mod model;
mod notices;
mod returns;
mod story;
mod time;

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{Config, MaxRatio, MerchantConfig, OperationError, Payments};

use crate::payments::{NOWHERE, Shop, order};

const SHARE: &str = "/v3/profitsharing/orders";
const ADD: &str = "/v3/profitsharing/receivers/add";
const DELETE: &str = "/v3/profitsharing/receivers/delete";
const UNFREEZE: &str = "/v3/profitsharing/orders/unfreeze";
const RETURN: &str = "/v3/profitsharing/return-orders";

/// A receiver that is no merchant of the mock, and one that is.
const STRANGER: &str = "1900000109";
const MERCHANT: &str = "1900000002";

const APPID: &str = "wx8888888888888888";

/// The merchants of a shop that shares with another merchant, which has a `notify_url`.
fn two_merchants() -> Config {
    let receiver =
        MerchantConfig { notify_url: Some(NOWHERE.into()), ..MerchantConfig::new(MERCHANT.parse().unwrap()) };
    Config::default().with_merchants([MerchantConfig::development(), receiver])
}

/// A mock whose orders can be shared completely.
fn without_ratio() -> Config {
    let mut config = two_merchants();
    config.payments = Payments { max_ratio: MaxRatio::new(10_000).unwrap(), ..Payments::default() };
    config
}

/// A JSAPI order that can be shared.
fn for_sharing(number: &str, total: u64) -> Value {
    let mut order = order(number);
    order["amount"]["total"] = total.into();
    order["settle_info"] = json!({ "profit_sharing": true });
    order
}

/// A receiver that is a merchant.
fn merchant(account: &str, amount: u64) -> Value {
    json!({ "type": "MERCHANT_ID", "account": account, "amount": amount, "description": "分给商户" })
}

fn request(number: &str, transaction_id: &str, receivers: &[Value], is_last: bool) -> Value {
    json!({
        "appid": APPID, "transaction_id": transaction_id, "out_order_no": number, "receivers": receivers,
        "unfreeze_unsplit": is_last,
    })
}

fn release(number: &str, transaction_id: &str) -> Value {
    json!({ "transaction_id": transaction_id, "out_order_no": number, "description": "解冻全部剩余资金" })
}

fn back(number: &str, of: &str, from: &str, amount: u64) -> Value {
    json!({
        "out_order_no": of, "out_return_no": number, "return_mchid": from, "amount": amount, "description": "用户退款",
    })
}

impl Shop {
    /// An order that was paid a minute ago. Returns its `transaction_id`.
    async fn sharable(&self, number: &str, total: u64) -> String {
        self.place("jsapi", for_sharing(number, total)).await;
        let paid = self.pay(number).unwrap();
        self.mock.clock().advance(60);
        paid["transaction_id"].as_str().unwrap().into()
    }

    /// Deletes a receiver that is a merchant.
    async fn delete(&self, account: &str) -> Value {
        let receiver = json!({ "appid": APPID, "type": "MERCHANT_ID", "account": account });
        self.call(Method::POST, DELETE, receiver).await
    }

    async fn add(&self, account: &str) -> Value {
        let receiver = json!({
            "appid": APPID, "type": "MERCHANT_ID", "account": account, "relation_type": "STORE",
        });
        self.call(Method::POST, ADD, receiver).await
    }

    /// Shares with one merchant, after adding it.
    async fn shares(&self, number: &str, transaction_id: &str, account: &str, amount: u64) -> Value {
        self.add(account).await;
        self.share(request(number, transaction_id, &[merchant(account, amount)], false)).await
    }

    async fn share(&self, request: Value) -> Value {
        self.call(Method::POST, SHARE, request).await
    }

    async fn refused_share(&self, request: Value, expected: OperationError) {
        self.refused(Method::POST, SHARE, request, expected).await;
    }

    async fn shared(&self, number: &str, transaction_id: &str) -> Value {
        let target = format!("{SHARE}/{number}?transaction_id={transaction_id}");
        self.call(Method::GET, &target, Value::Null).await
    }

    async fn left(&self, transaction_id: &str) -> u64 {
        let target = format!("/v3/profitsharing/transactions/{transaction_id}/amounts");
        self.call(Method::GET, &target, Value::Null).await["unsplit_amount"].as_u64().unwrap()
    }

    async fn give_back(&self, request: Value) -> Value {
        self.call(Method::POST, RETURN, request).await
    }

    async fn refused_return(&self, request: Value, expected: OperationError) {
        self.refused(Method::POST, RETURN, request, expected).await;
    }
}
