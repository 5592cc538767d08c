//! The `detail` of a response to a signature that does not match.

use serde_json::{Value, json};
use wechatpay_protocol::RequestMessage;
use wechatpay_texts::Both;

use crate::policies::MismatchMessage;

/// The gateway's details about a message whose signature did not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInformation {
    method: String,
    url: String,
    /// The first four lines and the beginning of the body.
    truncated_sign_message: String,
    /// The length of the complete message in bytes.
    sign_message_length: usize,
    pub(super) message: MismatchMessage,
    /// What is wrong with the form of an upload, if its signed part can't be found. Never in the response.
    pub(super) problem: Option<Box<Both>>,
}

/// The number of characters of the body in `truncated_sign_message`. (wild)
const BODY_CHARACTERS_SHOWN: usize = 8;

impl SignInformation {
    pub(crate) fn about(message: &RequestMessage<'_>, text: MismatchMessage) -> Self {
        let without_body = RequestMessage { body: b"", ..*message }.to_bytes();
        let body = String::from_utf8_lossy(message.body);
        // A message without a body ends in the `\n` of its body line, which belongs after the beginning of the body
        // here.
        let mut shown = String::from_utf8_lossy(&without_body[..without_body.len() - 1]).into_owned();
        shown.extend(body.chars().take(BODY_CHARACTERS_SHOWN));
        shown.push('\n');
        Self {
            method: message.method.into(),
            url: message.target.into(),
            truncated_sign_message: shown,
            sign_message_length: without_body.len() + message.body.len(),
            message: text,
            problem: None,
        }
    }

    /// The same, with what is wrong with the form of an upload.
    pub(crate) fn with_problem(self, problem: Option<Both>) -> Self {
        Self { problem: problem.map(Box::new), ..self }
    }

    /// The detail of a real response. Its issue is nested one level deeper than in the documentation. (wild)
    pub(super) fn detail(&self) -> Value {
        json!({
            "detail": { "issue": "sign not match" },
            "field": "signature",
            "location": "authorization",
            "sign_information": {
                "method": self.method,
                "sign_message_length": self.sign_message_length,
                "truncated_sign_message": self.truncated_sign_message,
                "url": self.url,
            },
        })
    }
}
