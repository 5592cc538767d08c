//! Payments from the order to the refund, through the client and over real sockets.

mod combined;
mod invariants;
mod orders;
mod page;
mod partner;
mod refunds;

use http::Method;
use serde_json::{Value, json};
use wechatpay_client::Client;
use wechatpay_mock::{
    Clock, Config, Language, MockServer, OperationError, OrderName, PayerAction, Payment, PaymentError,
};

use crate::support::NOW;

pub(crate) const ORDERS: &str = "/v3/pay/transactions";
pub(crate) const REFUNDS: &str = "/v3/refund/domestic/refunds";
pub(crate) const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";

/// Where no receiver is, for tests that do not look at callbacks.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:1/notify";

/// A mock with a frozen clock, and its merchant's client.
pub(crate) struct Shop {
    pub(crate) mock: MockServer,
    pub(crate) client: Client,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let clock = Clock::fixed(NOW);
        let mock = MockServer::builder().config(config).clock(clock).start().await.unwrap();
        let ours = mock.clock().clone();
        let builder = Client::builder().base_url(&mock.url()).credentials(&mock.credentials());
        let client = builder.clock(move || ours.now()).build().unwrap();
        Self { mock, client }
    }

    /// The body of a successful answer; `null` if it has none.
    pub(crate) async fn call(&self, method: Method, target: &str, body: Value) -> Value {
        match self.try_call(method, target, body).await {
            Ok(answer) => answer,
            Err(message) => panic!("{target}: {message}"),
        }
    }

    /// The body of a successful answer, or the message of a refusal.
    pub(crate) async fn try_call(&self, method: Method, target: &str, body: Value) -> Result<Value, String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        match self.client.call(method, target, body).await {
            Ok(response) => Ok(serde_json::from_slice(response.body()).unwrap_or_default()),
            Err(error) => {
                let refusal = error.api_error().unwrap_or_else(|| panic!("{target}: {error:?}"));
                Err(refusal.message().unwrap_or_default().to_owned())
            }
        }
    }

    pub(crate) async fn place(&self, product: &str, order: Value) -> Value {
        self.call(Method::POST, &format!("{ORDERS}/{product}"), order).await
    }

    pub(crate) async fn refused_order(&self, product: &str, order: Value, expected: OperationError) {
        self.refused(Method::POST, &format!("{ORDERS}/{product}"), order, expected).await;
    }

    /// Expects this refusal.
    pub(crate) async fn refused(&self, method: Method, target: &str, body: Value, expected: OperationError) {
        let message = self.try_call(method, target, body).await.unwrap_err();
        assert_eq!(message, expected.message(Language::ZhCn), "{target}");
    }

    pub(crate) async fn query(&self, number: &str) -> Value {
        self.call(Method::GET, &by_number(number), Value::Null).await
    }

    pub(crate) async fn state(&self, number: &str) -> String {
        self.query(number).await["trade_state"].as_str().unwrap().into()
    }

    pub(crate) async fn close(&self, number: &str) {
        self.call(Method::POST, &closing(number), json!({ "mchid": "1900000001" })).await;
    }

    pub(crate) fn pay(&self, number: &str) -> Result<Value, PaymentError> {
        self.act(number, PayerAction::Pay)
    }

    pub(crate) fn act(&self, number: &str, action: PayerAction) -> Result<Value, PaymentError> {
        let order = OrderName::OutTradeNo(number.into());
        self.mock.pay(&Payment { action, ..Payment::of(order) })
    }

    /// The events of all callbacks, oldest first.
    pub(crate) fn events(&self) -> Vec<String> {
        self.mock.callbacks().iter().map(|callback| callback.event_type.clone()).collect()
    }

    /// The data of the last callback.
    pub(crate) fn told(&self) -> Value {
        serde_json::from_str(&self.mock.callbacks().last().unwrap().resource).unwrap()
    }
}

fn by_number(number: &str) -> String {
    format!("{ORDERS}/out-trade-no/{number}?mchid=1900000001")
}

fn closing(number: &str) -> String {
    format!("{ORDERS}/out-trade-no/{number}/close")
}

/// A JSAPI order of one yuan.
pub(crate) fn order(number: &str) -> Value {
    json!({
        "appid": "wxd678efh567hg6787", "mchid": "1900000001", "description": "示例商品", "out_trade_no": number,
        "notify_url": NOWHERE, "amount": { "total": 100, "currency": "CNY" }, "payer": { "openid": OPENID },
    })
}

/// The same without a user.
fn native(number: &str) -> Value {
    without(order(number), "payer")
}

pub(crate) fn without(mut value: Value, name: &str) -> Value {
    value.as_object_mut().unwrap().remove(name);
    value
}

fn code(number: &str) -> Value {
    let mut order = without(order(number), "notify_url");
    order["payer"] = json!({ "auth_code": "130061098828009406" });
    order["scene_info"] = json!({ "store_info": { "id": "0001" } });
    order
}

/// A refund of an order of one yuan.
pub(crate) fn refund(number: &str, of: &str, amount: u64) -> Value {
    json!({
        "out_trade_no": of, "out_refund_no": number, "notify_url": NOWHERE,
        "amount": { "refund": amount, "total": 100, "currency": "CNY" },
    })
}
