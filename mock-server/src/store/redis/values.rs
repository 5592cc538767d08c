//! What is read from an answer.

use ::redis::Value;
use wechatpay_protocol::Timestamp;
use wechatpay_texts::text;

use super::super::{Document, Fingerprint, JsonText, StoreResult, UnavailableError};

/// A text.
pub(super) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

pub(super) fn items(value: Value) -> StoreResult<Vec<Value>> {
    match value {
        Value::Array(items) | Value::Set(items) => Ok(items),
        _ => Err(unreadable()),
    }
}

pub(super) fn number(value: &Value) -> StoreResult<u64> {
    let number = match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        value => text(value).and_then(|text| text.parse().ok()),
    };
    number.ok_or_else(unreadable)
}

/// A time as it is kept in a sorted set, which is a floating point number.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    text(value)?.parse::<f64>().ok().map(|seconds| Timestamp::from_unix(seconds as u64))
}

pub(super) fn fingerprint(value: &Value) -> StoreResult<Fingerprint> {
    match value {
        Value::BulkString(bytes) => bytes.as_slice().try_into().map(Fingerprint).map_err(|_| unreadable()),
        _ => Err(unreadable()),
    }
}

/// A document as it is kept, with its place.
pub(super) fn document(kept: &Value) -> Option<(u64, Document)> {
    let mut parts = text(kept)?.splitn(4, ' ');
    let version = parts.next()?.parse().ok()?;
    let place = parts.next()?.parse().ok()?;
    let value = JsonText::known(parts.nth(1)?);
    Some((place, Document { version, value }))
}

pub(super) fn kept_document(kept: &Value) -> StoreResult<Option<Document>> {
    match kept {
        Value::Nil => Ok(None),
        kept => document(kept).map(|(_, document)| Some(document)).ok_or_else(unreadable),
    }
}

/// What a request number was used for, as it is kept.
pub(super) fn kept_content(kept: &Value) -> StoreResult<Option<Fingerprint>> {
    match kept {
        Value::Nil => Ok(None),
        content => fingerprint(content).map(Some),
    }
}

/// The error of an answer that makes no sense.
pub(super) fn unreadable() -> UnavailableError {
    UnavailableError::of(|| text!("Redis has data that no mock has written"))
}
