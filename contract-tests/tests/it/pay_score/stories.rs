//! A service order from its creation to its payment.

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{Config, OperationError, PaymentError, ServiceAction, ServiceOrderCall};

use super::{APPID, NOWHERE, OPENID, ORDERS, SERVICE, Shop, completion, created, named, unconfirmed};
use crate::{bills, payments::without};

const REFUNDS: &str = "/v3/refund/domestic/refunds";

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

/// An order that is completed at once.
fn at_once(number: &str, total: u64) -> Value {
    let mut body = completion(total);
    body["out_order_no"] = number.into();
    body["openid"] = OPENID.into();
    body["service_introduction"] = "某某酒店".into();
    body["notify_url"] = NOWHERE.into();
    body["time_range"] = json!({ "start_time": "20250904090000", "end_time": "20250904100000" });
    body
}

#[tokio::test]
async fn an_order_without_a_notify_url_uses_the_merchants() {
    let mut merchant = Config::default().merchants()[0].clone();
    merchant.notify_url = Some(NOWHERE.into());
    let shop = Shop::with(Config::default().with_merchants([merchant])).await;
    let direct = format!("{ORDERS}/direct-complete");
    shop.call(Method::POST, &direct, without(at_once("S00001", 5_000), "notify_url")).await;
    shop.user("S00001", ServiceAction::Pay).unwrap();
    assert_eq!(shop.events(), ["PAYSCORE.USER_PAID"]);
}

#[tokio::test]
async fn a_service_is_created_and_completed_at_once() {
    let shop = Shop::open().await;
    let direct = format!("{ORDERS}/direct-complete");
    let first = shop.call(Method::POST, &direct, at_once("S00001", 5_000)).await;
    assert_eq!(shop.progress("S00001").await, "DOING MCH_COMPLETE USER_PAYING");
    assert_eq!(shop.call(Method::POST, &direct, at_once("S00001", 5_000)).await, first);
    let repeated = OperationError::ServiceOrderRepeated;
    shop.refused(Method::POST, &direct, at_once("S00001", 5_001), repeated).await;
    let mut wrong = at_once("S00002", 5_000);
    wrong["total_amount"] = 5_001.into();
    shop.refused(Method::POST, &direct, wrong, OperationError::ServiceTotal).await;
    let mut later = at_once("S00002", 5_000);
    later["time_range"]["end_time"] = "20991231".into();
    shop.refused(Method::POST, &direct, later, OperationError::ServiceEndsLater).await;

    let application =
        json!({ "service_id": SERVICE, "appid": APPID, "authorization_code": "P1", "notify_url": NOWHERE });
    shop.call(Method::POST, "/v3/payscore/permissions", application).await;
    let opens = ServiceOrderCall { openid: Some(OPENID.into()), ..ServiceOrderCall::of_permission("P1") };
    shop.mock.act_on_service_order(&opens).unwrap();
    shop.change("S00001", "pay", named()).await;
    let end = json!({ "service_id": SERVICE, "appid": APPID, "reason": "用户要求" });
    shop.call(Method::POST, "/v3/payscore/permissions/authorization-code/P1/terminate", end).await;
    let ended = OperationError::ServiceNoPermission;
    shop.refused(Method::POST, &direct, at_once("S00002", 5_000), ended).await;
}

#[tokio::test]
async fn a_payment_is_refunded_by_its_transaction_id_and_not_by_the_number_of_the_order() {
    let shop = Shop::open().await;
    shop.create(unconfirmed("S00001")).await;
    shop.change("S00001", "complete", completion(5_000)).await;
    shop.user("S00001", ServiceAction::Pay).unwrap();
    let order = shop.service_order("S00001").await;
    let transaction_id = &order["collection"]["details"][0]["transaction_id"];
    let refund = |number: &str, name: &str, value: &Value, amount: u64| {
        let mut body = json!({
            "out_refund_no": number, "amount": { "refund": amount, "total": 5_000, "currency": "CNY" },
        });
        body[name] = value.clone();
        body
    };
    let by_number = refund("R1", "out_trade_no", &json!("S00001"), 1_000);
    shop.refused(Method::POST, REFUNDS, by_number, OperationError::RefundUnknownOrder).await;
    let refunded =
        shop.call(Method::POST, REFUNDS, refund("R1", "transaction_id", transaction_id, 1_000)).await;
    assert_eq!((&refunded["out_trade_no"], &refunded["transaction_id"]), (&json!("S00001"), transaction_id));
    let too_much = refund("R2", "transaction_id", transaction_id, 4_001);
    shop.refused(Method::POST, REFUNDS, too_much, OperationError::RefundExceeds).await;
    let query = format!("/v3/pay/transactions/id/{}?mchid=1900000001", transaction_id.as_str().unwrap());
    shop.refused(Method::GET, &query, Value::Null, OperationError::UnknownOrder).await;
}

#[tokio::test]
async fn a_bill_has_what_users_pay_under_their_number_and_what_is_taken_under_the_gateways() {
    let shop = Shop::open().await;
    for number in ["S00001", "S00002"] {
        shop.create(unconfirmed(number)).await;
        shop.change(number, "complete", completion(5_000)).await;
        shop.mock.clock().advance(1);
    }
    shop.user("S00001", ServiceAction::Pay).unwrap();
    shop.mock.clock().advance(1);
    shop.change("S00002", "pay", named()).await;
    let (taken, order_id) = {
        let order = shop.service_order("S00002").await;
        (shop.told()["out_trade_no"].clone(), order["order_id"].as_str().unwrap().to_owned())
    };
    shop.mock.clock().advance(24 * 60 * 60);
    let target = "/v3/bill/tradebill?bill_date=2025-09-04&bill_type=ALL";
    let applied = shop.call(Method::GET, target, Value::Null).await;
    let file = bills::raw(&shop.mock, &shop.client, bills::target_of(&applied)).await;
    let bill = bills::Bill::of(&file.body);
    assert_eq!(bill.column("交易类型"), ["JSAPI", "AUTH"]);
    assert_eq!(bill.column("商户订单号"), ["S00001", taken.as_str().unwrap()]);
    assert_eq!(bill.column("商户数据包")[1], format!("wxzff|{order_id}|S00002"));
}
