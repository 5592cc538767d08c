//! Reads a capture: an archive (HAR), a text, or the body of a callback alone.

use serde_json::Value;

use super::{
    capture::{CaptureError, MAX_BYTES, Message, Start, has_private_key},
    har, text,
};

/// Reads the messages of a capture.
///
/// # Errors
/// [`CaptureError`] says what was expected.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Message>, CaptureError> {
    let is_too_large = u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES);
    if is_too_large {
        return Err(CaptureError::TooLarge);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii_start().starts_with(b"-----BEGIN ") && has_private_key(bytes) {
        return Err(CaptureError::PrivateKey);
    }
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Ok(text::read(bytes));
    }
    match har::read(bytes)? {
        Some(messages) => Ok(messages),
        // The body of a callback alone, without its headers.
        None => Ok(vec![body_alone(bytes)?]),
    }
}

fn body_alone(bytes: &[u8]) -> Result<Message, CaptureError> {
    let json = serde_json::from_slice::<Value>(bytes);
    json.map_err(|error| CaptureError::Har { line: error.line(), column: error.column() })?;
    let (headers, body) = (Vec::new(), bytes.trim_ascii().to_vec());
    Ok(Message { place: None, start: Start::Unknown, headers, body, answers: None, promised: None })
}
