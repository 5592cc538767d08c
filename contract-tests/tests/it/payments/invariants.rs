//! What holds whatever merchants and users do, and however many do it at once.

use std::{collections::BTreeMap, sync::Arc};

use http::Method;
use proptest::{prelude::*, test_runner::Config as Cases};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use wechatpay_mock::PayerAction;

use super::{REFUNDS, Shop, closing, order, refund};
use crate::bills;

const TOTAL: u64 = 100;

/// What somebody does with one of a few orders.
#[derive(Clone, Debug)]
enum Step {
    Place(usize),
    Act(usize, PayerAction),
    Close(usize),
    Refund { order: usize, number: usize, amount: u64 },
    Wait(i64),
}

/// An order as it must be.
#[derive(Clone, Debug, Default)]
struct Expected {
    was_placed: bool,
    is_closed: bool,
    is_paid: bool,
    /// The amount of each refund, by number.
    refunds: BTreeMap<usize, u64>,
}

impl Expected {
    fn refunded(&self) -> u64 {
        self.refunds.values().sum()
    }

    fn state(&self) -> Option<&'static str> {
        match self {
            Self { was_placed: false, .. } => None,
            Self { is_paid: true, refunds, .. } if !refunds.is_empty() => Some("REFUND"),
            Self { is_paid: true, .. } => Some("SUCCESS"),
            Self { is_closed: true, .. } => Some("CLOSED"),
            _ => Some("NOTPAY"),
        }
    }

    fn is_open(&self) -> bool {
        self.was_placed && !self.is_closed && !self.is_paid
    }
}

fn number(order: usize) -> String {
    format!("ORDER{order}")
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let order = 0..3_usize;
    let action = prop_oneof![
        4 => Just(PayerAction::Pay),
        1 => Just(PayerAction::Cancel),
        1 => Just(PayerAction::Fail),
        1 => Just(PayerAction::Close),
    ];
    let step = prop_oneof![
        4 => order.clone().prop_map(Step::Place),
        4 => (order.clone(), action).prop_map(|(order, action)| Step::Act(order, action)),
        1 => order.clone().prop_map(Step::Close),
        6 => (order, 0..5_usize, 1..=TOTAL).prop_map(|(order, number, amount)| Step::Refund { order, number, amount }),
        1 => (0..60_i64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..24)
}

/// Does a step with the mock and with what is expected. Both must agree on whether it is possible.
async fn step(shop: &Shop, orders: &mut [Expected], step: &Step) -> Result<(), TestCaseError> {
    let post = Method::POST;
    match *step {
        Step::Place(at) => {
            let is_possible = !orders[at].is_closed && !orders[at].is_paid;
            let placed = shop.try_call(post, "/v3/pay/transactions/jsapi", order(&number(at))).await;
            prop_assert_eq!(placed.is_ok(), is_possible, "{:?}", placed);
            orders[at].was_placed |= is_possible;
        }
        Step::Act(at, action) => {
            let acted = shop.act(&number(at), action);
            prop_assert_eq!(acted.is_ok(), orders[at].is_open(), "{:?}", acted);
            orders[at].is_paid |= acted.is_ok() && action == PayerAction::Pay;
            orders[at].is_closed |= acted.is_ok() && action == PayerAction::Close;
        }
        Step::Close(at) => {
            let closed = shop.try_call(post, &closing(&number(at)), json!({ "mchid": "1900000001" })).await;
            prop_assert_eq!(closed.is_ok(), !orders[at].is_paid, "{:?}", closed);
            orders[at].is_closed |= closed.is_ok();
        }
        Step::Refund { order: at, number: refund_number, amount } => {
            // Each order has numbers of its own.
            let out_refund_no = format!("R{at}-{refund_number}");
            let answer = shop.try_call(post, REFUNDS, refund(&out_refund_no, &number(at), amount)).await;
            let expected = &mut orders[at];
            let known = expected.refunds.get(&refund_number).copied();
            let is_possible = match known {
                Some(known) => known == amount,
                None => expected.is_paid && expected.refunded() + amount <= TOTAL,
            };
            prop_assert_eq!(answer.is_ok(), is_possible, "{:?}", answer);
            if answer.is_ok() {
                expected.refunds.insert(refund_number, amount);
            }
        }
        Step::Wait(seconds) => shop.mock.clock().advance(seconds),
    }
    Ok(())
}

/// Checks the merchant's account in the bill of the day: what was paid less what was refunded is what is kept.
async fn check_account(shop: &Shop, orders: &[Expected]) -> Result<(), TestCaseError> {
    let paid = orders.iter().map(|order| if order.is_paid { TOTAL } else { 0 }).sum::<u64>();
    let refunded = orders.iter().map(Expected::refunded).sum::<u64>();
    shop.mock.clock().advance(24 * 60 * 60);
    match shop.try_call(Method::GET, bills::FLOWS, Value::Null).await {
        Err(_) => prop_assert_eq!(paid, 0),
        Ok(applied) => {
            let file = bills::raw(&shop.mock, &shop.client, bills::target_of(&applied)).await;
            let bill = bills::Bill::of(&file.body);
            let kept = bill.column("账户结余(元)").last().map(|yuan| bills::fen(yuan));
            prop_assert_eq!(kept, Some(paid - refunded));
        }
    }
    Ok(())
}

/// Checks what the mock says of every order against what is expected.
async fn check(shop: &Shop, orders: &[Expected]) -> Result<(), TestCaseError> {
    for (at, expected) in orders.iter().enumerate() {
        let answer = shop.try_call(Method::GET, &super::by_number(&number(at)), Value::Null).await;
        let state = answer.as_ref().ok().and_then(|answer| answer["trade_state"].as_str());
        // A number that was closed before it was ordered is that of no order.
        let wanted = if expected.was_placed { expected.state() } else { None };
        prop_assert_eq!(state, wanted);
        let mut refunded = 0;
        for number in expected.refunds.keys() {
            let target = format!("{REFUNDS}/R{at}-{number}");
            let refund = shop.call(Method::GET, &target, Value::Null).await;
            prop_assert_eq!(&refund["status"], "SUCCESS");
            refunded += refund["amount"]["refund"].as_u64().unwrap();
        }
        prop_assert_eq!(refunded, expected.refunded());
    }
    check_account(shop, orders).await?;
    let events = shop.events();
    let count = |event: &str| events.iter().filter(|one| *one == event).count();
    prop_assert_eq!(count("TRANSACTION.SUCCESS"), orders.iter().filter(|order| order.is_paid).count());
    prop_assert_eq!(count("REFUND.SUCCESS"), orders.iter().map(|order| order.refunds.len()).sum::<usize>());
    Ok(())
}

proptest! {
    #![proptest_config(Cases { cases: 64, ..Cases::default() })]

    /// Money is neither made nor lost, every change that has an event sends it once, and a repeated call changes nothing.
    #[test]
    fn orders_are_paid_closed_and_refunded_as_the_rules_say(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let shop = Shop::open().await;
            let mut orders = vec![Expected::default(); 3];
            for one in &steps {
                step(&shop, &mut orders, one).await?;
            }
            check(&shop, &orders).await
        })?;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_order_is_paid_at_most_once_by_64_payers_and_closers() {
    for round in 0..8 {
        let shop = Arc::new(Shop::open().await);
        let number = format!("RACE{round:02}");
        shop.place("jsapi", order(&number)).await;
        let mut callers = JoinSet::new();
        for caller in 0..64 {
            let (shop, number) = (Arc::clone(&shop), number.clone());
            callers.spawn(async move {
                if caller % 2 == 0 {
                    let closed = shop
                        .try_call(Method::POST, &closing(&number), json!({ "mchid": "1900000001" }))
                        .await;
                    (false, closed.is_ok())
                } else {
                    (true, shop.pay(&number).is_ok())
                }
            });
        }
        let outcomes = callers.join_all().await;
        let paid = outcomes.iter().filter(|(is_payer, succeeded)| *is_payer && *succeeded).count();
        let state = shop.state(&number).await;
        assert_eq!(
            (state.as_str(), shop.events().len()),
            if paid == 1 { ("SUCCESS", 1) } else { ("CLOSED", 0) }
        );
        assert!(paid <= 1, "{outcomes:?}");
        if paid == 0 {
            assert!(outcomes.iter().any(|(is_payer, succeeded)| !is_payer && *succeeded));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn refunds_of_64_callers_at_once_are_never_more_than_what_was_paid() {
    let shop = Arc::new(Shop::open().await);
    shop.place("jsapi", order("RACE01")).await;
    shop.pay("RACE01").unwrap();
    let mut callers = JoinSet::new();
    for caller in 0..64 {
        let shop = Arc::clone(&shop);
        // Every number is used twice.
        let number = format!("R{}", caller / 2);
        callers
            .spawn(async move { shop.try_call(Method::POST, REFUNDS, refund(&number, "RACE01", 7)).await });
    }
    let accepted = callers.join_all().await.into_iter().filter(Result::is_ok).count();
    // 14 refunds of 7 are 98 of 100, and each is accepted twice.
    assert_eq!(accepted, 28);
    let refunded = shop.events().iter().filter(|event| *event == "REFUND.SUCCESS").count();
    for number in 0..32 {
        // Asking settles what is due.
        let _ = shop.try_call(Method::GET, &format!("{REFUNDS}/R{number}"), Value::Null).await;
    }
    assert!(refunded <= 14);
    assert_eq!(shop.events().iter().filter(|event| *event == "REFUND.SUCCESS").count(), 14);
}
