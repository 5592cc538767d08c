//! Combined orders.

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{OperationError, OrderName, Payment, PaymentError};

use super::{NOWHERE, OPENID, REFUNDS, Shop, by_number, closing, order, refund};

const COMBINED: &str = "/v3/combine-transactions";

fn combined(number: &str) -> Value {
    let sub_order = |number: &str, total: u64| {
        json!({
            "mchid": "1900000001", "out_trade_no": number, "attach": "深圳分店", "description": "示例商品",
            "amount": { "total_amount": total, "currency": "CNY" },
        })
    };
    json!({
        "combine_appid": "wxd678efh567hg6787", "combine_mchid": "1900000001", "combine_out_trade_no": number,
        "sub_orders": [sub_order("SUB001", 100), sub_order("SUB002", 100)], "notify_url": NOWHERE,
        "combine_payer_info": { "openid": OPENID },
    })
}

impl Shop {
    async fn show_combined(&self, number: &str) -> Value {
        self.call(Method::GET, &format!("{COMBINED}/out-trade-no/{number}"), Value::Null).await
    }

    async fn combine(&self, combined: Value) -> Value {
        self.call(Method::POST, &format!("{COMBINED}/jsapi"), combined).await
    }
}

#[tokio::test]
async fn the_orders_of_a_combined_one_are_paid_together_and_refunded_one_by_one() {
    let shop = Shop::open().await;
    let placed = shop.combine(combined("C1")).await;
    let prepay_id = placed["prepay_id"].as_str().unwrap();
    assert!(prepay_id.starts_with("up_wx"), "{prepay_id}");
    assert_eq!(shop.combine(combined("C1")).await, placed);
    let states = |answer: &Value| -> Vec<Value> {
        answer["sub_orders"].as_array().unwrap().iter().map(|one| one["trade_state"].clone()).collect()
    };
    assert_eq!(states(&shop.show_combined("C1").await), ["NOTPAY", "NOTPAY"]);

    shop.mock.pay(&Payment::of(OrderName::PrepayId(prepay_id.into()))).unwrap();
    let paid = shop.show_combined("C1").await;
    assert_eq!(states(&paid), ["SUCCESS", "SUCCESS"]);
    assert_eq!(paid["combine_payer_info"], json!({ "openid": OPENID }));
    let by_id = format!("{COMBINED}/id/{}", paid["combine_transaction_id"].as_str().unwrap());
    assert_eq!(shop.call(Method::GET, &by_id, Value::Null).await, paid);
    assert_eq!(shop.events(), ["TRANSACTION.SUCCESS"]);
    assert_eq!(shop.told(), paid);

    shop.refused(Method::GET, &by_number("C10000"), Value::Null, OperationError::UnknownOrder).await;
    shop.call(Method::POST, REFUNDS, refund("R1", "SUB002", 100)).await;
    assert_eq!(states(&shop.show_combined("C1").await), ["SUCCESS", "REFUND"]);
}

#[tokio::test]
async fn a_combined_order_is_closed_with_exactly_its_orders() {
    let shop = Shop::open().await;
    shop.combine(combined("C1")).await;
    let close = |numbers: &[&str]| {
        let orders: Vec<_> =
            numbers.iter().map(|number| json!({ "mchid": "1900000001", "out_trade_no": number })).collect();
        json!({ "combine_appid": "wxd678efh567hg6787", "sub_orders": orders })
    };
    let target = format!("{COMBINED}/out-trade-no/C1/close");
    let post = Method::POST;
    shop.refused(post.clone(), &target, close(&["SUB001", "SUB003"]), OperationError::OtherSubOrders).await;
    shop.call(post.clone(), &target, close(&["SUB002", "SUB001"])).await;
    assert_eq!(shop.state("SUB001").await, "CLOSED");
    let again = format!("{COMBINED}/jsapi");
    shop.refused(post.clone(), &again, combined("C1"), OperationError::OrderClosed).await;
    let unknown = format!("{COMBINED}/out-trade-no/C2/close");
    shop.refused(post, &unknown, close(&["SUB001", "SUB002"]), OperationError::UnknownCombinedOrder).await;
}

#[tokio::test]
async fn a_number_is_used_once_whether_combined_or_not() {
    let shop = Shop::open().await;
    shop.place("jsapi", order("SUB002")).await;
    let target = format!("{COMBINED}/jsapi");
    shop.refused(Method::POST, &target, combined("C1"), OperationError::OrderRepeated).await;
    // Nothing of it was kept.
    shop.refused(Method::GET, &by_number("SUB001"), Value::Null, OperationError::UnknownOrder).await;
}

#[tokio::test]
async fn a_combined_order_is_paid_by_itself_if_its_number_says_so() {
    let shop = Shop::open().await;
    shop.combine(combined("MOCK*pay*1")).await;
    // Asked for one order of it, the other is paid as well.
    assert_eq!(shop.state("SUB001").await, "SUCCESS");
    assert_eq!(shop.state("SUB002").await, "SUCCESS");
    assert_eq!(shop.events(), ["TRANSACTION.SUCCESS"]);
}

#[tokio::test]
async fn one_order_of_a_combined_one_is_neither_paid_nor_closed_alone() {
    let shop = Shop::open().await;
    shop.combine(combined("C1")).await;
    let close = json!({ "mchid": "1900000001" });
    shop.refused(Method::POST, &closing("SUB001"), close, OperationError::OtherSubOrders).await;
    shop.pay("SUB002").unwrap();
    assert_eq!(
        (shop.state("SUB001").await, shop.state("SUB002").await),
        ("SUCCESS".into(), "SUCCESS".into())
    );
    assert_eq!(shop.events(), ["TRANSACTION.SUCCESS"]);
}

#[tokio::test]
async fn a_combined_order_is_paid_by_the_user_that_it_was_ordered_for() {
    let shop = Shop::open().await;
    shop.combine(combined("C1")).await;
    let by = |openid: &str| {
        let openid = Some(openid.to_owned());
        shop.mock.pay(&Payment { openid, ..Payment::of(OrderName::OutTradeNo("C1".into())) })
    };
    let refused = by("SOMEBODY-ELSE");
    let shown = "下单账号与支付账号不一致，请核实后再支付";
    assert!(
        matches!(refused, Err(PaymentError::Refused { shown: found, .. }) if found == shown),
        "{refused:?}"
    );
    assert_eq!(by(OPENID).unwrap()["combine_payer_info"]["openid"], OPENID);
}

#[tokio::test]
async fn no_merchant_is_a_sub_merchant_of_itself() {
    let shop = Shop::open().await;
    let mut wrong = combined("C1");
    wrong["sub_orders"][1]["sub_mchid"] = "1900000001".into();
    let target = format!("{COMBINED}/jsapi");
    shop.refused(Method::POST, &target, wrong, OperationError::SameSubMchid).await;
}
