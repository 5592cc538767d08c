//! An error response.

use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use wechatpay_protocol::{ErrorBody, REQUEST_ID, display::printable};

use crate::RawResponse;

/// The longest code and message that are shown, in characters.
const MAX_SHOWN: usize = 1000;

/// The gateway's error: a response with any status but 2xx.
///
/// Only a [refusal](ApiError::is_refusal) says that nothing was done. Any other status leaves open whether the gateway
/// carried the request out.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    status: StatusCode,
    error: Option<ErrorBody>,
    request_id: Option<String>,
    body: Bytes,
}

impl ApiError {
    pub(crate) fn of(response: &RawResponse) -> Self {
        let request_id = response.headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
        Self {
            status: response.status,
            error: serde_json::from_slice(&response.body).ok(),
            request_id: request_id.map(Into::into),
            body: response.body.clone(),
        }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether the status is a 4xx: the gateway did not carry out the request.
    pub fn is_refusal(&self) -> bool {
        self.status.is_client_error()
    }

    /// `PARAM_ERROR`, `SIGN_ERROR` and so on; `None` if the body is not the gateway's JSON.
    pub fn code(&self) -> Option<&str> {
        self.error.as_ref().map(|error| error.code.as_str())
    }

    /// The gateway's message, a sentence for a reader.
    pub fn message(&self) -> Option<&str> {
        self.error.as_ref().map(|error| error.message.as_str())
    }

    /// The parsed body.
    pub fn error_body(&self) -> Option<&ErrorBody> {
        self.error.as_ref()
    }

    /// The gateway's own number for the request, which its support asks for.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The exact bytes of the body; none if it did not arrive completely.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

/// `400 PARAM_ERROR: …`, safe to print on a terminal.
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            Some(ErrorBody { code, message, .. }) => {
                let [code, message] = [code, message].map(|text| printable(text, MAX_SHOWN));
                write!(f, "{} {code}: {message}", self.status.as_u16())
            }
            None => self.status.fmt(f),
        }
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn error(body: &'static str) -> ApiError {
        let headers = HeaderMap::from_iter([(REQUEST_ID, "08F2-03".parse().unwrap())]);
        ApiError::of(&RawResponse { status: StatusCode::BAD_REQUEST, headers, body: body.into() })
    }

    #[test]
    fn code_message_and_request_id_are_read() {
        let error = error(r#"{"code":"PARAM_ERROR","detail":{"location":"body"},"message":"参数错误"}"#);
        assert_eq!((error.code(), error.message()), (Some("PARAM_ERROR"), Some("参数错误")));
        assert_eq!(error.request_id(), Some("08F2-03"));
        assert_eq!(error.to_string(), "400 PARAM_ERROR: 参数错误");
    }

    #[test]
    fn a_body_that_is_not_the_gateways_json_leaves_the_status() {
        for body in ["", "<html>", "[]", "{\"code\":1}"] {
            let error = error(body);
            assert_eq!((error.code(), error.message()), (None, None));
            assert_eq!(error.to_string(), "400 Bad Request");
            assert_eq!(error.body(), body);
        }
    }

    #[test]
    fn a_message_cannot_control_the_terminal_or_hide_text() {
        let error = error(r#"{"code":"A","message":"\u001b[2Jgone\u202e"}"#);
        assert_eq!(error.to_string(), r"400 A: \u{1b}[2Jgone\u{202e}");
    }
}
