//! A right receiver of callbacks, and the same with a hole.

use std::{
    collections::HashSet,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Barrier,
    task::JoinHandle,
};
use wechatpay_protocol::{Callback, Credentials, ResponseMessage, Signature, Timestamp, VerifyingKey};

/// What a receiver does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hole {
    None,
    /// It does not verify signatures.
    NoSignature,
    /// It takes a callback without a signature.
    TakesUnsigned,
    /// It tries all keys.
    AnyKey,
    NoTimestamp,
    /// It checks that the timestamp is not old, and nothing else.
    TakesFuture,
    TakesSigntest,
    /// It verifies a body that it has printed itself.
    Reprints,
    CaseSensitive,
    /// It has no platform certificate.
    OneKey,
    /// It acts on a callback that does not decrypt.
    IgnoresTag,
    TakesPlainText,
    StrictFields,
    StrictData,
    NeedsAssociatedData,
    NeedsPayer,
    NeedsAttach,
    /// It refuses a callback whose event is old.
    RefusesOldEvents,
    RefusesUnknownEvents,
    RefusesMemberCards,
    NeedsSuccessTime,
    SmallBodies,
    CountsTwice,
    /// It recognizes a repeated event by the callback's id alone.
    CountsById,
    /// It looks whether it knows the payment, and notes it only later.
    Races,
    RefusesRepeats,
    /// It acts before it verifies.
    ActsFirst,
    CrashesWithoutHeaders,
    FailsWithoutHeaders,
    CrashesOnBrokenJson,
    Answers201,
    AnswersXml,
    RefusesWith200,
    IgnoresAmount,
    IgnoresMchid,
    IgnoresAppid,
    ActsOnUnknownOrders,
    RefusesAll,
    TakesAll,
    /// It takes everything and does nothing.
    NeverActs,
    /// It answers nothing.
    Hangs,
    /// It answers nothing but the first callback.
    HangsLater,
    Resets,
    /// It ends with the first forged callback.
    Dies,
    /// It redirects to this port.
    Redirects(u16),
}

/// The order that a receiver knows; without one it acts on all.
pub(super) const ORDER: &str =
    r#"{"out_trade_no": "A20260001", "amount": {"total": 4200, "payer_total": 4200}}"#;

pub(super) struct Receiver {
    pub(super) url: String,
    pub(super) state: Arc<State>,
    running: JoinHandle<()>,
}

pub(super) struct State {
    hole: Hole,
    knows_order: bool,
    /// How many requests have arrived.
    pub(super) requests: AtomicU64,
    count: AtomicU64,
    /// Numbers of payments and refunds that it has acted on, and ids of callbacks.
    known: Mutex<HashSet<String>>,
    both: Barrier,
}

enum Reply {
    Status(u16),
    Body(u16, &'static str),
    Redirect(u16),
    Close,
    Never,
    Die,
}

type Names = Vec<(String, String)>;

impl Drop for Receiver {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Receiver {
    pub(super) async fn start(hole: Hole, knows_order: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            hole,
            knows_order,
            requests: AtomicU64::new(0),
            count: AtomicU64::new(0),
            known: Mutex::default(),
            both: Barrier::new(2),
        });
        let running = tokio::spawn({
            let state = Arc::clone(&state);
            async move {
                let (end, mut ended) = tokio::sync::mpsc::channel(1);
                loop {
                    let (stream, _) = tokio::select! {
                        accepted = listener.accept() => accepted.unwrap(),
                        // Nobody can connect any more before the peer learns that this connection has ended.
                        _ = ended.recv() => return drop(listener),
                    };
                    let (state, end) = (Arc::clone(&state), end.clone());
                    tokio::spawn(async move {
                        if let Some(stream) = serve(stream, &state).await {
                            end.send(stream).await.unwrap();
                        }
                    });
                }
            }
        });
        Self { url, state, running }
    }
}

/// Reads a request and answers it. The connection stays open for as long as the peer wants. Returns it if the receiver is
/// to end before it.
async fn serve(mut stream: TcpStream, state: &State) -> Option<TcpStream> {
    let mut received = Vec::new();
    let (line, headers, body) = loop {
        if stream.read_buf(&mut received).await.unwrap_or(0) == 0 {
            return None;
        }
        if let Some(request) = parse(&received) {
            break request;
        }
    };
    let mut count = String::new();
    let reply = match &*line {
        "GET /count" => {
            count = format!(r#"{{"count": {}}}"#, state.count.load(SeqCst));
            Reply::Status(200)
        }
        "POST /reset" => {
            state.known.lock().unwrap().clear();
            state.count.store(0, SeqCst);
            Reply::Status(204)
        }
        "POST /notify" => state.notified(&headers, &body).await,
        _ => Reply::Status(404),
    };
    let response = match reply {
        Reply::Status(204) => "HTTP/1.1 204 No Content\r\n\r\n".into(),
        Reply::Status(status) => {
            format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n{count}", count.len())
        }
        Reply::Body(status, body) => {
            let length = body.len();
            format!(
                "HTTP/1.1 {status} x\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n"
            )
        }
        Reply::Redirect(port) => format!(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{port}/notify\r\nContent-Length: 0\r\n\r\n"
        ),
        Reply::Never => std::future::pending().await,
        Reply::Close => return None,
        Reply::Die => return Some(stream),
    };
    stream.write_all(response.as_bytes()).await.unwrap();
    // Until the peer closes.
    let _ = stream.read_u8().await;
    None
}

/// Method and path, headers and body of a complete request.
fn parse(received: &[u8]) -> Option<(String, Names, Vec<u8>)> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(length) = request.parse(received).unwrap() else { return None };
    let line = format!("{} {}", request.method.unwrap(), request.path.unwrap());
    let text = |value: &[u8]| String::from_utf8(value.into()).unwrap();
    let headers: Names =
        request.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect();
    let size = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let size = size.map_or(0, |(_, size)| size.parse().unwrap());
    Some((line, headers, received.get(length..length + size)?.into()))
}

impl State {
    fn has(&self, hole: Hole) -> bool {
        self.hole == hole
    }

    async fn notified(&self, headers: &Names, body: &[u8]) -> Reply {
        let before = self.requests.fetch_add(1, SeqCst);
        match self.hole {
            Hole::RefusesAll => return Reply::Status(403),
            Hole::TakesAll => return Reply::Status(200),
            Hole::Hangs => return Reply::Never,
            Hole::HangsLater if before > 0 => return Reply::Never,
            Hole::Resets => return Reply::Close,
            Hole::Redirects(port) => return Reply::Redirect(port),
            _ => {}
        }
        if self.has(Hole::ActsFirst) {
            self.count.fetch_add(1, SeqCst);
        }
        match self.take(headers, body, before).await {
            Ok(()) => match self.hole {
                Hole::Answers201 => Reply::Status(201),
                Hole::AnswersXml => Reply::Body(200, "<xml><return_code>SUCCESS</return_code></xml>"),
                _ => Reply::Status(204),
            },
            Err(Reply::Status(_)) if self.has(Hole::RefusesWith200) => {
                Reply::Body(200, r#"{"code":"FAIL","message":"失败"}"#)
            }
            Err(Reply::Status(status)) => Reply::Body(status, r#"{"code":"FAIL","message":"失败"}"#),
            Err(reply) => reply,
        }
    }

    async fn take(&self, headers: &Names, body: &[u8], before: u64) -> Result<(), Reply> {
        if body.len() > if self.has(Hole::SmallBodies) { 8 << 10 } else { 1 << 20 } {
            return Err(Reply::Status(413));
        }
        self.verify(headers, body)?;
        let broken = if self.has(Hole::CrashesOnBrokenJson) { Reply::Close } else { Reply::Status(400) };
        let Ok(value) = serde_json::from_slice::<Value>(body) else { return Err(broken) };
        let is_plain = value["resource"]["ciphertext"].is_null();
        let (id, event_type, data) = if is_plain && self.has(Hole::TakesPlainText) {
            (value["id"].to_string(), value["event_type"].clone(), value["resource"].clone())
        } else {
            let Ok(callback) = serde_json::from_slice::<Callback>(body) else { return Err(broken) };
            let is_strict = self.has(Hole::StrictFields) && value.as_object().unwrap().len() > 6;
            let lacks_data =
                self.has(Hole::NeedsAssociatedData) && callback.resource.associated_data.is_empty();
            let created = Timestamp::from_rfc3339(&callback.create_time).unwrap();
            let is_old = self.has(Hole::RefusesOldEvents) && created.skew(now()) > Timestamp::MAX_SKEW;
            if is_strict || lacks_data || is_old {
                return Err(Reply::Status(400));
            }
            let data = match callback.decrypt(&Credentials::development().apiv3_key) {
                Ok(data) => serde_json::from_slice(&data).unwrap(),
                Err(_) if self.has(Hole::IgnoresTag) => Value::Null,
                Err(_) => return Err(Reply::Status(400)),
            };
            (callback.id, callback.event_type.into(), data)
        };
        let event_type = event_type.as_str().unwrap();
        self.check(event_type, &data)?;
        self.act(event_type, &id, &data, before).await
    }

    fn verify(&self, headers: &Names, body: &[u8]) -> Result<(), Reply> {
        let refused = || Reply::Status(401);
        let header = |name: &str| {
            let is_it = |found: &str| match self.hole {
                Hole::CaseSensitive => found == name,
                _ => found.eq_ignore_ascii_case(name),
            };
            headers.iter().find(|(found, _)| is_it(found)).map(|(_, value)| value.as_str())
        };
        let (signature, serial, timestamp, nonce) = (
            header("Wechatpay-Signature"),
            header("Wechatpay-Serial"),
            header("Wechatpay-Timestamp"),
            header("Wechatpay-Nonce"),
        );
        if signature.is_none() && self.has(Hole::TakesUnsigned) {
            return Ok(());
        }
        let (Some(signature), Some(serial), Some(timestamp), Some(nonce)) =
            (signature, serial, timestamp, nonce)
        else {
            return Err(match self.hole {
                Hole::CrashesWithoutHeaders => Reply::Close,
                Hole::FailsWithoutHeaders => Reply::Status(500),
                Hole::Dies => Reply::Die,
                _ => refused(),
            });
        };
        if signature.starts_with("WECHATPAY/SIGNTEST/") && self.has(Hole::TakesSigntest) {
            return Ok(());
        }
        let timestamp: Timestamp = timestamp.parse().map_err(|_| refused())?;
        let is_apart = timestamp.skew(now()) > Timestamp::MAX_SKEW;
        let is_future = timestamp > now();
        if is_apart && !self.has(Hole::NoTimestamp) && !(is_future && self.has(Hole::TakesFuture)) {
            return Err(refused());
        }
        let credentials = Credentials::development();
        let (certificate_serial, certificate) = credentials.platform_certificate.unwrap();
        let (key_id, public_key) = credentials.public_key.unwrap();
        let mut keys = vec![(key_id.to_string(), public_key)];
        if !self.has(Hole::OneKey) {
            keys.push((certificate_serial.to_string(), certificate));
        }
        keys.retain(|(known, _)| known == serial || self.has(Hole::AnyKey));
        let reprinted = || serde_json::from_slice::<Callback>(body).map(|callback| callback.to_bytes());
        let body = match self.hole {
            Hole::Reprints => reprinted().map_err(|_| refused())?,
            _ => body.to_vec(),
        };
        let message = ResponseMessage { timestamp, nonce, body: &body }.to_bytes();
        let verifies = |pem: &str| {
            let signature: Result<Signature, _> = signature.parse();
            let key = VerifyingKey::from_pem(pem).unwrap();
            signature.is_ok_and(|signature| key.verify(&message, &signature).is_ok())
        };
        let is_known = !keys.is_empty();
        let is_right = keys.iter().any(|(_, pem)| verifies(pem)) || (is_known && self.has(Hole::NoSignature));
        if is_right { Ok(()) } else { Err(refused()) }
    }

    /// Refuses what a right receiver takes.
    fn check(&self, event_type: &str, data: &Value) -> Result<(), Reply> {
        let is_transaction = event_type.starts_with("TRANSACTION.");
        let is_wrong = match self.hole {
            Hole::RefusesUnknownEvents => event_type == "TRANSACTION.FUTURE",
            Hole::RefusesMemberCards => event_type.starts_with("MEMBERCARD."),
            Hole::NeedsPayer => is_transaction && data["payer"].is_null(),
            Hole::NeedsAttach => is_transaction && data["attach"].as_str().is_none_or(str::is_empty),
            Hole::NeedsSuccessTime => event_type.starts_with("REFUND.") && data["success_time"].is_null(),
            Hole::StrictData => !data["tax_detail"].is_null(),
            _ => false,
        };
        if is_wrong { Err(Reply::Status(400)) } else { Ok(()) }
    }

    /// Acts on a payment or refund that is new.
    async fn act(&self, event_type: &str, id: &str, data: &Value, before: u64) -> Result<(), Reply> {
        if self.has(Hole::RefusesRepeats) && !self.known.lock().unwrap().insert(id.into()) {
            return Err(Reply::Status(400));
        }
        let is_payment = event_type == "TRANSACTION.SUCCESS";
        let number = if is_payment { &data["transaction_id"] } else { &data["refund_id"] };
        let Some(number) = number.as_str() else { return Ok(()) };
        if self.knows_order && is_payment && !self.is_as_ordered(data) {
            return Ok(());
        }
        let number = if self.has(Hole::CountsById) { id } else { number };
        if self.has(Hole::Races) {
            let is_known = self.known.lock().unwrap().contains(number);
            // The first is alone.
            if before > 0 {
                self.both.wait().await;
            }
            if is_known {
                return Ok(());
            }
            self.known.lock().unwrap().insert(number.into());
        } else if !self.known.lock().unwrap().insert(number.into()) && !self.has(Hole::CountsTwice) {
            return Ok(());
        }
        if !self.has(Hole::ActsFirst) && !self.has(Hole::NeverActs) {
            self.count.fetch_add(1, SeqCst);
        }
        Ok(())
    }

    fn is_as_ordered(&self, data: &Value) -> bool {
        let order: Value = serde_json::from_str(ORDER).unwrap();
        if data["out_trade_no"] != order["out_trade_no"] {
            return self.has(Hole::ActsOnUnknownOrders);
        }
        (data["amount"]["total"] == order["amount"]["total"] || self.has(Hole::IgnoresAmount))
            && (data["mchid"] == "1900000001" || self.has(Hole::IgnoresMchid))
            && (data["appid"] == "wxd678efh567hg6787" || self.has(Hole::IgnoresAppid))
    }
}

fn now() -> Timestamp {
    Timestamp::from_unix(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}
