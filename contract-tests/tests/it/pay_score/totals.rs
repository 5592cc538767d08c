//! What a service costs.

use serde_json::{Value, json};
use wechatpay_mock::{Config, OperationError, Payments, ServiceAction};

use super::{ORDERS, Shop, completion, created, modification, named, synced, unconfirmed};

/// A completion of these payments and discounts.
fn of(payments: &[i64], discounts: &[i64], total: i64) -> Value {
    let mut body = completion(0);
    let items = |amounts: &[i64]| {
        let items =
            amounts.iter().map(|amount| json!({ "name": "费用", "description": "说明", "amount": amount }));
        items.collect::<Value>()
    };
    body["post_payments"] = items(payments);
    body["post_discounts"] = items(discounts);
    body["total_amount"] = total.into();
    body
}

#[tokio::test]
async fn a_total_that_does_not_add_up_is_refused_and_changes_nothing() {
    let shop = Shop::open().await;
    shop.create(unconfirmed("S00001")).await;
    let max = i64::MAX;
    for wrong in [
        of(&[4_000], &[], 3_999),
        of(&[4_000, 1], &[1], 4_001),
        of(&[1], &[2], -1),
        of(&[max, max], &[], max),
    ] {
        shop.refused_change("S00001", "complete", wrong, OperationError::ServiceTotal).await;
    }
    for (payments, discounts, total) in [(&[-1, 2][..], &[][..], 1), (&[1], &[-1], 2)] {
        let negative = of(payments, discounts, total);
        shop.refused_change("S00001", "complete", negative, OperationError::ServiceAmountRange).await;
    }
    assert_eq!(shop.progress("S00001").await, "DOING USER_CONFIRM");
    shop.change("S00001", "complete", of(&[4_000, 1_000], &[500, 1], 4_499)).await;
}

#[tokio::test]
async fn a_deposit_is_the_most_that_a_service_costs_and_an_estimate_is_not() {
    let shop = Shop::open().await;
    shop.create(unconfirmed("S00001")).await;
    let too_much = OperationError::ServiceTotalTooLarge;
    shop.refused_change("S00001", "complete", completion(10_001), too_much).await;
    shop.change("S00001", "complete", completion(10_000)).await;
    let mut estimated = unconfirmed("S00002");
    estimated["risk_fund"]["name"] = "ESTIMATE_ORDER_COST".into();
    shop.create(estimated).await;
    shop.change("S00002", "complete", completion(10_001)).await;
}

#[tokio::test]
async fn a_service_has_the_configured_limit() {
    let mut config = Config::default();
    config.payments = Payments { service_limit: Some(10_000), ..Payments::default() };
    let shop = Shop::with(config).await;
    let mut estimated = unconfirmed("S00001");
    estimated["risk_fund"] = json!({ "name": "ESTIMATE_ORDER_COST", "amount": 10_001 });
    shop.refused(http::Method::POST, ORDERS, estimated.clone(), OperationError::ServiceRiskFund).await;
    estimated["risk_fund"]["amount"] = 5_000.into();
    shop.create(estimated).await;
    let too_much = OperationError::ServiceTotalTooLarge;
    shop.refused_change("S00001", "complete", completion(10_001), too_much).await;
    shop.change("S00001", "complete", completion(10_000)).await;
}

#[tokio::test]
async fn what_costs_nothing_is_done_at_once() {
    let shop = Shop::open().await;
    shop.create(unconfirmed("S00001")).await;
    let completed = shop.change("S00001", "complete", of(&[100], &[100], 0)).await;
    assert_eq!((&completed["state"], &completed["need_collection"]), (&json!("DONE"), &json!(false)));
    assert_eq!(shop.progress("S00001").await, "DONE");
    assert!(shop.events().is_empty());
}

#[tokio::test]
async fn a_total_can_only_be_lowered_while_it_is_not_paid() {
    let shop = Shop::open().await;
    shop.create(unconfirmed("S00001")).await;
    shop.change("S00001", "complete", completion(5_000)).await;
    let raised = OperationError::ServiceAmountRange;
    shop.refused_change("S00001", "modify", modification(5_001), raised).await;
    let modified = shop.change("S00001", "modify", modification(4_000)).await;
    assert_eq!(modified["collection"]["paying_amount"], 4_000);
    let mut wrong = modification(3_000);
    wrong["total_amount"] = 3_001.into();
    shop.refused_change("S00001", "modify", wrong, OperationError::ServiceTotal).await;
    shop.change("S00001", "pay", named()).await;
    assert_eq!(shop.service_order("S00001").await["collection"]["paid_amount"], 4_000);
    shop.create(unconfirmed("S00002")).await;
    shop.change("S00002", "complete", completion(5_000)).await;
    shop.change(
        "S00002",
        "modify",
        of(&[], &[], 0).as_object().map_or(Value::Null, |body| {
            let mut body = Value::from(body.clone());
            body["reason"] = "免单".into();
            body
        }),
    )
    .await;
    assert_eq!(shop.service_order("S00002").await["state"], "DONE");
}

#[tokio::test]
async fn what_was_paid_otherwise_is_the_merchants_word_and_sends_no_callback() {
    let shop = Shop::open().await;
    shop.create(unconfirmed("S00001")).await;
    shop.change("S00001", "complete", completion(5_000)).await;
    let order = shop.change("S00001", "sync", synced()).await;
    assert_eq!(order["state"], "DONE");
    let details = json!([{ "seq": 1, "amount": 5_000, "paid_type": "MCH", "paid_time": "20250904120000" }]);
    assert_eq!(shop.service_order("S00001").await["collection"]["details"], details);
    assert!(shop.events().is_empty());
}

#[tokio::test]
async fn a_service_ends_after_it_starts_and_not_later_than_it_is_completed() {
    let shop = Shop::open().await;
    shop.create(unconfirmed("S00001")).await;
    let ends = |time: &str| {
        let mut body = completion(5_000);
        body["time_range"] = json!({ "end_time": time });
        body
    };
    let before = OperationError::ServiceEndsBeforeStart;
    shop.refused_change("S00001", "complete", ends("20250904095959"), before).await;
    shop.refused_change("S00001", "complete", ends("20250903"), before).await;
    let mut both = ends("20250903");
    both["time_range"]["start_time"] = "20250904".into();
    shop.refused_change("S00001", "complete", both, before).await;
    shop.refused_change("S00001", "complete", ends("20991231"), OperationError::ServiceEndsLater).await;
    // It is 10:05:32.
    shop.refused_change("S00001", "complete", ends("20250904100533"), OperationError::ServiceEndsLater).await;
    shop.change("S00001", "complete", ends("20250904100532")).await;
    let times = shop.service_order("S00001").await["time_range"].clone();
    assert_eq!(times, json!({ "start_time": "20250904100000", "end_time": "20250904100532" }));
}

#[tokio::test]
async fn numbers_and_the_configuration_let_the_user_act_by_itself() {
    let mut config = Config::default();
    let after = |seconds| Some(std::time::Duration::from_secs(seconds));
    config.payments = Payments { auto_confirm: after(10), auto_pay: after(60), ..Payments::default() };
    let shop = Shop::with(config).await;
    shop.create(created("S00001")).await;
    shop.mock.clock().advance(9);
    assert_eq!(shop.progress("S00001").await, "CREATED");
    shop.mock.clock().advance(1);
    assert_eq!(shop.progress("S00001").await, "DOING USER_CONFIRM");
    shop.change("S00001", "complete", completion(5_000)).await;
    shop.mock.clock().advance(59);
    assert_eq!(shop.progress("S00001").await, "DOING MCH_COMPLETE USER_PAYING");
    shop.mock.clock().advance(1);
    assert_eq!(shop.progress("S00001").await, "DONE USER_PAID");
    assert_ne!(shop.told()["out_trade_no"], "S00001");

    let shop = Shop::open().await;
    shop.create(created("MOCK*confirm*1")).await;
    assert_eq!(shop.progress("MOCK*confirm*1").await, "DOING USER_CONFIRM");
    shop.create(unconfirmed("MOCK*pay*1")).await;
    shop.change("MOCK*pay*1", "complete", completion(5_000)).await;
    assert_eq!(shop.progress("MOCK*pay*1").await, "DONE USER_PAID");
    shop.create(unconfirmed("MOCK*pay-fail*1")).await;
    shop.change("MOCK*pay-fail*1", "complete", completion(5_000)).await;
    let fails = OperationError::ServiceDeductionFailed;
    shop.refused_change("MOCK*pay-fail*1", "pay", named(), fails).await;
    assert!(shop.user("MOCK*pay-fail*1", ServiceAction::Pay).is_err());
    shop.create(unconfirmed("MOCK*deducting*1")).await;
    let deducting = OperationError::ServiceDeducting;
    shop.refused_change("MOCK*deducting*1", "complete", completion(5_000), deducting).await;
    let refused = [
        ("MOCK*assessment*1", OperationError::ServiceAssessment),
        ("MOCK*overdue*1", OperationError::ServiceOverdue),
        ("MOCK*teenager*1", OperationError::ServiceTeenager),
    ];
    for (number, expected) in refused {
        shop.refused(http::Method::POST, ORDERS, unconfirmed(number), expected).await;
        shop.create(created(number)).await;
        assert!(shop.user(number, ServiceAction::Confirm).is_err(), "{number}");
    }
}
