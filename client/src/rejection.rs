//! An answer that says no.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use wechatpay_protocol::{ErrorBody, REQUEST_ID};

/// The gateway's refusal: any status but 2xx.
///
/// The gateway does not sign refusals, so neither does anyone check one: it tells why nothing was done, and is no
/// proof of it. A [server error](http::StatusCode::is_server_error) leaves open whether something was.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejection {
    status: StatusCode,
    error: Option<ErrorBody>,
    request_id: Option<String>,
    body: Bytes,
}

impl Rejection {
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Self {
        let request_id = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
        Self {
            status,
            error: serde_json::from_slice(body).ok(),
            request_id: request_id.map(Into::into),
            body: body.clone(),
        }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// `PARAM_ERROR`, `SIGN_ERROR` and the like; `None` where the body is not the gateway's JSON.
    pub fn code(&self) -> Option<&str> {
        self.error.as_ref().map(|error| error.code.as_str())
    }

    /// The gateway's sentence for people.
    pub fn message(&self) -> Option<&str> {
        self.error.as_ref().map(|error| error.message.as_str())
    }

    /// The whole of what the gateway says about the error.
    pub fn error_body(&self) -> Option<&ErrorBody> {
        self.error.as_ref()
    }

    /// The gateway's own number for the exchange, to be quoted to its support.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The body as it came; empty if it did not come whole.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

/// `400 PARAM_ERROR: …`, without control characters, since a terminal would obey them.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            Some(ErrorBody { code, message, .. }) => {
                write!(f, "{} {}: {}", self.status.as_u16(), harmless(code), harmless(message))
            }
            None => self.status.fmt(f),
        }
    }
}

impl std::error::Error for Rejection {}

fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(body: &'static str) -> Rejection {
        let headers = HeaderMap::from_iter([(REQUEST_ID, "08F2-03".parse().unwrap())]);
        Rejection::new(StatusCode::BAD_REQUEST, &headers, &Bytes::from(body))
    }

    #[test]
    fn code_message_and_request_id_are_read() {
        let rejection =
            rejection(r#"{"code":"PARAM_ERROR","detail":{"location":"body"},"message":"参数错误"}"#);
        assert_eq!(rejection.code(), Some("PARAM_ERROR"));
        assert_eq!(rejection.message(), Some("参数错误"));
        assert_eq!(rejection.request_id(), Some("08F2-03"));
        assert_eq!(rejection.to_string(), "400 PARAM_ERROR: 参数错误");
    }

    #[test]
    fn a_body_that_is_not_the_gateways_json_leaves_the_status() {
        for body in ["", "<html>", "[]", "{\"code\":1}"] {
            let rejection = rejection(body);
            assert_eq!((rejection.code(), rejection.message()), (None, None));
            assert_eq!(rejection.to_string(), "400 Bad Request");
            assert_eq!(rejection.body(), body);
        }
    }

    #[test]
    fn a_message_cannot_command_the_terminal() {
        let rejection = rejection(r#"{"code":"A","message":"\u001b[2Jgone"}"#);
        assert_eq!(rejection.to_string(), "400 A: \u{fffd}[2Jgone");
    }
}
