//! What holds whatever merchants and users do, and however many do it at once.

use std::{collections::BTreeMap, sync::Arc};

use http::Method;
use proptest::{prelude::*, test_runner::Config as Cases};
use serde_json::Value;
use tokio::task::JoinSet;
use wechatpay_mock::{
    Config, TransferAction,
    policies::{Policies, ShortBalance},
};

use super::{BILLS, act, cancel, query, state, transfer, with_balance, with_policies};
use crate::{bills, payments::Shop};

const BALANCE: u64 = 1000;
const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// What somebody does with one of a few transfers.
#[derive(Clone, Debug)]
enum Step {
    Order { number: usize, amount: u64 },
    Act(usize, TransferAction),
    Cancel(usize),
    Wait(u64),
}

/// A transfer as it must be.
#[derive(Clone, Debug)]
struct Expected {
    amount: u64,
    state: &'static str,
    until: u64,
}

/// All of them, and what the merchant has.
#[derive(Clone, Debug)]
struct Model {
    transfers: BTreeMap<usize, Expected>,
    balance: u64,
    now: u64,
    refuses_short: bool,
    finished: usize,
}

impl Model {
    fn new(refuses_short: bool) -> Self {
        Self { transfers: BTreeMap::new(), balance: BALANCE, now: 0, refuses_short, finished: 0 }
    }

    /// Somebody looks at a transfer: what is due has happened.
    fn look(&mut self, number: usize) {
        let Some(transfer) = self.transfers.get_mut(&number) else { return };
        if transfer.state == "PROCESSING" && transfer.amount <= self.balance {
            self.balance -= transfer.amount;
            *transfer = Expected { state: "WAIT_USER_CONFIRM", until: self.now + DAY, ..*transfer };
        }
        if transfer.state == "WAIT_USER_CONFIRM" && transfer.until <= self.now {
            self.end(number, "FAIL");
        }
    }

    fn end(&mut self, number: usize, state: &'static str) {
        let transfer = self.transfers.get_mut(&number).unwrap();
        if state != "SUCCESS" && transfer.state == "WAIT_USER_CONFIRM" {
            self.balance += transfer.amount;
        }
        transfer.state = state;
        self.finished += 1;
    }

    fn state(&self, number: usize) -> &'static str {
        self.transfers.get(&number).map_or("", |transfer| transfer.state)
    }
}

fn name(number: usize) -> String {
    format!("T{number}")
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = 0..5_usize;
    let action = prop_oneof![3 => Just(TransferAction::Confirm), 1 => Just(TransferAction::Decline)];
    let step = prop_oneof![
        6 => (number.clone(), prop_oneof![Just(300_u64), Just(500), 10..=BALANCE])
            .prop_map(|(number, amount)| Step::Order { number, amount }),
        4 => (number.clone(), action).prop_map(|(number, action)| Step::Act(number, action)),
        2 => number.prop_map(Step::Cancel),
        2 => (0..30 * HOUR).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..16)
}

/// Looks at all transfers with the mock and with the model, first at those whose money may come back.
async fn look_at_all(shop: &Shop, model: &mut Model) -> Result<(), TestCaseError> {
    let mut numbers: Vec<_> = model.transfers.keys().copied().collect();
    numbers.sort_by_key(|number| model.state(*number) == "PROCESSING");
    for number in numbers {
        model.look(number);
        let shown = state(shop, &name(number)).await;
        prop_assert_eq!(shown, model.state(number), "{}", number);
    }
    Ok(())
}

/// Does a step with both. They must agree on whether it is possible.
async fn step(shop: &Shop, model: &mut Model, step: &Step) -> Result<(), TestCaseError> {
    match *step {
        Step::Order { number, amount } => {
            let answer = shop.try_call(Method::POST, BILLS, transfer(&name(number), amount)).await;
            model.look(number);
            let is_possible = match model.transfers.get(&number) {
                Some(known) => known.amount == amount,
                None => !model.refuses_short || amount <= model.balance,
            };
            prop_assert_eq!(answer.is_ok(), is_possible, "{:?}", answer);
            if is_possible && !model.transfers.contains_key(&number) {
                model.transfers.insert(number, Expected { amount, state: "PROCESSING", until: 0 });
                model.look(number);
            }
            if let Ok(answer) = answer {
                prop_assert_eq!(answer["state"].as_str(), Some(model.state(number)));
                let is_open = model.state(number) == "WAIT_USER_CONFIRM";
                prop_assert_eq!(answer["package_info"].is_string(), is_open);
            }
        }
        Step::Act(number, action) => {
            model.look(number);
            let acted = act(shop, &name(number), action);
            prop_assert_eq!(acted.is_ok(), model.state(number) == "WAIT_USER_CONFIRM", "{:?}", acted);
            if acted.is_ok() {
                model.end(number, if action == TransferAction::Confirm { "SUCCESS" } else { "FAIL" });
            }
        }
        Step::Cancel(number) => {
            model.look(number);
            let cancelled = cancel(shop, &name(number)).await;
            let before = model.state(number);
            let is_open = ["PROCESSING", "WAIT_USER_CONFIRM"].contains(&before);
            prop_assert_eq!(cancelled.is_ok(), is_open || before == "CANCELLED", "{:?}", cancelled);
            if is_open {
                model.end(number, "CANCELLED");
            }
            if cancelled.is_ok() {
                prop_assert_eq!(state(shop, &name(number)).await, "CANCELLED");
            }
        }
        Step::Wait(seconds) => {
            shop.mock.clock().advance(seconds.cast_signed());
            model.now += seconds;
            look_at_all(shop, model).await?;
        }
    }
    Ok(())
}

/// Checks the bills of all days: what left the account and did not come back is what users got or can still get.
async fn check_bills(shop: &Shop, model: &Model) -> Result<(), TestCaseError> {
    let (mut left, mut kept) = (0_i64, BALANCE);
    for day in 4..=30 {
        let target = format!("/v3/bill/fundflowbill?bill_date=2025-09-{day:02}");
        let Ok(applied) = shop.try_call(Method::GET, &target, Value::Null).await else { continue };
        let file = bills::raw(&shop.mock, &shop.client, bills::target_of(&applied)).await;
        let bill = bills::Bill::of(&file.body);
        let amounts = bill.column("收支金额(元)").into_iter().map(|yuan| bills::fen(yuan).cast_signed());
        let kinds = bill.column("收支类型");
        left += amounts.zip(kinds).map(|(fen, kind)| if kind == "支出" { fen } else { -fen }).sum::<i64>();
        kept = bills::fen(bill.column("账户结余(元)").last().unwrap());
    }
    prop_assert_eq!(kept, model.balance);
    prop_assert_eq!(left, (BALANCE - model.balance).cast_signed());
    Ok(())
}

proptest! {
    #![proptest_config(Cases { cases: 64, ..Cases::default() })]

    /// What was transferred has left the balance once, everything else is there again, and each end was told once.
    #[test]
    fn transfers_take_from_the_balance_what_users_get(steps in steps(), refuses_short: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let short_balance = if refuses_short { ShortBalance::Refuse } else { ShortBalance::Wait };
            let policies = Policies { short_balance, ..Policies::default() };
            let shop = with_balance(BALANCE, with_policies(policies)).await;
            let mut model = Model::new(refuses_short);
            for one in &steps {
                step(&shop, &mut model, one).await?;
            }
            // Each day, what is due ends, and one that waits for money gets it at least.
            let rest = 20 * DAY - model.now;
            for wait in [rest].into_iter().chain([DAY + HOUR; 6]) {
                step(&shop, &mut model, &Step::Wait(wait)).await?;
            }
            shop.mock.clock().advance(DAY.cast_signed());
            prop_assert_eq!(shop.events().len(), model.finished);
            let got: u64 = model.transfers.values().filter(|one| one.state == "SUCCESS").map(|one| one.amount).sum();
            prop_assert_eq!(model.balance + got, BALANCE);
            check_bills(&shop, &model).await
        })?;
    }
}

/// 64 callers who order 32 transfers of 70 fen, each twice, from a balance of 1000.
async fn orders_of_64(policy: ShortBalance) -> (Arc<Shop>, usize) {
    let policies = Policies { short_balance: policy, ..Policies::default() };
    let shop = Arc::new(with_balance(BALANCE, with_policies(policies)).await);
    let mut callers = JoinSet::new();
    for caller in 0..64 {
        let shop = Arc::clone(&shop);
        let number = name(caller / 2);
        callers.spawn(async move { shop.try_call(Method::POST, BILLS, transfer(&number, 70)).await });
    }
    let accepted = callers.join_all().await.into_iter().filter(Result::is_ok).count();
    (shop, accepted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn transfers_of_64_callers_at_once_are_never_more_than_the_balance() {
    // 14 transfers of 70 are 980 of 1000, and each is accepted twice.
    let (_, accepted) = orders_of_64(ShortBalance::Refuse).await;
    assert_eq!(accepted, 28);
    let (shop, accepted) = orders_of_64(ShortBalance::Wait).await;
    assert_eq!(accepted, 64);
    let mut waiting = 0;
    for number in 0..32 {
        waiting += usize::from(query(&shop, &name(number)).await["package_info"].is_string());
    }
    assert_eq!(waiting, 14);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_transfer_ends_once_though_64_confirm_and_cancel_it() {
    for round in 0..4 {
        let shop = Arc::new(with_balance(100, Config::default()).await);
        super::place(&shop, transfer(&name(round), 100)).await;
        let mut callers = JoinSet::new();
        for caller in 0..64 {
            let shop = Arc::clone(&shop);
            callers.spawn(async move {
                if caller % 2 == 0 {
                    cancel(&shop, &name(round)).await.is_ok()
                } else {
                    act(&shop, &name(round), TransferAction::Confirm).is_ok()
                }
            });
        }
        callers.join_all().await;
        let state = state(&shop, &name(round)).await;
        assert!(["SUCCESS", "CANCELLED"].contains(&state.as_str()), "{state}");
        assert_eq!(shop.events().len(), 1);
        // The money is there again exactly if it was cancelled.
        let again = super::place(&shop, transfer("T9", 100)).await;
        let expected = if state == "CANCELLED" { "WAIT_USER_CONFIRM" } else { "PROCESSING" };
        assert_eq!(again["state"], expected);
    }
}
