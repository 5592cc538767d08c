//! What a fault does to a callback, as a careful receiver sees it.

use serde_json::{Value, json};
use wechatpay_mock::{DeliveryState, Fault, FaultMatch, FaultRule, Latency, MockServer, On, Trigger};

use super::{PAID, attempted, due_after, paid, trigger};
use crate::support::{
    NOW, frozen_mock,
    receiver::{OK, Received, Receiver},
};

/// What arrives if this fault applies to a callback.
async fn with(fault: Fault) -> (MockServer, Receiver, Received) {
    let (mock, mut receiver) = (frozen_mock().await, Receiver::start(&[OK]).await);
    mock.add_fault(FaultRule::of_callbacks(fault)).unwrap();
    let delivery = trigger(&mock, paid(&receiver)).await;
    assert_eq!(delivery.attempts[0].fault.as_deref(), Some(fault.name()));
    let received = receiver.next().await;
    (mock, receiver, received)
}

#[tokio::test]
async fn a_careful_receiver_refuses_each_forgery_for_its_own_reason() {
    for (fault, reason) in [
        (Fault::Unsigned, "headers"),
        (Fault::WithoutTimestamp, "headers"),
        (Fault::WithoutNonce, "headers"),
        (Fault::WithoutSignature, "headers"),
        (Fault::WithoutSerial, "headers"),
        (Fault::WithoutSignatureType, "headers"),
        (Fault::WrongSerial, "signature"),
        (Fault::UnknownSerial, "serial"),
        (Fault::WrongKey, "signature"),
        (Fault::Signtest, "signature"),
        (Fault::StaleTimestamp, "timestamp"),
        (Fault::FutureTimestamp, "timestamp"),
        (Fault::AlteredNonce, "signature"),
        (Fault::AlteredBody, "signature"),
        (Fault::WrongTag, "resource"),
        (Fault::OtherAeadKey, "resource"),
        (Fault::PlainResource, "body"),
    ] {
        let (mock, _, received) = with(fault).await;
        assert_eq!(received.verify(&mock.credentials(), NOW), Err(reason.into()), "{fault}");
    }
}

#[tokio::test]
async fn a_careful_receiver_takes_what_is_only_unusual() {
    for fault in [
        Fault::LowerCaseHeaders,
        Fault::OtherKindOfKey,
        Fault::UnknownEvent,
        Fault::OddlyPrinted,
        Fault::Twice,
    ] {
        let (mock, mut receiver, received) = with(fault).await;
        received.verify(&mock.credentials(), NOW).unwrap_or_else(|error| panic!("{fault}: {error}"));
        let is_lower =
            received.headers.iter().all(|(name, _)| name.chars().all(|one| !one.is_ascii_uppercase()));
        assert_eq!(is_lower, fault == Fault::LowerCaseHeaders);
        if fault == Fault::Twice {
            let again = receiver.next().await;
            assert_eq!(again.body, received.body);
            again.verify(&mock.credentials(), NOW).unwrap();
        }
        assert_eq!(mock.callbacks()[0].state, DeliveryState::Received);
    }
}

#[tokio::test]
async fn every_fault_of_callbacks_is_tried_here_or_loses_the_callback() {
    let tried = 17 + 5;
    assert_eq!(Fault::of_callbacks().count(), tried + [Fault::Lost, Fault::OutOfOrder].len());
}

#[tokio::test]
async fn a_lost_callback_comes_again_by_its_plan() {
    let (mock, mut receiver) = (frozen_mock().await, Receiver::start(&[OK]).await);
    mock.add_fault(FaultRule { times: Some(1), ..FaultRule::of_callbacks(Fault::Lost) }).unwrap();
    let delivery = trigger(&mock, paid(&receiver)).await;
    assert_eq!(due_after(&delivery, NOW), Some(15));
    assert!(delivery.attempts[0].sent.is_none() && receiver.arrived().is_none());
    mock.clock().advance(15);
    receiver.next().await;
    assert_eq!(attempted(&mock, 2).await.state, DeliveryState::Received);
}

#[tokio::test]
async fn a_callback_out_of_order_is_overtaken_by_the_next_and_keeps_its_plan() {
    let (mock, mut receiver) = (frozen_mock().await, Receiver::start(&[OK]).await);
    mock.add_fault(FaultRule { times: Some(1), ..FaultRule::of_callbacks(Fault::OutOfOrder) }).unwrap();
    let numbered =
        |number: &str| Trigger { resource: Some(json!({ "out_trade_no": number })), ..paid(&receiver) };
    let first = trigger(&mock, numbered("first")).await;
    assert_eq!(due_after(&first, NOW), Some(1));
    trigger(&mock, numbered("second")).await;
    mock.clock().advance(1);
    for expected in ["second", "first"] {
        let plain = receiver.next().await.verify(&mock.credentials(), mock.clock().now()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&plain).unwrap()["out_trade_no"], expected);
    }
}

#[tokio::test]
async fn a_rule_selects_callbacks_by_merchant_event_and_count_and_leaves_requests_alone() {
    let (mock, receiver) = (frozen_mock().await, Receiver::start(&[OK]).await);
    let when =
        FaultMatch { event_type: Some("REFUND.SUCCESS".into()), nth: Some(2), ..FaultMatch::default() };
    let rule =
        FaultRule { when, latency: Some(Latency::Fixed(0)), ..FaultRule::of_callbacks(Fault::WrongKey) };
    mock.add_fault(rule).unwrap();
    let refund = || Trigger { to: Some(receiver.url()), ..Trigger::of("REFUND.SUCCESS") };
    let mut faults = Vec::new();
    for wanted in [refund(), paid(&receiver), refund(), refund()] {
        faults.push(trigger(&mock, wanted).await.attempts[0].fault.clone());
    }
    let names: Vec<_> = faults.iter().map(Option::as_deref).collect();
    assert_eq!(names, [None, None, Some("wrong-key"), None]);
    let state = mock.faults().remove(0);
    assert_eq!((state.seen, state.struck), (3, 1));
}

#[tokio::test]
async fn a_rule_that_mixes_requests_and_callbacks_is_refused() {
    let mock = frozen_mock().await;
    let refused = |rule: Value| {
        let rule: FaultRule = serde_json::from_value(rule).unwrap();
        mock.add_fault(rule).unwrap_err().to_string()
    };
    let lost = refused(json!({ "fault": "lost" }));
    assert!(lost.starts_with("lost: only callbacks have it; add \"on\": \"callback\""), "{lost}");
    let other = [
        json!({ "on": "callback", "fault": "system-error" }),
        json!({ "on": "callback", "fault": "lost", "match": { "operation": "echo" } }),
        json!({ "on": "callback", "fault": "lost", "applied": true }),
        json!({ "on": "callback", "error": { "status": 400, "code": "A", "message": "a" } }),
        json!({ "fault": "reset", "match": { "event_type": PAID } }),
    ];
    for rule in other {
        assert!(refused(rule.clone()).contains("callback"), "{rule}");
    }
    let rule: FaultRule = serde_json::from_value(json!({ "on": "callback", "fault": "lost" })).unwrap();
    assert_eq!(
        (rule.on, serde_json::to_value(&rule).unwrap()),
        (On::Callback, json!({ "on": "callback", "fault": "lost" }))
    );
}
