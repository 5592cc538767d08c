//! The text that is signed: five lines for a request, three for a response. Each ends in `\n`, the last one too.
//! (documented)

use crate::Timestamp;

/// The message that a merchant signs.
///
/// Every part is exactly what is sent: nothing is decoded, re-encoded or trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestMessage<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// Path and query as sent, without scheme and host.
    pub target: &'a str,
    /// The `timestamp` of the `Authorization` header.
    pub timestamp: Timestamp,
    /// The `nonce_str` of the `Authorization` header.
    pub nonce_str: &'a str,
    /// The exact bytes of the body, which may be empty.
    pub body: &'a [u8],
}

impl RequestMessage<'_> {
    /// The five lines.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { method, target, timestamp, nonce_str, body } = *self;
        let timestamp = timestamp.to_string();
        lines(&[method.as_bytes(), target.as_bytes(), timestamp.as_bytes(), nonce_str.as_bytes(), body])
    }
}

/// The message that the gateway signs, for responses and for notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseMessage<'a> {
    /// The `Wechatpay-Timestamp` header.
    pub timestamp: Timestamp,
    /// The `Wechatpay-Nonce` header.
    pub nonce: &'a str,
    /// The exact bytes of the body. It is empty for 204, whose third line is a lone `\n`.
    pub body: &'a [u8],
}

impl ResponseMessage<'_> {
    /// The three lines.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { timestamp, nonce, body } = *self;
        lines(&[timestamp.to_string().as_bytes(), nonce.as_bytes(), body])
    }
}

fn lines(lines: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
    for line in lines {
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
    }
    bytes
}
