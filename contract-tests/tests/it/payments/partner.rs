//! Orders of a service provider for its sub-merchants.

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{OperationError, OrderName, Payment};

use super::{NOWHERE, OPENID, REFUNDS, Shop, refund};

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
