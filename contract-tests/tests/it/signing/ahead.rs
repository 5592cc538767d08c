//! `--signed-ahead`: answers without a body find their signature ready.

use std::collections::HashSet;

use http::Method;
use tokio::task::yield_now;
use wechatpay_mock::{Fault, FaultRule, Randomness};

use super::*;
use crate::support::soon;

const MOST: usize = 20;

/// A mock that goes by the machine's clock and has all signatures ready that it may have, and a client.
async fn ready() -> (MockServer, Client) {
    let ahead = Signatures::ahead(MOST as u64).unwrap();
    let mock = MockServer::builder().signatures(ahead).start().await.unwrap();
    let client = client(&mock, Trust::PublicKey);
    signature(&client).await;
    soon(async {
        while mock.signed_ahead() < MOST {
            yield_now().await;
        }
    })
    .await;
    (mock, client)
}

#[tokio::test]
async fn each_signature_is_used_once_and_holds() {
    let (mock, client) = ready().await;
    let mut nonces = HashSet::new();
    for _ in 0..MOST {
        assert!(nonces.insert(signature(&client).await.nonce.as_str().to_owned()));
    }
    let journal = journal(&mock);
    assert_eq!(journal[0], AnswerSignature::Fresh, "none is made before somebody asks for something");
    assert_eq!(journal[1..], [AnswerSignature::Ahead; MOST]);
}

#[tokio::test]
async fn a_burst_of_more_than_are_ready_is_answered_all_the_same() {
    let (_mock, client) = ready().await;
    let asked = (0..2 * MOST).map(|_| signature(&client));
    let nonces = futures_util::future::join_all(asked).await;
    let different: HashSet<_> = nonces.iter().map(|one| one.nonce.as_str()).collect();
    assert_eq!(different.len(), 2 * MOST);
}

#[tokio::test]
async fn however_the_clock_is_moved_none_is_older_than_5_seconds_or_from_the_future() {
    let (mock, client) = ready().await;
    for seconds in [6, -100, 1000] {
        mock.clock().advance(seconds);
        let signed = signature(&client).await.timestamp.as_unix();
        let now = mock.clock().now().as_unix();
        assert!((now - 5..=now).contains(&signed), "{seconds}: {signed} at {now}");
    }
}

#[tokio::test]
async fn where_the_clock_stands_still_each_answer_is_signed_when_it_is_made() {
    let (mock, client) = ready().await;
    let now = mock.clock().freeze(None);
    assert_eq!(signature(&client).await.timestamp, now);
    assert_eq!(*journal(&mock).last().unwrap(), AnswerSignature::Fresh);
}

#[tokio::test]
async fn an_answer_with_a_body_is_signed_when_it_is_made() {
    let (mock, client) = ready().await;
    let target = "/v3/marketing/membercard-open/cards/card/codes/1".parse().unwrap();
    client.send(Method::GET, &target, "").await.unwrap();
    assert_eq!(*journal(&mock).last().unwrap(), AnswerSignature::Fresh);
}

#[tokio::test]
async fn a_fault_spoils_a_signature_that_was_ready() {
    let (mock, client) = ready().await;
    mock.add_fault(FaultRule { times: Some(1), ..FaultRule::of(Fault::WrongKey) }).unwrap();
    let change = RightsChange::new("2");
    assert!(client.set_rights("card", "1", &change).await.unwrap_err().unverified().is_some());
    signature(&client).await;
    assert_eq!(journal(&mock)[1..], [AnswerSignature::Ahead; 2]);
}

#[tokio::test]
async fn nothing_is_left_when_the_mock_has_ended() {
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = alive();
    let (mock, client) = ready().await;
    drop((mock, client));
    soon(async {
        while alive() > before {
            yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_is_signed_ahead_where_chance_is_fixed() {
    let ahead = Signatures::ahead(MOST as u64).unwrap();
    let randomness = Randomness::fixed([7; 16]);
    let mock = MockServer::builder().signatures(ahead).randomness(randomness).start().await.unwrap();
    let client = client(&mock, Trust::PublicKey);
    for _ in 0..3 {
        signature(&client).await;
    }
    assert_eq!(journal(&mock), [AnswerSignature::Fresh; 3]);
}
