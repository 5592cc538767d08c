//! Everything under `/__mock/`, over a socket. Each response is checked against the OpenAPI document.

mod access;
mod bad;
mod business_view;
mod callbacks;
mod clock;
mod credentials;
mod described;
mod document;
mod documented;
mod documents;
mod environment;
mod events;
mod every;
mod exchanges;
mod faults;
mod follow;
mod har;
mod inspector;
mod isolation;
mod language;
mod merchants;
mod payment_requests;
mod policies;
mod qr;
mod replay;
mod request_payment;
mod reset;
mod secrets;
mod service;
mod state;
mod transfers;
mod unanswered;
mod verify;
mod waiting;

use serde_json::{Value, json};
use wechatpay_contract::sign::{Sign, ToSign};
use wechatpay_mock::MockServer;
use wechatpay_protocol::{Credentials, CredentialsFile};

use crate::support::{Connection, RawRequest, frozen_mock};

use described::{Seen, check};

/// A mock, and how the tests call its `/__mock/` API.
struct Admin {
    mock: MockServer,
    /// The `Host` of every call.
    host: &'static str,
    /// Further headers of every call.
    headers: Vec<String>,
}

/// A response that matches the document.
#[derive(Debug)]
struct Response {
    status: u16,
    head: String,
    /// The body, as a string if it is not JSON.
    body: Value,
    /// The body as received.
    text: String,
    /// The operation and status in the document, if described.
    seen: Option<Seen>,
}

impl Admin {
    async fn new() -> Self {
        Self::of(frozen_mock().await)
    }

    fn of(mock: MockServer) -> Self {
        Self { mock, host: "localhost", headers: Vec::new() }
    }

    /// Adds a header to every call.
    fn with(mut self, header: &str) -> Self {
        self.headers.push(header.into());
        self
    }

    async fn get(&self, path: &str) -> Response {
        self.call("GET", path, "").await
    }

    async fn post(&self, path: &str, body: &Value) -> Response {
        self.call("POST", path, &body.to_string()).await
    }

    async fn delete(&self, path: &str) -> Response {
        self.call("DELETE", path, "").await
    }

    /// One call on its own connection. The path is the part after `/__mock`.
    async fn call(&self, method: &str, path: &str, body: &str) -> Response {
        let lines = [format!("{method} /__mock{path} HTTP/1.1"), format!("Host: {}", self.host)];
        let length = format!("Content-Length: {}", body.len());
        let lines: Vec<_> = lines.iter().chain(&self.headers).chain([&length]).cloned().collect();
        let bytes = format!("{}\r\n\r\n{body}", lines.join("\r\n"));
        self.raw(method, path, body, bytes.as_bytes()).await
    }

    /// Sends these bytes, which are the call described by the other arguments.
    async fn raw(&self, method: &str, path: &str, body: &str, bytes: &[u8]) -> Response {
        let mut connection = Connection::open(&self.mock).await;
        connection.send(bytes).await;
        let response = connection.response().await;
        check(method, &format!("/__mock{path}"), body, &response)
    }

    /// The status of the gateway's response to this request.
    async fn exchange(&self, request: &RawRequest) -> u16 {
        crate::support::exchange(&self.mock, request).await.status().parse().unwrap()
    }

    /// The sample call and its refusals: 204, 401 SIGN_ERROR, 400 PARAM_ERROR, 404 without a merchant, 200.
    async fn five_exchanges(&self) {
        let sample = RawRequest::sample();
        for (request, status) in [
            (sample.clone(), 204),
            (RawRequest { sign: Sign::NoFinalNewline, ..sample.clone() }, 401),
            (RawRequest { body: b"{".into(), ..sample.clone() }, 400),
            (RawRequest { target: "/v3/none".into(), sign: Sign::Unsigned, ..sample }, 404),
            (RawRequest::certificates(), 200),
        ] {
            assert_eq!(self.exchange(&request).await, status);
        }
    }

    /// Creates a merchant for one test.
    async fn make_merchant(&self, options: &Value) -> Credentials {
        let made = self.post("/merchants", options).await;
        assert_eq!(made.status, 201, "{made:?}");
        let file: CredentialsFile = serde_json::from_value(made.body).unwrap();
        Credentials::from_inline(&file).unwrap()
    }

    /// The numbers of the exchanges in a list.
    async fn numbers(&self, query: &str) -> Vec<u64> {
        numbers(&self.get(&format!("/exchanges?{query}")).await)
    }
}

impl Response {
    #[track_caller]
    fn assert_is(self, status: u16, body: Value) {
        assert_eq!((self.status, self.body), (status, body));
    }

    /// Checks that the call is refused with a message that contains this text.
    #[track_caller]
    fn assert_refused(self, status: u16, text: &str) {
        let message = self.body["message"].as_str().unwrap();
        assert!(self.status == status && message.contains(text), "{} {message}", self.status);
    }
}

fn numbers(page: &Response) -> Vec<u64> {
    assert_eq!(page.status, 200, "{page:?}");
    page.body["exchanges"].as_array().unwrap().iter().map(|one| one["number"].as_u64().unwrap()).collect()
}

/// The request, signed by this merchant.
fn signed_by(merchant: &Credentials, request: RawRequest) -> RawRequest {
    let to_sign = ToSign {
        method: request.method,
        target: &request.target,
        body: &request.body,
        now: request.signed_at,
        nonce_str: "5K8264ILTKCH16CQ2502SI8ZNMTM67VS",
    };
    let authorization = Sign::Valid.sign(&to_sign, merchant).unwrap().authorization.unwrap();
    RawRequest { sign: Sign::Unsigned, ..request }.header(&format!("Authorization: {authorization}"))
}

/// A fault rule for changes of rights.
fn system_error() -> Value {
    json!({ "fault": "system-error", "match": { "operation": "set_rights" } })
}
