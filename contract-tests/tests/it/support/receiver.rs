//! An application's `notify_url`: keeps what arrives, and answers what the test wants.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::timeout,
};
use wechatpay_protocol::{
    Callback, Certificate, Credentials, KeyId, ResponseSignature, Signature, Timestamp, VerifyingKey,
};

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
pub(crate) const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";
pub(crate) const FAILED: &str = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 34\r\n\r\n{\"code\":\"FAIL\",\"message\":\"失败\"}";

/// How long a test waits for a callback.
const LONG: Duration = Duration::from_secs(30);

pub(crate) struct Receiver {
    address: SocketAddr,
    received: mpsc::UnboundedReceiver<Received>,
    accepting: JoinHandle<()>,
    /// Permits to answer.
    turns: Arc<Semaphore>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Method and target.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Receiver {
    /// Answers each of these in turn, and the last one from then on.
    pub(crate) async fn start(answers: &[&'static str]) -> Self {
        Self::start_with(answers, Semaphore::MAX_PERMITS).await
    }

    /// Answers only as often as the test lets it.
    pub(crate) async fn start_slow(answers: &[&'static str]) -> Self {
        Self::start_with(answers, 0).await
    }

    async fn start_with(answers: &[&'static str], turns: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = mpsc::unbounded_channel();
        let answers = Arc::new(Mutex::new(VecDeque::from(answers.to_vec())));
        let turns = Arc::new(Semaphore::new(turns));
        let permits = Arc::clone(&turns);
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, sender.clone(), Arc::clone(&answers), Arc::clone(&permits)));
            }
        });
        Self { address, received, accepting, turns }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/notify?a=1", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The next request; fails if none arrives.
    pub(crate) async fn next(&mut self) -> Received {
        timeout(LONG, self.received.recv()).await.expect("a callback arrives").unwrap()
    }

    /// The next request, if one has arrived.
    pub(crate) fn arrived(&mut self) -> Option<Received> {
        self.received.try_recv().ok()
    }

    /// Lets it answer this often.
    pub(crate) fn answer(&self, times: usize) {
        self.turns.add_permits(times);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Serves one connection.
pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    received: mpsc::UnboundedSender<Received>,
    answers: Arc<Mutex<VecDeque<&'static str>>>,
    turns: Arc<Semaphore>,
) {
    let mut buffer = Vec::new();
    loop {
        let request = loop {
            if let Some((request, length)) = parse(&buffer) {
                buffer.drain(..length);
                break request;
            }
            if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        };
        let _ = received.send(request);
        turns.acquire().await.unwrap().forget();
        let answer = {
            let mut answers = answers.lock().unwrap();
            let first = answers[0];
            if answers.len() > 1 {
                answers.pop_front();
            }
            first
        };
        if answer.is_empty() || stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn parse(buffer: &[u8]) -> Option<(Received, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = request.parse(buffer).unwrap() else { return None };
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|header| (header.name.to_owned(), String::from_utf8(header.value.to_vec()).unwrap()))
        .collect();
    let line = format!("{} {}", request.method.unwrap(), request.path.unwrap());
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    let body = buffer.get(head..head + length)?.to_vec();
    Some((Received { line, headers, body }, head + length))
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn signature(&self) -> Option<ResponseSignature> {
        let headers = self.headers.iter().map(|(name, value)| {
            (http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap())
        });
        ResponseSignature::from_headers(&headers.collect()).ok()
    }

    /// What a careful receiver with these credentials finds.
    pub(crate) fn verify(&self, credentials: &Credentials, now: Timestamp) -> Result<Vec<u8>, String> {
        let signed = self.signature().ok_or("headers")?;
        if signed.timestamp.skew(now) > Timestamp::MAX_SKEW {
            return Err("timestamp".into());
        }
        let key = key(credentials, &signed.serial).ok_or("serial")?;
        let signature: Signature = signed.signature.parse().map_err(|_| "signature")?;
        key.verify(&signed.message(&self.body).to_bytes(), &signature).map_err(|_| "signature")?;
        let callback: Callback = serde_json::from_slice(&self.body).map_err(|_| "body")?;
        callback.decrypt(&credentials.apiv3_key).map_err(|_| "resource".into())
    }
}

/// The gateway's key with this ID.
fn key(credentials: &Credentials, serial: &KeyId) -> Option<VerifyingKey> {
    match serial {
        KeyId::Certificate(serial) => {
            let (_, pem) = credentials.platform_certificate.as_ref().filter(|(known, _)| known == serial)?;
            Some(Certificate::from_pem(pem).unwrap().verifying_key().clone())
        }
        KeyId::PublicKey(id) => {
            let (_, pem) = credentials.public_key.as_ref().filter(|(known, _)| known == id)?;
            Some(VerifyingKey::from_pem(pem).unwrap())
        }
    }
}
