//! `--signature-reuse`: answers without a body share a signature.

use http::Method;

use super::*;
use wechatpay_mock::{Fault, FaultRule};

async fn for_10_seconds() -> MockServer {
    mock(Signatures::reused_for(10).unwrap()).await
}

#[tokio::test]
async fn answers_without_a_body_share_a_signature_until_the_time_is_over() {
    let mock = for_10_seconds().await;
    let client = client(&mock, Trust::PublicKey);
    let first = signature(&client).await;
    mock.clock().advance(9);
    assert_eq!(signature(&client).await, first);
    mock.clock().advance(1);
    let second = signature(&client).await;
    assert_ne!(second.nonce, first.nonce);
    assert_eq!(second.timestamp, mock.clock().now());
    assert_eq!(signature(&client).await, second);
    assert_eq!(journal(&mock), [AnswerSignature::Reused; 4]);
}

#[tokio::test]
async fn a_clock_that_goes_back_makes_a_new_one() {
    let mock = for_10_seconds().await;
    let client = client(&mock, Trust::PublicKey);
    signature(&client).await;
    mock.clock().advance(-1);
    assert_eq!(signature(&client).await.timestamp, mock.clock().now());
}

#[tokio::test]
async fn each_key_has_its_own() {
    let mock = for_10_seconds().await;
    let [one, other] = [Trust::PublicKey, Trust::Certificate].map(|trust| client(&mock, trust));
    let (first, second) = (signature(&one).await, signature(&other).await);
    assert_ne!(first.serial, second.serial);
    assert_eq!([signature(&one).await, signature(&other).await], [first, second]);
}

#[tokio::test]
async fn all_who_ask_at_once_share_it() {
    let mock = for_10_seconds().await;
    let client = client(&mock, Trust::PublicKey);
    let asked = (0..20).map(|_| signature(&client));
    let signatures = futures_util::future::join_all(asked).await;
    assert!(signatures.iter().all(|one| *one == signatures[0]));
}

#[tokio::test]
async fn an_answer_with_a_body_is_signed_by_itself() {
    let mock = for_10_seconds().await;
    let client = client(&mock, Trust::PublicKey);
    let target = "/v3/marketing/membercard-open/cards/card/codes/1".parse().unwrap();
    signature(&client).await;
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let answer = client.send(Method::GET, &target, "").await.unwrap();
        assert!(!answer.body().is_empty());
        nonces.push(answer.signature().nonce.clone());
    }
    assert_ne!(nonces[0], nonces[1]);
    assert_eq!(journal(&mock)[1..], [AnswerSignature::Fresh; 2]);
}

#[tokio::test]
async fn a_fault_spoils_its_own_answer_only() {
    let mock = for_10_seconds().await;
    let client = client(&mock, Trust::PublicKey);
    let first = signature(&client).await;
    for fault in [Fault::WrongKey, Fault::AlteredNonce, Fault::StaleTimestamp, Fault::Unsigned] {
        mock.add_fault(FaultRule { times: Some(1), ..FaultRule::of(fault) }).unwrap();
        let change = RightsChange::new("2");
        assert!(client.set_rights("card", "1", &change).await.unwrap_err().unverified().is_some(), "{fault}");
        assert_eq!(signature(&client).await, first, "{fault}");
    }
}
