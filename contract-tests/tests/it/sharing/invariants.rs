//! What holds whatever merchants do, and however many do it at once.

use std::{collections::BTreeMap, sync::Arc};

use http::Method;
use proptest::{prelude::*, test_runner::Config as Cases};
use serde_json::Value;
use tokio::task::JoinSet;
use wechatpay_mock::{Config, MaxRatio, Payments};

use super::{MERCHANT, RETURN, SHARE, STRANGER, UNFREEZE, back, merchant, release, request, two_merchants};
use crate::{
    bills,
    payments::{REFUNDS, Shop, refund},
};

/// A mock whose orders can be shared completely.
fn without_ratio() -> Config {
    let mut config = two_merchants();
    config.payments = Payments { max_ratio: MaxRatio::new(10_000).unwrap(), ..Payments::default() };
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sharers_and_refunders_at_once_never_get_more_than_was_paid() {
    let shop = Arc::new(Shop::with(without_ratio()).await);
    let id = shop.sharable("RACE01", 100).await;
    shop.add(STRANGER).await;
    let mut callers = JoinSet::new();
    for caller in 0..64 {
        let (shop, id) = (Arc::clone(&shop), id.clone());
        callers.spawn(async move {
            // Every number is used twice.
            let number = format!("N{}", caller / 2);
            if caller / 2 % 2 == 0 {
                let asked = request(&number, &id, &[merchant(STRANGER, 7)], false);
                ("shared", number, shop.try_call(Method::POST, SHARE, asked).await.is_ok())
            } else {
                let asked = refund(&number, "RACE01", 7);
                ("refunded", number, shop.try_call(Method::POST, REFUNDS, asked).await.is_ok())
            }
        });
    }
    let outcomes = callers.join_all().await;
    let mut accepted = BTreeMap::new();
    for (what, number, is_ok) in outcomes {
        if is_ok {
            *accepted.entry((what, number)).or_insert(0) += 1;
        }
    }
    // 14 of 7 are 98 of 100, and each is accepted twice.
    assert_eq!(accepted.len(), 14, "{accepted:?}");
    assert!(accepted.values().all(|times| *times == 2), "{accepted:?}");
    assert_eq!(shop.left(&id).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_order_is_released_once_by_64_callers_and_not_shared_afterwards() {
    for round in 0..4 {
        let shop = Arc::new(Shop::with(without_ratio()).await);
        let id = shop.sharable("RACE01", 100).await;
        shop.add(STRANGER).await;
        let mut callers = JoinSet::new();
        for caller in 0..64 {
            let (shop, id) = (Arc::clone(&shop), id.clone());
            callers.spawn(async move {
                let number = format!("N{round}-{caller}");
                if caller % 2 == 0 {
                    let answer = shop.try_call(Method::POST, UNFREEZE, release(&number, &id)).await.ok()?;
                    return Some((true, answer["receivers"][0]["amount"].as_u64().unwrap_or_default()));
                }
                let asked = request(&number, &id, &[merchant(STRANGER, 1)], false);
                shop.try_call(Method::POST, SHARE, asked).await.ok().map(|_| (false, 1))
            });
        }
        let accepted: Vec<_> = callers.join_all().await.into_iter().flatten().collect();
        assert_eq!(accepted.iter().filter(|(is_release, _)| *is_release).count(), 1);
        // What receivers have and what was released is what was paid.
        assert_eq!(accepted.iter().map(|(_, amount)| amount).sum::<u64>(), 100);
        assert_eq!(shop.left(&id).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn returns_of_64_callers_at_once_are_never_more_than_what_was_received() {
    let shop = Arc::new(Shop::open().await);
    let id = shop.sharable("RACE01", 1000).await;
    shop.shares("P1", &id, STRANGER, 100).await;
    let mut callers = JoinSet::new();
    for caller in 0..64 {
        let shop = Arc::clone(&shop);
        let asked = back(&format!("R{}", caller / 2), "P1", STRANGER, 7);
        callers.spawn(async move { shop.try_call(Method::POST, RETURN, asked).await.is_ok() });
    }
    let accepted = callers.join_all().await.into_iter().filter(|is_ok| *is_ok).count();
    assert_eq!(accepted, 28);
    assert_eq!(shop.left(&id).await, 998);
}

const TOTAL: u64 = 100;
const RECEIVERS: [&str; 2] = [STRANGER, MERCHANT];
const BILL: &str = "/v3/profitsharing/bills?bill_date=2025-09-04";

/// What somebody does with one of two paid orders.
#[derive(Clone, Debug)]
enum Step {
    Share { order: usize, number: usize, receiver: usize, amount: u64 },
    Return { order: usize, of: usize, number: usize, receiver: usize, amount: u64 },
    Refund { order: usize, number: usize, amount: u64 },
    Release { order: usize, number: usize },
    Wait(i64),
}

/// An order as it must be: by number, the receiver and the amount of each share; the share and the amount of each return; the
/// amount of each refund.
#[derive(Clone, Debug, Default)]
struct Expected {
    shares: BTreeMap<usize, (usize, u64)>,
    returns: BTreeMap<usize, (usize, usize, u64)>,
    refunds: BTreeMap<usize, u64>,
    releases: BTreeMap<usize, ()>,
}

impl Expected {
    fn shared(&self) -> u64 {
        self.shares.values().map(|(_, amount)| amount).sum()
    }

    fn returned(&self, share: Option<usize>) -> u64 {
        let of = self.returns.values().filter(|(of, ..)| share.is_none_or(|share| *of == share));
        of.map(|(.., amount)| amount).sum()
    }

    fn refunded(&self) -> u64 {
        self.refunds.values().sum()
    }

    fn left(&self) -> u64 {
        TOTAL - self.refunded() - (self.shared() - self.returned(None))
    }

    fn is_released(&self) -> bool {
        !self.releases.is_empty()
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (order, number, receiver, amount) = (0..2_usize, 0..4_usize, 0..2_usize, 1..=60_u64);
    let share = (order.clone(), number.clone(), receiver.clone(), amount.clone());
    let give_back = (order.clone(), number.clone(), number.clone(), receiver, amount.clone());
    let step = prop_oneof![
        6 => share.prop_map(|(order, number, receiver, amount)| Step::Share { order, number, receiver, amount }),
        5 => give_back.prop_map(|(order, of, number, receiver, amount)| Step::Return { order, of, number, receiver, amount }),
        4 => (order.clone(), number.clone(), amount)
            .prop_map(|(order, number, amount)| Step::Refund { order, number, amount }),
        1 => (order, number).prop_map(|(order, number)| Step::Release { order, number }),
        1 => (0..60_i64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..24)
}

/// Does a step with the mock and with what is expected. Both must agree on whether it is possible.
async fn step(
    shop: &Shop,
    ids: &[String],
    orders: &mut [Expected],
    step: &Step,
) -> Result<(), TestCaseError> {
    let post = Method::POST;
    match *step {
        Step::Share { order: at, number, receiver, amount } => {
            let asked = request(
                &format!("P{at}-{number}"),
                &ids[at],
                &[merchant(RECEIVERS[receiver], amount)],
                false,
            );
            let answer = shop.try_call(post, SHARE, asked).await;
            let expected = &mut orders[at];
            let is_possible = match expected.shares.get(&number) {
                Some(known) => *known == (receiver, amount),
                None => !expected.is_released() && amount <= expected.left(),
            };
            prop_assert_eq!(answer.is_ok(), is_possible, "{:?}", answer);
            if is_possible {
                expected.shares.insert(number, (receiver, amount));
            }
        }
        Step::Return { order: at, of, number, receiver, amount } => {
            let numbers = (format!("B{at}-{number}"), format!("P{at}-{of}"));
            let asked = back(&numbers.0, &numbers.1, RECEIVERS[receiver], amount);
            let answer = shop.try_call(post, RETURN, asked).await;
            let expected = &mut orders[at];
            let received = expected.shares.get(&of).filter(|(known, _)| *known == receiver);
            let left = received.map_or(0, |(_, received)| received - expected.returned(Some(of)));
            let is_possible = match expected.returns.get(&number) {
                Some(known) => *known == (of, receiver, amount),
                None => amount <= left,
            };
            prop_assert_eq!(answer.is_ok(), is_possible, "{:?}", answer);
            if is_possible {
                expected.returns.insert(number, (of, receiver, amount));
            }
        }
        Step::Refund { order: at, number, amount } => {
            let asked = refund(&format!("R{at}-{number}"), &format!("ORDER{at}"), amount);
            let answer = shop.try_call(post, REFUNDS, asked).await;
            let expected = &mut orders[at];
            let is_possible = match expected.refunds.get(&number) {
                Some(known) => *known == amount,
                None => amount <= expected.left(),
            };
            prop_assert_eq!(answer.is_ok(), is_possible, "{:?}", answer);
            if is_possible {
                expected.refunds.insert(number, amount);
            }
        }
        Step::Release { order: at, number } => {
            let asked = release(&format!("F{at}-{number}"), &ids[at]);
            let answer = shop.try_call(post, UNFREEZE, asked).await;
            let expected = &mut orders[at];
            let is_possible = !expected.is_released() || expected.releases.contains_key(&number);
            prop_assert_eq!(answer.is_ok(), is_possible, "{:?}", answer);
            if is_possible {
                expected.releases.insert(number, ());
            }
        }
        Step::Wait(seconds) => shop.mock.clock().advance(seconds),
    }
    Ok(())
}

/// The bill of the day, if there is one.
async fn bill(shop: &Shop, target: &str) -> Option<bills::Bill> {
    let applied = shop.try_call(Method::GET, target, Value::Null).await.ok()?;
    let file = bills::raw(&shop.mock, &shop.client, bills::target_of(&applied)).await;
    Some(bills::Bill::of(&file.body))
}

/// Checks what is left of each order, what receivers were told, and the two bills, against what is expected.
async fn check(shop: &Shop, ids: &[String], orders: &[Expected]) -> Result<(), TestCaseError> {
    let sum = |of: &dyn Fn(&Expected) -> u64| orders.iter().map(of).sum::<u64>();
    let (shared, returned) = (sum(&Expected::shared), sum(&|order| order.returned(None)));
    for (id, expected) in ids.iter().zip(orders) {
        let left = if expected.is_released() { 0 } else { expected.left() };
        prop_assert_eq!(shop.left(id).await, left);
    }
    shop.mock.clock().advance(24 * 60 * 60);
    let file = bill(shop, BILL).await;
    let total = |kind: &str| {
        let Some(file) = &file else { return 0 };
        let rows = file.column("业务类型").into_iter().zip(file.column("金额"));
        rows.filter(|(of, _)| *of == kind).map(|(_, yuan)| bills::fen(yuan)).sum::<u64>()
    };
    prop_assert_eq!((total("分账"), total("分账回退")), (shared, returned));
    let flows = bill(shop, bills::FLOWS).await.unwrap();
    let kept = flows.column("账户结余(元)").last().map(|yuan| bills::fen(yuan));
    prop_assert_eq!(kept, Some(TOTAL * 2 + returned - shared - sum(&Expected::refunded)));
    let events = shop.events();
    let count = |event: &str| events.iter().filter(|one| *one == event).count();
    let told = |order: &Expected| {
        order.shares.values().filter(|(receiver, _)| RECEIVERS[*receiver] == MERCHANT).count()
    };
    prop_assert_eq!(count("PROFITSHARING.SUCCESS"), orders.iter().map(told).sum::<usize>());
    let told =
        |order: &Expected| order.returns.values().filter(|(_, from, _)| RECEIVERS[*from] == MERCHANT).count();
    prop_assert_eq!(count("PROFITSHARING.RETURN"), orders.iter().map(told).sum::<usize>());
    Ok(())
}

proptest! {
    #![proptest_config(Cases { cases: 64, ..Cases::default() })]

    /// What was refunded and what receivers have is never more than what was paid, and both bills say the same as the orders.
    #[test]
    fn orders_are_shared_returned_and_refunded_as_the_rules_say(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let shop = Shop::with(without_ratio()).await;
            let mut ids = Vec::new();
            for at in 0..2 {
                ids.push(shop.sharable(&format!("ORDER{at}"), TOTAL).await);
            }
            for receiver in RECEIVERS {
                shop.add(receiver).await;
            }
            let mut orders = vec![Expected::default(); 2];
            for one in &steps {
                step(&shop, &ids, &mut orders, one).await?;
            }
            check(&shop, &ids, &orders).await
        })?;
    }
}
