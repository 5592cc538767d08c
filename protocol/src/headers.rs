//! The `Wechatpay-…` headers that sign a response.

use http::{HeaderMap, HeaderName, HeaderValue};

use wechatpay_texts::{Text, phrase, text};

use crate::{KeyId, Nonce, ParseError, ResponseMessage, SCHEME, Timestamp};

/// The time of the signature.
pub const WECHATPAY_TIMESTAMP: HeaderName = HeaderName::from_static("wechatpay-timestamp");
/// The random string in the signed message.
pub const WECHATPAY_NONCE: HeaderName = HeaderName::from_static("wechatpay-nonce");
/// The signature, in Base64.
pub const WECHATPAY_SIGNATURE: HeaderName = HeaderName::from_static("wechatpay-signature");
/// In a response, the key that signed it; in a request, the key that the merchant trusts.
pub const WECHATPAY_SERIAL: HeaderName = HeaderName::from_static("wechatpay-serial");
/// The signature scheme.
pub const WECHATPAY_SIGNATURE_TYPE: HeaderName = HeaderName::from_static("wechatpay-signature-type");
/// The gateway's own number for a request, on every response that its application made.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// The content of the five headers of a signed response.
///
/// It proves nothing: the signature must still be verified over [`ResponseSignature::message`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseSignature {
    /// The time of the signature.
    pub timestamp: Timestamp,
    /// The random string of the signed message.
    pub nonce: Nonce,
    /// The key that signed.
    pub serial: KeyId,
    /// The signature as sent. It should be Base64; that of the gateway's probes, `WECHATPAY/SIGNTEST/…`, is not.
    pub signature: String,
}

/// Why headers are not a [`ResponseSignature`].
#[derive(Clone, Debug, PartialEq, Eq, Text, thiserror::Error)]
pub enum HeaderError {
    /// A header is missing.
    #[text("the response has no header {name}")]
    Missing {
        /// The header.
        name: HeaderName,
    },
    /// A header is repeated.
    #[text("the response has the header {name} more than once")]
    Repeated {
        /// The header.
        name: HeaderName,
    },
    /// A header's value is malformed.
    #[text("the response's header {name} is malformed")]
    Malformed {
        /// The header.
        name: HeaderName,
        /// The error in it.
        source: ParseError,
    },
}

impl ResponseSignature {
    /// Reads the five headers.
    ///
    /// # Errors
    /// [`HeaderError`] names the first header that is missing, repeated or malformed. `Wechatpay-Signature-Type` must
    /// be [`SCHEME`].
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, HeaderError> {
        let signature_type = text(headers, &WECHATPAY_SIGNATURE_TYPE)?;
        if signature_type != SCHEME {
            let source =
                ParseError::new(phrase!("signature type"), || SCHEME.into(), signature_type.as_bytes(), 0);
            return Err(HeaderError::Malformed { name: WECHATPAY_SIGNATURE_TYPE, source });
        }
        Ok(Self {
            timestamp: parsed(headers, &WECHATPAY_TIMESTAMP)?,
            nonce: parsed(headers, &WECHATPAY_NONCE)?,
            serial: parsed(headers, &WECHATPAY_SERIAL)?,
            signature: text(headers, &WECHATPAY_SIGNATURE)?.into(),
        })
    }

    /// The message that must have been signed.
    pub fn message<'a>(&'a self, body: &'a [u8]) -> ResponseMessage<'a> {
        ResponseMessage { timestamp: self.timestamp, nonce: self.nonce.as_str(), body }
    }

    /// The five headers, as the gateway sends them.
    pub fn to_headers(&self) -> [(HeaderName, HeaderValue); 5] {
        [
            (WECHATPAY_TIMESTAMP, self.timestamp.as_unix().into()),
            (WECHATPAY_NONCE, visible(self.nonce.as_str())),
            (WECHATPAY_SIGNATURE, visible(&self.signature)),
            (WECHATPAY_SERIAL, visible(self.serial.as_str())),
            (WECHATPAY_SIGNATURE_TYPE, HeaderValue::from_static(SCHEME)),
        ]
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, HeaderError> {
    let mut values = headers.get_all(name).into_iter();
    let value = values.next().ok_or_else(|| HeaderError::Missing { name: name.clone() })?;
    if values.next().is_some() {
        return Err(HeaderError::Repeated { name: name.clone() });
    }
    value.to_str().map_err(|_| HeaderError::Malformed {
        name: name.clone(),
        source: ParseError::new(phrase!("header"), || text!("visible ASCII characters"), value.as_bytes(), 0),
    })
}

fn parsed<T: std::str::FromStr<Err = ParseError>>(
    headers: &HeaderMap,
    name: &HeaderName,
) -> Result<T, HeaderError> {
    text(headers, name)?.parse().map_err(|source| HeaderError::Malformed { name: name.clone(), source })
}

/// Nonces, Base64 and key IDs are visible ASCII. Only `signature`, which is public, may hold anything else, and then
/// becomes empty.
fn visible(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
