//! Faults, as the plain client sees them and byte by byte on raw connections.

mod any_operation;
mod every;
mod latency;
mod line;
mod order;
mod responses;
mod robustness;
mod rules;
mod trigger_numbers;

use std::time::Duration;

use http::HeaderName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::yield_now,
    time::timeout,
};
use wechatpay_client::{Client, Error, RightsChange, Trust, VerificationError, VerifiedResponse};
use wechatpay_mock::{ActiveFault, Fault, FaultRule, MockServer, RuleState};
use wechatpay_protocol::{Credentials, HeaderError};

use crate::support::{NOW, RawRequest, frozen_mock};

const CARD_ID: &str = "faulty-card";
const CODE: &str = "1";
/// What each change adds to the member's points.
const POINTS: i64 = 100;

/// A mock with a fixed clock, and a client with the same time.
struct Setup {
    mock: MockServer,
    client: Client,
}

impl Setup {
    async fn new() -> Self {
        Self::of(frozen_mock().await)
    }

    fn of(mock: MockServer) -> Self {
        Self::trusting(mock, Trust::PublicKey)
    }

    fn trusting(mock: MockServer, trust: Trust) -> Self {
        let client = client(&mock, &mock.credentials(), trust);
        Self { mock, client }
    }

    /// A mock and a client with these rules, oldest first.
    async fn with<const N: usize>(rules: [FaultRule; N]) -> Self {
        let setup = Self::new().await;
        rules.into_iter().for_each(|rule| drop(setup.mock.add_fault(rule).unwrap()));
        setup
    }

    /// The client's reaction to a change with that number.
    async fn change(&self, out_request_no: &str) -> Reaction {
        self.change_of(CODE, out_request_no).await
    }

    async fn change_of(&self, code: &str, out_request_no: &str) -> Reaction {
        Reaction::to(self.client.set_rights(CARD_ID, code, &adding(out_request_no)).await)
    }

    /// The member's points, read in memory, where a refuse does not apply and no connection is kept.
    async fn points(&self) -> i64 {
        let target = format!("/v3/marketing/membercard-open/cards/{CARD_ID}/codes/{CODE}");
        let request = RawRequest { method: "GET", target, body: Vec::new(), ..RawRequest::sample() };
        let response = in_memory(&self.mock, &request.to_bytes()).await;
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        serde_json::from_str::<serde_json::Value>(body).unwrap()["bonus_value"].as_i64().unwrap()
    }

    /// The fault of the last exchange to which one applied.
    fn last_fault(&self) -> Option<ActiveFault> {
        self.mock.exchanges().iter().rev().find_map(|exchange| exchange.fault.as_deref().cloned())
    }

    /// The only rule.
    fn rule(&self) -> RuleState {
        let [rule] = &self.mock.faults()[..] else { panic!("{:?}", self.mock.faults()) };
        rule.clone()
    }
}

/// How a client reacts to a response, or to its absence.
#[derive(Clone, Debug, PartialEq)]
enum Reaction {
    /// Verified, with this status.
    Verified(u16),
    /// Refused, with this status, code and message.
    Rejected(u16, String),
    /// Refused, with a page of HTML.
    Page(u16),
    /// Not verified: this header is missing.
    Without(HeaderName),
    /// Not verified: signed so many seconds from now.
    SignedAt(i64),
    /// Not verified: the client does not trust the key.
    UnknownKey,
    /// Not verified: the signature is not Base64.
    SignatureForm,
    /// Not verified: the signature does not match these bytes.
    Mismatch,
    /// No connection could be opened.
    NotConnected,
    /// The connection broke.
    Broken,
    /// No response came in time.
    TimedOut,
}

impl Reaction {
    fn to(result: Result<VerifiedResponse, Error>) -> Self {
        match result {
            Ok(verified) => Self::Verified(verified.status().as_u16()),
            Err(error) => Self::to_error(&error),
        }
    }

    fn to_error(error: &Error) -> Self {
        if let Some(rejection) = error.api_error() {
            let status = rejection.status().as_u16();
            return match (rejection.code(), rejection.message()) {
                (Some(code), Some(message)) => Self::Rejected(status, format!("{code} {message}")),
                _ if rejection.body().starts_with(b"<html>") => Self::Page(status),
                _ => panic!("{rejection:?}"),
            };
        }
        match error.verification_error() {
            Some(VerificationError::Headers(HeaderError::Missing { name })) => Self::Without(name.clone()),
            Some(VerificationError::Headers(other)) => panic!("{other:?}"),
            Some(VerificationError::Stale { signed, now }) => {
                Self::SignedAt(signed.as_unix().cast_signed() - now.as_unix().cast_signed())
            }
            Some(VerificationError::UnknownKey { .. }) => Self::UnknownKey,
            Some(VerificationError::SignatureForm(_)) => Self::SignatureForm,
            Some(VerificationError::Mismatch { .. }) => Self::Mismatch,
            None if error.is_timeout() => Self::TimedOut,
            None if error.is_connect() => Self::NotConnected,
            None if error.is_transport() => Self::Broken,
            None => panic!("{error:?}"),
        }
    }

    /// The status, if there is one.
    fn status(&self) -> u16 {
        match self {
            Self::Verified(status) | Self::Rejected(status, _) | Self::Page(status) => *status,
            other => panic!("expected a status, found {other:?}"),
        }
    }
}

fn client(mock: &MockServer, credentials: &Credentials, trust: Trust) -> Client {
    let builder = Client::builder().base_url(&mock.url()).credentials(credentials);
    builder.trust(trust).clock(|| NOW).build().unwrap()
}

fn adding(out_request_no: &str) -> RightsChange {
    RightsChange { add_bonus_value: Some(POINTS), ..RightsChange::new(out_request_no) }
}

/// The same as raw bytes, correctly signed.
fn raw(out_request_no: &str) -> RawRequest {
    let body = format!("{{\"out_request_no\":\"{out_request_no}\"}}").into_bytes();
    RawRequest { body, ..RawRequest::sample() }
}

/// This fault for changes only, so that the member's points can still be read.
fn of_changes(fault: Fault) -> FaultRule {
    let mut rule = FaultRule::of(fault);
    rule.when.operation = Some("set_rights".into());
    rule
}

/// The responses to these bytes over a connection in memory, which is closed after them.
async fn in_memory(mock: &MockServer, bytes: &[u8]) -> String {
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    let talk = async {
        client.write_all(bytes).await.unwrap();
        client.shutdown().await.unwrap();
        let mut responses = Vec::new();
        client.read_to_end(&mut responses).await.unwrap();
        String::from_utf8(responses).unwrap()
    };
    tokio::join!(talk, mock.serve_connection(server)).0
}

/// Yields to other tasks until the condition holds.
async fn until(holds: impl Fn() -> bool) {
    let holding = async {
        while !holds() {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), holding).await.expect("the condition never holds");
}
