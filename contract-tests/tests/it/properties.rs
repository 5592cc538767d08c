//! Properties of every request, checked over a socket.

use std::{fmt, ops::Range, time::Duration};

use proptest::{prelude::*, sample::Index, sample::select};
use tokio::{runtime::Runtime, time::timeout};
use wechatpay_contract::sign::Sign;
use wechatpay_mock::{MockServer, Warning};

use crate::support::{Connection, RawRequest, RawResponse, frozen_mock};

#[test]
fn the_unaltered_requests_are_accepted() {
    let setup = Setup::new();
    for request in signed_requests() {
        let response = setup.exchange(&request.to_bytes());
        assert!(response.status().starts_with('2'), "{}", response.to_text());
    }
}

#[test]
fn altering_any_signed_byte_is_refused_as_unauthenticated() {
    let setup = Setup::new();
    proptest!(|(altered in requests_with_one_byte_altered(&signed_requests(), Part::SIGNED))| {
        let outcome = Outcome::of(&setup.exchange(&altered.bytes.0));
        prop_assert!(altered.part.may_end_in(&outcome), "{:?}: {outcome:?}", altered.part);
    });
}

#[test]
fn altering_any_byte_of_the_signature_is_refused_as_unauthenticated() {
    let setup = Setup::new();
    proptest!(|(altered in requests_with_one_byte_altered(&signed_requests(), &[Part::Signature]))| {
        let outcome = Outcome::of(&setup.exchange(&altered.bytes.0));
        prop_assert!(altered.part.may_end_in(&outcome), "{outcome:?}");
    });
}

/// A signature of 256 bytes leaves four bits of its last Base64 symbol unused: fifteen other symbols decode to the
/// same bytes wherever decoding is lenient.
#[test]
fn a_signature_has_one_spelling() {
    let setup = Setup::new();
    let bytes = RawRequest::sample().to_bytes();
    let last = Part::Signature.range(&bytes).end - "==".len() - 1;
    for symbol in (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*b"+/") {
        let mut altered = bytes.clone();
        altered[last] = symbol;
        let is_original = altered == bytes;
        assert_eq!(setup.exchange(&altered).status() == "204", is_original, "{}", char::from(symbol));
    }
}

#[test]
fn no_other_authorization_header_is_accepted() {
    let setup = Setup::new();
    proptest!(|(authorization in prop_oneof![header_values(), spliced_authorizations()])| {
        let outcome = Outcome::of(&setup.exchange(&request_with(&authorization.0)));
        prop_assert_eq!(outcome, Outcome::Unauthenticated);
    });
}

/// The next request shows the state: it gets a warning if the points differ from those it names, and is refused if
/// its number was used.
#[test]
fn a_refused_request_leaves_the_state_as_it_was() {
    proptest!(ProptestConfig::with_cases(64), |(refused in refused_requests())| {
        let setup = Setup::new();
        let requests = [RawRequest::sample().to_bytes(), refused.0, after_the_sample().to_bytes()];
        let responses = requests.map(|bytes| setup.exchange(&bytes));
        let [before, refusal, after] = responses.each_ref().map(RawResponse::status);
        prop_assert!(before == "204" && refusal.starts_with('4'), "{before}, {refusal}");
        prop_assert_eq!(after, "204");
        let exchanges = setup.mock.exchanges();
        let warnings = &exchanges.last().unwrap().warnings;
        let is_about_state = |warning: &Warning| {
            !matches!(warning, Warning::NonceUsedBefore { .. } | Warning::NoWechatpaySerial)
        };
        prop_assert!(!warnings.iter().any(is_about_state), "{warnings:?}");
    });
}

/// A mock, and a runtime to call it from a test that is not `async`.
struct Setup {
    mock: MockServer,
    runtime: Runtime,
}

impl Setup {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { mock: runtime.block_on(frozen_mock()), runtime }
    }

    /// The response to these bytes on their own connection.
    fn exchange(&self, bytes: &[u8]) -> RawResponse {
        let exchange = async {
            let mut connection = Connection::open(&self.mock).await;
            connection.send(bytes).await;
            connection.response().await
        };
        self.runtime.block_on(async { timeout(Duration::from_secs(10), exchange).await }).unwrap()
    }
}

/// A part of a request whose alteration must be detected.
#[derive(Clone, Copy, Debug)]
enum Part {
    Method,
    Target,
    Timestamp,
    Nonce,
    Body,
    Signature,
}

impl Part {
    /// The parts that are lines of the signed message.
    const SIGNED: &[Self] = &[Self::Method, Self::Target, Self::Timestamp, Self::Nonce, Self::Body];

    /// Its position in the bytes of a request.
    fn range(self, request: &[u8]) -> Range<usize> {
        match self {
            Self::Method => 0..after(request, 0, " ") - 1,
            Self::Target => after(request, 0, " ")..after(request, 0, " HTTP/1.1") - " HTTP/1.1".len(),
            Self::Timestamp => quoted(request, "timestamp=\""),
            Self::Nonce => quoted(request, "nonce_str=\""),
            Self::Body => after(request, 0, "\r\n\r\n")..request.len(),
            Self::Signature => quoted(request, "signature=\""),
        }
    }

    /// Whether a request with this part altered may have this outcome. The path and the method are checked before the
    /// signature, so another path may be unknown or have other methods. Some bytes are not allowed in the head
    /// of an HTTP request at all.
    fn may_end_in(self, outcome: &Outcome) -> bool {
        match self {
            Self::Method => matches!(outcome, Outcome::UnknownMethod | Outcome::NotHttp),
            Self::Target => !matches!(outcome, Outcome::Other(_)),
            Self::Timestamp | Self::Nonce | Self::Signature => {
                matches!(outcome, Outcome::Unauthenticated | Outcome::NotHttp)
            }
            Self::Body => *outcome == Outcome::Unauthenticated,
        }
    }
}

/// Where the first `text` at or after `from` ends.
fn after(request: &[u8], from: usize, text: &str) -> usize {
    let found = request[from..].windows(text.len()).position(|window| window == text.as_bytes());
    from + found.unwrap() + text.len()
}

/// From the end of `opening` up to the next quote.
fn quoted(request: &[u8], opening: &str) -> Range<usize> {
    let start = after(request, 0, opening);
    start..after(request, start, "\"") - 1
}

/// The meaning of a response.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The web server's 400: the bytes are not an HTTP request.
    NotHttp,
    /// Check 1.
    UnknownPath,
    /// Check 2.
    UnknownMethod,
    /// Checks 4 to 10.
    Unauthenticated,
    Other(String),
}

impl Outcome {
    fn of(response: &RawResponse) -> Self {
        let code =
            serde_json::from_slice::<serde_json::Value>(&response.body).map(|body| body["code"].clone());
        match (response.status(), code) {
            ("400", _) if response.body.starts_with(b"<html>") => Self::NotHttp,
            ("404", _) if response.body.is_empty() => Self::UnknownPath,
            ("405", _) if response.body.is_empty() => Self::UnknownMethod,
            ("401", Ok(code)) if code == "SIGN_ERROR" => Self::Unauthenticated,
            _ => Self::Other(response.to_text()),
        }
    }
}

/// Bytes to send, shown as text.
#[derive(Clone)]
struct Raw(Vec<u8>);

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// A request in which one byte of one part differs from the signed one.
#[derive(Clone, Debug)]
struct Altered {
    part: Part,
    bytes: Raw,
}

fn requests_with_one_byte_altered(
    requests: &[RawRequest],
    parts: &'static [Part],
) -> impl Strategy<Value = Altered> + use<> {
    let requests: Vec<_> = requests.iter().map(RawRequest::to_bytes).collect();
    // Half of them mostly keep a digit a digit and a letter a letter.
    let flipped = prop_oneof![2 => 1..8_u8, 1 => 8..64_u8, 1 => 64..=u8::MAX];
    (select(requests), select(parts), any::<Index>(), flipped).prop_filter_map(
        "there is no byte to alter",
        |(mut bytes, part, index, flipped)| {
            let positions: Vec<_> = part.range(&bytes).collect();
            let at = *positions.get(index.index(positions.len().max(1)))?;
            bytes[at] ^= flipped;
            // What begins like a TLS handshake is no request, and is answered in TLS.
            (bytes[0] != 0x16).then_some(Altered { part, bytes: Raw(bytes) })
        },
    )
}

/// Requests that are accepted unaltered: with and without body, query and non-ASCII characters.
fn signed_requests() -> Vec<RawRequest> {
    let spaced = "{ \"out_request_no\": \"1\",\n\"member_price_word\": \"钻石会员\" }\n";
    vec![
        RawRequest::sample(),
        RawRequest { body: spaced.into(), ..RawRequest::sample() },
        RawRequest { target: "/v3/certificates?algorithm_type=RSA".into(), ..RawRequest::certificates() },
    ]
}

/// Any bytes that are allowed in a header value.
fn header_values() -> impl Strategy<Value = Raw> {
    prop::collection::vec(header_bytes(), 0..300).prop_map(Raw)
}

fn header_bytes() -> impl Strategy<Value = u8> {
    prop_oneof![6 => b' '..=b'~', 1 => 0x80..=0xff_u8, 1 => Just(b'\t')]
}

/// The right header with a piece replaced by other bytes. The serial number stays, because it
/// may be written in more than one way.
fn spliced_authorizations() -> impl Strategy<Value = Raw> {
    let right = authorization_of_the_sample();
    let spliceable = after(&right, 0, ",serial_no=");
    (any::<Index>(), 0..40_usize, prop::collection::vec(header_bytes(), 0..40)).prop_filter_map(
        "the header is unchanged",
        move |(start, length, inserted)| {
            let start = start.index(spliceable);
            let end = (start + length).min(spliceable);
            let spliced = [&right[..start], &inserted, &right[end..]].concat();
            (spliced.trim_ascii() != right).then_some(Raw(spliced))
        },
    )
}

fn authorization_of_the_sample() -> Vec<u8> {
    let request = RawRequest::sample().to_bytes();
    let start = after(&request, 0, "Authorization: ");
    let end = after(&request, start, "\r\n") - "\r\n".len();
    request[start..end].into()
}

/// The sample with this `Authorization` header.
fn request_with(authorization: &[u8]) -> Vec<u8> {
    let unsigned = RawRequest { sign: Sign::Unsigned, ..RawRequest::sample() }.to_bytes();
    let (line, rest) = unsigned.split_at(after(&unsigned, 0, "\r\n"));
    [line, b"Authorization: ", authorization, b"\r\n", rest].concat()
}

/// A change with right sums after the sample has been applied.
fn after_the_sample() -> RawRequest {
    RawRequest { body: AFTER_THE_SAMPLE.into(), ..RawRequest::sample() }
}

const AFTER_THE_SAMPLE: &str = "{\"before_bonus_value\":600,\"bonus_value\":700,\"add_bonus_value\":100,\
                                \"out_request_no\":\"after\"}";

/// That change, forged or with an invalid body.
fn refused_requests() -> impl Strategy<Value = Raw> {
    let forged = requests_with_one_byte_altered(&[after_the_sample()], &[Part::Body, Part::Signature]);
    prop_oneof![forged.prop_map(|altered| altered.bytes), invalid_requests()]
}

fn invalid_requests() -> impl Strategy<Value = Raw> {
    select(INVALID).prop_map(|(right, wrong)| {
        let body = AFTER_THE_SAMPLE.replace(right, wrong);
        Raw(RawRequest { body: body.into(), ..RawRequest::sample() }.to_bytes())
    })
}

/// Pieces of [`AFTER_THE_SAMPLE`], and their replacements.
const INVALID: &[(&str, &str)] = &[
    ("700", "\"700\""),
    ("700", "700.5"),
    ("700", "null"),
    ("}", ",\"need_inform_bonus\":\"yes\"}"),
    ("}", ",\"member_price_word\":\"nine char\"}"),
    ("}", ",\"guide\":[]}"),
    ("}", ",\"unknown\":1}"),
    ("}", ""),
    ("}", "}}"),
    // The sample's number, for other content.
    ("after", "100002322019090134234sfdf"),
];
