//! Faults by request number.

use std::sync::Arc;

use tokio::task::JoinSet;
use wechatpay_client::RightsChange;
use wechatpay_mock::{Fault, Warning};

use super::{CARD_ID, CODE, POINTS, Reaction, World, adding};

const SYSTEM_ERROR: u16 = 500;

#[tokio::test]
async fn with_x1_the_same_number_fails_once_and_is_then_applied_once() {
    let world = World::new().await;
    let number = "MOCK*system-error|x1*0001";
    assert_eq!((world.change(number).await.status(), world.points().await), (SYSTEM_ERROR, 0));
    for _ in 0..2 {
        assert_eq!((world.change(number).await.status(), world.points().await), (204, POINTS));
    }
}

#[tokio::test]
async fn a_change_that_was_made_although_it_failed_is_not_made_again_when_it_is_tried_again() {
    let world = World::new().await;
    let number = "MOCK*system-error-applied|x1*0001";
    assert_eq!((world.change(number).await.status(), world.points().await), (SYSTEM_ERROR, POINTS));
    assert_eq!((world.change(number).await.status(), world.points().await), (204, POINTS));
    let exchanges = world.mock.exchanges();
    let repeated = exchanges.iter().filter(|exchange| exchange.warnings.contains(&Warning::Repeated));
    assert_eq!(repeated.count(), 1);
}

#[tokio::test]
async fn without_x_the_same_number_fails_every_time() {
    let world = World::new().await;
    for _ in 0..3 {
        assert_eq!(world.change("MOCK*system-error*0001").await.status(), SYSTEM_ERROR);
    }
}

#[tokio::test]
async fn each_number_counts_its_own_uses_and_a_reset_forgets_them() {
    let world = World::new().await;
    for _ in 0..2 {
        assert_eq!(world.change("MOCK*system-error|x1*1").await.status(), SYSTEM_ERROR);
        assert_eq!(world.change("MOCK*system-error|x1*2").await.status(), SYSTEM_ERROR);
        assert_eq!(world.change("MOCK*system-error|x1*1").await.status(), 204);
        world.mock.reset();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_fails_as_often_as_it_says_however_many_use_it_at_once() {
    let world = Arc::new(World::new().await);
    let mut calls = JoinSet::new();
    for _ in 0..16 {
        let world = Arc::clone(&world);
        calls.spawn(async move { world.change("MOCK*system-error|x5*1").await.status() });
    }
    let statuses = calls.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == SYSTEM_ERROR).count(), 5, "{statuses:?}");
    assert_eq!(world.points().await, POINTS);
}

#[tokio::test]
async fn a_number_that_names_no_fault_is_an_ordinary_one_with_a_warning_that_names_the_nearest() {
    for (number, problem) in [
        ("MOCK*sytem-error*1", "did you mean system-error?"),
        ("MOCK*system-error", "found no * after \"system-error\""),
        ("MOCK*reset|5*1", "expected no number after reset"),
        ("MOCK*latency|600001*1", "expected 0 to 600000, found 600001"),
    ] {
        let world = World::new().await;
        assert_eq!((world.change(number).await.status(), world.points().await), (204, POINTS), "{number}");
        let exchanges = world.mock.exchanges();
        let [Warning::UnknownMagic { problem: said }] = &exchanges[0].warnings[..] else {
            panic!("{number}: {:?}", exchanges[0].warnings)
        };
        assert!(said.starts_with("out_request_no: ") && said.contains(problem), "{said}");
    }
}

#[tokio::test]
async fn what_is_odd_about_a_change_is_warned_about_although_it_failed() {
    let world = World::new().await;
    let change =
        RightsChange { before_bonus_value: Some(1), ..adding(&Fault::SystemErrorApplied.trigger_number()) };
    let reaction = Reaction::to(world.client.set_rights(CARD_ID, CODE, &change).await);
    assert_eq!(reaction.status(), SYSTEM_ERROR);
    let warnings = &world.mock.exchanges()[0].warnings;
    assert!(warnings.contains(&Warning::StaleBefore { sent: 1, stored: 0 }), "{warnings:?}");
}
