//! Which fault strikes where several could.

use wechatpay_mock::{Fault, FaultMatch, FaultRule, FaultSource};

use super::{World, of_changes};

/// For the development merchant.
fn own(fault: Fault) -> FaultRule {
    let when = FaultMatch { merchant: Some("1900000001".into()), ..of_changes(fault).when };
    FaultRule { when, ..FaultRule::of(fault) }
}

#[tokio::test]
async fn the_requests_own_number_goes_before_rules_which_do_not_count_it() {
    let world = World::with([of_changes(Fault::SystemError), own(Fault::BadGateway)]).await;
    assert_eq!(world.change("MOCK*rule-limit*1").await.status(), 403);
    assert_eq!(world.last_strike().unwrap().by, FaultSource::TriggerNumber);
    assert!(world.mock.faults().iter().all(|rule| rule.seen == 0));
}

#[tokio::test]
async fn a_number_that_strikes_no_more_leaves_the_request_to_the_rules() {
    let world = World::with([of_changes(Fault::BadGateway)]).await;
    assert_eq!(world.change("MOCK*rule-limit|x1*1").await.status(), 403);
    assert_eq!(world.change("MOCK*rule-limit|x1*1").await.status(), 502);
}

#[tokio::test]
async fn a_rule_for_the_merchant_goes_before_one_for_all_that_was_there_first() {
    let world = World::with([of_changes(Fault::SystemError), own(Fault::BadGateway)]).await;
    assert_eq!(world.change("1").await.status(), 502);
    assert_eq!(world.last_strike().unwrap().by, FaultSource::Rule(2));
    let seen: Vec<_> = world.mock.faults().iter().map(|rule| (rule.seen, rule.struck)).collect();
    assert_eq!(seen, [(0, 0), (1, 1)]);
}

#[tokio::test]
async fn of_two_rules_the_one_that_was_there_first_strikes() {
    for rules in [
        [of_changes(Fault::SystemError), of_changes(Fault::BadGateway)],
        [own(Fault::SystemError), own(Fault::BadGateway)],
    ] {
        let world = World::with(rules).await;
        assert_eq!(world.change("1").await.status(), 500);
    }
}

#[tokio::test]
async fn a_rule_that_lets_a_request_pass_counts_it_and_leaves_it_to_the_next() {
    let mut second_only = of_changes(Fault::SystemError);
    second_only.when.nth = Some(2);
    let world = World::with([second_only, of_changes(Fault::BadGateway)]).await;
    let mut statuses = Vec::new();
    for number in ["1", "2", "3"] {
        statuses.push(world.change(number).await.status());
    }
    assert_eq!(statuses, [502, 500, 502]);
    let seen: Vec<_> = world.mock.faults().iter().map(|rule| (rule.seen, rule.struck)).collect();
    assert_eq!(seen, [(3, 1), (2, 2)]);
}
