//! What a case needs of the merchant that it is run as.

use wechatpay_protocol::Credentials;

use super::{Case, CaseExchange, CaseRequest, Content, ExpectedBody, ExpectedHeader, RawRequest, SignedBy};
use crate::sign::Sign;

impl Case {
    /// Which of the gateway's keys the case needs and the merchant does not know, if there is one.
    pub(crate) fn lacking(&self, merchant: &Credentials) -> Option<&'static str> {
        let needs = |key, placeholder: &str| {
            self.exchanges
                .iter()
                .any(|exchange| exchange.expect.signed_by == key || names(exchange, placeholder))
        };
        if merchant.platform_certificate.is_none()
            && needs(SignedBy::PlatformCertificate, "{platform_serial}")
        {
            return Some("platform certificate");
        }
        if merchant.public_key.is_none() && needs(SignedBy::PublicKey, "{public_key_id}") {
            return Some("public key");
        }
        None
    }
}

/// Whether anything in the exchange names a key by that placeholder.
fn names(exchange: &CaseExchange, placeholder: &str) -> bool {
    let has = |text: &str| text.contains(placeholder);
    let sent = match &exchange.request {
        CaseRequest::Made(made) => {
            has(&made.target)
                || made.headers.values().flatten().any(|value| has(value))
                || match &made.body {
                    Some(Content::Json(value)) => has(&value.to_string()),
                    Some(Content::Text(text)) => has(text),
                    Some(Content::Base64(_) | Content::SampleOfLength(_)) | None => false,
                }
        }
        CaseRequest::Raw(RawRequest::Text(text)) => has(text),
        CaseRequest::Raw(RawRequest::Base64(_)) => false,
    };
    let signed = matches!(&exchange.sign, Sign::Authorization(text) if has(text));
    let body = match &exchange.expect.body {
        ExpectedBody::Exact(value) | ExpectedBody::Partial(value) => has(&value.to_string()),
        ExpectedBody::Empty | ExpectedBody::Schema(_) => false,
    };
    let mut headers = exchange.expect.headers.values();
    let expected = headers.any(|header| matches!(header, ExpectedHeader::Exact(value) if has(value)));
    sent || signed || body || expected
}
