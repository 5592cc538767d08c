//! A service order from its creation to its payment.

use serde_json::json;
use wechatpay_mock::{PaymentError, ServiceAction};

use super::{OPENID, Shop, completion, created, unconfirmed};

#[tokio::test]
async fn a_service_is_confirmed_used_completed_and_paid_and_callbacks_tell_of_it() {
    let shop = Shop::open().await;
    let order = shop.create(created("S00001")).await;
    assert_eq!(order["state"], "CREATED");
    assert!(order["package"].is_string() && order["order_id"].is_string(), "{order}");
    assert_eq!(shop.progress("S00001").await, "CREATED");

    let confirmed = shop.user("S00001", ServiceAction::Confirm).unwrap();
    assert_eq!((&confirmed["state"], &confirmed["merchant"]), (&json!("DOING"), &json!("1900000001")));
    assert_eq!(shop.progress("S00001").await, "DOING USER_CONFIRM");
    assert_eq!(shop.events(), ["PAYSCORE.USER_CONFIRM"]);
    assert_eq!(shop.told()["openid"], shop.service_order("S00001").await["openid"]);

    let completed = shop.change("S00001", "complete", completion(9_000)).await;
    assert_eq!(
        (&completed["state"], &completed["state_description"]),
        (&json!("DOING"), &json!("MCH_COMPLETE"))
    );
    assert_eq!(completed["need_collection"], true);
    assert_eq!(shop.progress("S00001").await, "DOING MCH_COMPLETE USER_PAYING");

    shop.user("S00001", ServiceAction::Pay).unwrap();
    assert_eq!(shop.progress("S00001").await, "DONE USER_PAID");
    let order = shop.service_order("S00001").await;
    let transaction_id = order["collection"]["details"][0]["transaction_id"].clone();
    assert_eq!(
        order["collection"],
        json!({
            "state": "USER_PAID", "total_amount": 9_000, "paying_amount": 0, "paid_amount": 9_000,
            "details": [{
                "seq": 1, "amount": 9_000, "paid_type": "NEWTON", "paid_time": "20250904100532",
                "transaction_id": transaction_id,
            }],
        })
    );
    assert_eq!(shop.events(), ["PAYSCORE.USER_CONFIRM", "PAYSCORE.USER_PAID"]);
    let told = shop.told();
    assert_eq!((&told["state"], &told["out_trade_no"]), (&json!("DONE"), &json!("S00001")));
    assert_eq!(told["collection"]["details"][0]["transaction_id"], transaction_id);
}

#[tokio::test]
async fn an_order_without_a_confirmation_begins_at_once_and_sends_no_callback() {
    let shop = Shop::open().await;
    let order = shop.create(unconfirmed("S00001")).await;
    assert_eq!((&order["state"], &order["state_description"]), (&json!("DOING"), &json!("USER_CONFIRM")));
    assert_eq!(shop.service_order("S00001").await["openid"], OPENID);
    assert!(shop.events().is_empty());
    assert!(matches!(
        shop.user("S00001", ServiceAction::Confirm),
        Err(PaymentError::Refused { shown: "当前订单状态不合法", .. })
    ));
}
