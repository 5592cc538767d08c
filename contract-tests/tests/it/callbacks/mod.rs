//! Callbacks over real sockets: what arrives, when it comes again, where it may go, and what a fault does to it.

mod delivery;
mod faults;
mod hosts;
mod operations;
mod plan;

use std::sync::Arc;

use wechatpay_mock::{Delivery, DeliveryState, MockServer, Trigger};
use wechatpay_protocol::Timestamp;

use crate::support::receiver::Receiver;

const PAID: &str = "TRANSACTION.SUCCESS";

/// A payment, told to this receiver.
fn paid(receiver: &Receiver) -> Trigger {
    Trigger { to: Some(receiver.url()), ..Trigger::of(PAID) }
}

async fn trigger(mock: &MockServer, trigger: Trigger) -> Arc<Delivery> {
    mock.trigger(trigger).await.unwrap()
}

/// The time of the next attempt, in seconds after this one.
fn due_after(delivery: &Delivery, at: Timestamp) -> Option<u64> {
    match delivery.state {
        DeliveryState::Waiting(due) => Some(due.as_unix() - at.as_unix()),
        _ => None,
    }
}

/// The first callback after this many attempts.
async fn attempted(mock: &MockServer, attempts: usize) -> Arc<Delivery> {
    mock.attempted(1, attempts).await.unwrap()
}
