//! Ways of signing that are unlike the gateway, as the unchanged client gets them over a real socket.

mod ahead;
mod off;
mod shared;

use wechatpay_client::{Client, RightsChange, Trust};
use wechatpay_mock::{AnswerSignature, Clock, MockServer, Signatures};
use wechatpay_protocol::ResponseSignature;

use crate::support::{NOW, RawRequest, exchange};

/// A mock that signs so, whose clock stands still until it is told otherwise.
async fn mock(signatures: Signatures) -> MockServer {
    MockServer::builder().signatures(signatures).clock(Clock::fixed(NOW)).start().await.unwrap()
}

/// A client that goes by the mock's clock.
fn client(mock: &MockServer, trust: Trust) -> Client {
    let clock = mock.clock().clone();
    let builder = Client::builder().base_url(&mock.url()).credentials(&mock.credentials());
    builder.trust(trust).clock(move || clock.now()).build().unwrap()
}

/// What signs the answer to the sample call, which has no body.
async fn signature(client: &Client) -> ResponseSignature {
    client.set_rights("card", "1", &RightsChange::new("1")).await.unwrap().signature().clone()
}

/// How the answers so far were signed, oldest first.
fn journal(mock: &MockServer) -> Vec<AnswerSignature> {
    mock.exchanges().iter().map(|exchange| exchange.answer_signature).collect()
}

#[tokio::test]
async fn told_nothing_the_mock_signs_each_answer_by_itself() {
    let mock = mock(Signatures::default()).await;
    let client = client(&mock, Trust::PublicKey);
    assert_ne!(signature(&client).await.nonce, signature(&client).await.nonce);
    exchange(&mock, &RawRequest { body: b"{".into(), ..RawRequest::sample() }).await;
    assert_eq!(journal(&mock), [AnswerSignature::Fresh, AnswerSignature::Fresh, AnswerSignature::None]);
}
