//! A gateway with the responses of a test, which records the requests it receives.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use wechatpay_client::{Builder, Client};
use wechatpay_protocol::{Credentials, KeyId, Nonce, ResponseSignature, SigningKey, Timestamp};

pub(crate) const PLATFORM_KEY: &str = include_str!("../../../fixtures/credentials/platform_key.pem");
pub(crate) const PUBLIC_KEY: &str = include_str!("../../../fixtures/credentials/pub_key_private.pem");
pub(crate) const STRANGERS_KEY: &str = include_str!("../../../fixtures/credentials/other_key.pem");

pub(crate) const SERIAL_NO: &str = "6B02BF8E93D977998EC83F5E1A7E346B7265A191";
pub(crate) const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000000012026010100000000000001";

/// The time in every test that does not need the real one.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_756_951_532);

/// How a test's gateway responds to a request: with these bytes, or never.
pub(crate) type Reaction = Option<Vec<u8>>;

pub(crate) struct Gateway {
    base_url: String,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
}

/// A request as it came in.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Gateway {
    /// Listens on a free port until the test's runtime ends.
    pub(crate) async fn new(react: impl Fn(&Received) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (journal, count) = (received.clone(), connections.clone());
        let react = Arc::new(react);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(connection, react.clone(), journal.clone()));
            }
        });
        Self { base_url, received, connections }
    }

    pub(crate) async fn responding(response: Response) -> Self {
        Self::new(move |_| Some(response.to_bytes())).await
    }

    /// A development merchant's client of this gateway, at [`NOW`].
    pub(crate) fn client(&self) -> Builder {
        Client::builder().base_url(&self.base_url).clock(|| NOW)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// How many connections were opened.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Received {
    pub(crate) fn request_line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    /// The header of this name, compared with its case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

async fn serve(
    mut connection: TcpStream,
    react: Arc<dyn Fn(&Received) -> Reaction + Send + Sync>,
    journal: Arc<Mutex<Vec<Received>>>,
) {
    while let Some(request) = receive(&mut connection).await {
        journal.lock().unwrap().push(request.clone());
        match react(&request) {
            Some(bytes) => connection.write_all(&bytes).await.unwrap(),
            None => std::future::pending().await,
        }
    }
}

async fn receive(connection: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let request = Received { head, body: bytes.split_off(end + 4) };
            let length = request.header("Content-Length").map_or(0, |length| length.parse().unwrap());
            if request.body.len() == length {
                return Some(request);
            }
            bytes = [request.head.as_bytes(), b"\r\n\r\n", &request.body].concat();
        }
        if connection.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// A response under construction.
#[derive(Clone)]
pub(crate) struct Response {
    pub(crate) status: &'static str,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// A response without signature.
    pub(crate) fn unsigned(status: &'static str, body: &str) -> Self {
        Self { status, headers: vec![("Request-ID".into(), "08F2-03".into())], body: body.into() }
    }

    /// An empty 204, correctly signed with the public key at [`NOW`].
    pub(crate) fn no_content() -> Self {
        Self::unsigned("204 No Content", "").signed(NOW, PUBLIC_KEY_ID, PUBLIC_KEY)
    }

    /// Adds the five headers.
    pub(crate) fn signed(mut self, at: Timestamp, key_id: &str, private_key: &str) -> Self {
        let mut signature = ResponseSignature {
            timestamp: at,
            nonce: Nonce::from_random([7; 16]),
            serial: key_id.parse::<KeyId>().unwrap(),
            signature: String::new(),
        };
        let key = SigningKey::from_pem(private_key).unwrap();
        signature.signature = key.sign(&signature.message(&self.body).to_bytes()).to_string();
        for (name, value) in signature.to_headers() {
            self.headers.push((name.to_string(), value.to_str().unwrap().into()));
        }
        self
    }

    /// Leaves a header out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(given, _)| given != name);
        self
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {}\r\nContent-Length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        bytes.push_str("\r\n");
        [bytes.as_bytes(), &self.body].concat()
    }
}

/// The development platform's certificate.
pub(crate) fn platform_certificate() -> String {
    Credentials::development().platform_certificate.unwrap().1
}
