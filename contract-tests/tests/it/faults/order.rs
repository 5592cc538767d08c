//! Which fault applies when several could.

use wechatpay_mock::{Fault, FaultMatch, FaultRule, FaultSource};

use super::{Setup, of_changes};

/// The fault for the development merchant only.
fn own(fault: Fault) -> FaultRule {
    let when = FaultMatch { merchant: Some("1900000001".into()), ..of_changes(fault).when };
    FaultRule { when, ..FaultRule::of(fault) }
}

#[tokio::test]
async fn a_request_number_goes_before_rules_and_they_do_not_count_it() {
    let setup = Setup::with([of_changes(Fault::SystemError), own(Fault::BadGateway)]).await;
    assert_eq!(setup.change("MOCK*rule-limit*1").await.status(), 403);
    assert_eq!(setup.last_fault().unwrap().by, FaultSource::TriggerNumber);
    assert!(setup.mock.faults().iter().all(|rule| rule.seen == 0));
}

#[tokio::test]
async fn a_used_up_number_leaves_the_request_to_the_rules() {
    let setup = Setup::with([of_changes(Fault::BadGateway)]).await;
    assert_eq!(setup.change("MOCK*rule-limit|x1*1").await.status(), 403);
    assert_eq!(setup.change("MOCK*rule-limit|x1*1").await.status(), 502);
}

#[tokio::test]
async fn a_rule_for_the_merchant_goes_before_an_older_rule_for_all() {
    let setup = Setup::with([of_changes(Fault::SystemError), own(Fault::BadGateway)]).await;
    assert_eq!(setup.change("1").await.status(), 502);
    assert_eq!(setup.last_fault().unwrap().by, FaultSource::Rule(2));
    let seen: Vec<_> = setup.mock.faults().iter().map(|rule| (rule.seen, rule.struck)).collect();
    assert_eq!(seen, [(0, 0), (1, 1)]);
}

#[tokio::test]
async fn the_older_of_two_rules_applies() {
    for rules in [
        [of_changes(Fault::SystemError), of_changes(Fault::BadGateway)],
        [own(Fault::SystemError), own(Fault::BadGateway)],
    ] {
        let setup = Setup::with(rules).await;
        assert_eq!(setup.change("1").await.status(), 500);
    }
}

#[tokio::test]
async fn a_rule_that_skips_a_request_counts_it_and_leaves_it_to_the_next() {
    let mut second_only = of_changes(Fault::SystemError);
    second_only.when.nth = Some(2);
    let setup = Setup::with([second_only, of_changes(Fault::BadGateway)]).await;
    let mut statuses = Vec::new();
    for number in ["1", "2", "3"] {
        statuses.push(setup.change(number).await.status());
    }
    assert_eq!(statuses, [502, 500, 502]);
    let seen: Vec<_> = setup.mock.faults().iter().map(|rule| (rule.seen, rule.struck)).collect();
    assert_eq!(seen, [(3, 1), (2, 2)]);
}
