//! Tests of the gateway and the payer on a store that waits, is lost, or has merchants of other mocks.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use tokio::time::sleep;
use wechatpay_protocol::{Mchid, Timestamp};

use crate::{
    clock::Clock,
    config::Config,
    gateway::{Gateway, Parts},
    journal::ChangedBy,
    merchants::Merchants,
    payer::{Payer, Turn},
    random::Randomness,
    store::{STORE_RETRY, Store, noting::Noting},
};

/// A gateway with this state and otherwise as it is configured by default.
fn gateway(state: &Noting) -> Arc<Gateway> {
    let config = Config::default();
    Arc::new(Gateway::new(Parts {
        merchants: Merchants::new(
            config.merchants(),
            config.platform_certificates.clone(),
            config.public_key.clone(),
        ),
        operations: config.operations,
        store: state.store(),
        policies: config.policies,
        limits: config.limits,
        diagnosis: config.diagnosis,
        clock: Clock::system(),
        randomness: Randomness::system(),
    }))
}

/// Reminds of a document of this merchant, which is due at once.
fn remind(store: &Store, mchid: &Mchid) {
    let mut documents = store.documents(mchid);
    documents.remind(Timestamp::from_unix(1), "thing", "1");
    store.commit(documents).unwrap();
}

fn reminders(store: &Store, mchid: &Mchid) -> usize {
    store.export(mchid).unwrap().reminders.len()
}

/// Waits until another task of the runtime has done something.
fn wait_for_another_task() {
    let (sender, receiver) = mpsc::channel();
    tokio::spawn(async move { sender.send(()) });
    receiver.recv_timeout(Duration::from_secs(9)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn other_tasks_go_on_while_a_change_or_a_look_waits_for_the_store() {
    let gateway = gateway(&Noting::new());
    let merchant = gateway.merchants.merchants().swap_remove(0);
    let waiting = async move {
        gateway.change(ChangedBy::Time, &merchant, |_, _| wait_for_another_task()).unwrap();
        gateway.look(&merchant, |_, _| wait_for_another_task()).unwrap();
    };
    tokio::spawn(waiting).await.unwrap();
}

#[tokio::test]
async fn what_can_not_be_kept_is_due_again() {
    let (state, mchid) = (Noting::new(), "1900000001".parse().unwrap());
    let gateway = gateway(&state);
    let (payer, store) = (Payer::new(Arc::clone(&gateway)), &gateway.store);
    remind(store, &mchid);
    state.lose(true);
    let Turn { happened, failed, .. } = payer.turn().await;
    assert!(happened == 0 && failed.is_some() && reminders(store, &mchid) == 1);
    state.lose(false);
    let Turn { happened, failed, .. } = payer.turn().await;
    assert!(happened == 1 && failed.is_none() && reminders(store, &mchid) == 0);
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_kept_is_tried_again_without_being_told() {
    let (state, mchid) = (Noting::new(), "1900000001".parse().unwrap());
    let gateway = gateway(&state);
    let (payer, store) = (Arc::new(Payer::new(Arc::clone(&gateway))), &gateway.store);
    remind(store, &mchid);
    state.lose(true);
    let waiting = tokio::spawn(payer.wait());
    sleep(STORE_RETRY / 2).await;
    state.lose(false);
    assert_eq!(reminders(store, &mchid), 1);
    sleep(STORE_RETRY).await;
    assert_eq!(reminders(store, &mchid), 0);
    waiting.abort();
}

#[tokio::test]
async fn what_is_due_of_a_merchant_that_only_others_know_is_left_to_them() {
    let gateway = gateway(&Noting::new());
    let (payer, store) = (Payer::new(Arc::clone(&gateway)), &gateway.store);
    let [known, unknown] = ["1900000001", "1900000002"].map(|mchid| mchid.parse().unwrap());
    [&known, &unknown].iter().for_each(|mchid| remind(store, mchid));
    assert_eq!(payer.turn().await.happened, 1);
    assert_eq!([&known, &unknown].map(|mchid| reminders(store, mchid)), [0, 1]);
}
