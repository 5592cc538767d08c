//! Bytes from the wire, represented in JSON.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;
use serde_json::Value;

use crate::journal::Headers;

/// Bytes as text if they are UTF-8, otherwise as Base64.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Content {
    Text(String),
    Base64(String),
}

/// The body of a request or response. `cut` says whether the journal cut it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct BodyContent {
    /// Its length as sent, in bytes.
    length: usize,
    cut: bool,
    #[serde(flatten)]
    content: Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
}

/// The text that was or should have been signed. `cut` says whether the journal cut its body.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Message {
    #[serde(flatten)]
    content: Content,
    cut: bool,
}

/// A header of a request or response; its value is Base64 if it is not UTF-8.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum Header<'a> {
    Text { name: &'a str, value: &'a str },
    Base64 { name: &'a str, base64: String },
}

impl Content {
    /// Represents these bytes. If they were cut, the cut may have split their last character.
    pub(crate) fn of(bytes: &[u8], is_cut: bool) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.into()),
            Err(error) if is_cut && error.error_len().is_none() => {
                Self::Text(String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned())
            }
            Err(_) => Self::Base64(BASE64_STANDARD.encode(bytes)),
        }
    }
}

impl BodyContent {
    /// Represents the kept part of a body of this length.
    pub(crate) fn of(kept: &[u8], length: usize) -> Self {
        let cut = kept.len() < length;
        let json = if cut { None } else { serde_json::from_slice(kept).ok() };
        Self { length, cut, content: Content::of(kept, cut), json }
    }

    /// Whether the body was cut.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }
}

impl Message {
    /// Represents a message whose body may have been cut.
    pub(crate) fn of(bytes: &[u8], cut: bool) -> Self {
        let content = match bytes.strip_suffix(b"\n").filter(|_| cut).map(|rest| Content::of(rest, true)) {
            Some(Content::Text(text)) => Content::Text(text + "\n"),
            Some(Content::Base64(_)) | None => Content::of(bytes, false),
        };
        Self { content, cut }
    }
}

impl<'a> Header<'a> {
    fn of((name, value): (&'a str, &'a [u8])) -> Self {
        match str::from_utf8(value) {
            Ok(value) => Self::Text { name, value },
            Err(_) => Self::Base64 { name, base64: BASE64_STANDARD.encode(value) },
        }
    }
}

/// Every header, in order.
pub(crate) fn headers(headers: &Headers) -> Vec<Header<'_>> {
    headers.iter().map(Header::of).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(content: &impl Serialize) -> Value {
        serde_json::to_value(content).unwrap()
    }

    #[test]
    fn a_json_body_is_shown_as_text_and_as_json() {
        let body = br#"{"b":1.0,"a":2}"#;
        let expected =
            json!({ "length": 15, "cut": false, "text": r#"{"b":1.0,"a":2}"#, "json": { "a": 2, "b": 1.0 } });
        assert_eq!(shown(&BodyContent::of(body, body.len())), expected);
    }

    #[test]
    fn a_cut_within_a_character_still_leaves_text() {
        let expected = json!({ "length": 6, "cut": true, "text": "会" });
        assert_eq!(shown(&BodyContent::of(&"会员".as_bytes()[..4], 6)), expected);
        let message = ["PATCH\n会".as_bytes(), &"员".as_bytes()[..1], b"\n"].concat();
        assert_eq!(shown(&Message::of(&message, true)), json!({ "text": "PATCH\n会\n", "cut": true }));
    }

    #[test]
    fn bytes_that_are_not_text_become_base64() {
        let expected = json!({ "length": 2, "cut": false, "base64": "/wA=" });
        assert_eq!(shown(&BodyContent::of(b"\xff\0", 2)), expected);
        // The cut did not split it: it was never a character.
        assert_eq!(shown(&BodyContent::of(b"\xff\0", 3))["base64"], "/wA=");
        let expected = json!({ "name": "host", "base64": "/w==" });
        assert_eq!(shown(&Header::of(("host", b"\xff"))), expected);
    }
}
