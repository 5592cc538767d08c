//! The text that is signed: five lines for a request, three for an answer, each ended by `\n`, the last one too.
//! (documented)

use crate::Timestamp;

/// What a merchant signs.
///
/// Every part is what stands on the wire: nothing is decoded, re-encoded or trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestMessage<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// Path and query as sent; never scheme or host.
    pub target: &'a str,
    /// The header's `timestamp`.
    pub timestamp: Timestamp,
    /// The header's `nonce_str`.
    pub nonce_str: &'a str,
    /// The exact bytes of the body; empty if there is none.
    pub body: &'a [u8],
}

impl RequestMessage<'_> {
    /// The five lines.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { method, target, timestamp, nonce_str, body } = self;
        let mut message = format!("{method}\n{target}\n{timestamp}\n{nonce_str}\n").into_bytes();
        end_with_body(&mut message, body);
        message
    }
}

/// What the gateway signs, in answers and in notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseMessage<'a> {
    /// The `Wechatpay-Timestamp` header.
    pub timestamp: Timestamp,
    /// The `Wechatpay-Nonce` header.
    pub nonce: &'a str,
    /// The exact bytes of the body; empty for 204, whose third line is a lone `\n`.
    pub body: &'a [u8],
}

impl ResponseMessage<'_> {
    /// The three lines.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { timestamp, nonce, body } = self;
        let mut message = format!("{timestamp}\n{nonce}\n").into_bytes();
        end_with_body(&mut message, body);
        message
    }
}

fn end_with_body(message: &mut Vec<u8>, body: &[u8]) {
    message.reserve_exact(body.len() + 1);
    message.extend_from_slice(body);
    message.push(b'\n');
}
