//! Refunds.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{Config, OperationError, Payments};

use super::{NOWHERE, REFUNDS, Shop, code, order, refund, without};

impl Shop {
    async fn refund(&self, refund: Value) -> Value {
        self.call(Method::POST, REFUNDS, refund).await
    }

    async fn refused_refund(&self, refund: Value, expected: OperationError) {
        self.refused(Method::POST, REFUNDS, refund, expected).await;
    }

    async fn show_refund(&self, number: &str) -> Value {
        self.call(Method::GET, &format!("{REFUNDS}/{number}"), Value::Null).await
    }

    async fn paid(&self, number: &str) -> Value {
        self.place("jsapi", order(number)).await;
        self.pay(number).unwrap()
    }
}

#[tokio::test]
async fn a_refund_is_accepted_and_settled_and_its_callback_tells_of_it() {
    let shop = Shop::open().await;
    let paid = shop.paid("A00001").await;
    let answer = shop.refund(refund("R1", "A00001", 30)).await;
    let amount = json!({
        "currency": "CNY", "discount_refund": 0, "from": [], "payer_refund": 30, "payer_total": 100, "refund": 30,
        "refund_fee": 0, "settlement_refund": 30, "settlement_total": 100, "total": 100,
    });
    let mut expected = json!({
        "amount": amount, "channel": "ORIGINAL", "create_time": "2025-09-04T10:05:32+08:00",
        "funds_account": "AVAILABLE", "out_refund_no": "R1", "out_trade_no": "A00001", "promotion_detail": [],
        "refund_id": answer["refund_id"], "status": "PROCESSING", "transaction_id": paid["transaction_id"],
        "user_received_account": "支付用户零钱",
    });
    assert_eq!(answer, expected);
    expected["status"] = "SUCCESS".into();
    expected["success_time"] = "2025-09-04T10:05:32+08:00".into();
    assert_eq!(shop.show_refund("R1").await, expected);
    assert_eq!(shop.refund(refund("R1", "A00001", 30)).await, expected);
    assert_eq!(shop.state("A00001").await, "REFUND");
    assert_eq!(shop.events(), ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]);
    let told = json!({
        "mchid": "1900000001", "out_trade_no": "A00001", "transaction_id": paid["transaction_id"],
        "out_refund_no": "R1", "refund_id": answer["refund_id"], "refund_status": "SUCCESS",
        "success_time": "2025-09-04T10:05:32+08:00", "user_received_account": "支付用户零钱",
        "amount": { "total": 100, "refund": 30, "payer_total": 100, "payer_refund": 30 },
    });
    assert_eq!(shop.told(), told);
}

#[tokio::test]
async fn an_order_is_refunded_in_parts_up_to_its_total() {
    let shop = Shop::open().await;
    let paid = shop.paid("A00001").await;
    shop.refund(refund("R1", "A00001", 30)).await;
    let mut by_id = without(refund("R2", "A00001", 60), "out_trade_no");
    by_id["transaction_id"] = paid["transaction_id"].clone();
    shop.refund(by_id.clone()).await;
    shop.refused_refund(refund("R3", "A00001", 11), OperationError::RefundExceeds).await;
    shop.refund(refund("R3", "A00001", 10)).await;
    shop.refused_refund(refund("R4", "A00001", 1), OperationError::RefundedAll).await;
    shop.refused_refund(refund("R3", "A00001", 9), OperationError::RefundAmount).await;

    let mut wrong_total = refund("R5", "A00001", 1);
    wrong_total["amount"]["total"] = 99.into();
    shop.refused_refund(wrong_total, OperationError::RefundAmount).await;
    shop.paid("A00002").await;
    let mut two_orders = by_id;
    (two_orders["out_refund_no"], two_orders["out_trade_no"]) = ("R6".into(), "A00002".into());
    shop.refused_refund(two_orders, OperationError::RefundOtherOrder).await;
}

#[tokio::test]
async fn only_a_paid_order_is_refunded_and_only_for_a_year() {
    let shop = Shop::open().await;
    shop.refused_refund(refund("R1", "A00001", 1), OperationError::RefundUnknownOrder).await;
    shop.place("jsapi", order("A00001")).await;
    shop.refused_refund(refund("R1", "A00001", 1), OperationError::RefundUnpaid).await;
    shop.close("A00001").await;
    shop.refused_refund(refund("R1", "A00001", 1), OperationError::RefundUnknownOrder).await;
    let none = format!("{REFUNDS}/R1");
    shop.refused(Method::GET, &none, Value::Null, OperationError::UnknownRefund).await;
    shop.paid("A00002").await;
    shop.mock.clock().advance(365 * 24 * 60 * 60);
    shop.refund(refund("R2", "A00002", 1)).await;
    shop.mock.clock().advance(1);
    shop.refused_refund(refund("R3", "A00002", 1), OperationError::RefundTooLate).await;
}

#[tokio::test]
async fn an_order_has_fifty_refunds_at_most() {
    let shop = Shop::open().await;
    shop.paid("A00001").await;
    for number in 0..50 {
        shop.refund(refund(&format!("R{number}"), "A00001", 1)).await;
    }
    shop.refused_refund(refund("R50", "A00001", 1), OperationError::RefundTooMany).await;
}

#[tokio::test]
async fn a_refund_waits_as_long_as_the_configuration_says() {
    let refund_delay = Duration::from_secs(300);
    let mut config = Config::default();
    config.payments = Payments { refund_delay, ..Payments::default() };
    let shop = Shop::with(config).await;
    shop.paid("A00001").await;
    shop.refund(refund("R1", "A00001", 30)).await;
    shop.mock.clock().advance(299);
    assert_eq!(shop.show_refund("R1").await["status"], "PROCESSING");
    shop.mock.clock().advance(1);
    assert_eq!(shop.show_refund("R1").await["status"], "SUCCESS");
}

#[tokio::test]
async fn an_abnormal_refund_goes_another_way_and_a_closed_one_gives_its_money_back_to_the_order() {
    let shop = Shop::open().await;
    shop.paid("A00001").await;
    let number = "MOCK*refund-abnormal*1";
    let answer = shop.refund(refund(number, "A00001", 100)).await;
    assert_eq!(shop.show_refund(number).await["status"], "ABNORMAL");
    let target = format!("{REFUNDS}/{}/apply-abnormal-refund", answer["refund_id"].as_str().unwrap());
    let body = |number: &str| json!({ "out_refund_no": number, "type": "MERCHANT_BANK_CARD" });
    shop.refused(Method::POST, &target, body("R9"), OperationError::RefundOtherOrder).await;
    assert_eq!(shop.call(Method::POST, &target, body(number)).await["status"], "PROCESSING");
    assert_eq!(shop.show_refund(number).await["status"], "SUCCESS");
    shop.refused(Method::POST, &target, body(number), OperationError::WrongState).await;

    shop.paid("A00002").await;
    let number = "MOCK*refund-closed*1";
    shop.refund(refund(number, "A00002", 100)).await;
    let closed = shop.show_refund(number).await;
    assert_eq!((&closed["status"], closed.get("success_time")), (&json!("CLOSED"), None));
    shop.refund(refund("R1", "A00002", 100)).await;
    let mut events = shop.events();
    events.retain(|event| event.starts_with("REFUND"));
    events.sort();
    let expected = ["REFUND.ABNORMAL", "REFUND.CLOSED", "REFUND.SUCCESS"];
    assert_eq!(events[..3], expected, "{events:?}");
}

#[tokio::test]
async fn a_merchant_refunds_no_more_than_its_balance() {
    let mut config = Config::default();
    let mut merchant = config.merchants()[0].clone();
    merchant.balance = Some(100);
    config = config.with_merchants([merchant]);
    let shop = Shop::with(config).await;
    for number in ["A00001", "A00002"] {
        shop.paid(number).await;
    }
    shop.refund(refund("R1", "A00001", 60)).await;
    shop.refused_refund(refund("R2", "A00002", 41), OperationError::RefundNotEnough).await;
    // A closed refund gives its money back.
    shop.refund(refund("MOCK*refund-closed*1", "A00002", 40)).await;
    shop.show_refund("MOCK*refund-closed*1").await;
    shop.refund(refund("R2", "A00002", 40)).await;
    shop.refused_refund(refund("R3", "A00002", 1), OperationError::RefundNotEnough).await;
}

#[tokio::test]
async fn a_reversal_takes_nothing_from_the_balance_and_no_amount_is_too_large() {
    let mut merchant = Config::default().merchants()[0].clone();
    merchant.balance = Some(100);
    let shop = Shop::with(Config::default().with_merchants([merchant])).await;
    for number in ["CODE01", "CODE02", "CODE03"] {
        let mut order = code(number);
        order["amount"]["total"] = 9_000_000_000_000_000_000_u64.into();
        shop.place("codepay", order).await;
        let reversal = json!({ "appid": "wxd678efh567hg6787", "mchid": "1900000001" });
        let target = format!("/v3/pay/transactions/out-trade-no/{number}/reverse");
        shop.call(Method::POST, &target, reversal).await;
    }
    shop.paid("A00001").await;
    shop.refund(refund("R1", "A00001", 100)).await;
}

#[tokio::test]
async fn the_callback_of_a_refund_without_a_notify_url_goes_to_the_merchants() {
    let mut merchant = Config::default().merchants()[0].clone();
    merchant.notify_url = Some(NOWHERE.into());
    let shop = Shop::with(Config::default().with_merchants([merchant])).await;
    shop.paid("A00001").await;
    shop.refund(without(refund("R1", "A00001", 100), "notify_url")).await;
    shop.show_refund("R1").await;
    assert_eq!(shop.events(), ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]);
}
