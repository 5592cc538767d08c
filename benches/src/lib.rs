//! Signed sample requests, and a mock that takes them without a socket.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use wechatpay_mock::MockServer;
use wechatpay_protocol::{
    Authorization, Credentials, DecryptingKey, EncryptingKey, Nonce, RequestMessage, SigningKey, Timestamp,
};

const TARGET: &str =
    "/v3/marketing/membercard-open/cards/pbLatjvWOibDc5-TBnbUk1pD12o0/codes/478515832665/rights";

/// Signs sample requests as the development merchant, each with its own request number and nonce.
pub struct Signer {
    merchant: Credentials,
    key: SigningKey,
    /// The name of a user, encrypted for the development mock.
    user_name: String,
    run: u64,
}

/// Decrypts what is encrypted for the development mock.
///
/// # Panics
/// If its key is malformed.
pub fn decrypting_key() -> DecryptingKey {
    let key = include_str!("../../fixtures/credentials/pub_key_private.pem");
    DecryptingKey::from_pem(key).expect("the mock's key is valid")
}

impl Signer {
    /// A signer whose request numbers and nonces differ from those of any other `run`.
    ///
    /// # Panics
    /// If a development key is malformed.
    pub fn new(run: u64) -> Self {
        let merchant = Credentials::development();
        let key = SigningKey::from_pem(&merchant.merchant_key).expect("the development key is valid");
        let mocks = EncryptingKey::from_pem(include_str!("../../fixtures/credentials/pub_key.pem"));
        let user_name = mocks.expect("the mock's key is valid").encrypt("张三").expect("a name is short");
        Self { merchant, key, user_name, run }
    }

    /// The name of a user, encrypted for the development mock.
    pub fn user_name(&self) -> &str {
        &self.user_name
    }

    /// The development merchant's key.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The request with this number, as HTTP/1.1.
    pub fn request(&self, number: u64, timestamp: Timestamp) -> Vec<u8> {
        let body = format!(
            r#"{{"before_bonus_value":500,"bonus_value":600,"add_bonus_value":100,"out_request_no":"bench-{:016}-{number:08}"}}"#,
            self.run
        );
        self.signed("PATCH", TARGET, &body, number, timestamp)
    }

    /// An order with this number, as HTTP/1.1. `prefix` is the beginning of its `out_trade_no`.
    pub fn order(&self, prefix: &str, number: u64, notify_url: &str, timestamp: Timestamp) -> Vec<u8> {
        let (mchid, run) = (&self.merchant.mchid, self.run % 1_000_000_000);
        let body = format!(
            r#"{{"appid":"wxd678efh567hg6787","mchid":"{mchid}","description":"bench","out_trade_no":"{prefix}{run:09}{number:08}","notify_url":"{notify_url}","amount":{{"total":100,"currency":"CNY"}},"payer":{{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}}}"#
        );
        self.signed("POST", "/v3/pay/transactions/jsapi", &body, number, timestamp)
    }

    /// A query of the order with `order` as its number, as HTTP/1.1.
    pub fn query(&self, prefix: &str, order: u64, number: u64, timestamp: Timestamp) -> Vec<u8> {
        let (mchid, run) = (&self.merchant.mchid, self.run % 1_000_000_000);
        let target = format!("/v3/pay/transactions/out-trade-no/{prefix}{run:09}{order:08}?mchid={mchid}");
        self.signed("GET", &target, "", number, timestamp)
    }

    /// A transfer with this number to a user who is named, as HTTP/1.1.
    pub fn transfer(&self, number: u64, timestamp: Timestamp) -> Vec<u8> {
        let (user_name, run) = (&self.user_name, self.run % 1_000_000_000);
        let body = format!(
            r#"{{"appid":"wxd678efh567hg6787","out_bill_no":"bench{run:09}{number:08}","transfer_scene_id":"1000","openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o","user_name":"{user_name}","transfer_amount":200000,"transfer_remark":"bench","transfer_scene_report_infos":[{{"info_type":"活动名称","info_content":"bench"}},{{"info_type":"奖励说明","info_content":"bench"}}]}}"#
        );
        self.signed("POST", "/v3/fund-app/mch-transfer/transfer-bills", &body, number, timestamp)
    }

    /// A refund of the order with `order` as its number, as HTTP/1.1.
    pub fn refund(
        &self,
        prefix: &str,
        order: u64,
        number: u64,
        notify_url: &str,
        timestamp: Timestamp,
    ) -> Vec<u8> {
        let run = self.run % 1_000_000_000;
        let body = format!(
            r#"{{"out_trade_no":"{prefix}{run:09}{order:08}","out_refund_no":"R{run:09}{order:08}","notify_url":"{notify_url}","amount":{{"refund":30,"total":100,"currency":"CNY"}}}}"#
        );
        self.signed("POST", "/v3/refund/domestic/refunds", &body, number, timestamp)
    }

    fn signed(&self, method: &str, target: &str, body: &str, number: u64, timestamp: Timestamp) -> Vec<u8> {
        let nonce = Nonce::from_random((u128::from(self.run) << 64 | u128::from(number)).to_be_bytes());
        let message =
            RequestMessage { method, target, timestamp, nonce_str: nonce.as_str(), body: body.as_bytes() };
        let signature = self.key.sign(&message.to_bytes());
        let Credentials { mchid, merchant_serial, public_key, .. } = &self.merchant;
        let authorization = Authorization::new(mchid, merchant_serial, timestamp, &nonce, &signature);
        let serial = public_key.as_ref().map(|(id, _)| id.to_string()).unwrap_or_default();
        format!(
            "{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nUser-Agent: bench\r\n\
             Content-Type: application/json\r\nWechatpay-Serial: {serial}\r\nAuthorization: {authorization}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

/// A connection to a mock in this process, through memory.
pub struct Connection {
    stream: DuplexStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects to this mock. A task of the current runtime serves the connection.
    pub fn open(server: &Arc<MockServer>) -> Self {
        let (stream, served) = tokio::io::duplex(64 * 1024);
        let server = Arc::clone(server);
        tokio::spawn(async move { server.serve_connection(served).await });
        Self { stream, received: Vec::new() }
    }

    /// Sends a request and waits for its response.
    ///
    /// # Panics
    /// If the response is not an empty 204.
    pub async fn call(&mut self, request: &[u8]) {
        self.received.clear();
        self.stream.write_all(request).await.expect("the mock reads");
        while !self.received.ends_with(b"\r\n\r\n") {
            let length = self.stream.read_buf(&mut self.received).await.expect("the mock writes");
            assert_ne!(length, 0, "the mock closed the connection");
        }
        assert!(
            self.received.starts_with(b"HTTP/1.1 204 "),
            "expected a 204, found {}",
            String::from_utf8_lossy(&self.received)
        );
    }
}
