//! Two orders that are shared, returned and refunded in any order of steps, beside a model of what must come of it.

use std::{collections::BTreeMap, time::Duration};

use http::Method;
use proptest::{prelude::*, test_runner::Config as Cases};
use serde_json::Value;

use super::{MERCHANT, RETURN, SHARE, STRANGER, UNFREEZE, back, merchant, release, request, without_ratio};
use crate::{
    bills,
    payments::{REFUNDS, Shop, refund},
};

const TOTAL: u64 = 100;
const RECEIVERS: [&str; 2] = [STRANGER, MERCHANT];
const BILL: &str = "/v3/profitsharing/bills?bill_date=2025-09-04";
const DAY: u64 = 24 * 60 * 60;

/// One of a few numbers, and whether it lets what it names fail.
type Number = (usize, bool);

/// What somebody does with one of two paid orders, or with the receivers.
#[derive(Clone, Debug)]
enum Step {
    Share { order: usize, number: Number, receiver: usize, amount: u64, is_last: bool },
    Return { order: usize, of: Number, number: Number, receiver: usize, amount: u64 },
    Refund { order: usize, number: Number, amount: u64 },
    Release { order: usize, number: usize },
    Add { receiver: usize },
    Delete { receiver: usize },
    Wait(u64),
}

/// A share, a return or a refund, which is done at some time.
#[derive(Clone, Debug)]
struct Deal<C> {
    content: C,
    amount: u64,
    due: u64,
    fails: bool,
    is_done: bool,
}

impl<C> Deal<C> {
    fn new(content: C, amount: u64, due: u64, fails: bool) -> Self {
        Self { content, amount, due, fails, is_done: false }
    }

    /// Whether its money is where it was to go, or still on its way.
    fn counts(&self) -> bool {
        !(self.is_done && self.fails)
    }

    fn has_arrived(&self) -> bool {
        self.is_done && !self.fails
    }
}

type Share = Deal<(usize, u64, bool)>;
type Return = Deal<(Number, usize, u64)>;

/// An order as it must be.
#[derive(Clone, Debug, Default)]
struct Expected {
    shares: BTreeMap<Number, Share>,
    returns: BTreeMap<Number, Return>,
    refunds: BTreeMap<Number, Deal<u64>>,
    releases: BTreeMap<usize, ()>,
}

fn sum<'d, C: 'd>(deals: impl IntoIterator<Item = &'d Deal<C>>, counts: fn(&Deal<C>) -> bool) -> u64 {
    deals.into_iter().filter(|deal| counts(deal)).map(|deal| deal.amount).sum()
}

impl Expected {
    fn left(&self) -> u64 {
        let back = sum(self.returns.values(), Deal::has_arrived);
        TOTAL + back - sum(self.refunds.values(), Deal::counts) - sum(self.shares.values(), Deal::counts)
    }

    /// What a receiver can still return of a share.
    fn returnable(&self, of: Number, receiver: usize) -> u64 {
        let of_it = self.returns.values().filter(|back| back.content.0 == of);
        let share = self.shares.get(&of).filter(|share| share.content.0 == receiver && share.has_arrived());
        share.map_or(0, |share| share.amount - sum(of_it, Deal::counts))
    }

    fn is_released(&self) -> bool {
        !self.releases.is_empty() || self.shares.values().any(|share| share.content.2)
    }
}

/// What must be, whatever was done.
struct Model {
    now: u64,
    delay: u64,
    orders: [Expected; 2],
    /// When each receiver was deleted, if it was.
    deleted: [Option<u64>; 2],
}

fn share_number(order: usize, (number, fails): Number) -> String {
    format!("{}P{order}-{number}", if fails { "MOCK*closed-no-auth*" } else { "" })
}

fn return_number(order: usize, (number, fails): Number) -> String {
    format!("{}B{order}-{number}", if fails { "MOCK*failed-time-out-closed*" } else { "" })
}

fn refund_number(order: usize, (number, fails): Number) -> String {
    format!("{}R{order}-{number}", if fails { "MOCK*refund-closed*" } else { "" })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (order, receiver, amount) = (0..2_usize, 0..2_usize, 1..=60_u64);
    let number = (0..4_usize, prop::bool::weighted(0.25));
    let share = (order.clone(), number.clone(), receiver.clone(), amount.clone(), prop::bool::weighted(0.1));
    let give_back = (order.clone(), number.clone(), number.clone(), receiver.clone(), amount.clone());
    let step = prop_oneof![
        6 => share.prop_map(|(order, number, receiver, amount, is_last)| {
            Step::Share { order, number, receiver, amount, is_last }
        }),
        5 => give_back.prop_map(|(order, of, number, receiver, amount)| {
            Step::Return { order, of, number, receiver, amount }
        }),
        4 => (order.clone(), number, amount).prop_map(|(order, number, amount)| Step::Refund { order, number, amount }),
        1 => (order, 0..4_usize).prop_map(|(order, number)| Step::Release { order, number }),
        1 => receiver.clone().prop_map(|receiver| Step::Add { receiver }),
        1 => receiver.prop_map(|receiver| Step::Delete { receiver }),
        3 => (0..60_u64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..32)
}

/// Does a step with the mock and with the model. Both must agree on whether it is possible.
async fn step(shop: &Shop, ids: &[String], model: &mut Model, step: &Step) -> Result<(), TestCaseError> {
    let (post, due) = (Method::POST, model.now + model.delay);
    match *step {
        Step::Share { order: at, number, receiver, amount, is_last } => {
            let receivers = [merchant(RECEIVERS[receiver], amount)];
            let asked = request(&share_number(at, number), &ids[at], &receivers, is_last);
            let answer = shop.try_call(post, SHARE, asked).await;
            let expected = &mut model.orders[at];
            let content = (receiver, amount, is_last);
            let is_possible = match expected.shares.get(&number) {
                Some(known) => known.content == content,
                None => {
                    let is_there = model.deleted[receiver].is_none();
                    is_there && !expected.is_released() && amount <= expected.left()
                }
            };
            prop_assert_eq!(answer.is_ok(), is_possible, "{:?}", answer);
            if is_possible {
                let new = Deal::new(content, amount, due, number.1);
                expected.shares.entry(number).or_insert(new);
            }
        }
        Step::Return { order: at, of, number, receiver, amount } => {
            let numbers = (return_number(at, number), share_number(at, of));
            let asked = back(&numbers.0, &numbers.1, RECEIVERS[receiver], amount);
            let answer = shop.try_call(post, RETURN, asked).await;
            let expected = &mut model.orders[at];
            let content = (of, receiver, amount);
            let is_possible = match expected.returns.get(&number) {
                Some(known) => known.content == content,
                None => amount <= expected.returnable(of, receiver),
            };
            prop_assert_eq!(answer.is_ok(), is_possible, "{:?}", answer);
            if is_possible {
                let new = Deal::new(content, amount, due, number.1);
                expected.returns.entry(number).or_insert(new);
            }
        }
        Step::Refund { order: at, number, amount } => {
            let asked = refund(&refund_number(at, number), &format!("ORDER{at}"), amount);
            let answer = shop.try_call(post, REFUNDS, asked).await;
            let expected = &mut model.orders[at];
            let is_possible = match expected.refunds.get(&number) {
                Some(known) => known.amount == amount,
                None => amount <= expected.left(),
            };
            prop_assert_eq!(answer.is_ok(), is_possible, "{:?}", answer);
            if is_possible {
                let new = Deal::new(amount, amount, model.now, number.1);
                expected.refunds.entry(number).or_insert(new);
            }
        }
        Step::Release { order: at, number } => {
            let asked = release(&format!("F{at}-{number}"), &ids[at]);
            let answer = shop.try_call(post, UNFREEZE, asked).await;
            let expected = &mut model.orders[at];
            let is_possible = !expected.is_released() || expected.releases.contains_key(&number);
            prop_assert_eq!(answer.is_ok(), is_possible, "{:?}", answer);
            if is_possible {
                expected.releases.insert(number, ());
            }
        }
        Step::Add { receiver } => {
            shop.add(RECEIVERS[receiver]).await;
            model.deleted[receiver] = None;
        }
        Step::Delete { receiver } => {
            shop.delete(RECEIVERS[receiver]).await;
            model.deleted[receiver].get_or_insert(model.now);
        }
        Step::Wait(seconds) => wait(shop, model, seconds),
    }
    look(shop, ids, model).await
}

fn wait(shop: &Shop, model: &mut Model, seconds: u64) {
    shop.mock.clock().advance(i64::try_from(seconds).unwrap());
    model.now += seconds;
}

/// Asks for everything that is due, so that it has happened, and checks what is left of the orders.
async fn look(shop: &Shop, ids: &[String], model: &mut Model) -> Result<(), TestCaseError> {
    let Model { now, orders, deleted, .. } = model;
    for (at, order) in orders.iter_mut().enumerate() {
        for (number, share) in order.shares.iter_mut().filter(|(_, one)| !one.is_done && one.due <= *now) {
            share.is_done = true;
            share.fails |= deleted[share.content.0].is_some_and(|deleted| deleted < share.due);
            let shown = shop.shared(&share_number(at, *number), &ids[at]).await;
            let result = if share.fails { "CLOSED" } else { "SUCCESS" };
            prop_assert_eq!(&shown["receivers"][0]["result"], result);
        }
        for (number, back) in order.returns.iter_mut().filter(|(_, one)| !one.is_done && one.due <= *now) {
            back.is_done = true;
            let (number, of) = (return_number(at, *number), share_number(at, back.content.0));
            let shown =
                shop.call(Method::GET, &format!("{RETURN}/{number}?out_order_no={of}"), Value::Null).await;
            prop_assert_eq!(&shown["result"], if back.fails { "FAILED" } else { "SUCCESS" });
        }
        for (number, refund) in order.refunds.iter_mut().filter(|(_, one)| !one.is_done && one.due <= *now) {
            refund.is_done = true;
            let target = format!("{REFUNDS}/{}", refund_number(at, *number));
            let shown = shop.call(Method::GET, &target, Value::Null).await;
            prop_assert_eq!(&shown["status"], if refund.fails { "CLOSED" } else { "SUCCESS" });
        }
        let left = if order.is_released() { 0 } else { order.left() };
        prop_assert_eq!(shop.left(&ids[at]).await, left);
    }
    Ok(())
}

/// The bill of the day, if there is one.
async fn bill(shop: &Shop, target: &str) -> Option<bills::Bill> {
    let applied = shop.try_call(Method::GET, target, Value::Null).await.ok()?;
    let file = bills::raw(&shop.mock, &shop.client, bills::target_of(&applied)).await;
    Some(bills::Bill::of(&file.body))
}

/// Checks what receivers were told, and the two bills, against the model, once everything has happened.
async fn check(shop: &Shop, ids: &[String], model: &mut Model) -> Result<(), TestCaseError> {
    wait(shop, model, DAY);
    look(shop, ids, model).await?;
    let of_all = |of: &dyn Fn(&Expected) -> u64| model.orders.iter().map(of).sum::<u64>();
    let shared = of_all(&|order| sum(order.shares.values(), Deal::has_arrived));
    let returned = of_all(&|order| sum(order.returns.values(), Deal::has_arrived));
    let refunded = of_all(&|order| sum(order.refunds.values(), Deal::has_arrived));
    let file = bill(shop, BILL).await;
    let total = |kind: &str| {
        let Some(file) = &file else { return 0 };
        let rows = file.column("业务类型").into_iter().zip(file.column("金额"));
        rows.filter(|(of, _)| *of == kind).map(|(_, yuan)| bills::fen(yuan)).sum::<u64>()
    };
    prop_assert_eq!((total("分账"), total("分账回退")), (shared, returned));
    let flows = bill(shop, bills::FLOWS).await.unwrap();
    let kept = flows.column("账户结余(元)").last().map(|yuan| bills::fen(yuan));
    prop_assert_eq!(kept, Some(TOTAL * 2 + returned - shared - refunded));
    let events = shop.events();
    let count = |event: &str| events.iter().filter(|one| *one == event).count();
    let told = |receiver: usize, has_arrived: bool| has_arrived && RECEIVERS[receiver] == MERCHANT;
    let shares = model.orders.iter().flat_map(|order| order.shares.values());
    let shares = shares.filter(|share| told(share.content.0, share.has_arrived())).count();
    let returns = model.orders.iter().flat_map(|order| order.returns.values());
    let returns = returns.filter(|back| told(back.content.1, back.has_arrived())).count();
    prop_assert_eq!((count("PROFITSHARING.SUCCESS"), count("PROFITSHARING.RETURN")), (shares, returns));
    Ok(())
}

proptest! {
    #![proptest_config(Cases { cases: 64, ..Cases::default() })]

    /// What was refunded and what receivers have is never more than what was paid, whatever comes back, and both bills say
    /// the same as the orders.
    #[test]
    fn orders_are_shared_returned_and_refunded_as_the_rules_say(
        steps in steps(), delay in prop_oneof![Just(0_u64), 1..60_u64],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut config = without_ratio();
            config.payments.sharing_delay = Duration::from_secs(delay);
            let shop = Shop::with(config).await;
            let mut ids = Vec::new();
            for at in 0..2 {
                ids.push(shop.sharable(&format!("ORDER{at}"), TOTAL).await);
            }
            for receiver in RECEIVERS {
                shop.add(receiver).await;
            }
            let mut model = Model { now: 0, delay, orders: Default::default(), deleted: [None; 2] };
            for one in &steps {
                step(&shop, &ids, &mut model, one).await?;
            }
            check(&shop, &ids, &mut model).await
        })?;
    }
}
