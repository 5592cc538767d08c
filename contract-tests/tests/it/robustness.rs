//! No input causes a 5xx, a panic or a hang: 10,000 requests per run, from raw bytes to signed nonsense.

use std::time::Duration;

use proptest::{prelude::*, sample::Index};
use serde_json::{Map, Value};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Runtime,
    time::timeout,
};
use wechatpay_mock::MockServer;

use crate::support::{RawRequest, frozen_mock};

/// Requests of one run.
const REQUESTS: u32 = 10_000;

#[test]
fn no_input_causes_a_5xx_a_panic_or_a_hang() {
    let pipe = Pipe::new();
    proptest!(ProptestConfig::with_cases(REQUESTS), |(bytes in inputs())| {
        let responses = pipe.responses(&bytes);
        for status in statuses(&responses) {
            prop_assert!(matches!(status.as_bytes()[0], b'1' | b'2' | b'4'), "{status}");
        }
    });
}

#[test]
fn any_signed_body_gets_a_204_or_a_400() {
    let pipe = Pipe::new();
    proptest!(ProptestConfig::with_cases(1_000), |(body in bodies())| {
        let responses = pipe.responses(&RawRequest { body, ..RawRequest::sample() }.to_bytes());
        let statuses = statuses(&responses);
        prop_assert!(statuses == ["204"] || statuses == ["400"], "{statuses:?}");
    });
}

/// A mock called in memory, so that a panic in it is a panic of the test.
struct Pipe {
    mock: MockServer,
    runtime: Runtime,
}

impl Pipe {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { mock: runtime.block_on(frozen_mock()), runtime }
    }

    /// All responses to these bytes on a connection that is closed after them.
    fn responses(&self, bytes: &[u8]) -> Vec<u8> {
        let exchange = async {
            let (mut client, server) = tokio::io::duplex(4 * 1024 * 1024);
            let talk = async {
                client.write_all(bytes).await.unwrap();
                client.shutdown().await.unwrap();
                let mut responses = Vec::new();
                client.read_to_end(&mut responses).await.unwrap();
                responses
            };
            tokio::join!(talk, self.mock.serve_connection(server)).0
        };
        self.runtime.block_on(async { timeout(Duration::from_secs(10), exchange).await }).unwrap()
    }
}

/// The digits of every status line.
fn statuses(responses: &[u8]) -> Vec<String> {
    let lines = String::from_utf8_lossy(responses);
    let statuses = lines.lines().filter_map(|line| line.strip_prefix("HTTP/1.")?.get(2..5).map(String::from));
    statuses.collect()
}

/// Anything that a peer may send, from nonsense to almost valid.
fn inputs() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..512),
        altered_requests(),
        (targets(), bodies())
            .prop_map(|(target, body)| RawRequest { target, body, ..RawRequest::sample() }.to_bytes()),
        (heads(), prop::collection::vec(any::<u8>(), 0..64)).prop_map(|(head, rest)| [
            head.into_bytes(),
            rest
        ]
        .concat()),
    ]
}

/// A valid request with parts overwritten, removed or repeated.
fn altered_requests() -> impl Strategy<Value = Vec<u8>> {
    let alteration =
        (any::<Index>(), any::<Index>(), prop::collection::vec(any::<u8>(), 0..8), any::<bool>());
    let good = prop_oneof![Just(RawRequest::sample()), Just(RawRequest::certificates())];
    (good, prop::collection::vec(alteration, 1..4)).prop_map(|(request, alterations)| {
        let mut bytes = request.to_bytes();
        for (from, to, inserted, twice) in alterations {
            let (from, to) = (from.index(bytes.len() + 1), to.index(bytes.len() + 1));
            let (from, to) = (from.min(to), from.max(to));
            let range = if twice { from..from } else { from..to.min(from + 16) };
            let repeated = if twice { bytes[from..to].to_vec() } else { Vec::new() };
            bytes.splice(range, repeated.into_iter().chain(inserted));
            if bytes.is_empty() {
                break;
            }
        }
        bytes
    })
}

/// Targets similar to an operation's, signed as sent.
fn targets() -> impl Strategy<Value = String> {
    let segment = "[!-~&&[^/?# ]]{0,40}|%[0-9a-fA-F]{2}|%|[.]{1,2}";
    (segment, segment, "(/rights)?", "(\\?[!-~&&[^ #]]{0,40})?").prop_map(|(card_id, code, end, query)| {
        format!("/v3/marketing/membercard-open/cards/{card_id}/codes/{code}{end}{query}")
    })
}

/// Heads with unusual framing.
fn heads() -> impl Strategy<Value = String> {
    let method = "GET|PATCH|POST|HEAD|OPTIONS|CONNECT|TRACE|[A-Z]{1,10}";
    let header = prop_oneof![
        Just("Content-Length: 0".to_owned()),
        Just("Content-Length: 18446744073709551615".to_owned()),
        Just("Transfer-Encoding: chunked".to_owned()),
        Just("Transfer-Encoding: gzip, chunked".to_owned()),
        Just("Expect: 100-continue".to_owned()),
        Just("Connection: close, upgrade".to_owned()),
        Just("Upgrade: h2c".to_owned()),
        "Accept-Language: [ -~]{0,30}",
        "[A-Za-z-]{1,20}: [ -~]{0,40}",
    ];
    let headers = prop::collection::vec(header, 0..8);
    (method, targets(), prop_oneof!["HTTP/1\\.[01]", "HTTP/[0-9]\\.[0-9]"], headers).prop_map(
        |(method, target, version, headers)| {
            format!("{method} {target} {version}\r\n{}\r\n\r\n", headers.join("\r\n"))
        },
    )
}

/// Bodies, from random bytes to almost valid JSON.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let field = prop_oneof![
        "out_request_no|before_bonus_value|bonus_value|add_bonus_value|need_inform_bonus",
        "member_price_word|fapiao_jump_word|guide|staff_name|phone_number",
        ".{0,10}",
    ];
    let change = prop::collection::btree_map(field, json(), 0..6)
        .prop_map(|fields| Value::Object(Map::from_iter(fields)).to_string().into_bytes());
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..256),
        json().prop_map(|value| value.to_string().into_bytes()),
        change
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[0-9A-Za-z|_*-]{1,130}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(".{0,8}", inner, 0..5)
                .prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}
