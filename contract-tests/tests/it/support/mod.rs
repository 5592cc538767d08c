//! Shared by the tests: a connection for raw bytes, and requests signed at a fixed time.

pub(crate) mod curl;
pub(crate) mod receiver;
pub(crate) mod secure;
pub(crate) mod tools;

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    task::yield_now,
    time::timeout,
};
use wechatpay_contract::{
    case::{SAMPLE_BODY, SAMPLE_TARGET},
    sign::{Sign, ToSign},
};
use wechatpay_mock::{Clock, MockServer, Randomness};
use wechatpay_protocol::{Credentials, Timestamp};

/// The time of every mock with a fixed clock.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);

/// A mock with a fixed clock, whose nonces are all the same.
pub(crate) async fn frozen_mock() -> MockServer {
    let randomness = Randomness::fixed(*b"\x5a\x3c\x91\x07\xee\x42\xd8\x10\x6b\xf3\x29\x84\xc5\x0d\x77\xbe");
    MockServer::builder().clock(Clock::fixed(NOW)).randomness(randomness).start().await.unwrap()
}

/// A request to be sent as raw bytes.
#[derive(Clone, Debug)]
pub(crate) struct RawRequest {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) sign: Sign,
    pub(crate) signed_at: Timestamp,
}

impl RawRequest {
    /// The sample call, correctly signed at [`NOW`].
    pub(crate) fn sample() -> Self {
        Self {
            method: "PATCH",
            target: SAMPLE_TARGET.into(),
            headers: ["Accept: application/json", "User-Agent: raw"].map(String::from).into(),
            body: SAMPLE_BODY.into(),
            sign: Sign::Valid,
            signed_at: NOW,
        }
    }

    /// The call that lists the certificates, correctly signed at [`NOW`].
    pub(crate) fn certificates() -> Self {
        Self { method: "GET", target: "/v3/certificates".into(), body: Vec::new(), ..Self::sample() }
    }

    /// A Native order of 1 yuan with this number, correctly signed at [`NOW`].
    pub(crate) fn order(out_trade_no: &str) -> Self {
        let body = serde_json::json!({
            "appid": "wxd678efh567hg6787", "mchid": "1900000001", "description": "测试", "out_trade_no": out_trade_no,
            "notify_url": "http://127.0.0.1:1/notify", "amount": { "total": 100, "currency": "CNY" },
        });
        let (target, body) = ("/v3/pay/transactions/native".into(), body.to_string().into());
        Self { method: "POST", target, body, ..Self::sample() }
    }

    pub(crate) fn header(mut self, line: &str) -> Self {
        self.headers.push(line.into());
        self
    }

    /// Request line, headers and the empty line after them. The caller adds the framing of the body.
    pub(crate) fn head(&self) -> Vec<u8> {
        let to_sign = ToSign {
            method: self.method,
            target: &self.target,
            body: &self.body,
            now: self.signed_at,
            nonce_str: "5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
        };
        let signed = self.sign.sign(&to_sign, &Credentials::development()).unwrap();
        let authorization = signed.authorization.map(|value| format!("Authorization: {value}"));
        let lines = [format!("{} {} HTTP/1.1", self.method, self.target), "Host: mock".into()];
        let lines = lines.into_iter().chain(self.headers.iter().cloned()).chain(authorization);
        (lines.collect::<Vec<_>>().join("\r\n") + "\r\n\r\n").into_bytes()
    }

    /// The same request to that URL, for a client that does its own framing.
    pub(crate) fn to_http(&self, url: &str) -> http::Request<Full<Bytes>> {
        let head = String::from_utf8(self.head()).unwrap();
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let mut request = http::Request::builder().method(self.method).uri(format!("{url}{}", self.target));
        for (name, value) in headers.filter(|(name, _)| *name != "Host") {
            request = request.header(name, value);
        }
        request.body(Full::from(self.body.clone())).unwrap()
    }

    /// The whole request, framed by `Content-Length`.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let framed = self.clone().header(&format!("Content-Length: {}", self.body.len()));
        [framed.head(), self.body.clone()].concat()
    }
}

/// The bytes of a connection over any transport.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection to a mock.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    received: VecDeque<u8>,
}

/// A response as received.
#[derive(Debug)]
pub(crate) struct RawResponse {
    /// Status line and headers, each ended by `\r\n`.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl RawResponse {
    /// The digits of the status line.
    pub(crate) fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// Head and body, readable.
    pub(crate) fn to_text(&self) -> String {
        format!("{}\n{}", self.head.replace("\r\n", "\n"), String::from_utf8_lossy(&self.body))
    }
}

impl Connection {
    pub(crate) async fn open(mock: &MockServer) -> Self {
        let address: SocketAddr = mock.url().trim_start_matches("http://").parse().unwrap();
        Self::over(TcpStream::connect(address).await.unwrap())
    }

    /// Uses an open stream.
    pub(crate) fn over(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream), received: VecDeque::new() }
    }

    /// The stream. Everything received must have been read.
    pub(crate) fn into_stream(self) -> Box<dyn Stream> {
        assert!(self.received.is_empty(), "{:?}", self.received);
        self.stream
    }

    /// All bytes until the connection ends, and whether it ended without an error.
    pub(crate) async fn rest(&mut self) -> (Vec<u8>, bool) {
        let mut rest: Vec<u8> = self.received.drain(..).collect();
        let end = self.stream.read_to_end(&mut rest).await;
        (rest, end.is_ok())
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Closes the sending side.
    pub(crate) async fn finish_sending(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// The next response. Its body has a `Content-Length`, or is sent in chunks.
    pub(crate) async fn response(&mut self) -> RawResponse {
        let head = self.head().await;
        if head.contains("\r\nTransfer-Encoding: chunked\r\n") {
            return RawResponse { head, body: self.chunks().await };
        }
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let body = self.take(length.map_or(0, |length| length.parse().unwrap())).await;
        RawResponse { head, body }
    }

    /// Status line and headers of the next response. The body is still to be read.
    pub(crate) async fn head(&mut self) -> String {
        String::from_utf8(self.take_until(b"\r\n\r\n").await).unwrap()
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk().await;
            if chunk.is_empty() {
                return body;
            }
            body.extend(chunk);
        }
    }

    /// The next chunk of a body; the last one is empty.
    pub(crate) async fn chunk(&mut self) -> Vec<u8> {
        let line = String::from_utf8(self.take_until(b"\r\n").await).unwrap();
        let length = usize::from_str_radix(line.trim_end(), 16).unwrap();
        let chunk = self.take(length).await;
        assert_eq!(self.take(2).await, b"\r\n");
        chunk
    }

    /// Whether the peer has closed the connection, with nothing left to read.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.received.is_empty() && !self.receive().await
    }

    async fn take_until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            let received = self.received.make_contiguous();
            if let Some(at) = received.windows(end.len()).position(|window| window == end) {
                return self.received.drain(..at + end.len()).collect();
            }
            assert!(
                self.receive().await,
                "the connection ended within the head of a response: {:?}",
                self.received
            );
        }
    }

    async fn take(&mut self, length: usize) -> Vec<u8> {
        while self.received.len() < length {
            assert!(self.receive().await, "the connection ended within a body");
        }
        self.received.drain(..length).collect()
    }

    /// Waits for more bytes; `false` at the end.
    async fn receive(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        let length = self.stream.read(&mut buffer).await.unwrap_or(0);
        self.received.extend(&buffer[..length]);
        length > 0
    }
}

/// Returns once an exchange is in the journal, even if its response is not sent yet.
pub(crate) async fn recorded(mock: &MockServer) {
    while mock.exchanges().is_empty() {
        yield_now().await;
    }
}

/// Awaits the future with a generous timeout.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(30), future).await.expect("timed out")
}

/// The response to one request on its own connection.
pub(crate) async fn exchange(mock: &MockServer, request: &RawRequest) -> RawResponse {
    let mut connection = Connection::open(mock).await;
    connection.send(&request.to_bytes()).await;
    connection.response().await
}
