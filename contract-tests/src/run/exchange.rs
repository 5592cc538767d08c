//! One exchange: fill in, sign, send, and wait for the whole answer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::timeout;
use wechatpay_protocol::{Credentials, Nonce, Timestamp};

use super::send::{self, Host, Sent};
use crate::{
    case::{CaseRequest, MadeRequest, Placeholders, RawRequest},
    sign::{Sign, ToSign},
};

/// The longest that one answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Who calls, and whom.
pub(crate) struct Caller<'a> {
    base_url: &'a str,
    pub(super) merchant: &'a Credentials,
    /// What `{unique}` stands for.
    pub(super) unique: String,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(base_url: &'a str, merchant: &'a Credentials) -> Self {
        let mut unique = random_nonce().to_string();
        unique.truncate(16);
        Self { base_url, merchant, unique }
    }

    /// Signs, sends, and waits for the whole answer; `Err` says what there was in its place. The time is what is given,
    /// for a server whose clock stands still, or else this machine's.
    pub(crate) async fn send(
        &self,
        request: &CaseRequest,
        sign: &Sign,
        given: Option<Timestamp>,
    ) -> Result<Sent, String> {
        let host = Host::of(self.base_url)?;
        let now = || given.unwrap_or_else(now);
        let sent_at = now();
        let timestamp = sign.timestamp(sent_at);
        let placeholders = self.placeholders(&host, timestamp);
        let filled = Filled::of(request, &placeholders);
        let to_sign = ToSign {
            method: request.method(),
            target: &filled.target,
            body: &filled.body,
            now: sent_at,
            nonce_str: &placeholders.nonce_str,
        };
        let signed = sign.sign(&to_sign, self.merchant).map_err(|error| error.to_string())?;
        let authorization = signed.authorization.as_deref();

        let answering = async {
            match request {
                CaseRequest::Made(made) => {
                    let headers = send::headers(made, &host, authorization, &placeholders)?;
                    send::made(&host, &made.method, &filled.target, headers, filled.body.clone()).await
                }
                CaseRequest::Raw(_) => send::raw(&host, &filled.whole(authorization)).await,
            }
        };
        let answer = timeout(ANSWER_TIMEOUT, answering).await;
        let answer = answer.map_err(|_| format!("none within {} s", ANSWER_TIMEOUT.as_secs()))??;
        let signed_message = authorization.map(|_| sign.message(&to_sign, timestamp));
        Ok(Sent { answer, placeholders, times: [sent_at, now()], signed_message })
    }

    fn placeholders(&self, host: &Host, timestamp: Timestamp) -> Placeholders {
        let Credentials { mchid, merchant_serial, platform_certificate, public_key, .. } = self.merchant;
        Placeholders {
            unique: self.unique.clone(),
            mchid: mchid.to_string(),
            serial_no: merchant_serial.to_string(),
            platform_serial: key_name(platform_certificate.as_ref()),
            public_key_id: key_name(public_key.as_ref()),
            host: host.as_written().into(),
            timestamp: timestamp.to_string(),
            nonce_str: random_nonce().to_string(),
        }
    }
}

/// What of a request is signed, with its placeholders filled in.
struct Filled {
    target: String,
    body: Vec<u8>,
    /// All the bytes of a raw request, with a place for the signature if they are text.
    raw: Vec<u8>,
}

impl Filled {
    fn of(request: &CaseRequest, placeholders: &Placeholders) -> Self {
        let target = placeholders.fill(request.target());
        let (body, raw) = match request {
            CaseRequest::Made(MadeRequest { body, .. }) => {
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

    /// The bytes of a raw request, with the signature in its place.
    fn whole(&self, authorization: Option<&str>) -> Vec<u8> {
        match (str::from_utf8(&self.raw), authorization) {
            (Ok(text), Some(authorization)) => text.replace("{authorization}", authorization).into_bytes(),
            _ => self.raw.clone(),
        }
    }
}

fn key_name<T: ToString>(key: Option<&(T, String)>) -> String {
    key.map_or_else(String::new, |(id, _)| id.to_string())
}

/// The time by this machine's clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

pub(crate) fn random_nonce() -> Nonce {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    Nonce::from_random(bytes)
}
