//! Service orders of a service provider, and of several merchants.

use http::Method;
use serde_json::{Value, json};
use wechatpay_client::Client;
use wechatpay_mock::{Config, MerchantConfig, OperationError, PaymentError, ServiceAction, ServiceOrderCall};

use super::{ORDERS, PARTNERS, SERVICE, Shop, by_number, completion, created};
use crate::payments::without;

fn of_sub_merchant(number: &str, sub_mchid: &str) -> Value {
    let mut order = created(number);
    order["sub_mchid"] = sub_mchid.into();
    order
}

fn query(number: &str, sub_mchid: &str) -> String {
    format!("{PARTNERS}?out_order_no={number}&service_id={SERVICE}&sub_mchid={sub_mchid}")
}

#[tokio::test]
async fn a_sub_merchants_order_is_created_confirmed_completed_and_collected() {
    let shop = Shop::open().await;
    let order = shop.call(Method::POST, PARTNERS, of_sub_merchant("S00001", "1900000109")).await;
    assert_eq!((&order["mchid"], &order["sub_mchid"]), (&json!("1900000001"), &json!("1900000109")));
    shop.user("S00001", ServiceAction::Confirm).unwrap();
    let mut complete = without(completion(5_000), "appid");
    complete["sub_mchid"] = "1900000109".into();
    let done = shop.call(Method::POST, &format!("{PARTNERS}/S00001/complete"), complete).await;
    assert_eq!(done, Value::Null);
    let body = json!({ "service_id": SERVICE, "sub_mchid": "1900000109" });
    shop.call(Method::POST, &format!("{PARTNERS}/S00001/pay"), body).await;
    let order = shop.call(Method::GET, &query("S00001", "1900000109"), Value::Null).await;
    assert_eq!((&order["state"], &order["collection"]["state"]), (&json!("DONE"), &json!("USER_PAID")));
    assert_eq!(shop.told()["sub_mchid"], "1900000109");
}

#[tokio::test]
async fn the_user_of_a_sub_merchants_appid_is_the_user_of_the_order() {
    let shop = Shop::open().await;
    let mut order = of_sub_merchant("S00001", "1900000109");
    order["sub_appid"] = "wxd678efh567hg6999".into();
    order["sub_openid"] = "oSubUser".into();
    shop.call(Method::POST, PARTNERS, order).await;
    let confirms = |openid: &str| {
        let call = ServiceOrderCall { openid: Some(openid.into()), ..ServiceOrderCall::of("S00001") };
        shop.mock.act_on_service_order(&call)
    };
    assert!(matches!(confirms("oAnotherUser"), Err(PaymentError::Refused { .. })));
    confirms("oSubUser").unwrap();
    let order = shop.call(Method::GET, &query("S00001", "1900000109"), Value::Null).await;
    assert_eq!((&order["sub_openid"], &order["openid"]), (&json!("oSubUser"), &Value::Null));
}

#[tokio::test]
async fn what_was_paid_otherwise_can_be_a_part() {
    let shop = Shop::open().await;
    shop.call(Method::POST, PARTNERS, of_sub_merchant("S00001", "1900000109")).await;
    shop.user("S00001", ServiceAction::Confirm).unwrap();
    let mut complete = without(completion(5_000), "appid");
    complete["sub_mchid"] = "1900000109".into();
    shop.call(Method::POST, &format!("{PARTNERS}/S00001/complete"), complete).await;
    let paid = |amount: u64| {
        json!({
            "service_id": SERVICE, "sub_mchid": "1900000109", "type": "Order_Paid",
            "detail": { "seq": 1, "paid_time": "20250904100000", "paid_amount": amount },
        })
    };
    let target = format!("{PARTNERS}/S00001/sync");
    shop.refused(Method::POST, &target, paid(5_001), OperationError::ServiceAmountRange).await;
    shop.call(Method::POST, &target, paid(2_000)).await;
    // The same again is a repetition, and its number is that payment's.
    shop.call(Method::POST, &target, paid(2_000)).await;
    shop.refused(Method::POST, &target, paid(1_000), OperationError::ServiceOrderRepeated).await;
    let order = shop.call(Method::GET, &query("S00001", "1900000109"), Value::Null).await;
    let collection = &order["collection"];
    assert_eq!(
        (&collection["state"], &collection["paid_amount"], &collection["paying_amount"]),
        (&json!("USER_PAYING"), &json!(2_000), &json!(3_000))
    );
    shop.user("S00001", ServiceAction::Pay).unwrap();
    assert_eq!(shop.told()["collection"]["details"][1]["amount"], 3_000);
}

#[tokio::test]
async fn a_number_is_that_of_each_sub_merchant_and_not_the_service_providers() {
    let shop = Shop::open().await;
    for sub_mchid in ["1900000109", "1900000209"] {
        shop.call(Method::POST, PARTNERS, of_sub_merchant("S00001", sub_mchid)).await;
    }
    shop.user("S00001", ServiceAction::Confirm).unwrap();
    for (sub_mchid, state) in [("1900000109", "CREATED"), ("1900000209", "DOING")] {
        let order = shop.call(Method::GET, &query("S00001", sub_mchid), Value::Null).await;
        assert_eq!(order["state"], state);
    }
    let unknown = OperationError::UnknownServiceOrder;
    shop.refused(Method::GET, &query("S00001", "1900000309"), Value::Null, unknown).await;
    shop.refused(Method::GET, &by_number("S00001"), Value::Null, unknown).await;
}

#[tokio::test]
async fn merchants_do_not_see_each_others_orders() {
    let config = Config::default();
    let first = config.merchants()[0].clone();
    let second = MerchantConfig { mchid: "1900000002".parse().unwrap(), ..first.clone() };
    let shop = Shop::with(config.with_merchants([first, second])).await;
    let credentials = shop.mock.credentials_of("1900000002").unwrap();
    let ours = shop.mock.clock().clone();
    let builder = Client::builder().base_url(&shop.mock.url()).credentials(&credentials);
    let client = builder.clock(move || ours.now()).build().unwrap();
    shop.create(created("S00001")).await;
    let other = Shop { mock: shop.mock, client };
    other.refused(Method::GET, &by_number("S00001"), Value::Null, OperationError::UnknownServiceOrder).await;
    other.call(Method::POST, ORDERS, created("S00001")).await;
    let call = ServiceOrderCall::of("S00001");
    assert!(matches!(other.mock.act_on_service_order(&call), Err(PaymentError::SeveralOrders { .. })));
    let call = ServiceOrderCall { merchant: Some("1900000002".into()), ..call };
    other.mock.act_on_service_order(&call).unwrap();
    assert_eq!(other.progress("S00001").await, "DOING USER_CONFIRM");
}
