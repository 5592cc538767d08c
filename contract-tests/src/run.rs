//! Runs a case against a server and says what differs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};
use wechatpay_protocol::{Credentials, Nonce, ResponseSignature, Signature, Timestamp, VerifyingKey};

use crate::{
    case::{Case, CaseExchange, CaseRequest, Expected, ExpectedBody, SignedBy},
    sign::{Signed, ToSign},
};

/// How a case came out: what differs, in the order in which it was looked at; empty if it holds.
pub type Differences = Vec<String>;

/// The longest that one answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends the case's requests to `base_url` as that merchant, one after another, and compares the answers.
pub async fn run(case: &Case, base_url: &str, merchant: &Credentials) -> Differences {
    let mut differences = Vec::new();
    let given_now = case.given.as_ref().and_then(|given| given.now).map(Timestamp::from_unix);
    for (index, exchange) in case.exchanges.iter().enumerate() {
        let now = given_now.unwrap_or_else(now);
        let of_this = match run_exchange(exchange, now, base_url, merchant).await {
            Ok(differences) => differences,
            Err(problem) => vec![problem],
        };
        differences
            .extend(of_this.into_iter().map(|difference| format!("exchange {}: {difference}", index + 1)));
    }
    differences
}

async fn run_exchange(
    exchange: &CaseExchange,
    now: Timestamp,
    base_url: &str,
    merchant: &Credentials,
) -> Result<Differences, String> {
    let body = exchange.request.body.to_bytes();
    let nonce_str = random_nonce();
    let to_sign = ToSign {
        method: &exchange.request.method,
        target: &exchange.request.target,
        body: &body,
        now,
        nonce_str: nonce_str.as_str(),
    };
    let signed = exchange.sign.sign(&to_sign, merchant).map_err(|error| error.to_string())?;
    let sent = timeout(ANSWER_TIMEOUT, send(base_url, &exchange.request, &signed, body.clone())).await;
    let answer = sent.map_err(|_| format!("expected an answer within {ANSWER_TIMEOUT:?}, found none"))??;
    let placeholders =
        [("{timestamp}", signed.timestamp.to_string()), ("{nonce_str}", nonce_str.to_string())];
    Ok(compare(&exchange.expect, &answer, merchant, &placeholders))
}

/// An answer, whole.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

async fn send(
    base_url: &str,
    request: &CaseRequest,
    signed: &Signed,
    body: Vec<u8>,
) -> Result<Answer, String> {
    let base: Uri = base_url.parse().map_err(|error| format!("{base_url} is not a URL: {error}"))?;
    let authority = base.authority().ok_or_else(|| format!("expected a host in {base_url}, found none"))?;
    let target: Uri =
        request.target.parse().map_err(|error| format!("{} can't be sent: {error}", request.target))?;
    let method: Method = request.method.parse().map_err(|error| format!("{}: {error}", request.method))?;

    let stream =
        TcpStream::connect(authority.as_str()).await.map_err(|error| format!("{authority}: {error}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    let connection = tokio::spawn(connection);
    let mut message = Request::new(Full::new(Bytes::from(body)));
    *message.method_mut() = method;
    *message.uri_mut() = target;
    *message.headers_mut() = headers(authority.as_str(), request, signed)?;
    let answer =
        sender.send_request(message).await.map_err(|error| format!("expected an answer, found: {error}"))?;
    let (head, body) = answer.into_parts();
    let body =
        body.collect().await.map_err(|error| format!("expected a whole body, found: {error}"))?.to_bytes();
    connection.abort();
    Ok(Answer { status: head.status, headers: head.headers, body })
}

fn headers(authority: &str, request: &CaseRequest, signed: &Signed) -> Result<HeaderMap, String> {
    let usual = [
        ("Host", Some(authority)),
        ("User-Agent", Some("wechatpay-contract")),
        ("Accept", Some("application/json")),
        ("Content-Type", Some("application/json")),
        ("Authorization", signed.authorization.as_deref()),
    ];
    let mut headers = HeaderMap::new();
    let own = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
    for (name, value) in usual.into_iter().chain(own) {
        let name: HeaderName = name.parse().map_err(|error| format!("{name}: {error}"))?;
        match value {
            Some(value) => {
                let value =
                    HeaderValue::from_bytes(value.as_bytes()).map_err(|error| format!("{name}: {error}"))?;
                headers.insert(name, value);
            }
            None => {
                headers.remove(name);
            }
        }
    }
    Ok(headers)
}

fn compare(
    expected: &Expected,
    answer: &Answer,
    merchant: &Credentials,
    placeholders: &[(&str, String)],
) -> Differences {
    let mut differences = Vec::new();
    let status = answer.status.as_u16();
    if status != expected.status {
        let body = String::from_utf8_lossy(&answer.body);
        differences.push(format!("expected the status {}, found {status} with {body}", expected.status));
    }
    for (name, value) in &expected.headers {
        let found = answer.headers.get(name).map(|found| String::from_utf8_lossy(found.as_bytes()));
        if found.as_deref() != value.as_deref() {
            differences.push(format!("expected the header {name} to be {value:?}, found {found:?}"));
        }
    }
    differences.extend(compare_body(&expected.body, &answer.body, placeholders));
    differences.extend(compare_signature(expected.signed_by, answer, merchant).err());
    differences
}

fn compare_body(expected: &ExpectedBody, found: &Bytes, placeholders: &[(&str, String)]) -> Differences {
    let (wanted, is_partial) = match expected {
        ExpectedBody::Empty if found.is_empty() => return Vec::new(),
        ExpectedBody::Empty => {
            return vec![format!("expected an empty body, found {}", String::from_utf8_lossy(found))];
        }
        ExpectedBody::Exact(value) => (value, false),
        ExpectedBody::Partial(value) => (value, true),
    };
    match serde_json::from_slice(found) {
        Ok(found) => json_differences("", &filled_in(wanted, placeholders), &found, is_partial),
        Err(error) => {
            vec![format!("expected a JSON body, found {error} in {}", String::from_utf8_lossy(found))]
        }
    }
}

/// The value with its placeholders replaced.
fn filled_in(value: &Value, placeholders: &[(&str, String)]) -> Value {
    match value {
        Value::String(text) => Value::String(
            placeholders.iter().fold(text.clone(), |text, (name, value)| text.replace(name, value)),
        ),
        Value::Array(items) => items.iter().map(|item| filled_in(item, placeholders)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), filled_in(value, placeholders))).collect()
        }
        other => other.clone(),
    }
}

fn json_differences(at: &str, expected: &Value, found: &Value, is_partial: bool) -> Differences {
    let (Value::Object(expected), Value::Object(found)) = (expected, found) else {
        let differs = expected != found;
        return Vec::from_iter(differs.then(|| format!("body{at}: expected {expected}, found {found}")));
    };
    let mut differences = Vec::new();
    for (name, value) in expected {
        let at = format!("{at}/{name}");
        match found.get(name) {
            Some(found) => differences.extend(json_differences(&at, value, found, is_partial)),
            None => differences.push(format!("body{at}: expected {value}, found nothing")),
        }
    }
    if !is_partial {
        let surplus = found.iter().filter(|(name, _)| !expected.contains_key(*name));
        differences
            .extend(surplus.map(|(name, value)| format!("body{at}/{name}: expected nothing, found {value}")));
    }
    differences
}

fn compare_signature(expected: SignedBy, answer: &Answer, merchant: &Credentials) -> Result<(), String> {
    let (id, pem) = match expected {
        SignedBy::Nobody => {
            let header = answer.headers.keys().find(|name| name.as_str().starts_with("wechatpay-"));
            return header
                .map_or(Ok(()), |name| Err(format!("expected no signature, found the header {name}")));
        }
        SignedBy::PlatformCertificate => {
            merchant.platform_certificate.as_ref().map(|(id, pem)| (id.to_string(), pem))
        }
        SignedBy::PublicKey => merchant.public_key.as_ref().map(|(id, pem)| (id.to_string(), pem)),
    }
    .ok_or_else(|| format!("the merchant's credentials have no key for {expected:?}"))?;

    let signature = ResponseSignature::from_headers(&answer.headers).map_err(|error| error.to_string())?;
    if signature.serial.as_str() != id {
        return Err(format!("expected a signature by {id}, found one by {}", signature.serial));
    }
    let key = VerifyingKey::from_pem(pem).map_err(|error| error.to_string())?;
    let message = signature.message(&answer.body).to_bytes();
    let bytes: Signature = signature.signature.parse().map_err(|error| format!("{error}"))?;
    key.verify(&message, &bytes)
        .map_err(|error| format!("{error}; the message is\n{}", String::from_utf8_lossy(&message)))
}

fn now() -> Timestamp {
    Timestamp::from_unix(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

fn random_nonce() -> Nonce {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    Nonce::from_random(bytes)
}
