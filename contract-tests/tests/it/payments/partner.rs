//! Orders of a service provider for its sub-merchants.

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{OperationError, OrderName, Payment};

use super::{NOWHERE, OPENID, REFUNDS, Shop, refund, without};

const ORDERS: &str = "/v3/pay/partner/transactions";

fn order(sub_mchid: &str) -> Value {
    json!({
        "sp_appid": "wx8888888888888888", "sp_mchid": "1900000001", "sub_mchid": sub_mchid, "description": "示例商品",
        "out_trade_no": "A00001", "notify_url": NOWHERE, "amount": { "total": 100, "currency": "CNY" },
        "payer": { "sp_openid": OPENID },
    })
}

fn query(sub_mchid: &str) -> String {
    format!("{ORDERS}/out-trade-no/A00001?sp_mchid=1900000001&sub_mchid={sub_mchid}")
}

#[tokio::test]
async fn each_sub_merchant_has_its_own_numbers() {
    let shop = Shop::open().await;
    let place = format!("{ORDERS}/jsapi");
    let first = shop.call(Method::POST, &place, order("1900000109")).await;
    let second = shop.call(Method::POST, &place, order("1900000110")).await;
    assert_ne!(first, second);
    let prepay_id = OrderName::PrepayId(first["prepay_id"].as_str().unwrap().into());
    let paid = shop.mock.pay(&Payment::of(prepay_id)).unwrap();
    let expected = json!({
        "amount": { "currency": "CNY", "payer_currency": "CNY", "payer_total": 100, "total": 100 },
        "attach": "", "bank_type": "OTHERS", "out_trade_no": "A00001", "payer": { "sp_openid": OPENID },
        "promotion_detail": [], "sp_appid": "wx8888888888888888", "sp_mchid": "1900000001",
        "sub_mchid": "1900000109", "success_time": "2025-09-04T10:05:32+08:00", "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功", "trade_type": "JSAPI", "transaction_id": paid["transaction_id"],
    });
    assert_eq!(shop.call(Method::GET, &query("1900000109"), Value::Null).await, expected);
    let other = shop.call(Method::GET, &query("1900000110"), Value::Null).await;
    assert_eq!(other["trade_state"], "NOTPAY");
    let unknown = query("1900000111");
    shop.refused(Method::GET, &unknown, Value::Null, OperationError::UnknownOrder).await;
    let id = paid["transaction_id"].as_str().unwrap();
    let by_id = format!("{ORDERS}/id/{id}?sp_mchid=1900000001&sub_mchid=1900000110");
    shop.refused(Method::GET, &by_id, Value::Null, OperationError::OtherSubMerchantsOrder).await;

    let mut part = refund("R1", "A00001", 30);
    part["sub_mchid"] = "1900000109".into();
    let answer = shop.call(Method::POST, REFUNDS, part).await;
    assert_eq!(answer["status"], "PROCESSING");
    let shown = format!("{REFUNDS}/R1?sub_mchid=1900000109");
    assert_eq!(shop.call(Method::GET, &shown, Value::Null).await["status"], "SUCCESS");
    assert_eq!(shop.told()["sub_mchid"], "1900000109");
    assert_eq!(shop.told()["sp_mchid"], "1900000001");
}

#[tokio::test]
async fn what_does_not_belong_together_is_refused() {
    let shop = Shop::open().await;
    let place = format!("{ORDERS}/jsapi");
    for (pointer, value, expected) in [
        ("sp_mchid", json!("1900000002"), OperationError::OtherMchid),
        ("sub_mchid", json!("1900000001"), OperationError::SameSubMchid),
        ("sub_appid", json!("wx8888888888888888"), OperationError::SameSubAppid),
        ("payer", json!({ "sub_openid": OPENID }), OperationError::SubOpenidWithoutAppid),
        ("payer", json!({}), OperationError::NoOpenid),
    ] {
        let mut order = order("1900000109");
        order[pointer] = value;
        shop.refused(Method::POST, &place, order, expected).await;
    }
}

#[tokio::test]
async fn a_number_refunds_once_whatever_sub_merchant_is_named() {
    let shop = Shop::open().await;
    shop.call(Method::POST, &format!("{ORDERS}/jsapi"), order("1900000109")).await;
    let paid = shop.pay("A00001").unwrap();
    let by_id = |sub_mchid: Option<&str>| {
        let mut refund = without(refund("R1", "A00001", 30), "out_trade_no");
        refund["transaction_id"] = paid["transaction_id"].clone();
        if let Some(sub_mchid) = sub_mchid {
            refund["sub_mchid"] = sub_mchid.into();
        }
        refund
    };
    for wrong in [Some("1900000110"), None] {
        shop.refused(Method::POST, REFUNDS, by_id(wrong), OperationError::OtherSubMerchantsOrder).await;
    }
    let first = shop.call(Method::POST, REFUNDS, by_id(Some("1900000109"))).await;
    let again = shop.call(Method::POST, REFUNDS, by_id(Some("1900000109"))).await;
    assert_eq!(first["refund_id"], again["refund_id"]);
    assert_eq!(shop.events(), ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]);
}

#[tokio::test]
async fn a_sub_merchants_openid_is_not_the_service_providers() {
    let shop = Shop::open().await;
    let mut order = order("1900000109");
    order["sub_appid"] = "wx9999999999999999".into();
    order["payer"] = json!({ "sub_openid": "SUB-OPENID" });
    shop.call(Method::POST, &format!("{ORDERS}/jsapi"), order).await;
    let openid = Some("SUB-OPENID".to_owned());
    let payment = Payment { openid, ..Payment::of(OrderName::OutTradeNo("A00001".into())) };
    let paid = shop.mock.pay(&payment).unwrap();
    assert_eq!(paid["payer"]["sub_openid"], "SUB-OPENID");
    assert_ne!(paid["payer"]["sp_openid"], "SUB-OPENID");
}

#[tokio::test]
async fn a_sub_merchants_payment_by_code_goes_on_when_the_user_does() {
    let shop = Shop::open().await;
    let number = "MOCK*user-paying*1";
    let mut order = without(without(order("1900000109"), "notify_url"), "payer");
    order["out_trade_no"] = number.into();
    order["payer"] = json!({ "auth_code": "130061098828009406" });
    order["scene_info"] = json!({ "store_info": { "id": "0001" } });
    let placed = shop.call(Method::POST, &format!("{ORDERS}/codepay"), order).await;
    assert_eq!(placed["trade_state"], "USERPAYING");
    assert_eq!(shop.pay(number).unwrap()["trade_state"], "SUCCESS");
}
