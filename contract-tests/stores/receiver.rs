//! The merchants' `notify_url`: remembers what arrives, and can leave it without an answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Instant,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};
use wechatpay_protocol::{Callback, Credentials};

/// What a callback is about: its type, and the merchant's number of the order or refund.
pub(crate) type About = (String, String);

pub(crate) struct Receiver {
    pub(crate) url: String,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    arrived: Mutex<BTreeMap<About, Arrivals>>,
    /// What was not answered before its sender was gone.
    broken: Mutex<BTreeSet<About>>,
    /// Whether answers wait, and how many do.
    holds: watch::Sender<bool>,
    held: watch::Sender<usize>,
}

/// What arrived about one thing.
#[derive(Clone, Debug)]
pub(crate) struct Arrivals {
    /// The callbacks' IDs: each callback has its own, whenever it is sent again.
    pub(crate) ids: BTreeSet<String>,
    pub(crate) count: usize,
    pub(crate) last: Instant,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/notify", listener.local_addr().unwrap());
        let state = Arc::<State>::default();
        let own = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&own)));
            }
        });
        Self { url, state, accepting }
    }

    /// What arrived so far.
    pub(crate) fn arrived(&self) -> BTreeMap<About, Arrivals> {
        self.state.arrived.lock().unwrap().clone()
    }

    /// From now on, answers wait for `release`.
    pub(crate) fn hold(&self) {
        self.state.holds.send_replace(true);
    }

    /// Resolves once so many callbacks wait for their answers.
    pub(crate) async fn holds(&self, count: usize) {
        self.state.held.subscribe().wait_for(|held| *held >= count).await.unwrap();
    }

    pub(crate) fn release(&self) {
        self.state.holds.send_replace(false);
    }

    /// The callbacks whose senders were gone before there was an answer.
    pub(crate) fn broken(&self) -> BTreeSet<About> {
        self.state.broken.lock().unwrap().clone()
    }
}

impl State {
    fn arrived(&self, about: &About, id: String) {
        let now = Instant::now();
        let mut arrived = self.arrived.lock().unwrap();
        let arrivals = arrived.entry(about.clone());
        let arrivals = arrivals.or_insert_with(|| Arrivals { ids: BTreeSet::new(), count: 0, last: now });
        arrivals.ids.insert(id);
        arrivals.count += 1;
        arrivals.last = now;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let mut buffer = Vec::new();
    loop {
        let body = loop {
            if let Some((body, length)) = body(&buffer) {
                buffer.drain(..length);
                break body;
            }
            if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        };
        let (id, about) = read(&body);
        state.arrived(&about, id);
        let mut holds = state.holds.subscribe();
        if *holds.borrow() {
            state.held.send_modify(|held| *held += 1);
            let is_broken = tokio::select! {
                _ = holds.wait_for(|holds| !holds) => false,
                _ = stream.read_u8() => true,
            };
            state.held.send_modify(|held| *held -= 1);
            if is_broken {
                state.broken.lock().unwrap().insert(about);
                return;
            }
        }
        if stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
            return;
        }
    }
}

/// The body of the first request, and the request's length.
fn body(buffer: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = request.parse(buffer).unwrap() else { return None };
    let length = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length: usize =
        length.map_or(0, |header| std::str::from_utf8(header.value).unwrap().parse().unwrap());
    Some((buffer.get(head..head + length)?.to_vec(), head + length))
}

fn read(body: &[u8]) -> (String, About) {
    let callback: Callback = serde_json::from_slice(body).unwrap();
    // All merchants of these tests have the same key.
    let data = callback.decrypt(&Credentials::development().apiv3_key).unwrap();
    let data: Value = serde_json::from_slice(&data).unwrap();
    let number = data["out_refund_no"].as_str().or(data["out_trade_no"].as_str()).unwrap();
    (callback.id, (callback.event_type, number.to_owned()))
}
