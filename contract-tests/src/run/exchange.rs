//! One exchange: fills in the placeholders, signs, sends, and waits for the complete response.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use tokio::time::timeout;
use wechatpay_protocol::{BaseUrl, Credentials, Nonce, Timestamp};
use wechatpay_texts::text;

use super::send::{self, Response};
use crate::{
    case::{BuiltRequest, CaseRequest, Placeholders, RawRequest},
    sign::{Sign, ToSign},
};

/// The time limit for one response.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// The server that is called, and the merchant that calls it.
pub(crate) struct Caller<'a> {
    base_url: &'a BaseUrl,
    pub(super) merchant: &'a Credentials,
    /// The value of `{unique}`.
    pub(super) unique: String,
    /// What was kept of the responses so far.
    kept: BTreeMap<String, String>,
}

/// A response, with what is known about its request.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) response: Response,
    pub(super) placeholders: Placeholders,
    /// The server's time when the request was sent and when the response was complete.
    pub(super) times: [Timestamp; 2],
    /// The message that was signed, if the request has a signature.
    pub(super) signed_message: Option<Vec<u8>>,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(base_url: &'a BaseUrl, merchant: &'a Credentials) -> Self {
        let mut unique = random_nonce().to_string();
        unique.truncate(16);
        // After a name such as `MOCKconfirm`, a lower-case letter would be a part of the name.
        unique.make_ascii_uppercase();
        Self { base_url, merchant, unique, kept: BTreeMap::new() }
    }

    /// Sends a request; `Err` says what was found in place of a response. `time` is the time of a server with a fixed
    /// clock. Otherwise the server has the time of this machine.
    pub(crate) async fn send(
        &self,
        request: &CaseRequest,
        sign: &Sign,
        time: Option<Timestamp>,
    ) -> Result<Exchange, String> {
        let now = || time.unwrap_or_else(now);
        let sent_at = now();
        let timestamp = sign.timestamp(sent_at);
        let nonce_str = random_nonce();
        let placeholders = self.placeholders(timestamp, &nonce_str);
        let filled = Filled::new(request, self.base_url, &placeholders);
        let to_sign = ToSign {
            method: request.method(),
            target: &filled.target,
            body: &filled.body,
            now: sent_at,
            nonce_str: nonce_str.as_str(),
        };
        let signed = sign.sign(&to_sign, self.merchant).map_err(|error| error.to_string())?;
        let authorization = signed.authorization.as_deref();

        let exchange = async {
            match request {
                CaseRequest::Built(built) => {
                    let headers = send::headers(built, self.base_url, authorization, &placeholders)?;
                    let body = filled.body.clone();
                    send::built(self.base_url, &built.method, &filled.target, headers, body).await
                }
                CaseRequest::Raw(_) => send::raw(self.base_url, &filled.raw(authorization)).await,
            }
        };
        let response = timeout(RESPONSE_TIMEOUT, exchange).await;
        let response = response
            .map_err(|_| text!("none within {seconds} s", seconds = RESPONSE_TIMEOUT.as_secs()))??;
        let signed_message = authorization.map(|_| sign.message(&to_sign, timestamp));
        Ok(Exchange { response, placeholders, times: [sent_at, now()], signed_message })
    }

    /// Gives all requests from here on this value.
    pub(crate) fn know(&mut self, name: &str, value: String) {
        self.kept.insert(name.into(), value);
    }

    /// Keeps values of a response, so that later requests can have them.
    ///
    /// # Errors
    /// The pointer at which the response has no text, number or boolean.
    pub(crate) fn keep(
        &mut self,
        exchange: &mut Exchange,
        pointers: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        let body = serde_json::from_slice::<Value>(&exchange.response.body).unwrap_or_default();
        for (name, pointer) in pointers {
            let value = match body.pointer(pointer) {
                Some(Value::String(text)) => text.clone(),
                Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
                _ => return Err(pointer.clone()),
            };
            self.kept.insert(name.clone(), value);
        }
        exchange.placeholders.keep(self.kept.clone());
        Ok(())
    }

    fn placeholders(&self, timestamp: Timestamp, nonce_str: &Nonce) -> Placeholders {
        let Credentials { mchid, merchant_serial, platform_certificate, public_key, .. } = self.merchant;
        let values = [
            ("unique", self.unique.clone()),
            ("mchid", mchid.to_string()),
            ("serial_no", merchant_serial.to_string()),
            ("platform_serial", key_id(platform_certificate.as_ref())),
            ("public_key_id", key_id(public_key.as_ref())),
            ("host", self.base_url.authority().to_string()),
            ("timestamp", timestamp.to_string()),
            ("nonce_str", nonce_str.to_string()),
        ];
        Placeholders::new(values, &self.kept)
    }
}

/// A request with its placeholders filled in, except for the signature.
struct Filled {
    target: String,
    body: Vec<u8>,
    /// All bytes of a raw request.
    raw: Vec<u8>,
}

impl Filled {
    fn new(request: &CaseRequest, base_url: &BaseUrl, placeholders: &Placeholders) -> Self {
        let target = path(placeholders.fill(request.target()), base_url);
        let (body, raw) = match request {
            CaseRequest::Built(BuiltRequest { body, .. }) => {
                (body.as_ref().map_or_else(Vec::new, |body| body.to_bytes(placeholders)), Vec::new())
            }
            CaseRequest::Raw(RawRequest::Base64(bytes)) => (Vec::new(), bytes.clone()),
            CaseRequest::Raw(RawRequest::Text(text)) => {
                let text = placeholders.fill(text);
                let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
                (body.into(), text.into_bytes())
            }
        };
        Self { target, body, raw }
    }

    /// All bytes of a raw request, with the signature.
    fn raw(&self, authorization: Option<&str>) -> Vec<u8> {
        match (str::from_utf8(&self.raw), authorization) {
            (Ok(text), Some(authorization)) => text.replace("{authorization}", authorization).into_bytes(),
            _ => self.raw.clone(),
        }
    }
}

/// The path and query of a URL of the server. A target can be one that a response had.
fn path(target: String, base_url: &BaseUrl) -> String {
    let scheme = if base_url.is_https() { "https" } else { "http" };
    let origin = format!("{scheme}://{}", base_url.authority());
    target.strip_prefix(&origin).map(str::to_owned).unwrap_or(target)
}

fn key_id<T: ToString>(key: Option<&(T, String)>) -> String {
    key.map_or_else(String::new, |(id, _)| id.to_string())
}

/// The time of this machine.
fn now() -> Timestamp {
    Timestamp::from_unix(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

fn random_nonce() -> Nonce {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
    Nonce::from_random(bytes)
}
