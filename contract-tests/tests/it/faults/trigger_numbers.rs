//! Faults by request number.

use std::sync::Arc;

use tokio::task::JoinSet;
use wechatpay_client::RightsChange;
use wechatpay_mock::{Fault, Warning};

use super::{CARD_ID, CODE, POINTS, Reaction, Setup, adding};

const SYSTEM_ERROR: u16 = 500;

#[tokio::test]
async fn with_x1_a_number_fails_once_and_is_then_applied_once() {
    let setup = Setup::new().await;
    let number = "MOCK*system-error|x1*0001";
    assert_eq!((setup.change(number).await.status(), setup.points().await), (SYSTEM_ERROR, 0));
    for _ in 0..2 {
        assert_eq!((setup.change(number).await.status(), setup.points().await), (204, POINTS));
    }
}

#[tokio::test]
async fn a_change_applied_despite_a_500_is_not_applied_again_on_retry() {
    let setup = Setup::new().await;
    let number = "MOCK*system-error-applied|x1*0001";
    assert_eq!((setup.change(number).await.status(), setup.points().await), (SYSTEM_ERROR, POINTS));
    assert_eq!((setup.change(number).await.status(), setup.points().await), (204, POINTS));
    let exchanges = setup.mock.exchanges();
    let repeated = exchanges.iter().filter(|exchange| exchange.warnings.contains(&Warning::Repeated));
    assert_eq!(repeated.count(), 1);
}

#[tokio::test]
async fn without_x_a_number_fails_every_time() {
    let setup = Setup::new().await;
    for _ in 0..3 {
        assert_eq!(setup.change("MOCK*system-error*0001").await.status(), SYSTEM_ERROR);
    }
}

#[tokio::test]
async fn each_number_counts_its_own_uses_and_a_reset_clears_them() {
    let setup = Setup::new().await;
    for _ in 0..2 {
        assert_eq!(setup.change("MOCK*system-error|x1*1").await.status(), SYSTEM_ERROR);
        assert_eq!(setup.change("MOCK*system-error|x1*2").await.status(), SYSTEM_ERROR);
        assert_eq!(setup.change("MOCK*system-error|x1*1").await.status(), 204);
        setup.mock.reset();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_fails_exactly_as_often_as_it_says_under_concurrency() {
    let setup = Arc::new(Setup::new().await);
    let mut calls = JoinSet::new();
    for _ in 0..16 {
        let setup = Arc::clone(&setup);
        calls.spawn(async move { setup.change("MOCK*system-error|x5*1").await.status() });
    }
    let statuses = calls.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == SYSTEM_ERROR).count(), 5, "{statuses:?}");
    assert_eq!(setup.points().await, POINTS);
}

#[tokio::test]
async fn a_number_with_an_unknown_fault_is_applied_with_a_warning() {
    for (number, problem) in [
        ("MOCK*sytem-error*1", "did you mean system-error?"),
        ("MOCK*system-error", "found no * after \"system-error\""),
        ("MOCK*reset|5*1", "expected no number after reset"),
        ("MOCK*latency|600001*1", "expected 0 to 600000, found 600001"),
    ] {
        let setup = Setup::new().await;
        assert_eq!((setup.change(number).await.status(), setup.points().await), (204, POINTS), "{number}");
        let exchanges = setup.mock.exchanges();
        let [Warning::MalformedTriggerNumber { problem: found }] = &exchanges[0].warnings[..] else {
            panic!("{number}: {:?}", exchanges[0].warnings)
        };
        assert!(found.starts_with("out_request_no: ") && found.contains(problem), "{found}");
    }
}

#[tokio::test]
async fn a_change_that_a_fault_fails_still_gets_its_warnings() {
    let setup = Setup::new().await;
    let change =
        RightsChange { before_bonus_value: Some(1), ..adding(&Fault::SystemErrorApplied.trigger_number()) };
    let reaction = Reaction::to(setup.client.set_rights(CARD_ID, CODE, &change).await);
    assert_eq!(reaction.status(), SYSTEM_ERROR);
    let warnings = &setup.mock.exchanges()[0].warnings;
    assert!(warnings.contains(&Warning::StaleBefore { sent: 1, stored: 0 }), "{warnings:?}");
}
