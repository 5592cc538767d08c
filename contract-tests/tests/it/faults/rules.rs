//! Which requests a rule applies to, and how they end.

use std::{io::ErrorKind, sync::Arc};

use tokio::task::JoinSet;
use wechatpay_client::Trust;
use wechatpay_contract::sign::Sign;
use wechatpay_mock::{
    Clock, Config, CustomError, Fault, FaultMatch, FaultRule, MockServer, NewMerchant, RuleError,
    policies::{Repeat, SignedRefusals},
};

use super::{POINTS, Reaction, Setup, client, of_changes, raw};
use crate::support::{NOW, RawRequest, exchange, frozen_mock};

/// The status of the fault in these tests.
const FAULT_STATUS: u16 = 429;

fn rule_for(when: FaultMatch) -> FaultRule {
    FaultRule { when, ..FaultRule::of(Fault::FrequencyLimited) }
}

fn some(text: &str) -> Option<String> {
    Some(text.into())
}

/// The changes, counted from 1, to which a rule with this match applies.
async fn affected(when: FaultMatch, changes: usize) -> Vec<usize> {
    let setup = Setup::with([rule_for(when)]).await;
    let mut affected = Vec::new();
    for number in 1..=changes {
        if setup.change(&number.to_string()).await.status() == FAULT_STATUS {
            affected.push(number);
        }
    }
    let rule = setup.rule();
    assert_eq!((rule.seen, rule.struck), (changes as u64, affected.len() as u64));
    affected
}

#[tokio::test]
async fn a_rule_applies_only_to_requests_that_match_it() {
    let card_id = some(super::CARD_ID);
    for (when, applies) in [
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
        let setup = Setup::with([rule_for(when.clone())]).await;
        let found = [setup.change_of("1", "n-1").await, setup.change_of("2", "n-2").await];
        assert_eq!(found.map(|reaction| reaction.status() == FAULT_STATUS), applies, "{when}");
    }
}

#[tokio::test]
async fn a_rule_for_a_merchant_applies_to_that_merchant_only() {
    let setup = Setup::new().await;
    let credentials = setup.mock.make_merchant(NewMerchant::default()).unwrap();
    let other = client(&setup.mock, &credentials, Trust::PublicKey);
    let merchant = Some(credentials.mchid.to_string());
    setup.mock.add_fault(rule_for(FaultMatch { merchant, ..FaultMatch::default() })).unwrap();
    assert_eq!(setup.change("1").await.status(), 204);
    let change = super::adding("1");
    assert_eq!(Reaction::to(other.set_rights("a", "1", &change).await).status(), FAULT_STATUS);
}

#[tokio::test]
async fn nth_and_every_count_from_one() {
    assert_eq!(affected(FaultMatch { nth: Some(3), ..FaultMatch::default() }, 9).await, [3]);
    assert_eq!(affected(FaultMatch { every: Some(3), ..FaultMatch::default() }, 9).await, [3, 6, 9]);
    let both = FaultMatch { nth: Some(4), every: Some(2), ..FaultMatch::default() };
    assert_eq!(affected(both, 9).await, [4]);
}

#[tokio::test]
async fn probability_picks_the_same_requests_for_the_same_seed() {
    let chance = |seed| FaultMatch { probability: Some(0.5), seed: Some(seed), ..FaultMatch::default() };
    let first = affected(chance(7), 40).await;
    assert!((10..=30).contains(&first.len()), "{first:?}");
    assert_eq!(affected(chance(7), 40).await, first);
    assert_ne!(affected(chance(8), 40).await, first);
}

#[tokio::test]
async fn a_rule_stops_after_its_times() {
    let setup = Setup::with([FaultRule { times: Some(2), ..of_changes(Fault::SystemError) }]).await;
    let mut statuses = Vec::new();
    for number in ["1", "2", "3", "4"] {
        statuses.push(setup.change(number).await.status());
    }
    assert_eq!(statuses, [500, 500, 204, 204]);
    assert_eq!((setup.rule().seen, setup.rule().struck), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_applies_exactly_its_times_under_concurrency() {
    let setup = Setup::with([FaultRule { times: Some(7), ..of_changes(Fault::SystemError) }]).await;
    let setup = Arc::new(setup);
    let mut calls = JoinSet::new();
    for number in 0..32 {
        let setup = Arc::clone(&setup);
        calls.spawn(async move { setup.change(&number.to_string()).await.status() });
    }
    let statuses = calls.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 500).count(), 7, "{statuses:?}");
    assert_eq!((setup.points().await, setup.rule().struck), (25 * POINTS, 7));
}

#[tokio::test]
async fn a_rule_ends_after_its_ttl_by_the_mocks_clock() {
    let setup = Setup::with([FaultRule { ttl: Some(60), ..FaultRule::of(Fault::FrequencyLimited) }]).await;
    assert_eq!(setup.rule().ends_at, Some(NOW.as_unix() + 60));
    for (seconds, status) in [(59, FAULT_STATUS), (1, 204)] {
        setup.mock.clock().advance(seconds);
        assert_eq!(setup.change(&seconds.to_string()).await.status(), status);
    }
}

#[tokio::test]
async fn a_rule_can_set_whether_the_request_is_applied() {
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
        let setup = Setup::with([rule.clone()]).await;
        assert_eq!((setup.change("1").await.status(), setup.points().await), (status, points), "{rule}");
        assert_eq!(setup.last_fault().unwrap().is_applied, points == POINTS, "{rule}");
    }
}

#[tokio::test]
async fn a_connection_fault_can_set_whether_the_request_is_applied() {
    for (fault, applied, points) in
        [(Fault::Reset, true, POINTS), (Fault::ResetAfterHeaders, false, 0), (Fault::StopInBody, false, 0)]
    {
        let setup = Setup::with([FaultRule { applied: Some(applied), ..of_changes(fault) }]).await;
        assert_eq!((setup.change("1").await, setup.points().await), (Reaction::Broken, points), "{fault}");
    }
}

#[tokio::test]
async fn a_custom_error_is_sent_as_given() {
    let error =
        Some(CustomError {
            status: 403, code: "NO_AUTH".into(), message: "商户号未开通此产品".into()
        });
    let setup = Setup::with([FaultRule { error, ..FaultRule::default() }]).await;
    assert_eq!(setup.change("1").await, Reaction::Rejected(403, "NO_AUTH 商户号未开通此产品".into()));
    assert_eq!(setup.mock.exchanges()[0].code(), Some("NO_AUTH"));
}

#[tokio::test]
async fn a_fault_does_not_hide_client_mistakes_or_count_them() {
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
async fn a_fault_does_not_hide_a_refusal_by_the_operation() {
    let mut config = Config::default();
    config.policies.repeat = Repeat::Reject;
    let mock = MockServer::builder().config(config).clock(Clock::fixed(NOW)).start().await.unwrap();
    let setup = Setup::of(mock);
    setup.mock.add_fault(of_changes(Fault::SystemErrorApplied)).unwrap();
    for (status, is_applied) in [(500, true), (400, false)] {
        assert_eq!(setup.change("1").await.status(), status);
        assert_eq!(setup.last_fault().unwrap().is_applied, is_applied);
    }
    assert_eq!(setup.points().await, POINTS);
}

#[tokio::test]
async fn a_signature_fault_is_not_used_up_by_an_unsigned_refusal() {
    let mut config = Config::default();
    config.policies.repeat = Repeat::Reject;
    config.policies.signed_refusals = SignedRefusals::None;
    let mock = MockServer::builder().config(config).clock(Clock::fixed(NOW)).start().await.unwrap();
    let setup = Setup::of(mock);
    assert_eq!(setup.change("1").await.status(), 204);
    setup.mock.add_fault(FaultRule { times: Some(1), ..of_changes(Fault::WrongKey) }).unwrap();
    assert_eq!(setup.change("1").await.status(), 400);
    assert_eq!((setup.last_fault(), setup.rule().struck), (None, 0));
    assert_eq!(setup.change("2").await, Reaction::Mismatch);
    assert_eq!((setup.rule().seen, setup.rule().struck), (1, 1), "the refusal does not count as seen");
    assert_eq!(setup.change("3").await.status(), 204);
}

#[tokio::test]
async fn rules_can_be_added_listed_and_removed_while_the_mock_runs() {
    let setup = Setup::new().await;
    let first = setup.mock.add_fault(of_changes(Fault::SystemError)).unwrap();
    let second = setup.mock.add_fault(of_changes(Fault::BadGateway)).unwrap();
    assert_eq!(setup.change("1").await.status(), 500);
    assert_eq!(setup.mock.faults().iter().map(|rule| rule.id).collect::<Vec<_>>(), [first.id, second.id]);
    assert!(setup.mock.remove_fault(first.id) && !setup.mock.remove_fault(first.id));
    assert_eq!(setup.change("2").await.status(), 502);
    assert_eq!((setup.mock.clear_faults(), setup.mock.faults()), (1, vec![]));
    assert_eq!(setup.change("3").await.status(), 204);
}

#[tokio::test]
async fn a_rule_given_at_start_applies_from_the_first_request_and_after_a_reset() {
    let rule = FaultRule { times: Some(1), ..of_changes(Fault::SystemError) };
    let builder = MockServer::builder().clock(Clock::fixed(NOW)).fault(rule);
    let setup = Setup::of(builder.start().await.unwrap());
    for _ in 0..2 {
        assert_eq!(setup.change("1").await.status(), 500);
        assert_eq!(setup.change("2").await.status(), 204);
        setup.mock.reset();
    }
}

#[tokio::test]
async fn an_invalid_rule_keeps_the_mock_from_starting() {
    let error = MockServer::builder().fault(FaultRule::default()).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("expected fault, error or latency"), "{error}");
    assert!(error.get_ref().unwrap().is::<RuleError>());
}

#[tokio::test]
async fn an_invalid_rule_is_refused_while_the_mock_runs() {
    let mock = frozen_mock().await;
    let when = FaultMatch { merchant: some("404"), ..FaultMatch::default() };
    assert_eq!(mock.add_fault(rule_for(when)), Err(RuleError::UnknownMerchant { mchid: "404".into() }));
    let when = FaultMatch { operation: some("setRights"), ..FaultMatch::default() };
    let error = mock.add_fault(rule_for(when)).unwrap_err();
    assert!(error.to_string().contains("set_rights"), "{error}");
    assert_eq!(mock.faults(), []);
}
