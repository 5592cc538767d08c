//! What holds whatever merchants and users do, and however many do it at once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http::Method;
use proptest::{prelude::*, test_runner::Config as Cases};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use wechatpay_mock::{
    Config, Confirmation, TransferAction, TransferName, Transfers,
    policies::{Policies, ShortBalance},
};

use super::{
    BILLS, act,
    authorized::{AUTHORIZATIONS, authorization},
    batches::{BATCHES, batch, detail},
    cancel, query, state, transfer, with_balance, with_policies,
};
use crate::{
    bills,
    payments::{REFUNDS, Shop, order, without},
};

const BALANCE: u64 = 1000;
const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// What was paid for the order that is refunded. Payments are no money to transfer.
const PAID: u64 = 1000;

/// What somebody does with one of a few transfers or batches, or with the order.
#[derive(Clone, Debug)]
enum Step {
    Order {
        number: usize,
        amount: u64,
    },
    Act(usize, TransferAction),
    Cancel(usize),
    /// One that gets this amount, and one whose transfer of this amount fails.
    Batch {
        number: usize,
        succeeds: u64,
        fails: u64,
    },
    Refund(u64),
    Wait(u64),
}

/// A transfer as it must be.
#[derive(Clone, Debug)]
struct Expected {
    amount: u64,
    state: &'static str,
    was_taken: bool,
    /// When it ends, or can't be confirmed any more.
    until: u64,
}

/// A batch as it must be: what succeeds, what fails, and when.
#[derive(Clone, Debug)]
struct ExpectedBatch {
    amounts: (u64, u64),
    until: u64,
    is_over: bool,
}

/// All of them, and what the merchant has.
#[derive(Clone, Debug)]
struct Model {
    transfers: BTreeMap<usize, Expected>,
    batches: BTreeMap<usize, ExpectedBatch>,
    refunds: Vec<u64>,
    balance: u64,
    now: u64,
    delay: u64,
    refuses_short: bool,
    finished: usize,
}

/// Whether no user confirms the transfer, because that was authorised.
fn is_authorised(number: usize) -> bool {
    number == 3 || number == 4
}

fn fails(number: usize) -> bool {
    number >= 4
}

/// The `out_bill_no` of a transfer.
fn name(number: usize) -> String {
    if fails(number) { format!("MOCKaccountfrozen{number}") } else { format!("T{number}") }
}

/// Orders a transfer, by the operation that it is for.
async fn place(shop: &Shop, number: usize, amount: u64) -> Result<Value, String> {
    let mut body = transfer(&name(number), amount);
    if !is_authorised(number) {
        return shop.try_call(Method::POST, BILLS, body).await;
    }
    body["out_authorization_no"] = "A1".into();
    shop.try_call(Method::POST, &format!("{BILLS}/transfer"), without(body, "openid")).await
}

impl Model {
    fn new(refuses_short: bool, delay: u64) -> Self {
        let (transfers, batches, refunds) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { transfers, batches, refunds, balance: BALANCE, now: 0, delay, refuses_short, finished: 0 }
    }

    /// Somebody looks at a transfer: what is due has happened.
    fn look(&mut self, number: usize) {
        let Some(transfer) = self.transfers.get_mut(&number) else { return };
        if transfer.state == "PROCESSING" && transfer.amount <= self.balance {
            self.balance -= transfer.amount;
            transfer.was_taken = true;
            let waits = !is_authorised(number);
            transfer.state = if waits { "WAIT_USER_CONFIRM" } else { "TRANSFERING" };
            transfer.until = self.now + if waits { DAY } else { self.delay };
        }
        if transfer.until <= self.now {
            match transfer.state {
                "WAIT_USER_CONFIRM" => self.end(number, "FAIL"),
                "TRANSFERING" => self.end(number, if fails(number) { "FAIL" } else { "SUCCESS" }),
                "CANCELING" => self.end(number, "CANCELLED"),
                _ => {}
            }
        }
    }

    fn end(&mut self, number: usize, state: &'static str) {
        let transfer = self.transfers.get_mut(&number).unwrap();
        if state != "SUCCESS" && transfer.was_taken {
            self.balance += transfer.amount;
        }
        transfer.state = state;
        self.finished += 1;
    }

    /// The transfer is confirmed or cancelled.
    fn becomes(&mut self, number: usize, state: &'static str) {
        let transfer = self.transfers.get_mut(&number).unwrap();
        (transfer.state, transfer.until) = (state, self.now + self.delay);
        self.look(number);
    }

    fn look_at_batch(&mut self, number: usize) {
        let Some(batch) = self.batches.get_mut(&number) else { return };
        if !batch.is_over && batch.until <= self.now {
            batch.is_over = true;
            self.balance += batch.amounts.1;
            self.finished += 1;
        }
    }

    fn state(&self, number: usize) -> &'static str {
        self.transfers.get(&number).map_or("", |transfer| transfer.state)
    }

    /// What users got, and the payer of the order.
    fn got(&self) -> u64 {
        let transfers = self.transfers.values().filter(|one| one.state == "SUCCESS").map(|one| one.amount);
        let batches = self.batches.values().map(|one| one.amounts.0);
        transfers.chain(batches).sum::<u64>() + self.refunds.iter().sum::<u64>()
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = 0..6_usize;
    let action = prop_oneof![3 => Just(TransferAction::Confirm), 1 => Just(TransferAction::Decline)];
    let step = prop_oneof![
        6 => (number.clone(), prop_oneof![Just(300_u64), Just(500), 10..=BALANCE])
            .prop_map(|(number, amount)| Step::Order { number, amount }),
        4 => (number.clone(), action).prop_map(|(number, action)| Step::Act(number, action)),
        2 => number.prop_map(Step::Cancel),
        2 => (0..2_usize, prop_oneof![Just(100_u64), 1..=BALANCE / 2], prop_oneof![Just(100_u64), 1..=BALANCE / 2])
            .prop_map(|(number, succeeds, fails)| Step::Batch { number, succeeds, fails }),
        1 => (1..=PAID / 16).prop_map(Step::Refund),
        2 => prop_oneof![0..60_u64, 0..30 * HOUR].prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..16)
}

/// Looks at a batch with the mock and with the model.
async fn look_at_batch(shop: &Shop, model: &mut Model, number: usize) -> Result<(), TestCaseError> {
    model.look_at_batch(number);
    let target = format!("{BATCHES}/out-batch-no/B{number}?need_query_detail=false");
    let shown = shop.call(Method::GET, &target, Value::Null).await;
    let expected = if model.batches[&number].is_over { "FINISHED" } else { "PROCESSING" };
    prop_assert_eq!(shown["transfer_batch"]["batch_status"].as_str(), Some(expected));
    Ok(())
}

/// Looks at all with the mock and with the model, first at those whose money may come back.
async fn look_at_all(shop: &Shop, model: &mut Model) -> Result<(), TestCaseError> {
    for number in model.batches.keys().copied().collect::<Vec<_>>() {
        look_at_batch(shop, model, number).await?;
    }
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
            let answer = place(shop, number, amount).await;
            let is_possible = match model.transfers.get(&number) {
                Some(known) => known.amount == amount,
                None => !model.refuses_short || amount <= model.balance,
            };
            // What is refused changes nothing, not even what is due.
            if is_possible {
                model.look(number);
            }
            prop_assert_eq!(answer.is_ok(), is_possible, "{:?}", answer);
            if is_possible && !model.transfers.contains_key(&number) {
                let new = Expected { amount, state: "PROCESSING", was_taken: false, until: 0 };
                model.transfers.insert(number, new);
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
            match action {
                _ if acted.is_err() => {}
                TransferAction::Confirm => model.becomes(number, "TRANSFERING"),
                TransferAction::Decline => model.end(number, "FAIL"),
            }
        }
        Step::Cancel(number) => {
            model.look(number);
            let cancelled = cancel(shop, &name(number)).await;
            let before = model.state(number);
            let is_open = ["PROCESSING", "WAIT_USER_CONFIRM"].contains(&before);
            let is_possible = is_open || ["CANCELING", "CANCELLED"].contains(&before);
            prop_assert_eq!(cancelled.is_ok(), is_possible, "{:?}", cancelled);
            if is_open {
                model.becomes(number, "CANCELING");
            }
            if cancelled.is_ok() {
                prop_assert_eq!(state(shop, &name(number)).await, model.state(number));
            }
        }
        Step::Batch { number, succeeds, fails } => {
            let details = [detail("D1", succeeds), detail("MOCKnamenotcorrect1", fails)];
            let ordered = shop.try_call(Method::POST, BATCHES, batch(&format!("B{number}"), &details)).await;
            model.look_at_batch(number);
            let amounts = (succeeds, fails);
            let known = model.batches.get(&number).map(|known| known.amounts == amounts);
            prop_assert_eq!(
                ordered.is_ok(),
                known.unwrap_or(succeeds + fails <= model.balance),
                "{:?}",
                ordered
            );
            if ordered.is_ok() {
                if known.is_none() {
                    model.balance -= succeeds + fails;
                    let until = model.now + model.delay;
                    model.batches.insert(number, ExpectedBatch { amounts, until, is_over: false });
                }
                look_at_batch(shop, model, number).await?;
            }
        }
        Step::Refund(amount) => {
            let number = format!("R{}", model.refunds.len());
            let refund = json!({
                "out_trade_no": "ORDER01", "out_refund_no": number,
                "amount": { "refund": amount, "total": PAID, "currency": "CNY" },
            });
            let refunded = shop.try_call(Method::POST, REFUNDS, refund).await;
            prop_assert_eq!(refunded.is_ok(), amount <= model.balance, "{:?}", refunded);
            if refunded.is_ok() {
                model.balance -= amount;
                model.refunds.push(amount);
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
    let (mut left, mut kept) = (0_i64, BALANCE + PAID);
    let september = (4..=30).map(|day| format!("2025-09-{day:02}"));
    for day in september.chain((1..=10).map(|day| format!("2025-10-{day:02}"))) {
        let target = format!("/v3/bill/fundflowbill?bill_date={day}");
        let Ok(applied) = shop.try_call(Method::GET, &target, Value::Null).await else { continue };
        let file = bills::raw(&shop.mock, &shop.client, bills::target_of(&applied)).await;
        let bill = bills::Bill::of(&file.body);
        let amounts = bill.column("收支金额(元)").into_iter().map(|yuan| bills::fen(yuan).cast_signed());
        let kinds = bill.column("收支类型");
        left += amounts.zip(kinds).map(|(fen, kind)| if kind == "支出" { fen } else { -fen }).sum::<i64>();
        kept = bills::fen(bill.column("账户结余(元)").last().unwrap());
    }
    prop_assert_eq!(kept, model.balance + PAID);
    prop_assert_eq!(left + PAID.cast_signed(), (BALANCE - model.balance).cast_signed());
    Ok(())
}

/// A shop with an order that was paid and can be refunded, and an authorization of transfers.
async fn with_all(refuses_short: bool, delay: u64) -> Shop {
    let short_balance = if refuses_short { ShortBalance::Refuse } else { ShortBalance::Wait };
    let mut config = with_policies(Policies { short_balance, ..Policies::default() });
    config.transfers = Transfers { delay: Duration::from_secs(delay), ..Transfers::default() };
    let shop = with_balance(BALANCE, config).await;
    let mut order = without(order("ORDER01"), "payer");
    order["amount"]["total"] = PAID.into();
    shop.place("native", order).await;
    shop.pay("ORDER01").unwrap();
    shop.call(Method::POST, AUTHORIZATIONS, authorization("A1")).await;
    shop.mock.confirm(&Confirmation::of(TransferName::OutAuthorizationNo("A1".into()))).unwrap();
    shop
}

proptest! {
    #![proptest_config(Cases { cases: 64, ..Cases::default() })]

    /// What was transferred has left the balance once, everything else is there again, and each end was told once.
    #[test]
    fn transfers_take_from_the_balance_what_users_get(
        steps in steps(), refuses_short: bool, delay in prop_oneof![Just(0_u64), Just(30)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let shop = with_all(refuses_short, delay).await;
            let mut model = Model::new(refuses_short, delay);
            for one in &steps {
                step(&shop, &mut model, one).await?;
            }
            // Each day, what is due ends, and one that waits for money gets it at least.
            let rest = 20 * DAY - model.now;
            for wait in [rest].into_iter().chain([DAY + HOUR; 8]) {
                step(&shop, &mut model, &Step::Wait(wait)).await?;
            }
            shop.mock.clock().advance(DAY.cast_signed());
            let ends = shop.events().into_iter().filter(|event| event.ends_with(".FINISHED")).count();
            prop_assert_eq!(ends, model.finished);
            prop_assert_eq!(model.balance + model.got(), BALANCE);
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
        let number = format!("T{}", caller / 2);
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
        waiting += usize::from(query(&shop, &format!("T{number}")).await["package_info"].is_string());
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

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_bill_is_made_though_transfers_are_confirmed_all_the_time() {
    let shop = Arc::new(with_balance(100_000_000, Config::default()).await);
    super::place(&shop, transfer("YESTERDAY", 10)).await;
    shop.mock.clock().advance((DAY - 1).cast_signed());
    for number in 0..64 {
        super::place(&shop, transfer(&format!("OPEN{number}"), 10)).await;
    }
    let mut callers = JoinSet::new();
    for caller in 0..3 {
        let shop = Arc::clone(&shop);
        callers.spawn(async move {
            for number in 0.. {
                let number = format!("T{caller}N{number}");
                super::place(&shop, transfer(&number, 10)).await;
                act(&shop, &number, TransferAction::Confirm).unwrap();
            }
        });
    }
    let target = "/v3/bill/fundflowbill?bill_date=2025-09-04";
    crate::support::soon(async {
        for _ in 0..8 {
            shop.call(Method::GET, target, Value::Null).await;
        }
    })
    .await;
    callers.shutdown().await;
}
