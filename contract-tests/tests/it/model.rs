//! The points of each code are what a simple model says, whoever changes them, in whatever order.

use std::collections::HashMap;

use proptest::prelude::*;
use tokio::runtime::Runtime;
use wechatpay_client::{Client, RightsChange, Target};
use wechatpay_mock::MockServer;

const CARD_ID: &str = "pbLatjvWOibDc5-TBnbUk1pD12o0";
const CODES: [&str; 3] = ["1", "2", "3"];

/// A change of points that any client may send, once or several times.
#[derive(Clone, Debug)]
struct Change {
    number: usize,
    code: &'static str,
    add: i64,
    /// Which clients send it: the same change, with the same number.
    senders: Vec<usize>,
}

const CLIENTS: usize = 4;

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let senders = prop::collection::vec(0..CLIENTS, 1..4);
    let change = (prop::sample::select(CODES.to_vec()), -1000..1000_i64, senders);
    prop::collection::vec(change, 1..16).prop_map(|changes| {
        let numbered = changes.into_iter().enumerate();
        numbered.map(|(number, (code, add, senders))| Change { number, code, add, senders }).collect()
    })
}

#[test]
fn the_points_of_each_code_equal_the_models_after_changes_by_concurrent_clients() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    proptest!(ProptestConfig::with_cases(48), |(changes in changes())| {
        let mock = runtime.block_on(MockServer::builder().start()).unwrap();
        send(&runtime, &mock, &changes);
        let client = client(&mock);
        for code in CODES {
            let model: i64 = changes.iter().filter(|change| change.code == code).map(|change| change.add).sum();
            prop_assert_eq!(runtime.block_on(points(&client, code)), model, "code {}", code);
        }
    });
}

#[test]
fn the_same_request_sent_twice_leaves_the_points_as_once() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    proptest!(ProptestConfig::with_cases(48), |(add: i32, before: Option<i32>, total: Option<i32>)| {
        let mock = runtime.block_on(MockServer::builder().start()).unwrap();
        let client = client(&mock);
        let mut change = RightsChange::new("once");
        change.add_bonus_value = Some(add.into());
        change.before_bonus_value = before.map(i64::from);
        change.bonus_value = total.map(i64::from);
        let mut after = Vec::new();
        for _ in 0..2 {
            runtime.block_on(client.set_rights(CARD_ID, "1", &change)).unwrap();
            after.push(runtime.block_on(points(&client, "1")));
        }
        prop_assert_eq!(after[0], after[1]);
    });
}

fn client(mock: &MockServer) -> Client {
    Client::builder().base_url(&mock.url()).credentials(&mock.credentials()).build().unwrap()
}

/// Lets every client send its changes, all clients at once.
fn send(runtime: &Runtime, mock: &MockServer, changes: &[Change]) {
    let mut outboxes: HashMap<usize, Vec<Change>> = HashMap::new();
    for change in changes {
        for sender in &change.senders {
            outboxes.entry(*sender).or_default().push(change.clone());
        }
    }
    let sending = outboxes.into_values().map(|outbox| {
        let client = client(mock);
        runtime.spawn(async move {
            for change in outbox {
                let mut rights = RightsChange::new(change.number.to_string());
                rights.add_bonus_value = Some(change.add);
                client.set_rights(CARD_ID, change.code, &rights).await.unwrap();
            }
        })
    });
    let sending: Vec<_> = sending.collect();
    for client in sending {
        runtime.block_on(client).unwrap();
    }
}

async fn points(client: &Client, code: &str) -> i64 {
    let target: Target =
        format!("/v3/marketing/membercard-open/cards/{CARD_ID}/codes/{code}").parse().unwrap();
    let verified = client.send(http::Method::GET, &target, "").await.unwrap();
    let card: serde_json::Value = serde_json::from_slice(verified.body()).unwrap();
    card["bonus_value"].as_i64().unwrap()
}
