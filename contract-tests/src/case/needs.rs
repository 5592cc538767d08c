//! What a case needs of the merchant that it is run as.

use wechatpay_protocol::Credentials;

use super::{Case, CaseExchange, CaseRequest, ExpectedHeader, SignedBy};

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

/// Whether a header of the exchange names a key by that placeholder.
fn names(exchange: &CaseExchange, placeholder: &str) -> bool {
    let sent = match &exchange.request {
        CaseRequest::Made(made) => made.headers.values().flatten().any(|value| value.contains(placeholder)),
        CaseRequest::Raw(_) => false,
    };
    let expected = exchange.expect.headers.values();
    sent || expected
        .into_iter()
        .any(|header| matches!(header, ExpectedHeader::Exact(value) if value.contains(placeholder)))
}
