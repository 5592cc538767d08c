//! What each action does in each state.

use http::Method;
use serde_json::{Value, json};
use wechatpay_mock::{OperationError, PaymentError, ServiceAction};

use super::{Shop, by_number, cancellation, completion, created, modification, named, synced, target};

/// How far the order is in each state.
const STATES: [&str; 6] = [
    "CREATED",
    "DOING USER_CONFIRM",
    "DOING MCH_COMPLETE USER_PAYING",
    "DONE USER_PAID",
    "REVOKED",
    "EXPIRED",
];

/// Brings an order into a state.
async fn bring(shop: &Shop, number: &str, state: &str) {
    shop.create(created(number)).await;
    match state {
        "REVOKED" => drop(shop.change(number, "cancel", cancellation()).await),
        "EXPIRED" => shop.mock.clock().advance(30 * 24 * 60 * 60),
        "CREATED" => {}
        _ => {
            shop.user(number, ServiceAction::Confirm).unwrap();
            if state != "DOING USER_CONFIRM" {
                shop.change(number, "complete", completion(5_000)).await;
            }
            if state == "DONE USER_PAID" {
                shop.user(number, ServiceAction::Pay).unwrap();
            }
        }
    }
    assert_eq!(shop.progress(number).await, state);
}

/// What an action leads to: another state, or a refusal.
type Outcome = Result<&'static str, OperationError>;

#[tokio::test]
async fn each_action_of_a_merchant_does_in_each_state_what_the_documentation_says() {
    use OperationError::{
        ServiceOrderNotCancellable as Uncancellable, ServiceOrderNotPaying as NotPaying,
        ServiceOrderRepeated as Repeated, ServiceOrderRevoked as Revoked, ServiceOrderState as Wrong,
        ServiceOrderUnconfirmed as Unconfirmed,
    };
    const PAYING: &str = "DOING MCH_COMPLETE USER_PAYING";
    const PAID: &str = "DONE USER_PAID";
    let table: [(&str, Value, [Outcome; 6]); 6] = [
        (
            "complete",
            completion(4_000),
            [Err(Unconfirmed), Ok(PAYING), Err(Repeated), Err(Wrong), Err(Revoked), Err(Wrong)],
        ),
        (
            "cancel",
            cancellation(),
            [
                Ok("REVOKED"),
                Ok("REVOKED"),
                Err(Uncancellable),
                Err(Uncancellable),
                Err(Uncancellable),
                Err(Uncancellable),
            ],
        ),
        (
            "modify",
            modification(3_000),
            [Err(Unconfirmed), Err(Wrong), Ok(PAYING), Err(NotPaying), Err(Revoked), Err(Wrong)],
        ),
        ("pay", named(), [Err(Unconfirmed), Err(Wrong), Ok(PAID), Err(NotPaying), Err(Revoked), Err(Wrong)]),
        (
            "sync",
            synced(),
            [Err(Unconfirmed), Err(Wrong), Ok(PAID), Err(NotPaying), Err(Revoked), Err(Wrong)],
        ),
        (
            "send-prepaidmessage",
            json!({
                "service_id": super::SERVICE, "post_payments": [], "total_amount": 0, "prepaid_time": "20250905",
            }),
            [Err(Unconfirmed), Ok("DOING USER_CONFIRM"), Ok(PAYING), Err(Wrong), Err(Revoked), Err(Wrong)],
        ),
    ];
    for (action, body, outcomes) in table {
        for (state, outcome) in STATES.into_iter().zip(outcomes) {
            let shop = Shop::open().await;
            bring(&shop, "S00001", state).await;
            match outcome {
                Ok(next) => {
                    shop.change("S00001", action, body.clone()).await;
                    assert_eq!(shop.progress("S00001").await, next, "{action} in {state}");
                }
                Err(expected) => {
                    shop.refused_change("S00001", action, body.clone(), expected).await;
                    assert_eq!(shop.progress("S00001").await, state, "{action} in {state}");
                }
            }
        }
    }
}

#[tokio::test]
async fn each_action_of_a_user_is_possible_only_in_its_state() {
    let table = [
        (ServiceAction::Confirm, [true, false, false, false, false, false]),
        (ServiceAction::Pay, [false, false, true, false, false, false]),
        (ServiceAction::Fail, [true, false, true, false, false, false]),
    ];
    for (action, possible) in table {
        for (state, is_possible) in STATES.into_iter().zip(possible) {
            let shop = Shop::open().await;
            bring(&shop, "S00001", state).await;
            let acted = shop.user("S00001", action);
            assert_eq!(acted.is_ok(), is_possible, "{action:?} in {state}");
            if !is_possible || action == ServiceAction::Fail {
                assert_eq!(shop.progress("S00001").await, state, "{action:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_order_expires_after_30_days_only_if_nobody_confirms_it() {
    let shop = Shop::open().await;
    shop.create(created("S00001")).await;
    shop.create(created("S00002")).await;
    shop.user("S00002", ServiceAction::Confirm).unwrap();
    shop.mock.clock().advance(30 * 24 * 60 * 60 - 1);
    assert_eq!(shop.progress("S00001").await, "CREATED");
    shop.mock.clock().advance(1);
    assert_eq!(shop.progress("S00001").await, "EXPIRED");
    assert!(matches!(shop.user("S00001", ServiceAction::Confirm), Err(PaymentError::Refused { .. })));
    shop.mock.clock().advance(365 * 24 * 60 * 60);
    assert_eq!(shop.progress("S00002").await, "DOING USER_CONFIRM");
    assert_eq!(shop.events(), ["PAYSCORE.USER_CONFIRM"]);
}

#[tokio::test]
async fn the_same_creation_again_gets_the_order_as_it_is_and_another_one_is_refused() {
    let shop = Shop::open().await;
    let first = shop.create(created("S00001")).await;
    assert_eq!(shop.create(created("S00001")).await, first);
    let mut other = created("S00001");
    other["risk_fund"]["amount"] = 9_999.into();
    shop.refused(Method::POST, super::ORDERS, other, OperationError::ServiceOrderRepeated).await;
    shop.user("S00001", ServiceAction::Confirm).unwrap();
    assert_eq!(shop.create(created("S00001")).await["state"], "DOING");
}

#[tokio::test]
async fn an_order_is_found_only_by_one_number_and_only_in_its_service() {
    let shop = Shop::open().await;
    shop.create(created("S00001")).await;
    let missing = OperationError::UnknownServiceOrder;
    shop.refused(Method::GET, &by_number("S00002"), Value::Null, missing).await;
    let other = by_number("S00001").replace(super::SERVICE, "2002000000000558128851361561537");
    shop.refused(Method::GET, &other, Value::Null, missing).await;
    let names = OperationError::ServiceOrderNames;
    let both = format!("{}&query_id=x", by_number("S00001"));
    let neither = by_number("S00001").replace("out_order_no=S00001&", "");
    for target in [both, neither] {
        shop.refused(Method::GET, &target, Value::Null, names).await;
    }
    let mut appid = cancellation();
    appid["appid"] = "wx0000000000000001".into();
    shop.refused(Method::POST, &target("S00001", "cancel"), appid, OperationError::ServiceOrderAppid).await;
}
