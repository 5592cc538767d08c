//! When what is left of an order is the merchant's.

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::OperationError;

use super::{STRANGER, UNFREEZE, merchant, release, request};
use crate::payments::{REFUNDS, Shop, refund};

const DAY: i64 = 24 * 60 * 60;

#[tokio::test]
async fn an_order_can_be_shared_for_30_days() {
    let shop = Shop::open().await;
    let id = shop.sharable("A00001", 1000).await;
    shop.shares("P1", &id, STRANGER, 1).await;
    shop.mock.clock().advance(30 * DAY - 61);
    shop.shares("P2", &id, STRANGER, 1).await;
    assert_eq!(shop.left(&id).await, 998);
    shop.mock.clock().advance(1);
    assert_eq!(shop.left(&id).await, 0);
    let late = request("P3", &id, &[merchant(STRANGER, 1)], false);
    shop.refused_share(late, OperationError::SharingFinished).await;
    shop.refused(Method::POST, UNFREEZE, release("P3", &id), OperationError::SharingFinished).await;
    // A platform has longer, but not for this one.
    let amounts = format!("/v3/ecommerce/profitsharing/orders/{id}/amounts");
    shop.refused(Method::GET, &amounts, Value::Null, OperationError::SharingNotEcommerce).await;
}

#[tokio::test]
async fn a_platform_can_share_an_order_for_180_days() {
    let shop = Shop::open().await;
    let id = shop.sharable("A00001", 1000).await;
    let amounts = format!("/v3/ecommerce/profitsharing/orders/{id}/amounts");
    shop.mock.clock().advance(180 * DAY - 61);
    assert_eq!(shop.call(Method::GET, &amounts, Value::Null).await["unsplit_amount"], 1000);
    shop.mock.clock().advance(1);
    assert_eq!(shop.call(Method::GET, &amounts, Value::Null).await["unsplit_amount"], 0);
}

#[tokio::test]
async fn a_release_with_a_number_that_was_used_succeeds_and_does_nothing() {
    let shop = Shop::open().await;
    let id = shop.sharable("A00001", 100).await;
    shop.shares("P1", &id, STRANGER, 30).await;
    let answer = shop.call(Method::POST, UNFREEZE, release("P1", &id)).await;
    assert_eq!((&answer["state"], &answer["receivers"][0]["amount"]), (&json!("FINISHED"), &json!(30)));
    assert_eq!(shop.left(&id).await, 70);
    let released = shop.call(Method::POST, UNFREEZE, release("P2", &id)).await;
    assert_eq!(released["receivers"][0]["amount"], 70);
    let again = shop.call(Method::POST, UNFREEZE, release("P2", &id)).await;
    assert_eq!((&again["order_id"], &again["state"]), (&released["order_id"], &json!("FINISHED")));
    let used = request("P2", &id, &[merchant(STRANGER, 1)], false);
    shop.refused_share(used, OperationError::SharingDifferent).await;
    // What was released can be refunded, and what receivers have can't.
    let refused = OperationError::RefundNotEnough;
    shop.refused(Method::POST, REFUNDS, refund("R1", "A00001", 71), refused).await;
    shop.call(Method::POST, REFUNDS, refund("R1", "A00001", 70)).await;
}

#[tokio::test]
async fn an_order_that_was_paid_a_moment_ago_is_not_released() {
    let shop = Shop::open().await;
    shop.place("jsapi", super::for_sharing("A00001", 100)).await;
    let paid = shop.pay("A00001").unwrap();
    let id = paid["transaction_id"].as_str().unwrap();
    shop.refused(Method::POST, UNFREEZE, release("P1", id), OperationError::SharingProcessing).await;
}
