//! Server-sent events: what happens reaches every reader once and in order, however slow the reader is.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wechatpay_contract::sign::Sign;
use wechatpay_mock::{Clock, Limits, MockServer};

use super::{Admin, Response, described::check};
use crate::support::{
    Connection, NOW, RawRequest, RawResponse,
    receiver::{OK, Receiver},
    secure::connect,
    soon,
};

/// The most streams at once.
pub(super) const STREAMS: usize = 32;

/// An event as its reader sees it.
#[derive(Debug)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

/// A stream that is open, and its reader.
pub(super) struct Reader {
    connection: Connection,
    head: String,
    unread: String,
    /// The id of the last event.
    id: String,
}

impl Reader {
    /// Opens a stream. Returns once it has begun.
    pub(super) async fn of(admin: &Admin, query: &str, id: Option<&str>) -> Self {
        Self::over(Connection::open(&admin.mock).await, query, id).await
    }

    async fn over(mut connection: Connection, query: &str, id: Option<&str>) -> Self {
        let id = id.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let request = format!("GET /__mock/events{query} HTTP/1.1\r\nHost: localhost\r\n{id}\r\n");
        connection.send(request.as_bytes()).await;
        let head = soon(connection.head()).await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let mut reader = Self { connection, head, unread: String::new(), id: String::new() };
        reader.unread = reader.chunk().await.unwrap();
        if let Some(rest) = reader.unread.strip_prefix("id: ") {
            reader.id = rest.trim_end().into();
            reader.unread.clear();
        }
        reader
    }

    /// The beginning of the response, checked against the document.
    pub(super) fn response(&self) -> Response {
        let begun = RawResponse { head: self.head.clone(), body: b"id: ".to_vec() };
        check("GET", "/__mock/events", "", &begun)
    }

    /// `None` at the end of the stream.
    async fn chunk(&mut self) -> Option<String> {
        let chunk = soon(self.connection.chunk()).await;
        (!chunk.is_empty()).then(|| String::from_utf8(chunk).unwrap())
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        while !self.unread.contains("\n\n") {
            let chunk = self.chunk().await?;
            self.unread += &chunk;
        }
        let (event, rest) = self.unread.split_once("\n\n").unwrap();
        let field = |name: &str| {
            let mut lines = event.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            lines.next().unwrap_or_else(|| panic!("expected {name}, found {event}")).to_owned()
        };
        let data = serde_json::from_str(&field("data")).unwrap();
        let event = Event { name: field("event"), id: field("id"), data };
        self.unread = rest.into();
        self.id.clone_from(&event.id);
        Some(event)
    }

    /// The next event, leaving out changes of documents unless it is one that is expected.
    async fn expect(&mut self, name: &str) -> Value {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name != "changes" || name == "changes" {
                assert_eq!(event.name, name, "{}", event.data);
                return event.data;
            }
        }
    }

    /// The numbers of the next exchanges, until this one.
    async fn exchanges_until(&mut self, last: u64) -> Vec<u64> {
        let mut all = Vec::new();
        while all.last() != Some(&last) {
            let data = self.expect("exchanges").await;
            assert_eq!(data["skipped"], 0);
            all.extend(numbers(&data["exchanges"]));
        }
        all
    }
}

fn numbers(items: &Value) -> Vec<u64> {
    items.as_array().unwrap().iter().map(|item| item["number"].as_u64().unwrap()).collect()
}

/// Makes so many exchanges, which name no merchant.
async fn exchanges(admin: &Admin, count: usize) {
    let mut connection = Connection::open(&admin.mock).await;
    let request = RawRequest { target: "/v3/none".into(), sign: Sign::Unsigned, ..RawRequest::sample() };
    for _ in 0..count {
        connection.send(&request.to_bytes()).await;
        connection.response().await;
    }
}

/// A mock whose peers must take responses within a second.
async fn impatient() -> Admin {
    let limits = Limits::default().with_write_timeout(1).unwrap();
    Admin::of(MockServer::builder().limits(limits).clock(Clock::fixed(NOW)).start().await.unwrap())
}

#[tokio::test]
async fn what_happens_arrives_as_the_lists_have_it() {
    let admin = Admin::new().await;
    exchanges(&admin, 1).await;
    let mut reader = Reader::of(&admin, "", None).await;
    admin.exchange(&RawRequest::sample()).await;
    let told = reader.expect("exchanges").await;
    let listed = admin.get("/exchanges?after=1").await.body;
    assert_eq!(told, json!({ "exchanges": listed["exchanges"], "skipped": 0 }));
    let changed = &reader.expect("changes").await["changes"][0];
    assert_eq!(
        [&changed["kind"], &changed["by"], &changed["exchange"]],
        [&json!("member_card"), &json!("request"), &json!(2)]
    );
    let key = utf8_percent_encode(changed["key"].as_str().unwrap(), NON_ALPHANUMERIC);
    let history = format!("/documents/member_card/{key}");
    assert_eq!(admin.get(&history).await.body["changes"][0]["number"], changed["number"]);

    admin.post("/request-payment", &json!({})).await;
    let told = reader.expect("payment-requests").await;
    let listed = admin.get("/payment-requests").await.body;
    assert_eq!(told, json!({ "payment_requests": listed["payment_requests"], "skipped": 0 }));

    let receiver = Receiver::start(&[OK]).await;
    admin.post("/callbacks", &json!({ "event_type": "TRANSACTION.SUCCESS", "to": receiver.url() })).await;
    let told = reader.expect("attempts").await;
    let listed = admin.get("/callback-attempts").await.body;
    assert_eq!(told, json!({ "attempts": listed["attempts"], "skipped": 0 }));
}

#[tokio::test]
async fn a_reader_that_comes_back_misses_nothing() {
    let admin = Admin::new().await;
    let mut reader = Reader::of(&admin, "", None).await;
    exchanges(&admin, 3).await;
    assert_eq!(reader.exchanges_until(3).await, [1, 2, 3]);
    let id = reader.id.clone();
    drop(reader);
    exchanges(&admin, 2).await;
    let mut reader = Reader::of(&admin, "", Some(&id)).await;
    assert_eq!(reader.exchanges_until(5).await, [4, 5]);
    exchanges(&admin, 1).await;
    assert_eq!(reader.exchanges_until(6).await, [6]);
}

#[tokio::test]
async fn a_reader_of_another_run_starts_over() {
    let admin = Admin::new().await;
    exchanges(&admin, 2).await;
    let id = Reader::of(&admin, "", None).await.id;
    let future = id.replace(".2.", ".3.");
    assert_ne!(id, future);
    for id in [&format!("1{id}"), "nonsense", "\u{e9}", &future] {
        let mut reader = Reader::of(&admin, "", Some(id)).await;
        assert_eq!(reader.expect("restarted").await, json!({}));
        assert_eq!(reader.exchanges_until(2).await, [1, 2], "{id}");
    }
}

#[tokio::test]
async fn of_too_many_exchanges_the_newest_arrive_and_the_rest_are_counted() {
    let admin = Admin::new().await;
    let id = Reader::of(&admin, "", None).await.id;
    exchanges(&admin, 230).await;
    let mut reader = Reader::of(&admin, "", Some(&id)).await;
    let told = reader.expect("exchanges").await;
    assert_eq!(numbers(&told["exchanges"]), (31..=230).collect::<Vec<_>>());
    assert_eq!(told["skipped"], 30);
}

#[tokio::test]
async fn evicted_exchanges_are_counted() {
    let limits = Limits::default().with_journal_exchanges(2).unwrap();
    let admin =
        Admin::of(MockServer::builder().limits(limits).clock(Clock::fixed(NOW)).start().await.unwrap());
    let id = Reader::of(&admin, "", None).await.id;
    exchanges(&admin, 5).await;
    let told = Reader::of(&admin, "", Some(&id)).await.expect("exchanges").await;
    assert_eq!((numbers(&told["exchanges"]), &told["skipped"]), (vec![4, 5], &json!(3)));
}

#[tokio::test]
async fn a_stream_of_one_merchant_has_nothing_of_others() {
    let admin = Admin::new().await;
    let mut reader = Reader::of(&admin, "?merchant=1900000001", None).await;
    exchanges(&admin, 1).await;
    admin.delete("/exchanges?merchant=9").await;
    admin.exchange(&RawRequest::sample()).await;
    assert_eq!(reader.exchanges_until(2).await, [2]);
    admin.delete("/exchanges?merchant=1900000001").await;
    assert_eq!(reader.expect("cleared").await, json!({ "merchant": "1900000001" }));
}

#[tokio::test]
async fn what_is_cleared_is_told_once_and_in_order() {
    let admin = Admin::new().await;
    let mut reader = Reader::of(&admin, "", None).await;
    exchanges(&admin, 2).await;
    reader.exchanges_until(2).await;
    admin.delete("/exchanges?merchant=1900000001").await;
    assert_eq!(reader.expect("cleared").await, json!({ "merchant": "1900000001" }));
    let id = reader.id.clone();
    drop(reader);
    exchanges(&admin, 1).await;
    admin.post("/reset", &json!({})).await;
    exchanges(&admin, 1).await;
    let mut reader = Reader::of(&admin, "", Some(&id)).await;
    assert_eq!(reader.expect("cleared").await, json!({ "merchant": null }));
    assert_eq!(reader.exchanges_until(4).await, [4]);
    let mut again = Reader::of(&admin, "", Some(&reader.id)).await;
    exchanges(&admin, 1).await;
    assert_eq!(again.exchanges_until(5).await, [5]);
}

#[tokio::test]
async fn a_reader_that_missed_too_many_clears_starts_over() {
    let admin = Admin::new().await;
    let id = Reader::of(&admin, "", None).await.id;
    for _ in 0..17 {
        admin.delete("/exchanges").await;
    }
    Reader::of(&admin, "", Some(&id)).await.expect("restarted").await;
}

#[tokio::test]
async fn one_stream_too_many_is_refused_until_another_ends() {
    let admin = Admin::new().await;
    let mut readers = Vec::new();
    for _ in 0..STREAMS {
        readers.push(Reader::of(&admin, "", None).await);
    }
    admin.get("/events").await.assert_refused(503, "expected at most 32 open streams");
    readers.pop();
    // The mock notices within a second that the reader is gone.
    soon(async {
        loop {
            let mut connection = Connection::open(&admin.mock).await;
            connection.send(b"GET /__mock/events HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
            if connection.head().await.starts_with("HTTP/1.1 200 ") {
                break;
            }
        }
    })
    .await;
    assert!(admin.mock.rejected_connections().is_empty());
}

#[tokio::test]
async fn pages_of_other_origins_get_no_events() {
    for header in ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site"] {
        assert_eq!(Admin::new().await.with(header).get("/events").await.status, 403);
    }
}

#[tokio::test]
async fn shutdown_ends_every_stream() {
    let Admin { mock, .. } = Admin::new().await;
    let mut reader = Reader::over(Connection::open(&mock).await, "", None).await;
    let tls = connect(&mock, "localhost", &["http/1.1"]).await.unwrap();
    let mut secure = Reader::over(Connection::over(tls), "", None).await;
    assert!(soon(mock.shutdown()).await, "no stream delays the shutdown");
    assert!(reader.next().await.is_none() && secure.next().await.is_none());
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_closed() {
    let admin = impatient().await;
    let (mut reader, stream) = tokio::io::duplex(64);
    let unread = async {
        reader.write_all(b"GET /__mock/events HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        reader.read_u8().await.unwrap();
        exchanges(&admin, 1).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = unread => {}
        () = soon(admin.mock.serve_connection(stream)) => {}
    }
}

#[tokio::test]
async fn a_slow_reader_gets_the_newest_and_the_number_of_the_rest() {
    const MANY: u64 = 1000;
    let admin = Admin::new().await;
    let (reader, stream) = tokio::io::duplex(1024);
    let reading = async {
        let mut reader = Reader::over(Connection::over(reader), "", None).await;
        exchanges(&admin, MANY as usize).await;
        let (mut shown, mut skipped, mut last) = (0, 0, 0);
        while last < MANY {
            let told = reader.expect("exchanges").await;
            let numbers = numbers(&told["exchanges"]);
            skipped += told["skipped"].as_u64().unwrap();
            assert_eq!(numbers[0], last + told["skipped"].as_u64().unwrap() + 1);
            shown += numbers.len() as u64;
            last = *numbers.last().unwrap();
        }
        assert!(skipped > 0);
        assert_eq!(shown + skipped, MANY);
    };
    tokio::select! {
        () = reading => {}
        () = admin.mock.serve_connection(stream) => panic!("the connection ended"),
    }
}
