//! A request and its signature.

use std::fmt;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
    uri::PathAndQuery,
};
use wechatpay_protocol::{
    Authorization, KeyId, Mchid, Nonce, RequestMessage, SerialNo, SigningKey, Timestamp, WECHATPAY_SERIAL,
};

/// A request that the merchant has signed, made by [`Client::sign`](crate::Client::sign).
///
/// Everything in it is sent byte for byte as it was signed.
#[derive(Clone, Debug)]
pub struct SignedRequest {
    request: UnsignedRequest,
    authorization: Authorization,
}

impl SignedRequest {
    /// The method.
    pub fn method(&self) -> &Method {
        &self.request.method
    }

    /// Path and query.
    pub fn target(&self) -> &PathAndQuery {
        &self.request.target
    }

    /// The exact bytes of the body, which may be empty.
    pub fn body(&self) -> &Bytes {
        &self.request.body
    }

    /// The key that should sign the response. `None` if the client has not downloaded it yet.
    pub fn trusted_key(&self) -> Option<&KeyId> {
        self.request.trusted_key.as_ref()
    }

    /// The signature, with the merchant, the time and the random string.
    pub fn authorization(&self) -> &Authorization {
        &self.authorization
    }

    /// The five lines that were signed.
    pub fn message(&self) -> Vec<u8> {
        self.request.message()
    }

    /// All headers except `Host` and `Content-Length`, which are added on sending.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([
            (ACCEPT, HeaderValue::from_static("application/json")),
            (USER_AGENT, HeaderValue::from_static(concat!("wechatpay-client/", env!("CARGO_PKG_VERSION")))),
            visible(AUTHORIZATION, &self.authorization),
        ]);
        if !self.body().is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.extend(self.trusted_key().map(|key| visible(WECHATPAY_SERIAL, key)));
        headers
    }
}

/// Everything that is signed, and the key that should sign the response.
#[derive(Clone, Debug)]
pub(crate) struct UnsignedRequest {
    pub(crate) method: Method,
    pub(crate) target: PathAndQuery,
    pub(crate) timestamp: Timestamp,
    pub(crate) nonce_str: Nonce,
    pub(crate) body: Bytes,
    pub(crate) trusted_key: Option<KeyId>,
}

impl UnsignedRequest {
    fn message(&self) -> Vec<u8> {
        let message = RequestMessage {
            method: self.method.as_str(),
            target: self.target.as_str(),
            timestamp: self.timestamp,
            nonce_str: self.nonce_str.as_str(),
            body: &self.body,
        };
        message.to_bytes()
    }
}

/// The merchant's mchid, serial number and key.
#[derive(Debug)]
pub(crate) struct Signer {
    pub(crate) mchid: Mchid,
    pub(crate) serial_no: SerialNo,
    pub(crate) key: SigningKey,
}

impl Signer {
    pub(crate) fn sign(&self, request: UnsignedRequest) -> SignedRequest {
        let signature = self.key.sign(&request.message());
        let UnsignedRequest { timestamp, nonce_str, .. } = &request;
        let authorization =
            Authorization::new(&self.mchid, &self.serial_no, *timestamp, nonce_str, &signature);
        SignedRequest { request, authorization }
    }
}

fn visible(name: HeaderName, value: &impl fmt::Display) -> (HeaderName, HeaderValue) {
    let value = HeaderValue::try_from(value.to_string());
    (name, value.expect("an mchid, a nonce, a key ID and Base64 are visible ASCII"))
}

#[cfg(test)]
mod tests {
    use wechatpay_protocol::Credentials;

    use super::*;

    fn signed(method: Method, target: &str, body: &'static str) -> SignedRequest {
        let merchant = Credentials::development();
        let signer = Signer {
            mchid: merchant.mchid,
            serial_no: merchant.merchant_serial,
            key: SigningKey::from_pem(&merchant.merchant_key).unwrap(),
        };
        signer.sign(UnsignedRequest {
            method,
            target: target.parse().unwrap(),
            timestamp: Timestamp::from_unix(1_756_951_532),
            nonce_str: "5K8264ILTKCH16CQ2502SI8ZNMTM67VS".parse().unwrap(),
            body: body.into(),
            trusted_key: Some("PUB_KEY_ID_01".parse().unwrap()),
        })
    }

    #[test]
    fn the_message_has_five_lines_and_the_merchant_signs_it() {
        let request = signed(Method::PATCH, "/v3/rights?a=%7C", "{\"a\": 1}");
        let message = request.message();
        assert_eq!(
            String::from_utf8_lossy(&message),
            "PATCH\n/v3/rights?a=%7C\n1756951532\n5K8264ILTKCH16CQ2502SI8ZNMTM67VS\n{\"a\": 1}\n"
        );
        let key = SigningKey::from_pem(&Credentials::development().merchant_key).unwrap().verifying_key();
        let signature = request.authorization().signature().parse().unwrap();
        assert_eq!(key.verify(&message, &signature), Ok(()));
    }

    #[test]
    fn a_request_without_body_ends_in_an_empty_line_and_names_no_content_type() {
        let request = signed(Method::GET, "/v3/certificates", "");
        assert!(request.message().ends_with(b"VS\n\n"));
        assert!(!request.headers().contains_key(CONTENT_TYPE));
    }

    #[test]
    fn a_request_has_the_headers_that_the_gateway_requires() {
        let headers = signed(Method::PATCH, "/v3/rights", "{}").headers();
        assert_eq!(headers[ACCEPT], "application/json");
        assert_eq!(headers[CONTENT_TYPE], "application/json");
        assert_eq!(headers[WECHATPAY_SERIAL], "PUB_KEY_ID_01");
        assert!(headers[USER_AGENT].to_str().unwrap().starts_with("wechatpay-client/"));
        assert!(headers[AUTHORIZATION].to_str().unwrap().starts_with("WECHATPAY2-SHA256-RSA2048 mchid="));
        assert_eq!(headers.len(), 5);
    }
}
