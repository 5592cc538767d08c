//! Sends generated requests, signed and with their encrypted fields encrypted.

use std::{cell::Cell, str::FromStr};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use tokio::runtime::Runtime;
use wechatpay_contract::generate::GeneratedRequest;
use wechatpay_mock::{Clock, Config, MockServer};
use wechatpay_openapi::{Contract, Operation, Schema};
use wechatpay_protocol::{
    Authorization, Credentials, EncryptingKey, ErrorBody, Nonce, RequestMessage, ResponseSignature,
    Signature, SigningKey, VerifyingKey,
};

use crate::support::{Connection, NOW};

/// What an encrypted field holds if the given text is too long to be encrypted.
const SHORT: &str = "13800138000";

/// A mock, and the keys of its merchant.
pub(super) struct Setup {
    pub(super) mock: MockServer,
    credentials: Credentials,
    key: SigningKey,
    public_key: VerifyingKey,
    encrypting: EncryptingKey,
    pub(super) runtime: Runtime,
    sent: Cell<u64>,
}

/// A response as received.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Whether the merchant's public key signed it, and signed exactly this body.
    pub(super) is_signed: bool,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn error(&self) -> Option<ErrorBody> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl Setup {
    pub(super) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(super) fn with(config: Config) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let builder = MockServer::builder().config(config).clock(Clock::fixed(NOW));
        let mock = runtime.block_on(builder.start()).unwrap();
        let credentials = mock.credentials();
        let (_, public_key) = credentials.public_key.clone().unwrap();
        Self {
            key: SigningKey::from_pem(&credentials.merchant_key).unwrap(),
            public_key: VerifyingKey::from_pem(&public_key).unwrap(),
            encrypting: EncryptingKey::from_pem(&public_key).unwrap(),
            mock,
            credentials,
            runtime,
            sent: Cell::new(0),
        }
    }

    /// The response to a request, after its encrypted texts are encrypted.
    pub(super) fn send(&self, request: &GeneratedRequest) -> Answer {
        let operation = Contract::current().operation(&request.operation_id).unwrap();
        let target = self.encrypted_target(operation, &request.target);
        let body = operation.body().and_then(|schema| self.encrypted(schema, &request.body));
        let body = body.unwrap_or_else(|| request.body.to_vec());
        let json = ("Content-Type".to_owned(), "application/json".to_owned());
        let headers: Vec<_> = request.headers.iter().cloned().chain([json]).collect();
        self.send_signed(request.method.as_str(), &target, &headers, &body, &body)
    }

    /// The response to a request whose signature covers `signed`, which of a form is only a part.
    pub(super) fn send_signed(
        &self,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: &[u8],
        signed: &[u8],
    ) -> Answer {
        self.sent.set(self.sent.get() + 1);
        let nonce = Nonce::from_random(u128::from(self.sent.get()).to_be_bytes());
        let message =
            RequestMessage { method, target, timestamp: NOW, nonce_str: nonce.as_str(), body: signed };
        let signature = self.key.sign(&message.to_bytes());
        let Credentials { mchid, merchant_serial, public_key, .. } = &self.credentials;
        let authorization = Authorization::new(mchid, merchant_serial, NOW, &nonce, &signature);
        let serial = &public_key.as_ref().unwrap().0;
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nHost: mock\r\nAccept: */*\r\nUser-Agent: generated\r\n\
             Authorization: {authorization}\r\nWechatpay-Serial: {serial}\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        let bytes = [head.as_bytes(), b"\r\n", body].concat();
        let response = self.runtime.block_on(async {
            let mut connection = Connection::open(&self.mock).await;
            connection.send(&bytes).await;
            connection.response().await
        });
        let fields = response.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let fields = fields.map(|(name, value)| {
            (HeaderName::from_str(name).unwrap(), HeaderValue::from_str(value).unwrap())
        });
        let headers: HeaderMap = fields.collect();
        let is_signed = self.is_signed(&headers, &response.body);
        let status = response.status().parse().unwrap();
        Answer { status, headers, body: response.body, is_signed }
    }

    fn is_signed(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let Ok(signature) = ResponseSignature::from_headers(headers) else { return false };
        let is_by_public_key =
            signature.serial == self.credentials.public_key.as_ref().unwrap().0.clone().into();
        let made = signature.signature.parse::<Signature>();
        let message = signature.message(body).to_bytes();
        is_by_public_key && made.is_ok_and(|made| self.public_key.verify(&message, &made).is_ok())
    }

    /// The body with its encrypted texts encrypted; `None` if it has none.
    pub(super) fn encrypted(&self, schema: &Schema, body: &[u8]) -> Option<Vec<u8>> {
        let mut value: Value = serde_json::from_slice(body).ok()?;
        let pointers = schema.sensitive(&value);
        for pointer in &pointers {
            let field = value.pointer_mut(pointer).unwrap();
            *field = self.encrypt(field.as_str().unwrap()).into();
        }
        (!pointers.is_empty()).then(|| value.to_string().into())
    }

    fn encrypt(&self, text: &str) -> String {
        let encrypted = self.encrypting.encrypt(text);
        encrypted.or_else(|_| self.encrypting.encrypt(SHORT)).unwrap()
    }

    /// The target with its encrypted parameters encrypted, if they can be decoded.
    fn encrypted_target(&self, operation: &Operation, target: &str) -> String {
        let Some((path, query)) = target.split_once('?') else { return target.into() };
        let is_sensitive = |name: &str| {
            operation.parameters().iter().any(|parameter| parameter.name == name && parameter.is_sensitive())
        };
        let has_escapes = |value: &str| {
            let mut digits = value.split('%').skip(1).map(str::as_bytes);
            digits.all(|it| it.len() > 1 && it[..2].iter().all(u8::is_ascii_hexdigit))
        };
        let pairs = query.split('&').map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            match percent_decode_str(value).decode_utf8() {
                Ok(text) if is_sensitive(name) && has_escapes(value) && !text.is_empty() => {
                    format!("{name}={}", utf8_percent_encode(&self.encrypt(&text), NON_ALPHANUMERIC))
                }
                _ => pair.to_owned(),
            }
        });
        format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
    }
}
