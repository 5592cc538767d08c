//! Which requests a rule strikes, and what becomes of them.

use std::{io::ErrorKind, sync::Arc};

use tokio::task::JoinSet;
use wechatpay_client::Trust;
use wechatpay_contract::sign::Sign;
use wechatpay_mock::{
    Clock, Config, CustomError, Fault, FaultMatch, FaultRule, MockServer, NewMerchant, RuleError,
    policies::Repeat,
};

use super::{POINTS, Reaction, World, client, of_changes, raw};
use crate::support::{NOW, RawRequest, exchange, frozen_mock};

/// The status of what strikes, here.
const STRUCK: u16 = 429;

fn striking(when: FaultMatch) -> FaultRule {
    FaultRule { when, ..FaultRule::of(Fault::FrequencyLimited) }
}

fn some(text: &str) -> Option<String> {
    Some(text.into())
}

/// Which of so many changes, counted from 1, a rule strikes that says this.
async fn struck(when: FaultMatch, changes: usize) -> Vec<usize> {
    let world = World::with([striking(when)]).await;
    let mut struck = Vec::new();
    for number in 1..=changes {
        if world.change(&number.to_string()).await.status() == STRUCK {
            struck.push(number);
        }
    }
    let rule = world.rule();
    assert_eq!((rule.seen, rule.struck), (changes as u64, struck.len() as u64));
    struck
}

#[tokio::test]
async fn a_rule_strikes_what_it_names_and_nothing_else() {
    let card_id = some(super::CARD_ID);
    for (when, is_struck) in [
        (FaultMatch { operation: some("set_rights"), ..FaultMatch::default() }, [true, true]),
        (FaultMatch { operation: some("echo"), ..FaultMatch::default() }, [false, false]),
        (FaultMatch { card_id: card_id.clone(), ..FaultMatch::default() }, [true, true]),
        (FaultMatch { card_id: some("other"), ..FaultMatch::default() }, [false, false]),
        (FaultMatch { code: some("2"), ..FaultMatch::default() }, [false, true]),
        (FaultMatch { out_request_no: some("n-1"), ..FaultMatch::default() }, [true, false]),
        (FaultMatch { card_id, out_request_no: some("n-2"), ..FaultMatch::default() }, [false, true]),
        (
            FaultMatch { code: some("1"), out_request_no: some("n-2"), ..FaultMatch::default() },
            [false, false],
        ),
    ] {
        let world = World::with([striking(when.clone())]).await;
        let found = [world.change_of("1", "n-1").await, world.change_of("2", "n-2").await];
        assert_eq!(found.map(|reaction| reaction.status() == STRUCK), is_struck, "{when}");
    }
}

#[tokio::test]
async fn a_rule_for_a_merchant_strikes_that_merchant_only() {
    let world = World::new().await;
    let credentials = world.mock.make_merchant(NewMerchant::default()).unwrap();
    let other = client(&world.mock, &credentials, Trust::PublicKey);
    let merchant = Some(credentials.mchid.to_string());
    world.mock.add_fault(striking(FaultMatch { merchant, ..FaultMatch::default() })).unwrap();
    assert_eq!(world.change("1").await.status(), 204);
    let change = super::adding("1");
    assert_eq!(Reaction::to(other.set_rights("a", "1", &change).await).status(), STRUCK);
}

#[tokio::test]
async fn the_nth_and_every_nth_are_counted_from_one() {
    assert_eq!(struck(FaultMatch { nth: Some(3), ..FaultMatch::default() }, 9).await, [3]);
    assert_eq!(struck(FaultMatch { every: Some(3), ..FaultMatch::default() }, 9).await, [3, 6, 9]);
    let both = FaultMatch { nth: Some(4), every: Some(2), ..FaultMatch::default() };
    assert_eq!(struck(both, 9).await, [4]);
}

#[tokio::test]
async fn chance_strikes_the_same_requests_with_the_same_seed() {
    let chance = |seed| FaultMatch { probability: Some(0.5), seed: Some(seed), ..FaultMatch::default() };
    let first = struck(chance(7), 40).await;
    assert!((10..=30).contains(&first.len()), "{first:?}");
    assert_eq!(struck(chance(7), 40).await, first);
    assert_ne!(struck(chance(8), 40).await, first);
}

#[tokio::test]
async fn a_rule_is_spent_after_as_many_times_as_it_says() {
    let world = World::with([FaultRule { times: Some(2), ..of_changes(Fault::SystemError) }]).await;
    let mut statuses = Vec::new();
    for number in ["1", "2", "3", "4"] {
        statuses.push(world.change(number).await.status());
    }
    assert_eq!(statuses, [500, 500, 204, 204]);
    assert_eq!((world.rule().seen, world.rule().struck), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_strikes_no_more_often_than_it_says_however_many_come_at_once() {
    let world = World::with([FaultRule { times: Some(7), ..of_changes(Fault::SystemError) }]).await;
    let world = Arc::new(world);
    let mut calls = JoinSet::new();
    for number in 0..32 {
        let world = Arc::clone(&world);
        calls.spawn(async move { world.change(&number.to_string()).await.status() });
    }
    let statuses = calls.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 500).count(), 7, "{statuses:?}");
    assert_eq!((world.points().await, world.rule().struck), (25 * POINTS, 7));
}

#[tokio::test]
async fn a_rule_ends_when_its_time_by_the_mocks_clock_is_up() {
    let world = World::with([FaultRule { ttl: Some(60), ..FaultRule::of(Fault::FrequencyLimited) }]).await;
    assert_eq!(world.rule().ends_at, Some(NOW.as_unix() + 60));
    for (seconds, status) in [(59, STRUCK), (1, 204)] {
        world.mock.clock().advance(seconds);
        assert_eq!(world.change(&seconds.to_string()).await.status(), status);
    }
}

#[tokio::test]
async fn a_rule_may_say_that_the_request_is_applied_or_not() {
    let error = Some(CustomError { status: 418, code: "TEAPOT".into(), message: "短小粗壮".into() });
    let custom = FaultRule { fault: None, error, ..of_changes(Fault::SystemError) };
    for (rule, applied, status, points) in [
        (of_changes(Fault::SystemError), None, 500, 0),
        (of_changes(Fault::SystemError), Some(true), 500, POINTS),
        (of_changes(Fault::SystemErrorApplied), Some(false), 500, 0),
        (of_changes(Fault::UnknownCard), Some(true), 400, POINTS),
        (of_changes(Fault::BadGatewayHtml), Some(true), 502, POINTS),
        (custom.clone(), None, 418, 0),
        (custom, Some(true), 418, POINTS),
    ] {
        let rule = FaultRule { applied, ..rule };
        let world = World::with([rule.clone()]).await;
        assert_eq!((world.change("1").await.status(), world.points().await), (status, points), "{rule}");
        assert_eq!(world.last_strike().unwrap().is_applied, points == POINTS, "{rule}");
    }
}

#[tokio::test]
async fn a_connection_may_break_with_or_without_an_effect() {
    for (fault, applied, points) in
        [(Fault::Reset, true, POINTS), (Fault::ResetAfterHeaders, false, 0), (Fault::StopInBody, false, 0)]
    {
        let world = World::with([FaultRule { applied: Some(applied), ..of_changes(fault) }]).await;
        assert_eq!((world.change("1").await, world.points().await), (Reaction::Broken, points), "{fault}");
    }
}

#[tokio::test]
async fn a_refusal_in_words_of_ones_own_comes_as_it_is() {
    let error =
        Some(CustomError {
            status: 403, code: "NO_AUTH".into(), message: "商户号未开通此产品".into()
        });
    let world = World::with([FaultRule { error, ..FaultRule::default() }]).await;
    assert_eq!(world.change("1").await, Reaction::Rejected(403, "NO_AUTH 商户号未开通此产品".into()));
    assert_eq!(world.mock.exchanges()[0].code(), Some("NO_AUTH"));
}

#[tokio::test]
async fn a_fault_hides_no_mistake_of_the_clients_and_does_not_count_it() {
    let mock = frozen_mock().await;
    mock.add_fault(FaultRule::of(Fault::SystemError)).unwrap();
    let mistakes = [
        (RawRequest { sign: Sign::WrongKey, ..RawRequest::sample() }, "401"),
        (RawRequest { sign: Sign::Stale, ..RawRequest::sample() }, "401"),
        (RawRequest { sign: Sign::WrongKey, ..raw(&Fault::Reset.trigger_number()) }, "401"),
        (RawRequest { body: b"{}".into(), ..RawRequest::sample() }, "400"),
        (RawRequest { target: "/v3/none".into(), ..RawRequest::sample() }, "404"),
    ];
    for (request, status) in mistakes {
        assert_eq!(exchange(&mock, &request).await.status(), status);
    }
    assert_eq!(mock.faults()[0].seen, 0);
    assert!(mock.exchanges().iter().all(|exchange| exchange.fault.is_none()));
    assert_eq!(exchange(&mock, &RawRequest::sample()).await.status(), "500");
    assert_eq!((mock.faults()[0].seen, mock.faults()[0].struck), (1, 1));
}

#[tokio::test]
async fn what_the_operation_itself_refuses_is_not_hidden_by_a_fault_that_is_applied() {
    let mut config = Config::default();
    config.policies.repeat = Repeat::Reject;
    let mock = MockServer::builder().config(config).clock(Clock::fixed(NOW)).start().await.unwrap();
    let world = World::of(mock);
    world.mock.add_fault(of_changes(Fault::SystemErrorApplied)).unwrap();
    for (status, is_applied) in [(500, true), (400, false)] {
        assert_eq!(world.change("1").await.status(), status);
        assert_eq!(world.last_strike().unwrap().is_applied, is_applied);
    }
    assert_eq!(world.points().await, POINTS);
}

#[tokio::test]
async fn a_fault_of_signatures_is_not_spent_on_a_refusal_which_has_none() {
    let mut config = Config::default();
    config.policies.repeat = Repeat::Reject;
    let mock = MockServer::builder().config(config).clock(Clock::fixed(NOW)).start().await.unwrap();
    let world = World::of(mock);
    assert_eq!(world.change("1").await.status(), 204);
    world.mock.add_fault(FaultRule { times: Some(1), ..of_changes(Fault::WrongKey) }).unwrap();
    assert_eq!(world.change("1").await.status(), 400);
    assert_eq!((world.last_strike(), world.rule().struck), (None, 0));
    assert_eq!(world.change("2").await, Reaction::Mismatch);
    assert_eq!((world.rule().seen, world.rule().struck), (1, 1), "the refusal does not count as seen");
    assert_eq!(world.change("3").await.status(), 204);
}

#[tokio::test]
async fn rules_can_be_added_looked_at_and_removed_while_it_runs() {
    let world = World::new().await;
    let first = world.mock.add_fault(of_changes(Fault::SystemError)).unwrap();
    let second = world.mock.add_fault(of_changes(Fault::BadGateway)).unwrap();
    assert_eq!(world.change("1").await.status(), 500);
    assert_eq!(world.mock.faults().iter().map(|rule| rule.id).collect::<Vec<_>>(), [first.id, second.id]);
    assert!(world.mock.remove_fault(first.id) && !world.mock.remove_fault(first.id));
    assert_eq!(world.change("2").await.status(), 502);
    assert_eq!((world.mock.clear_faults(), world.mock.faults()), (1, vec![]));
    assert_eq!(world.change("3").await.status(), 204);
}

#[tokio::test]
async fn a_rule_that_a_mock_starts_with_holds_from_the_first_request_and_after_a_reset() {
    let rule = FaultRule { times: Some(1), ..of_changes(Fault::SystemError) };
    let builder = MockServer::builder().clock(Clock::fixed(NOW)).fault(rule);
    let world = World::of(builder.start().await.unwrap());
    for _ in 0..2 {
        assert_eq!(world.change("1").await.status(), 500);
        assert_eq!(world.change("2").await.status(), 204);
        world.mock.reset();
    }
}

#[tokio::test]
async fn a_rule_that_makes_no_sense_keeps_a_mock_from_starting() {
    let error = MockServer::builder().fault(FaultRule::default()).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("expected fault, error or latency"), "{error}");
    assert!(error.get_ref().unwrap().is::<RuleError>());
}

#[tokio::test]
async fn a_rule_that_makes_no_sense_is_refused_while_it_runs() {
    let mock = frozen_mock().await;
    let when = FaultMatch { merchant: some("404"), ..FaultMatch::default() };
    assert_eq!(mock.add_fault(striking(when)), Err(RuleError::UnknownMerchant { mchid: "404".into() }));
    let when = FaultMatch { operation: some("setRights"), ..FaultMatch::default() };
    let error = mock.add_fault(striking(when)).unwrap_err();
    assert!(error.to_string().contains("set_rights"), "{error}");
    assert_eq!(mock.faults(), []);
}
