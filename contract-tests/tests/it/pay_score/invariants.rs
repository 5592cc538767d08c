//! What holds whatever merchants and users do, and however many do it at once.

use std::sync::Arc;

use http::Method;
use proptest::{prelude::*, test_runner::Config as Cases};
use serde_json::Value;
use tokio::task::JoinSet;
use wechatpay_mock::ServiceAction;

use super::{
    ORDERS, Shop, by_number, cancellation, completion, created, modification, named, synced, target,
    unconfirmed,
};

const EXPIRES_AFTER: i64 = 30 * 24 * 60 * 60;

/// The risk fund, which is the most that a service may cost.
const MOST: u64 = 10_000;

/// What somebody does with one of a few orders.
#[derive(Clone, Debug)]
enum Step {
    Create { order: usize, confirms: bool },
    User(usize, ServiceAction),
    Complete(usize, u64),
    Modify(usize, u64),
    Pay(usize),
    Sync(usize),
    Cancel(usize),
    Wait(i64),
}

/// An order as it must be.
#[derive(Clone, Debug, Default, PartialEq)]
enum Expected {
    #[default]
    None,
    Created {
        at: i64,
    },
    Confirmed,
    /// The total now, and that of its completion.
    Completed(u64, u64),
    Done,
    Revoked,
    Expired,
}

/// All orders as they must be, and how many callbacks there must be of each event.
#[derive(Debug, Default)]
struct Model {
    orders: [Expected; 3],
    /// Whether each was created for a user who confirms.
    confirms: [bool; 3],
    now: i64,
    confirmed: usize,
    paid: usize,
    collected: u64,
}

impl Expected {
    fn progress(&self) -> &'static str {
        match self {
            Self::None => "",
            Self::Created { .. } => "CREATED",
            Self::Confirmed => "DOING USER_CONFIRM",
            Self::Completed(..) => "DOING MCH_COMPLETE USER_PAYING",
            Self::Done => "DONE USER_PAID",
            Self::Revoked => "REVOKED",
            Self::Expired => "EXPIRED",
        }
    }
}

impl Model {
    /// Does a step, and says whether it is possible.
    fn step(&mut self, step: &Step) -> bool {
        use Expected::{Completed, Confirmed, Created, Done, Expired, None, Revoked};
        let now = self.now;
        match *step {
            Step::Wait(seconds) => {
                self.now += seconds;
                for order in &mut self.orders {
                    if matches!(order, Created { at } if *at + EXPIRES_AFTER <= self.now) {
                        *order = Expired;
                    }
                }
                true
            }
            Step::Create { order, confirms } => {
                let is_new = self.orders[order] == None;
                if is_new {
                    self.confirms[order] = confirms;
                    self.orders[order] = if confirms { Created { at: now } } else { Confirmed };
                }
                is_new || self.confirms[order] == confirms
            }
            Step::User(order, action) => {
                let before = self.orders[order].clone();
                match (before, action) {
                    (Created { .. }, ServiceAction::Confirm) => {
                        self.orders[order] = Confirmed;
                        self.confirmed += 1;
                        true
                    }
                    (Completed(total, _), ServiceAction::Pay) => self.collect(order, total),
                    (Created { .. } | Completed(..), ServiceAction::Fail) => true,
                    _ => false,
                }
            }
            Step::Complete(order, total) => match self.orders[order] {
                Confirmed if total <= MOST => {
                    self.orders[order] = Completed(total, total);
                    true
                }
                Completed(_, first) => first == total,
                _ => false,
            },
            Step::Modify(order, total) => match self.orders[order] {
                Completed(now, first) if total <= now => {
                    self.orders[order] = Completed(total, first);
                    true
                }
                _ => false,
            },
            Step::Pay(order) => match self.orders[order] {
                Completed(total, _) => self.collect(order, total),
                _ => false,
            },
            Step::Sync(order) => match self.orders[order] {
                Completed(..) => {
                    self.orders[order] = Done;
                    true
                }
                _ => false,
            },
            Step::Cancel(order) => match self.orders[order] {
                Created { .. } | Confirmed => {
                    self.orders[order] = Revoked;
                    true
                }
                _ => false,
            },
        }
    }

    fn collect(&mut self, order: usize, total: u64) -> bool {
        self.orders[order] = Expected::Done;
        self.paid += 1;
        self.collected += total;
        true
    }
}

fn number(order: usize) -> String {
    format!("ORDER{order}")
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let order = || 0..3_usize;
    let total = || prop_oneof![Just(5_000_u64), 1..=MOST + 1];
    let action =
        prop_oneof![Just(ServiceAction::Confirm), Just(ServiceAction::Pay), Just(ServiceAction::Fail)];
    let step = prop_oneof![
        4 => (order(), any::<bool>()).prop_map(|(order, confirms)| Step::Create { order, confirms }),
        5 => (order(), action).prop_map(|(order, action)| Step::User(order, action)),
        4 => (order(), total()).prop_map(|(order, total)| Step::Complete(order, total)),
        2 => (order(), total()).prop_map(|(order, total)| Step::Modify(order, total)),
        1 => order().prop_map(Step::Pay),
        1 => order().prop_map(Step::Sync),
        1 => order().prop_map(Step::Cancel),
        1 => (1..EXPIRES_AFTER).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..24)
}

/// Does a step with the mock. Returns whether it was possible.
async fn does(shop: &Shop, step: &Step) -> bool {
    let (target, body) = match *step {
        Step::Wait(seconds) => {
            shop.mock.clock().advance(seconds);
            return true;
        }
        Step::User(order, action) => return shop.user(&number(order), action).is_ok(),
        Step::Create { order, confirms: true } => (ORDERS.into(), created(&number(order))),
        Step::Create { order, confirms: false } => (ORDERS.into(), unconfirmed(&number(order))),
        Step::Complete(order, total) => (target(&number(order), "complete"), completion(total)),
        Step::Modify(order, total) => (target(&number(order), "modify"), modification(total)),
        Step::Pay(order) => (target(&number(order), "pay"), named()),
        Step::Sync(order) => (target(&number(order), "sync"), synced()),
        Step::Cancel(order) => (target(&number(order), "cancel"), cancellation()),
    };
    shop.try_call(Method::POST, &target, body).await.is_ok()
}

proptest! {
    #![proptest_config(Cases { cases: 64, ..Cases::default() })]

    /// Every order is where the rules say, is collected once, and what has an event sends it once.
    #[test]
    fn service_orders_are_confirmed_completed_and_collected_as_the_rules_say(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (shop, mut model) = (Shop::open().await, Model::default());
            for step in &steps {
                let is_possible = model.step(step);
                prop_assert_eq!(does(&shop, step).await, is_possible, "{:?} {:?}", step, model);
            }
            let mut collected = 0;
            for (at, expected) in model.orders.iter().enumerate() {
                let order = shop.try_call(Method::GET, &by_number(&number(at)), Value::Null).await;
                prop_assert_eq!(order.is_ok(), *expected != Expected::None);
                let Ok(order) = order else { continue };
                prop_assert_eq!(shop.progress(&number(at)).await, expected.progress());
                let details = order["collection"]["details"].as_array().into_iter().flatten();
                let taken = details.filter(|detail| detail["paid_type"] == "NEWTON");
                collected += taken.map(|detail| detail["amount"].as_u64().unwrap()).sum::<u64>();
            }
            prop_assert_eq!(collected, model.collected);
            let events = shop.events();
            let count = |event: &str| events.iter().filter(|one| *one == event).count();
            prop_assert_eq!(count("PAYSCORE.USER_CONFIRM"), model.confirmed);
            prop_assert_eq!(count("PAYSCORE.USER_PAID"), model.paid);
            Ok(())
        })?;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_64_completions_and_cancellations_wins() {
    for round in 0..4 {
        let shop = Arc::new(Shop::open().await);
        let number = format!("RACE{round:02}");
        shop.create(unconfirmed(&number)).await;
        let mut callers = JoinSet::new();
        for caller in 0..64_u64 {
            let (shop, number) = (Arc::clone(&shop), number.clone());
            callers.spawn(async move {
                let (action, body) = match caller % 2 {
                    0 => ("cancel", cancellation()),
                    _ => ("complete", completion(1_000 + caller)),
                };
                shop.try_call(Method::POST, &target(&number, action), body).await.is_ok()
            });
        }
        let won = callers.join_all().await.into_iter().filter(|is_ok| *is_ok).count();
        assert_eq!(won, 1);
        let progress = shop.progress(&number).await;
        assert!(progress == "REVOKED" || progress == "DOING MCH_COMPLETE USER_PAYING", "{progress}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_64_callers_collect_at_once_is_collected_once() {
    let shop = Arc::new(Shop::open().await);
    shop.create(unconfirmed("RACE01")).await;
    shop.change("RACE01", "complete", completion(5_000)).await;
    let mut callers = JoinSet::new();
    for caller in 0..64 {
        let shop = Arc::clone(&shop);
        callers.spawn(async move {
            match caller % 3 {
                0 => shop.user("RACE01", ServiceAction::Pay).is_ok(),
                1 => shop.try_call(Method::POST, &target("RACE01", "pay"), named()).await.is_ok(),
                _ => shop.try_call(Method::POST, &target("RACE01", "sync"), synced()).await.is_ok(),
            }
        });
    }
    assert_eq!(callers.join_all().await.into_iter().filter(|is_ok| *is_ok).count(), 1);
    let order = shop.service_order("RACE01").await;
    assert_eq!(order["collection"]["paid_amount"], 5_000);
    assert_eq!(order["collection"]["details"].as_array().unwrap().len(), 1);
}
