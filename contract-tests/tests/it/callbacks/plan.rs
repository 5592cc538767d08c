//! When a callback that is not taken comes again, by the mock's clock.

use wechatpay_mock::{DeliveryState, Trigger};
use wechatpay_protocol::Timestamp;

use super::{attempted, due_after, paid, trigger};
use crate::support::{
    NOW, frozen_mock,
    receiver::{FAILED, OK, Receiver},
};

/// Seconds, as documented.
const PAYMENT: [u64; 15] =
    [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600];

#[tokio::test]
async fn a_payment_comes_again_by_its_plan_to_the_second_and_is_then_given_up() {
    follows("TRANSACTION.SUCCESS", &PAYMENT).await;
}

#[tokio::test]
async fn a_member_cards_event_comes_again_every_minute_eleven_times() {
    follows("MEMBERCARD.ACTIVATE_CARD", &[60; 11]).await;
}

#[tokio::test]
async fn a_transfer_comes_again_by_its_plan() {
    let plan: Vec<_> = [(10, 15), (10, 300), (44, 1800)].into_iter().flat_map(|(n, s)| vec![s; n]).collect();
    follows("MCHTRANSFER.BILL.FINISHED", &plan).await;
}

/// Each attempt of a callback that is never taken is due exactly after this many seconds.
async fn follows(event: &str, plan: &[u64]) {
    let (mock, mut receiver) = (frozen_mock().await, Receiver::start(&[FAILED]).await);
    let first = trigger(&mock, Trigger { to: Some(receiver.url()), ..Trigger::of(event) }).await;
    let mut last = receiver.next().await;
    let mut now = NOW;
    let mut delivery = first;
    for (index, seconds) in plan.iter().enumerate() {
        assert_eq!(due_after(&delivery, now), Some(*seconds), "{index}");
        mock.clock().advance(i64::try_from(*seconds).unwrap() - 1);
        tokio::task::yield_now().await;
        assert!(receiver.arrived().is_none(), "{index}");
        mock.clock().advance(1);
        now = Timestamp::from_unix(now.as_unix() + seconds);
        let received = receiver.next().await;
        received.verify(&mock.credentials(), now).unwrap();
        let new = received.signature().unwrap();
        assert_eq!((new.timestamp, &received.body), (now, &last.body), "the same event with a new signature");
        assert_ne!(new.signature, last.signature().unwrap().signature);
        last = received;
        delivery = attempted(&mock, index + 2).await;
    }
    assert_eq!(delivery.state, DeliveryState::GivenUp);
    mock.clock().advance(1_000_000);
    tokio::task::yield_now().await;
    assert!(receiver.arrived().is_none());
}

#[tokio::test]
async fn an_attempt_that_is_taken_is_the_last() {
    let (mock, mut receiver) = (frozen_mock().await, Receiver::start(&[FAILED, FAILED, OK]).await);
    trigger(&mock, paid(&receiver)).await;
    for count in 1..=2 {
        receiver.next().await;
        attempted(&mock, count).await;
        mock.clock().advance(15);
    }
    receiver.next().await;
    assert_eq!(attempted(&mock, 3).await.state, DeliveryState::Received);
    mock.clock().advance(1_000_000);
    tokio::task::yield_now().await;
    assert!(receiver.arrived().is_none());
}

#[tokio::test]
async fn a_running_clock_brings_the_next_attempt_by_itself() {
    let mock = wechatpay_mock::MockServer::builder().start().await.unwrap();
    let mut receiver = Receiver::start(&[FAILED, OK]).await;
    trigger(&mock, paid(&receiver)).await;
    receiver.next().await;
    mock.clock().advance(14);
    // Within the second that is left.
    receiver.next().await;
    assert_eq!(attempted(&mock, 2).await.state, DeliveryState::Received);
}
